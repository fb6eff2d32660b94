"""`passfel` as a person starts it: a process of its own, with pipes or in a terminal."""

import os
import pty
import re
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

NOWHERE = "http://127.0.0.1:9"
"""Where nobody answers: no process of a test reaches the network."""
PATIENCE_S = 30.0
STEERING = re.compile(r"\x1b(\[[0-9;?]*[A-Za-z]|[=>])|[\b\r]")


class CommandLine:
    """Starts `passfel` over a data folder, away from the person's own settings."""

    def __init__(self, data_folder: Path, home: Path, **settings: str) -> None:
        """Take more settings as variables."""
        self.home = home
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "TZ": "Europe/Lisbon",
            "TERM": "xterm",
            "PROMPT_TOOLKIT_NO_CPR": "1",
            "PASSFEL_DATA_DIR": str(data_folder),
            "PASSFEL_OPEN_METEO__FORECAST_URL": NOWHERE,
            "PASSFEL_OPEN_METEO__GEOCODING_URL": NOWHERE,
            "PASSFEL_HTTP__ALLOWED_HOSTS": "127.0.0.1",
            **settings,
        }

    def with_settings(self, **settings: str) -> "CommandLine":
        """The same with other settings."""
        other = CommandLine(Path(), self.home)
        other.environment = {**self.environment, **settings}
        return other

    def run(self, *arguments: str, said: str | bytes = b"") -> "Outcome":
        """Run it to its end."""
        given = said.encode() if isinstance(said, str) else said
        done = subprocess.run(
            [sys.executable, "-m", "passfel.app.cli", *arguments],
            input=given,
            capture_output=True,
            env=self.environment,
            cwd=self.home,
            timeout=PATIENCE_S,
            check=False,
        )
        return Outcome(done.returncode, done.stdout.decode(), done.stderr.decode())

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start it with pipes, and leave it running."""
        return subprocess.Popen(
            [sys.executable, "-m", "passfel.app.cli", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self.environment,
            cwd=self.home,
        )

    @contextmanager
    def terminal(self, *arguments: str) -> Iterator["Terminal"]:
        """Start it in a terminal."""
        child, descriptor = pty.fork()
        if child == 0:
            os.chdir(self.home)
            command = [sys.executable, "-m", "passfel.app.cli", *arguments]
            os.execve(sys.executable, command, self.environment)  # noqa: S606 - no shell wanted
        terminal = Terminal(child, descriptor)
        try:
            yield terminal
        finally:
            terminal.close()


class Outcome:
    """What a run printed, and its exit code."""

    def __init__(self, code: int, output: str, errors: str) -> None:
        self.code = code
        self.output = output
        self.errors = errors

    @property
    def lines(self) -> list[str]:
        """The lines of standard output."""
        return self.output.splitlines()


class SilentServer:
    """Takes connections and never answers: a question about the weather waits for it."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(PATIENCE_S)
        self._taken: list[socket.socket] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for taken in (*self._taken, self._listener):
            taken.close()

    @property
    def settings(self) -> dict[str, str]:
        """Settings that lead the weather here."""
        address = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        return {
            "PASSFEL_OPEN_METEO__FORECAST_URL": address,
            "PASSFEL_OPEN_METEO__GEOCODING_URL": address,
            "PASSFEL_HTTP__DEADLINE_S": "50",
            "PASSFEL_HTTP__READ_S": "50",
        }

    def wait(self) -> None:
        """Until somebody asks."""
        self._taken.append(self._listener.accept()[0])


class Terminal:
    """The person's side of a pseudo-terminal."""

    def __init__(self, child: int, descriptor: int) -> None:
        self._child: int | None = child
        self._descriptor = descriptor
        self._unread = ""
        self.seen = ""

    def __enter__(self) -> Self:
        return self

    def type(self, keys: str) -> None:
        """Press keys; Enter is a carriage return."""
        os.write(self._descriptor, keys.encode())

    def wait_for(self, words: str) -> str:
        """Read until these words are on the screen, after the ones waited for before."""
        deadline = time.monotonic() + PATIENCE_S
        while words not in self._unread:
            if time.monotonic() > deadline or not self._read(deadline):
                raise AssertionError(f"{words!r} did not appear in {self.seen!r}")
        before, _, self._unread = self._unread.partition(words)
        return before + words

    def end(self) -> int:
        """Wait until the program ends; its exit code."""
        deadline = time.monotonic() + PATIENCE_S
        while self._read(deadline):
            pass
        if self._child is None:
            raise AssertionError("it has ended already")
        _, status = os.waitpid(self._child, 0)
        self._child = None
        return os.waitstatus_to_exitcode(status)

    def close(self) -> None:
        """End the program where it still runs."""
        if self._child is not None:
            os.kill(self._child, signal.SIGKILL)
            os.waitpid(self._child, 0)
            self._child = None
        os.close(self._descriptor)

    def _read(self, deadline: float) -> bool:
        ready, _, _ = select.select([self._descriptor], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            return False
        try:
            piece = os.read(self._descriptor, 65_536)
        except OSError:  # Linux says so when the program has ended
            return False
        text = STEERING.sub("", piece.decode("utf-8", "replace"))
        self._unread += text
        self.seen += text
        return bool(piece)
