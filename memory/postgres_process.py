"""The running server of a cluster, as its pid file, its socket and the process list show it."""

import os
import socket
import subprocess
from pathlib import Path

from passfel.memory.postgres_account import Account

PORT = 5432
"""Only names the socket: nothing listens on a network."""
SOCKET = f".s.PGSQL.{PORT}"


class Postmaster:
    """The server process of the cluster in `data`, if one runs."""

    def __init__(self, data: Path) -> None:
        """Name the cluster, by the path that its server is started with."""
        self._data = data
        self._file = data / "postmaster.pid"

    def listens_in(self) -> Path | None:
        """The folder of the socket that the server listens on, or None."""
        lines = self._lines()
        if len(lines) < 5 or not lines[4]:
            return None
        sockets = self._data / lines[4]
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(os.fsencode(sockets / SOCKET))
            except OSError:
                return None
        return sockets

    def pid(self) -> int | None:
        """The pid of this cluster's server; the pid file alone doesn't prove it, for pids are used again."""
        lines = self._lines()
        if not lines or not lines[0].isdigit():
            return None
        command = _command_of(int(lines[0]))
        return int(lines[0]) if command.endswith(f"-D {self._data}") and "postgres" in command else None

    def disown_reused_pid(self, account: Account, sockets: Path) -> None:
        """Let Postgres see that the pid files are stale whose pid is now another process or a zombie.

        It takes its starter's pid for stale too, and then looks whether processes of the dead server are
        still at work. Without the file it could not. The socket's own pid file guards nothing more.
        """
        (sockets / f"{SOCKET}.lock").unlink(missing_ok=True)
        lines = self._lines()
        if not lines and self._file.exists():  # empty since the power went; Postgres would not touch it
            self._file.unlink()
        if not lines or not lines[0].isdigit():
            return
        write = '{ echo "$1"; tail -n +2 "$0"; } > "$0.new" && mv "$0.new" "$0"'
        account.run("/bin/sh", "-c", write, self._file, str(os.getpid()), timeout_s=5)

    def _lines(self) -> list[str]:
        try:
            return [line.strip() for line in self._file.read_text().splitlines()]
        except FileNotFoundError:
            return []


def _command_of(pid: int) -> str:
    """The command line of a process, empty where there is none."""
    if Path("/proc/self/cmdline").exists():
        try:
            raw = Path(f"/proc/{pid}/cmdline").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            return ""
        return os.fsdecode(raw.rstrip(b"\0").replace(b"\0", b" "))
    ps = ("/bin/ps", "-ww", "-o", "command=", "-p", str(pid))
    return subprocess.run(ps, capture_output=True, text=True, check=False).stdout.strip()  # noqa: S603
