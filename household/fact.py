"""What the household has told of itself: a sentence in the person's words, and when and how it was learned."""

import re
from dataclasses import dataclass
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict

ME = "me"
US = "household"


@dataclass(frozen=True, slots=True)
class Statement:
    """A fact as it was read in somebody's words."""

    text: str
    about: str = ME
    """`me`, `household`, or whom the words name: "sister", "Ana"."""
    key: str = ""
    """What it is the only answer to ("favourite colour"): another one said later takes its place."""


class Earlier(BaseModel):
    """What a fact was before it was corrected."""

    model_config = ConfigDict(frozen=True)

    text: str
    said: str
    learned_at: AwareDatetime


class Fact(BaseModel):
    """One thing that is known of a person or the household."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: UUID
    owner: str
    """Who told it: a person. What is about the household is everybody's to ask."""
    text: str
    about: str = ME
    key: str = ""
    said: str = ""
    """The very words it was learned from."""
    thread: str = ""
    turn: str = ""
    learned_at: AwareDatetime
    history: tuple[Earlier, ...] = ()

    @property
    def shared(self) -> bool:
        """Whether it is the household's."""
        return self.about == US

    def told(self) -> str:
        """As one says it to the person: "you are allergic to nuts"."""
        return second_person(self.text)


_TURNED = {
    "i am": "you are",
    "i was": "you were",
    "am i": "are you",
    "i": "you",
    "we": "you",
    "me": "you",
    "us": "you",
    "my": "your",
    "our": "your",
    "mine": "yours",
    "ours": "yours",
    "myself": "yourself",
    "ourselves": "yourselves",
}
_TURNABLE = re.compile(rf"\b(?:{'|'.join(sorted(_TURNED, key=len, reverse=True))})\b(?!')", re.IGNORECASE)


def second_person(text: str) -> str:
    """A person's own words, said back to them."""
    return _TURNABLE.sub(lambda match: _TURNED[match[0].casefold()], text)
