"""Calendars and task lists put together: the household's own, and the accounts that it has set up."""

from passfel.graph.settings import AssistantSettings
from passfel.memory.effects import EffectsLedger
from passfel.memory.journal import Journal
from passfel.memory.postgres import Database
from passfel.memory.records import Records
from passfel.tools.calendar.local import LocalCalendar
from passfel.tools.calendar.provider import RemoteCalendar
from passfel.tools.calendar.several import KIND, Calendars
from passfel.tools.http import Http
from passfel.tools.tasks.provider import RemoteTasks
from passfel.tools.tasks.several import KIND as TASKS_ELSEWHERE
from passfel.tools.tasks.several import TaskLists


def build_calendars(
    http: Http, settings: AssistantSettings, records: Records, ledger: EffectsLedger, database: Database
) -> Calendars:
    """All calendars, and undo for what is changed in those elsewhere."""
    remotes = _remotes(http, settings)
    calendars = Calendars(
        LocalCalendar(records.events),
        remotes,
        journal=Journal(database) if remotes else None,
        default=settings.calendar.default,
    )
    ledger.restores(KIND, calendars.restore)
    return calendars


def build_task_lists(
    http: Http, settings: AssistantSettings, records: Records, ledger: EffectsLedger, database: Database
) -> TaskLists:
    """All task lists: the household's own, and those of its calendar accounts."""
    remotes: list[RemoteTasks] = []
    if settings.caldav:
        from passfel.tools.tasks.caldav import CalDavTasks

        remotes += [CalDavTasks(http, name, account) for name, account in settings.caldav.items()]
    journal = Journal(database) if remotes else None
    lists = TaskLists(records.tasks, remotes, journal=journal, default=settings.tasks.default)
    ledger.restores(TASKS_ELSEWHERE, lists.restore)
    return lists


def _remotes(http: Http, settings: AssistantSettings) -> list[RemoteCalendar]:
    """The accounts; what reads them is brought in with the first one, for it takes a fifth of a second."""
    remotes: list[RemoteCalendar] = []
    if settings.caldav:
        from passfel.tools.calendar.caldav import CalDavCalendar

        remotes += [CalDavCalendar(http, name, account) for name, account in settings.caldav.items()]
    if settings.google.client_id:
        from passfel.tools.calendar.google import GoogleCalendar
        from passfel.tools.google.sign_in import SignIn

        remotes.append(GoogleCalendar(http, SignIn(http, settings.google, settings.data_dir)))
    return remotes
