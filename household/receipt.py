"""The proof that something was done: written by code from what was read back, never by a model."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

Action = Literal["added", "changed", "cancelled", "done", "restored", "noted", "set", "removed"]


class Receipt(BaseModel):
    """One change of the world, as it was found when it was read back."""

    model_config = ConfigDict(frozen=True)

    action: Action
    kind: str
    """What changed, in the household's words: event, task, note, contact, reminder."""
    sentence: str
    """A finished sentence from the row that was read back."""
    reference: str = ""
    """The id of what changed, for undo and for scripts."""
    reversible: bool = True
