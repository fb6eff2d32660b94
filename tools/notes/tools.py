"""The tools for notes."""

from langchain_core.tools import BaseTool

from passfel.household.errors import NotFoundError, RequestError
from passfel.household.rows import Note
from passfel.household.turn import Turn
from passfel.household.wording import plain_text, say_day
from passfel.tools.contract import READS, WRITES, Answer, InTurn, Outcome, tool
from passfel.tools.matching import Naming, best_matches, the_one
from passfel.tools.receipts import changed
from passfel.tools.records import RecordTable, read_back

SHOWN = 5


class NoteTools:
    """Notes, as tools."""

    def __init__(self, notes: RecordTable[Note]) -> None:
        """Keep the table."""
        self._notes = notes

    def tools(self) -> list[BaseTool]:
        """All of them, in a fixed order."""
        return [
            tool(self.search_notes, domain="notes", annotations=READS),
            tool(self.add_note, domain="notes", annotations=WRITES),
            tool(self.remove_note, domain="notes", annotations=WRITES),
        ]

    async def search_notes(self, turn: InTurn, about: str = "") -> Answer:
        """Find notes by their words; without words, the latest ones.

        Args:
            turn: the turn.
            about: words of the note.
        """
        notes = await self._notes.all(turn.person)
        found = best_matches(about, notes, _text) if about else notes
        if not found:
            raise NotFoundError(f"I have no note about “{about}”." if about else "You have no notes.")
        lines = [_say(note, turn) for note in found[:SHOWN]]
        more = f"\nThere are {len(found) - SHOWN} more." if len(found) > SHOWN else ""
        return "\n".join(lines) + more, Outcome(result=list(found[:SHOWN]))

    async def add_note(self, turn: InTurn, text: str) -> Answer:
        """Keep a note in the person's own words.

        Args:
            turn: the turn.
            text: the words.
        """
        words = plain_text(text)
        if not words:
            raise RequestError("What should I note?")
        added = await self._notes.add(turn.person, text=words)
        note = await read_back(self._notes, added.id)
        sentence = f"Noted: {note.text}" + ("" if note.text[-1] in ".!?" else ".")
        return changed(note, "noted", sentence)

    async def remove_note(self, turn: InTurn, about: str) -> Answer:
        """Remove one note. Undo brings it back.

        Args:
            turn: the turn.
            about: words of the note.
        """
        naming = Naming("note", _text, _quoted, "delete the note about {}", name=_beginning)
        note = the_one(about, await self._notes.all(turn.person), naming)
        if await self._notes.lock(note.id) is None:
            raise NotFoundError("That note is no longer there.")
        await self._notes.remove(note.id)
        sentence = f"Removed the note “{note.text}”."
        return changed(note, "removed", sentence)


def note_tools(notes: RecordTable[Note]) -> list[BaseTool]:
    """The tools for notes, over their table."""
    return NoteTools(notes).tools()


def _text(note: Note) -> str:
    return note.text


def _beginning(note: Note) -> str:
    return " ".join(note.text.split()[:8])


def _quoted(note: Note) -> str:
    beginning = _beginning(note)
    return f"“{beginning}{'…' if len(beginning) < len(note.text) else ''}”"


def _say(note: Note, turn: Turn) -> str:
    day = say_day(note.created_at.astimezone(turn.zone).date(), turn.now.date())
    return f"You noted {day if day in {'today', 'yesterday'} else f'on {day}'}: {note.text}"
