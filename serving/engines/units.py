"""The text of a systemd unit that keeps an engine running."""

import re
import shutil
from collections.abc import Sequence

from passfel.serving.engines.containers import container_line, removal
from passfel.serving.engines.engine import Engine
from passfel.serving.engines.launch import LaunchPlan

TEMPLATE = """\
# Written by: passfel serve-model {engine} --print unit
[Unit]
Description=PASSFEL's language model ({engine}, {model})
After=network.target
# It is tried again for as long as the box runs, with longer and longer waits.
StartLimitIntervalSec=0

[Service]
Type=exec
{account}{environment}{before}ExecStart={start}
{after}# Always, not on-failure: a crash in a GPU kernel can end the server with status 0, and about one start in
# thirteen dies while CUDA graphs are captured.
Restart=always
RestartSec=10
RestartSteps=5
RestartMaxDelaySec=300
# The server starts processes of its own that hold the GPU's memory: they end with it.
KillMode=mixed
TimeoutStopSec=60
# Pinned memory.
LimitMEMLOCK=infinity
LimitNOFILE=65536
# Nothing else of the household is to die for the model server's hunger.
OOMScoreAdjust=500
NoNewPrivileges=yes
PrivateTmp=yes

[Install]
WantedBy=multi-user.target
"""
DROP_CACHES = """\
# The engine counts free memory when it starts, and the page cache is in its way. As root (+), and never in
# the way of a start (-).
ExecStartPre=+-/bin/sh -c "sync; echo 3 > /proc/sys/vm/drop_caches"
"""


def unit_text(
    engine: Engine, plan: LaunchPlan, start: Sequence[str] = (), *, drop_caches: bool = True
) -> str:
    """The unit for the engine itself, its container, or what `start` says (a supervisor of it)."""
    own = container_line(engine, plan) if plan.container else engine.command(plan)
    # A container and a supervisor give the engine its environment themselves.
    variables = {} if start or plan.container else engine.environment(plan)
    clear = "" if start else " ".join(map(word, _absolute(removal(plan))))
    return TEMPLATE.format(
        engine=engine.name,
        model=plan.model.replace("%", "%%"),
        account=f"User={plan.account}\n" if plan.account else "",
        environment="".join(f"Environment={word(f'{name}={value}')}\n" for name, value in variables.items()),
        before=(DROP_CACHES if drop_caches else "") + (f"ExecStartPre=-{clear}\n" if clear else ""),
        start=" ".join(command_word(part) for part in _absolute(list(start) or own)),
        after=f"ExecStopPost=-{clear}\n" if clear else "",
    )


def word(text: str) -> str:
    """One word in systemd's own quoting."""
    text = text.replace("%", "%%")
    if re.fullmatch(r"[\w@%+=:,./-]+", text):
        return text
    quoted = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{quoted}"'


def command_word(text: str) -> str:
    """One word of a command, where systemd would also fill in variables."""
    return word(text.replace("$", "$$"))


def _absolute(command: list[str]) -> list[str]:
    """Systemd wants the program's whole path; what is not found here is left to the PATH of `env`."""
    if not command or command[0].startswith("/"):
        return command
    found = shutil.which(command[0])
    return [found, *command[1:]] if found else ["/usr/bin/env", *command]
