"""`passfel ingest`: read the household's files, and keep what was read as the files are."""

import json
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from passfel.app.log import keep_log
from passfel.app.running import run
from passfel.app.settings import Settings, load_settings
from passfel.app.terminal.lines import plain_output
from passfel.household.errors import RequestError
from passfel.household.wording import say_count, say_list
from passfel.memory.documents_sync import Step, Sync

if TYPE_CHECKING:
    from passfel.memory.documents import Documents


def ingest(paths: Sequence[Path], *, user: str, forget: bool, as_json: bool) -> int:
    """Read what is new or changed, let go of what is gone, and tell what could not be read."""
    settings = load_settings()
    keep_log(settings.data_dir)
    plain_output()
    chosen = list(paths) or list(settings.documents.folders)
    if not chosen:
        raise RequestError(
            "Which files? Name folders or files, or set PASSFEL_DOCUMENTS__FOLDERS for a run without any."
        )
    return run(_ingest(settings, chosen, user or settings.household.user, forget=forget, as_json=as_json))


async def _ingest(settings: Settings, paths: list[Path], owner: str, *, forget: bool, as_json: bool) -> int:
    from passfel.graph.documents import build_documents
    from passfel.memory.postgres import Database

    async with Database(settings.postgres, settings.data_dir) as database:
        documents = build_documents(settings, database)
        try:
            steps = await _synced(
                documents, Sync(documents, owner, settings.documents), paths, forget, as_json
            )
            can = await documents.vectors.can()
        finally:
            await documents.aclose()
    if not as_json:
        _summary(steps)
        if not can:
            print("This Postgres has no pgvector: documents are found by their words, not by their meaning.")
    return 0


async def _synced(
    documents: "Documents", sync: Sync, paths: list[Path], forget: bool, as_json: bool
) -> list[Step]:
    await sync.look(paths, forget=forget)
    steps: list[Step] = []
    with _bar(len(sync.files), shown=sys.stderr.isatty() and not as_json) as bar:
        async for step in sync.run():
            steps.append(step)
            bar.tell(step)
            if as_json:
                print(json.dumps(_told(step), ensure_ascii=False), flush=True)
    if any(step.change in {"read", "gone"} for step in steps) or not steps:
        await documents.catch_up()
        await documents.recount()
    return steps


def _told(step: Step) -> dict[str, Any]:
    told = {"path": step.path, "change": step.change, "chunks": step.chunks, "problem": step.problem}
    return {name: value for name, value in told.items() if value}


def _summary(steps: Sequence[Step]) -> None:
    counts = Counter(step.change for step in steps)
    chunks = sum(step.chunks for step in steps)
    parts = [f"{say_count(counts['read'], 'document')} read ({say_count(chunks, 'piece')})"]
    parts += [f"{counts['same']} unchanged"] if counts["same"] else []
    parts += [f"{counts['gone']} gone and let go of"] if counts["gone"] else []
    print(f"{say_list(parts)[:1].upper()}{say_list(parts)[1:]}.")
    for step in steps:
        if step.problem:
            print(step.problem, file=sys.stderr)


class _Bar:
    """A line that tells how far it is."""

    def __init__(self, progress: Any = None, task: Any = None) -> None:
        self._progress = progress
        self._task = task

    def tell(self, step: Step) -> None:
        """Go on by a file."""
        if self._progress is not None and step.change != "gone":
            self._progress.update(self._task, advance=1, description=Path(step.path).name[:40])


class _Shown(AbstractContextManager[_Bar]):
    def __init__(self, total: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.description}"))
        self._progress = Progress(*columns, console=Console(stderr=True), transient=True)
        self._total = total

    def __enter__(self) -> _Bar:
        self._progress.start()
        return _Bar(self._progress, self._progress.add_task("", total=self._total))

    def __exit__(self, *_: object) -> None:
        self._progress.stop()


def _bar(total: int, *, shown: bool) -> AbstractContextManager[_Bar]:
    return _Shown(total) if shown else nullcontext(_Bar())
