"""What flows through the graph: the state, its narrower input, and the context of a run."""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from langchain_core.messages import AnyMessage
from typing_extensions import TypedDict  # pydantic needs this one below Python 3.12, for the schemas

from passfel.nodes.requests import add_requests

Path = Literal["act", "respond", "retrieve"]
"""Where a turn goes after `classify`: the fast path, straight to an answer, or to the model."""


class Input(TypedDict):
    """What a caller gives: the new messages."""

    messages: Annotated[list[AnyMessage], add_requests]


class State(Input, total=False):
    """A conversation. Only messages outlive a turn; the rest is set anew by `classify`."""

    said_at: str
    """ISO time of the person's message, with its offset: the same when the turn is replayed."""
    path: Path
    intents: str
    """Domains, most likely first, with spaces between: small values are stored with less work than lists."""
    effort: str
    confidence: float
    reply: str
    """The answer, where understanding the sentence was enough to give it."""
    approved: bool
    """The person has said yes to the calls of the latest message."""
    concerns: dict[str, str]
    """What speaks against calls of the latest message, by their ids: said, and asked about, before they run."""
    tainted: bool
    """Text that strangers wrote is in the turn."""
    rounds: int
    """Model calls of this turn."""


@dataclass(kw_only=True)
class Context:
    """Who speaks, and where. Everything has a default from the household's settings."""

    user: str = field(
        default="",
        metadata={"description": "Whose calendar, tasks and notes are meant; empty for the household's."},
    )
    time_zone: str = field(
        default="", metadata={"description": "IANA time zone of the person, such as Europe/Lisbon."}
    )
    locale: str = field(default="", metadata={"description": "Language and region, such as en-GB or en-US."})
    units: str = field(default="", metadata={"description": "metric or imperial."})
    home_place: str = field(
        default="",
        metadata={
            "description": "Where home is: a name, or name, latitude, longitude (Lisbon, 38.72, -9.14)."
        },
    )
