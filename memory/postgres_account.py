"""The account that the embedded Postgres runs under: our own, or an unprivileged one where we are root.

Postgres refuses to run as root, so root hands the work to an account that is there already.
"""

import logging
import os
import stat
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from passfel.household.errors import MemoryUnavailableError

if sys.platform != "win32":
    import pwd

log = logging.getLogger(__name__)

_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}
"""Nothing of ours: a stray PGPORT or PGDATA would change what the server does."""


@dataclass(frozen=True, slots=True)
class Account:
    """Who runs the server and owns its files."""

    uid: int
    gid: int

    @property
    def foreign(self) -> bool:
        """Whether it is another account than ours, so that we are root."""
        return self.uid != os.geteuid()

    @property
    def name(self) -> str:
        """Its name, or its number where it has none."""
        return _name(self.uid)

    def run(self, *command: str | Path, timeout_s: float, keep: tuple[int, ...] = ()) -> tuple[int, str]:
        """Run a command in a session of its own, so that Ctrl-C in our terminal passes it by.

        Returns:
            Its exit status and all it wrote. A file takes that, for a pipe would stay open with the server.
        """
        with tempfile.TemporaryFile() as output:
            try:
                status = subprocess.run(  # noqa: S603
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    cwd="/",
                    env=_ENVIRONMENT,
                    user=self.uid if self.foreign else None,
                    group=self.gid if self.foreign else None,
                    extra_groups=[] if self.foreign else None,
                    start_new_session=True,
                    pass_fds=keep,
                    timeout=timeout_s,
                    check=False,
                ).returncode
            except subprocess.TimeoutExpired:
                output.write(b"\nerror: it was not done in time\n")
                status = -1
            output.seek(0)
            return status, output.read().decode(errors="replace")

    def own(self, path: Path) -> None:
        """Give it a path that we have made."""
        if self.foreign:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def open_way(self, folder: Path, binary: Path) -> None:
        """Let it reach the folder and the binary, by the search bit of the folders above and nothing more."""
        if not self.foreign or self._reaches(folder, binary):
            return
        for target in (folder, binary.parent):
            for step in reversed([target, *target.parents]):
                self._open_step(step)
        if not self._reaches(folder, binary):
            raise MemoryUnavailableError(
                f"The account {self.name}, which runs Postgres for root, can't enter {folder} or can't run "
                f"{binary}: run PASSFEL as an ordinary user, or choose another data folder."
            )

    def _reaches(self, folder: Path, binary: Path) -> bool:
        status, _ = self.run("/bin/sh", "-c", 'cd "$0" && "$1" --version', folder, binary, timeout_s=10)
        return status == 0

    def _open_step(self, folder: Path) -> None:
        found = folder.stat()
        if found.st_uid == self.uid or found.st_gid == self.gid or found.st_mode & stat.S_IXOTH:
            return
        folder.chmod(stat.S_IMODE(found.st_mode) | stat.S_IXOTH)
        log.warning(
            "Let others pass through %s (chmod o+x), for the account %s runs Postgres.", folder, self.name
        )


def account_for(cluster: Path) -> Account:
    """Choose the account: the owner of the cluster that is there, else ours, else one for root."""
    owner = _owner(cluster)
    if os.geteuid() != 0:
        if owner not in (None, os.geteuid()):
            raise MemoryUnavailableError(
                f"The database in {cluster} belongs to {_name(owner)}: run PASSFEL as that user, "
                "or choose another data folder."
            )
        return Account(os.geteuid(), os.getegid())
    if owner == 0:
        raise MemoryUnavailableError(
            f"The database in {cluster} belongs to root, and Postgres refuses to run as root: "
            "give it to the account postgres or nobody (chown -R), or choose another data folder."
        )
    for who in (owner,) if owner else ("postgres", "nobody"):
        try:
            entry = pwd.getpwuid(who) if isinstance(who, int) else pwd.getpwnam(who)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise MemoryUnavailableError(
        f"Postgres refuses to run as root, and there is no other account for {cluster}: "
        "run PASSFEL as an ordinary user."
    )


def _owner(cluster: Path) -> int | None:
    """Who owns the cluster; None where there is none yet, which an empty folder is too."""
    try:
        owner = cluster.stat().st_uid
        return owner if owner != os.geteuid() or any(cluster.iterdir()) else None
    except FileNotFoundError:
        return None


def _name(uid: int | None) -> str:
    try:
        return pwd.getpwuid(uid or 0).pw_name
    except KeyError:
        return f"the account number {uid}"
