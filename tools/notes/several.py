"""Notes in all places at once: questions read every one, a change goes where its note is, additions to the default."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID, uuid5

from pydantic import BaseModel, ConfigDict, Field

from passfel.household.errors import NotFoundError, ProviderError, SettingsError
from passfel.household.rows import Note
from passfel.household.turn import Turn
from passfel.tools.notes.joplin_answers import appended
from passfel.tools.notes.provider import Journal, NotesProvider, Version, Written
from passfel.tools.records import RecordTable, read_back

CALLS = UUID("7d0c1c4e-3f6a-5b8e-9c55-1f0f6b1f2f10")
"""The name space of ids that are made from a tool call: a replay makes the same ones."""
KIND = "note elsewhere"
"""What changes elsewhere are called in the ledger."""
Place = Literal["passfel", "joplin"]


class NotesSettings(BaseModel):
    """Which notes are meant when none are named."""

    model_config = ConfigDict(frozen=True)

    store: Place = Field(
        "passfel", description="Where new notes are kept: passfel (here), or joplin. Both are searched."
    )


class Step(BaseModel):
    """One change, whole enough to be carried out again after a crash."""

    model_config = ConfigDict(frozen=True)

    action: Literal["add", "append", "remove"]
    words: str = ""
    notebook: str = ""
    note: Note | None = None
    elsewhere: bool = False

    @property
    def subject(self) -> Note:
        """The note that is meant."""
        if self.note is None:
            raise ValueError("this step is about no note")
        return self.note


@dataclass
class Found:
    """What was read, and who didn't answer."""

    notes: list[Note]
    silent: list[str] = field(default_factory=list)

    @property
    def missing(self) -> str:
        """What to add to an answer: who is missing in it."""
        return "".join(f" {sentence}" for sentence in self.silent)


class Notes:
    """The household's own notes, and those of an app elsewhere."""

    def __init__(
        self,
        own: RecordTable[Note],
        elsewhere: NotesProvider | None = None,
        *,
        journal: Journal | None = None,
        store: Place = "passfel",
    ) -> None:
        """Take the table; with an app elsewhere, the journal that makes changes there safe to repeat."""
        if elsewhere is not None and journal is None:
            raise ValueError("notes elsewhere need a journal")
        self._own = own
        self.elsewhere = elsewhere
        self._journal = journal
        self._store = store

    @property
    def adds_elsewhere(self) -> bool:
        """Whether new notes go to the app."""
        return self._store == "joplin"

    async def find(self, owner: str, about: str) -> Found:
        """Every note that may be about these words; without words, the latest. Newest first."""
        asked: list[Awaitable[Sequence[Note]]] = [self._own.all(owner)]
        if self.elsewhere is not None:
            asked.append(self.elsewhere.find(owner, about) if about else self.elsewhere.latest(owner))
        answers = await asyncio.gather(*asked, return_exceptions=True)
        found = Found([])
        for answer in answers:
            if isinstance(answer, ProviderError | SettingsError):
                found.silent.append(answer.sentence)
            elif isinstance(answer, BaseException):
                raise answer
            else:
                found.notes += answer
        found.notes.sort(key=lambda note: note.updated_at, reverse=True)
        return found

    async def carry_out(self, turn: Turn, plan: Callable[[], Awaitable[Step]]) -> tuple[Step, Note]:
        """Make the plan, or find the one that an earlier run made, and carry it out; the note as read back."""
        if self._journal is None:
            step = await plan()
            if step.elsewhere:
                self._app()
            return step, await self._own_step(turn, step)
        kept = await self._journal.plan(turn)
        step = await plan() if kept is None else Step.model_validate(kept)
        if kept is None:
            await self._journal.keep_plan(turn, step.model_dump(mode="json"))
        if not step.elsewhere:
            async with self._journal.rows(turn, "notes") as done:
                if done is None:
                    return step, await self._own_step(turn, step)
                again = await self._own.get(done[-1])
                return step, again if again is not None else step.subject
        written = await self._remote_step(turn, step)
        if written.before is not None or written.after is not None:
            before, after = (None if one is None else dict(one) for one in (written.before, written.after))
            await self._journal.changed(turn, KIND, written.note.id, before, after)
        return step, written.note

    async def restore(self, before: Version | None, after: Version | None) -> None:
        """Put a note elsewhere back as it was; RequestError where it has been changed since."""
        await self._app().restore(before, after)

    async def _own_step(self, turn: Turn, step: Step) -> Note:
        if step.action == "add":
            added = await self._own.add(turn.person, text=step.words)
            return await read_back(self._own, added.id)
        now = await self._own.lock(step.subject.id)
        if now is None:
            raise NotFoundError("That note is no longer there.")
        if step.action == "remove":
            await self._own.remove(now.id)
            return now
        await self._own.change(now.id, text=appended(now.text, step.words))
        return await read_back(self._own, now.id)

    async def _remote_step(self, turn: Turn, step: Step) -> Written:
        app = self._app()
        if step.action == "add":
            note_id = uuid5(CALLS, f"{turn.thread}\n{turn.call}")
            return await app.add(turn.person, note_id, step.words, step.notebook)
        if step.action == "append":
            return await app.append(step.subject, step.words)
        return await app.remove(step.subject)

    def _app(self) -> NotesProvider:
        if self.elsewhere is None:
            raise SettingsError(
                "Joplin is not set up: set PASSFEL_JOPLIN__URL to its Web Clipper service, such as"
                " http://127.0.0.1:41184, and PASSFEL_JOPLIN__TOKEN to the token that its settings show."
            )
        return self.elsewhere
