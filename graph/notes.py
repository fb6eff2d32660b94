"""The notes put together: the household's own, and Joplin's where it is set up."""

from passfel.graph.settings import AssistantSettings
from passfel.memory.effects import EffectsLedger
from passfel.memory.journal import Journal
from passfel.memory.postgres import Database
from passfel.memory.records import Records
from passfel.tools.http import Http
from passfel.tools.notes.joplin import Joplin
from passfel.tools.notes.several import KIND, Notes


def build_notes(
    http: Http, settings: AssistantSettings, records: Records, ledger: EffectsLedger, database: Database
) -> Notes:
    """Notes in every place; what is changed elsewhere can be put back by the ledger."""
    store = settings.notes.store
    if not settings.joplin.enabled:
        return Notes(records.notes, store=store)
    notes = Notes(records.notes, Joplin(http, settings.joplin), journal=Journal(database), store=store)
    ledger.restores(KIND, notes.restore)
    return notes
