"""A stand-in model server as a process: it serves like SGLang, and ends as model servers do.

python -m passfel.tests.servers.engine_process PORT COUNTER LIFE...

Every start takes the next LIFE of the list, and the last one for ever; COUNTER is the file that counts the starts.
crash ends with status 3 at once, exit0 with 0; memory prints what the driver says first; slow serves after a while;
wedge writes one token and then none, with a good health; busy does the same while its counters move; serve serves;
family serves with a child that does not end when it is asked to, whose process is written into COUNTER.child.
"""

import asyncio
import itertools
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import uvicorn
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from passfel.tests.servers.sglang import SGLang
from passfel.tests.servers.sglang_answers import Answer, Say, Wire

CHILD = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"


class Silence(Answer):
    """The connection stays open, and nothing comes."""

    def on_the_wire(self, body: dict[str, Any], usage: dict[str, Any]) -> Wire:
        """A status, and then nothing."""

        async def nothing() -> Any:
            await asyncio.sleep(600)
            yield b""

        return 200, "application/json", nothing()


class Engine(SGLang):
    """Writes a token to everyone, or to the first one only."""

    def __init__(self, life: str) -> None:
        super().__init__("passfel", "")
        self._life = life
        self._tokens: Iterator[int] = itertools.count(1)

    def next_answer(self, body: dict[str, Any]) -> Answer:
        """One token, or silence."""
        if self._life in {"wedge", "busy"} and len(self.requests) > 1:
            return Silence()
        return Say("Yes")

    async def metrics(self, request: Request) -> Response:
        """Counters that move only where something gets on."""
        count = next(self._tokens) if self._life == "busy" else 7
        return PlainTextResponse(f'sglang:generation_tokens_total{{model_name="passfel"}} {count}.0\n')


def main() -> None:
    """Live the next life."""
    port, counter, lives = int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]
    starts = int(counter.read_text()) if counter.exists() else 0
    counter.write_text(str(starts + 1))
    life = lives[min(starts, len(lives) - 1)]
    print(f"life {starts + 1}: {life}", flush=True)  # noqa: T201
    if life in {"crash", "memory"}:
        print("NVRM: NV_ERR_NO_MEMORY" if life == "memory" else "segmentation fault", flush=True)  # noqa: T201
        sys.exit(3)
    if life == "exit0":
        sys.exit(0)
    if life == "slow":
        time.sleep(1)
    if life == "family":
        child = subprocess.Popen([sys.executable, "-c", CHILD])
        Path(f"{counter}.child").write_text(str(child.pid))
    engine = Engine(life)
    app = engine.app
    app.router.routes.append(Route("/metrics", engine.metrics))
    uvicorn.run(
        app, host="127.0.0.1", port=port, log_level="warning", http="h11", timeout_graceful_shutdown=1
    )


if __name__ == "__main__":
    main()
