"""Who speaks, when and where: what every step and every tool may know of a turn."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

Units = Literal["metric", "imperial"]


@dataclass(frozen=True, slots=True)
class Place:
    """A point on the map with a name."""

    name: str
    latitude: float
    longitude: float
    country: str = ""
    time_zone: str = "UTC"
    country_code: str = ""
    """ISO 3166, in capitals, where it is known: names of countries come in many languages."""


@dataclass(frozen=True, slots=True)
class Turn:
    """The surroundings of one turn."""

    now: datetime
    """The moment the person spoke, aware, in the person's time zone."""
    person: str = "home"
    """Whose rows the turn reads and writes."""
    locale: str = "en"
    units: Units = "metric"
    home: Place | None = None
    """Where home is, when its coordinates are known."""
    home_name: str = ""
    """What home's place is called, with or without coordinates."""
    room: str = ""
    """The room where the person speaks, when the device that hears them has one."""
    thread: str = ""
    """The conversation, as LangGraph's thread id."""
    id: str = ""
    """The id of the person's message: the same after a crash, so the ledger knows the turn again."""
    said: str = ""
    """What the person said, where a message of theirs is being answered."""
    call: str = ""
    """The id of the tool call being carried out; empty outside a tool."""

    def __post_init__(self) -> None:
        """Refuse a naive `now`: every date of a turn is computed from it."""
        if self.now.tzinfo is None:
            raise ValueError("Turn.now must carry a time zone")

    @property
    def zone(self) -> ZoneInfo:
        """The person's time zone."""
        zone = self.now.tzinfo
        return zone if isinstance(zone, ZoneInfo) else ZoneInfo("UTC")

    def with_call(self, call: str) -> "Turn":
        """The same turn, inside one tool call."""
        return replace(self, call=call)


def turn_now(time_zone: str = "UTC") -> Turn:
    """A turn of this moment, for callers that have no other."""
    return Turn(now=datetime.now(ZoneInfo(time_zone)))
