"""The tool that takes the last change back."""

from typing import Protocol

from langchain_core.tools import BaseTool

from passfel.household.receipt import Receipt
from passfel.tools.contract import WRITES, Answer, InTurn, Outcome, tool


class Undoable(Protocol):
    """What undo needs of the effects ledger."""

    async def undo_latest(self, person: str, thread: str) -> list[str]:
        """Put the latest change of the conversation back; returns what no longer holds."""
        ...


def undo_tools(ledger: Undoable) -> list[BaseTool]:
    """Undo, over the effects ledger."""

    async def undo_last_change(turn: InTurn) -> Answer:
        """Take back the last change made in this conversation.

        Args:
            turn: the turn.
        """
        sentences = await ledger.undo_latest(turn.person, turn.thread)
        undone = " ".join(sentences)
        sentence = f"Undone: {undone[:1].lower()}{undone[1:]}"
        return sentence, Outcome(receipts=(Receipt(action="restored", kind="change", sentence=sentence),))

    return [tool(undo_last_change, domain="undo", annotations=WRITES)]
