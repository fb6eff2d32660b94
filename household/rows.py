"""What the household keeps: events, tasks, contacts, notes, reminders, holdings. One row each in Postgres."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict

from passfel.household.origin import Origin
from passfel.household.quote import Instrument, Kind


class Row(BaseModel):
    """What every kept thing has."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: UUID
    owner: str
    created_at: AwareDatetime
    updated_at: AwareDatetime


class Event(Row):
    """An appointment. Times are kept as instants, with the zone they were said in."""

    title: str
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    all_day: bool = False
    time_zone: str = "UTC"
    rule: str | None = None
    """RFC 5545 RRULE without the prefix; computed on the wall clock of `time_zone`."""
    skipped: tuple[datetime, ...] = ()
    """Starts of single occurrences that were cancelled or moved away."""
    location: str = ""
    cancelled_at: AwareDatetime | None = None
    busy: bool = True
    """Whether one is not free while it lasts; calendars elsewhere also hold what is only good to know."""
    origin: Origin | None = None
    """Where it is kept, when that is not here."""


class Task(Row):
    """Something to do."""

    title: str
    due_at: AwareDatetime | None = None
    done_at: AwareDatetime | None = None
    origin: Origin | None = None
    """Where it is kept, when that is not here."""


class Contact(Row):
    """A person or a business, and what they are to the household."""

    name: str
    role: str = ""
    """What they are to us: "dentist", "mother", "plumber"."""
    phone: str = ""
    email: str = ""
    address: str = ""
    birthday: str = ""
    """ISO date, or `--MM-DD` where the year isn't known (vCard 4, RFC 6350)."""


class Note(Row):
    """A thought kept in words."""

    text: str
    title: str = ""
    """Its heading, where it is kept in an app that has them."""
    origin: Origin | None = None
    """Where it is kept, when that is not here; its calendar is the notebook."""


class Reminder(Row):
    """Words to be said at a time."""

    text: str
    due_at: AwareDatetime
    time_zone: str = "UTC"
    rule: str | None = None
    delivered_at: AwareDatetime | None = None
    cancelled_at: AwareDatetime | None = None


class Watched(Row):
    """Something whose price a person follows."""

    kind: Kind
    symbol: str
    name: str
    ticker: str = ""

    @property
    def instrument(self) -> Instrument:
        """What it is, to ask for its price."""
        return Instrument(kind=self.kind, symbol=self.symbol, name=self.name, ticker=self.ticker)


class Holding(Watched):
    """Something a person owns."""

    quantity: Decimal
