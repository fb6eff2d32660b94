"""The tools for notes."""

from langchain_core.tools import BaseTool

from passfel.household.errors import NotFoundError, RequestError
from passfel.household.rows import Note
from passfel.household.turn import Turn
from passfel.household.wording import plain_text, say_day, say_list
from passfel.tools.contract import (
    READS,
    READS_WORLD,
    RESUMES_OUTSIDE,
    WRITES,
    Answer,
    InTurn,
    Outcome,
    Source,
    tool,
)
from passfel.tools.matching import Naming, all_words, best_matches, same_word, the_one, words_of
from passfel.tools.notes.several import Notes, Step
from passfel.tools.receipts import changed

SHOWN = 5
LONGEST = 400
"""Characters of a note that are shown; of a longer one, the lines that were asked about."""


class NoteTools:
    """Notes, as tools."""

    def __init__(self, notes: Notes) -> None:
        """Keep the notes."""
        self._notes = notes

    def tools(self) -> list[BaseTool]:
        """All of them, in a fixed order. Notes of an app also hold what strangers wrote: pages that were clipped."""
        elsewhere = self._notes.elsewhere is not None
        reads, changes = (READS_WORLD, RESUMES_OUTSIDE) if elsewhere else (READS, WRITES)
        # What is added is the person's own words, wherever it goes.
        adds = RESUMES_OUTSIDE.model_copy(update={"open_world": False}) if elsewhere else WRITES
        return [
            tool(self.search_notes, domain="notes", annotations=reads),
            tool(self.list_notebooks, domain="notes", annotations=reads),
            tool(self.add_note, domain="notes", annotations=adds),
            tool(self.append_to_note, domain="notes", annotations=changes),
            tool(self.remove_note, domain="notes", annotations=changes),
        ]

    async def search_notes(self, turn: InTurn, about: str = "") -> Answer:
        """Find notes by their words; without words, the latest ones.

        Args:
            turn: the turn.
            about: words of the note.
        """
        looked = await self._notes.find(turn.person, about)
        found = (
            best_matches(about, looked.notes, _text) or _mentions(about, looked.notes)
            if about
            else looked.notes
        )
        if not found:
            told = f"I have no note about “{about}”." if about else "You have no notes."
            raise NotFoundError(told + looked.missing)
        lines = [_say(note, about, turn) for note in found[:SHOWN]]
        more = f"\nThere are {len(found) - SHOWN} more." if len(found) > SHOWN else ""
        names = dict.fromkeys(note.origin.account for note in found[:SHOWN] if note.origin)
        missing = f"\n{looked.missing.strip()}" if looked.missing else ""
        return "\n".join(lines) + more + missing, Outcome(
            result=list(found[:SHOWN]), sources=tuple(Source(name=name) for name in names)
        )

    async def list_notebooks(self, turn: InTurn) -> Answer:
        """List the notebooks of the app where notes are kept.

        Args:
            turn: the turn.
        """
        if self._notes.elsewhere is None:
            return "Your notes are kept here, without notebooks.", Outcome()
        names = [plain_text(name) for name in await self._notes.elsewhere.notebooks()]
        source = self._notes.elsewhere.source
        if not names:
            return f"{source} has no notebooks.", Outcome()
        return f"Your notebooks in {source}: {say_list(names)}.", Outcome(sources=(Source(name=source),))

    async def add_note(self, turn: InTurn, text: str, notebook: str = "") -> Answer:
        """Keep a note in the person's own words.

        Args:
            turn: the turn.
            text: the words.
            notebook: a notebook of the notes app, where the person names one.
        """
        words = plain_text(text)
        if not words:
            raise RequestError("What should I note?")

        async def plan() -> Step:
            elsewhere = self._notes.adds_elsewhere or bool(notebook)
            return Step(action="add", words=words, notebook=notebook.strip(), elsewhere=elsewhere)

        _, note = await self._notes.carry_out(turn, plan)
        where = _where(note)
        sentence = f"Noted{where}: {note.text}" + ("" if note.text[-1] in ".!?" else ".")
        return changed(note, "noted", sentence)

    async def append_to_note(self, turn: InTurn, about: str, text: str) -> Answer:
        """Add words at the end of a note.

        Args:
            turn: the turn.
            about: words of the note.
            text: what to add.
        """
        words = plain_text(text)
        if not words:
            raise RequestError("What should I add to the note?")

        async def plan() -> Step:
            note = await self._choose(turn, about, "add to the note about {}")
            return Step(action="append", words=words, note=note, elsewhere=note.origin is not None)

        step, note = await self._notes.carry_out(turn, plan)
        return changed(note, "changed", f"Added to the note {_quoted(step.subject)}{_where(note)}: {words}")

    async def remove_note(self, turn: InTurn, about: str) -> Answer:
        """Remove one note. Undo brings it back.

        Args:
            turn: the turn.
            about: words of the note.
        """

        async def plan() -> Step:
            note = await self._choose(turn, about, "delete the note about {}")
            return Step(action="remove", note=note, elsewhere=note.origin is not None)

        _, note = await self._notes.carry_out(turn, plan)
        words = note.text if len(note.text) <= LONGEST else f"{note.text[:LONGEST]}…"
        return changed(note, "removed", f"Removed the note “{words}”{_where(note)}.")

    async def _choose(self, turn: Turn, about: str, request: str) -> Note:
        looked = await self._notes.find(turn.person, about)
        naming = Naming("note", _text, _quoted, request, name=_beginning)
        titled = [note for note in looked.notes if note.title and all_words(note.title) == all_words(about)]
        try:
            return titled[0] if len(titled) == 1 else the_one(about, looked.notes, naming)
        except NotFoundError as error:
            raise NotFoundError(error.sentence + looked.missing) from error


def note_tools(notes: Notes) -> list[BaseTool]:
    """The tools for notes, over wherever they are."""
    return NoteTools(notes).tools()


def _text(note: Note) -> str:
    return note.text


def _mentions(about: str, notes: list[Note]) -> list[Note]:
    """Long notes that have every word somewhere: a measure of likeness finds only short ones."""
    wanted = words_of(about)
    return [note for note in notes if wanted and all(_has(note.text, word) for word in wanted)]


def _has(text: str, word: str) -> bool:
    return any(same_word(word, other) for other in all_words(text))


def _beginning(note: Note) -> str:
    return " ".join((note.title or note.text).split()[:8])


def _quoted(note: Note) -> str:
    beginning = _beginning(note)
    whole = len(beginning) >= len(" ".join(note.text.split())) or bool(note.title)
    return f"“{beginning}{'' if whole else '…'}”"


def _where(note: Note) -> str:
    """Where a note is kept that is not here: " in Joplin, Home"."""
    if note.origin is None:
        return ""
    notebook = plain_text(note.origin.calendar)
    return f" in {note.origin.account}" + (f", {notebook}" if notebook else "")


def _say(note: Note, about: str, turn: Turn) -> str:
    day = say_day(note.created_at.astimezone(turn.zone).date(), turn.now.date())
    when = day if day in {"today", "yesterday"} else f"on {day}"
    return f"You noted {when}{_where(note)}: {_shown(plain_text(note.text), about)}"


def _shown(text: str, about: str) -> str:
    """A note, or of a long one the heading and the lines that have the words."""
    if len(text) <= LONGEST:
        return text
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    wanted = words_of(about) if about else []
    chosen = [line for line in lines[1:] if any(_has(line, word) for word in wanted)]
    cut = " … ".join([lines[0], *(chosen or lines[1:2])])
    return cut if len(cut) <= LONGEST else f"{cut[:LONGEST].rsplit(' ', 1)[0]}…"
