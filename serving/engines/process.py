"""One run of a model server: a process group of its own, its log, and its end."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from passfel.household.errors import SettingsError
from passfel.serving.engines.containers import removal
from passfel.serving.engines.engine import Engine
from passfel.serving.engines.launch import LaunchPlan

LOG_LIMIT = 20_000_000


@dataclass(frozen=True)
class Launched:
    """What is started, and where it answers."""

    argv: Sequence[str]
    environment: Mapping[str, str]
    url: str
    model: str
    log: Path
    removal: Sequence[str] = ()
    """What takes a container away, before each start and after each end."""

    @classmethod
    def of(cls, engine: Engine, plan: LaunchPlan, log: Path, inherited: Mapping[str, str]) -> "Launched":
        """The engine's own command, or its container; `inherited` is the environment under its variables."""
        argv = engine.container(plan) if plan.container else engine.command(plan)
        environment = inherited if plan.container else {**inherited, **engine.environment(plan)}
        return cls(argv, dict(environment), plan.url, plan.served_name, log, removal(plan))


class EngineProcess:
    """A model server that runs, with all the processes that it starts."""

    def __init__(self, process: asyncio.subprocess.Process, launched: Launched) -> None:
        """Take over a process that leads its own group."""
        self._process = process
        self._launched = launched

    @classmethod
    async def start(cls, launched: Launched) -> "EngineProcess":
        """Start it; what it prints goes to the end of its log.

        Raises:
            SettingsError: the program is not there, or the log can't be written.
        """
        await _run(launched.removal)
        try:
            with await asyncio.to_thread(_opened, launched.log) as log:
                process = await asyncio.create_subprocess_exec(
                    *launched.argv,
                    env=dict(launched.environment),
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=log,
                    stderr=asyncio.subprocess.STDOUT,
                    start_new_session=True,
                )
        except OSError as error:
            raise SettingsError(f"{launched.argv[0]} can't be started: {error.strerror}.") from error
        return cls(process, launched)

    @property
    def pid(self) -> int:
        """Its process, which is its group too."""
        return self._process.pid

    @property
    def status(self) -> int | None:
        """Its exit status; None as long as it runs."""
        return self._process.returncode

    async def wait(self) -> int:
        """Its exit status, once it has ended."""
        return await self._process.wait()

    async def stop(self, grace_s: float) -> int:
        """Ask it to end, then make it; nothing that it started is left over holding the GPU's memory."""
        self._signal(signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), grace_s)
        self._signal(signal.SIGKILL)
        await _run(self._launched.removal)
        return await self._process.wait()

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)


def _opened(log: Path) -> IO[bytes]:
    log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > LOG_LIMIT:
        log.replace(log.with_name(f"{log.name}.1"))
    return log.open("ab")


async def _run(command: Sequence[str]) -> None:
    """Run something whose failure says nothing (there was no container to take away)."""
    if not command:
        return
    with contextlib.suppress(OSError):
        quiet = asyncio.subprocess.DEVNULL
        await (await asyncio.create_subprocess_exec(*command, stdin=quiet, stdout=quiet, stderr=quiet)).wait()
