"""Keeps documents as the files are: what is new or changed is read, what is gone is let go of.

Each file is one transaction, so a run that is killed has read some files whole and the others not at all; the next
run goes on. Reading and hashing happen on a thread, for they block.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field

from passfel.household.errors import RequestError
from passfel.memory.chunks import Reading
from passfel.memory.documents import Documents, Kept, Stamp
from passfel.memory.documents_read import KINDS, read

Change = Literal["read", "same", "problem", "gone"]

SKIPPED = frozenset({"__pycache__", "node_modules", "lost+found", "$RECYCLE.BIN"})
ALL_GONE = 3
"""Files known in a folder; where none of so many is left, the disk may not be there."""


class DocumentSettings(BaseModel):
    """What of the household's files is read."""

    folders: tuple[Path, ...] = Field(
        default=(), description="Folders and files that `passfel ingest` reads when it is given none."
    )
    largest_mb: int = Field(default=100, ge=1, description="Larger files are named and passed over.")


@dataclass(frozen=True, slots=True)
class Step:
    """What became of one file."""

    path: str
    change: Change
    chunks: int = 0
    problem: str = ""


class Sync:
    """One run over some paths, for one owner."""

    def __init__(self, documents: Documents, owner: str, settings: DocumentSettings) -> None:
        """Keep what is synchronised, and whose it is."""
        self._documents = documents
        self._owner = owner
        self._largest = settings.largest_mb << 20
        self.files: list[Stamp] = []
        """What `look` found."""
        self._gone: list[str] = []
        self._closed: list[str] = []
        self._kept: dict[str, Kept] = {}

    async def look(self, paths: Sequence[Path], *, forget: bool = False) -> None:
        """Find the files, and those that are gone.

        Args:
            paths: folders and files.
            forget: also let go of files when none of a folder is left, or the folder itself is gone.

        Raises:
            RequestError: a path isn't there, or a folder has lost everything that was read in it.
        """
        self._kept = await self._documents.kept(self._owner)
        found: dict[str, Stamp] = {}
        gone: dict[str, None] = {}
        for path in paths:
            look = await asyncio.to_thread(_look, path)
            known = [path for path in self._kept if _is_in(path, look.root)]
            left = [path for path in known if path not in look.files]
            if not forget and (not look.there or len(left) == len(known) >= ALL_GONE):
                raise RequestError(_not_there(look.root, len(known)))
            if not look.there and not known:
                raise RequestError(_not_there(look.root, 0))
            found |= look.files
            gone |= dict.fromkeys(path for path in left if not any(_is_in(path, at) for at in look.closed))
            self._closed += look.closed
        self.files, self._gone = list(found.values()), list(gone)

    async def run(self) -> AsyncIterator[Step]:
        """Bring the documents up to date, file by file."""
        if self._gone:
            await self._documents.forget(self._owner, self._gone)
            for path in self._gone:
                yield Step(path, "gone")
        for folder in self._closed:
            yield Step(folder, "problem", problem=f"The folder {folder} may not be looked into.")
        for stamp in self.files:
            yield await self._one(stamp)

    async def _one(self, stamp: Stamp) -> Step:
        known = self._kept.get(stamp.path)
        if known and (known.size, known.modified_ns) == (stamp.size, stamp.modified_ns):
            return Step(stamp.path, "problem" if known.problem else "same", problem=known.problem)
        try:
            digest, reading = await asyncio.to_thread(self._read, stamp, known.digest if known else "")
        except RequestError as error:
            await self._documents.refuse(self._owner, stamp, error.sentence)
            return Step(stamp.path, "problem", problem=error.sentence)
        stamp = replace(stamp, digest=digest)
        if reading is None:
            await self._documents.touch(self._owner, stamp)
            problem = known.problem if known else ""
            return Step(stamp.path, "problem" if problem else "same", problem=problem)
        return Step(stamp.path, "read", await self._documents.keep(self._owner, stamp, reading))

    def _read(self, stamp: Stamp, digest: str) -> tuple[str, Reading | None]:
        """A file's digest and what stands in it; nothing where the digest is still the same."""
        path = Path(stamp.path)
        if stamp.size > self._largest:
            raise RequestError(
                f"{path.name} can't be read: it has {stamp.size >> 20} MB, and"
                f" PASSFEL_DOCUMENTS__LARGEST_MB allows {self._largest >> 20}."
            )
        try:
            raw = path.read_bytes()
        except OSError as error:
            reason = (error.strerror or type(error).__name__).lower()
            raise RequestError(f"{path.name} can't be read ({reason}).") from error
        found = sha256(raw).hexdigest()
        return found, None if found == digest else read(path, raw)


@dataclass(frozen=True, slots=True)
class _Look:
    """What is under a path."""

    root: str
    there: bool
    files: dict[str, Stamp]
    closed: list[str]
    """Folders that we may not look into: what was read of them is kept."""


def _look(path: Path) -> _Look:
    """The files that can be read, hidden ones and links out of the folder left out."""
    root = Path(os.path.abspath(path.expanduser()))  # noqa: PTH100 - a link stays as it was named
    if not root.is_dir():
        files = [_stamp(root)] if root.exists() else []
        return _Look(str(root), bool(files), {stamp.path: stamp for stamp in files}, [])
    found, closed = {}, []
    for folder, folders, names in os.walk(root, onerror=lambda error: closed.append(str(error.filename))):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in SKIPPED)
        for file in (Path(folder, name) for name in sorted(names) if not name.startswith((".", "~$"))):
            if file.suffix.casefold() in KINDS and file.is_file() and not file.is_symlink():
                stamp = _stamp(file)
                found[stamp.path] = stamp
    return _Look(str(root), True, found, closed)


def _stamp(path: Path) -> Stamp:
    found = path.stat()
    named = (
        str(path).encode("utf-8", "backslashreplace").decode()
    )  # a name that is no text is told, and not found
    return Stamp(named, found.st_size, found.st_mtime_ns)


def _is_in(path: str, root: str) -> bool:
    return path == root or path.startswith(root.rstrip(os.sep) + os.sep)


def _not_there(root: str, known: int) -> str:
    if not known:
        return f"{root} is not there."
    return (
        f"{root} is not there or empty, though {known} documents were read in it: is the disk connected? "
        "They are kept; `passfel ingest --forget` with this path lets go of them."
    )
