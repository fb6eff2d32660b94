"""Where a thing is kept that is not in our own Postgres: a calendar or a task list on somebody's server."""

from pydantic import BaseModel, ConfigDict


class Origin(BaseModel):
    """The place of one event or task elsewhere, and which version of it was read."""

    model_config = ConfigDict(frozen=True)

    account: str
    """The account's name in the settings."""
    calendar: str
    """The calendar's or list's name, as its owner gave it."""
    collection: str
    """The server's own name for the calendar: an address or an id."""
    reference: str
    """The server's own name for the thing in it."""
    etag: str = ""
    """The version that was read; a change names it, so that nobody else's change is overwritten."""
    occurrence: str = ""
    """Which one of a series: its RECURRENCE-ID as an ISO date or moment."""
    writable: bool = True
