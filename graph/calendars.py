"""The calendars put together: the household's own, and the accounts that it has set up."""

from passfel.graph.settings import AssistantSettings
from passfel.memory.effects import EffectsLedger
from passfel.memory.journal import Journal
from passfel.memory.postgres import Database
from passfel.memory.records import Records
from passfel.tools.calendar.local import LocalCalendar
from passfel.tools.calendar.provider import RemoteCalendar
from passfel.tools.calendar.several import KIND, Calendars
from passfel.tools.http import Http


def build_calendars(
    http: Http, settings: AssistantSettings, records: Records, ledger: EffectsLedger, database: Database
) -> Calendars:
    """All calendars, and undo for what is changed in those elsewhere."""
    calendars = Calendars(
        LocalCalendar(records.events),
        _remotes(http, settings),
        journal=Journal(database) if settings.caldav else None,
        default=settings.calendar.default,
    )
    ledger.restores(KIND, calendars.restore)
    return calendars


def _remotes(http: Http, settings: AssistantSettings) -> list[RemoteCalendar]:
    if not settings.caldav:
        return []
    from passfel.tools.calendar.caldav import CalDavCalendar  # icalendar takes a fifth of a second

    return [CalDavCalendar(http, name, account) for name, account in settings.caldav.items()]
