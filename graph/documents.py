"""The household's documents put together, and kept up with their embedding model while the assistant is open."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from passfel.graph.settings import AssistantSettings
from passfel.household.errors import PassfelError
from passfel.household.turn import Turn
from passfel.memory.documents import Documents
from passfel.memory.embeddings import Embedder, embedder
from passfel.memory.postgres import Database

log = logging.getLogger(__name__)

MOST = 3
LONGEST = 500


def build_documents(
    settings: AssistantSettings, database: Database, model: Embedder | None = None
) -> Documents:
    """The documents over the household's embedding model; nothing is loaded yet."""
    return Documents(database, model or embedder(settings.embeddings))


@asynccontextmanager
async def keeping_up(documents: Documents | None) -> AsyncIterator[None]:
    """Embed in the background what has no vector in the model's space yet: after another model was chosen."""
    if documents is None:
        yield
        return
    task = asyncio.create_task(_keep_up(documents))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


async def _keep_up(documents: Documents) -> None:
    try:
        done = await documents.catch_up()
    except PassfelError as error:
        log.warning("the documents' vectors are not up to date: %s", error)
    except Exception:
        log.exception("the documents' vectors could not be brought up to date")
    else:
        if done:
            log.info("%s pieces of documents were embedded", done)


async def passages(documents: Documents, turn: Turn, words: str) -> str:
    """What the documents say of a request, for the model's context; nothing where they say nothing of it.

    Strangers write documents: a turn that is given these lines is tainted.
    """
    found = [one for one in await documents.search(turn.person, words, MOST) if one.certain]
    lines = [f"{one.cited()}: {' '.join(one.text[:LONGEST].split())}" for one in found]
    return "Documents that may say something of it:\n" + "\n".join(lines) if lines else ""
