"""A real server process for tests: `passfel serve` on a free port, with a data folder of its own."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx2

START = "import sys; from passfel.app.serve import serve; sys.exit(serve('127.0.0.1', int(sys.argv[1])))"
PATIENCE_S = 60.0


class ServerProcess:
    """Start, kill and start again; what the server printed comes with every failure."""

    def __init__(self, folder: Path, **variables: str) -> None:
        """Name the folder for data and output, and settings of the server's environment."""
        self.folder = folder
        self.data = folder / "passfel"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PASSFEL_")}
        self._environment = {**kept, "PASSFEL_DATA_DIR": str(self.data), **variables}
        self._output = folder / "server.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        with self._output.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-c", START, str(self.port)],
                cwd=self.folder,
                env=self._environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        end = time.monotonic() + PATIENCE_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"the server did not start:\n{self.output()[-6000:]}")
            time.sleep(0.1)

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal, and return the exit status once it has ended."""
        assert self._process is not None
        self._process.send_signal(how)
        return self._process.wait(PATIENCE_S)

    @property
    def runs(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and self._process.poll() is None

    def output(self) -> str:
        """What it has printed."""
        return self._output.read_text(errors="replace") if self._output.exists() else ""

    def _answers(self) -> bool:
        try:
            return httpx2.get(f"{self.url}/health", timeout=5).status_code == 200
        except httpx2.TransportError:
            return False
