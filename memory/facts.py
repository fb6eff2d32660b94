"""Facts about people and the house, in LangGraph's own store: learned, corrected, found by meaning, forgotten.

A person's facts are theirs; what is about the household is everybody's. Vectors come from the shipped model
alone, whatever reads the documents: facts are short, private, and never leave the machine to be embedded.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextvars import Context
from typing import Any, cast
from urllib.parse import quote
from uuid import NAMESPACE_URL, UUID, uuid5

from langchain_core.embeddings import Embeddings
from langgraph.store.base import GetOp, Item, PutOp, SearchItem, SearchOp
from langgraph.store.postgres.base import PostgresIndexConfig
from psycopg.types.json import Jsonb

from passfel.household.errors import MemoryUnavailableError, RequestError
from passfel.household.fact import US, Earlier, Fact, Statement
from passfel.household.turn import Turn
from passfel.memory.embeddings import SHIPPED_DIMENSION, SHIPPED_SHA256, Embedder, shipped
from passfel.memory.postgres import Database
from passfel.memory.store import HouseholdStore

log = logging.getLogger(__name__)

KIND = "facts"
ROOT = "facts"
SHARED = (ROOT, "household")
MOST = 1000
"""Facts of one person."""
NEAR = 0.3
"""The cosine from which a fact fits a sentence."""
SPACE = ("passfel", "spaces")
"""Where it is kept which model the vectors are of."""


class Facts:
    """What the household has told of itself."""

    def __init__(self, database: Database, embedder: Embedder | None = None) -> None:
        """Bind the database; the embedder must be the shipped one, and is made where it is not given."""
        self._database = database
        self._embedder = embedder if embedder is not None and embedder.is_shipped else shipped()
        self._store: HouseholdStore | None = None
        self._opening = asyncio.Lock()
        self._names: dict[tuple[str, ...], set[str]] = {}

    async def open(self) -> HouseholdStore:
        """The store that is asked here, its tables up to date."""
        async with self._opening:
            if self._store is None:
                # Its tables are made outside of any transaction that may be around.
                self._store = await asyncio.create_task(self.make_store(), context=Context())
                await (
                    self._store.aclose()
                )  # asked directly, so that what is asked joins the transaction around
                async with self._database.connection() as connection:
                    cursor = await connection.execute("SELECT value FROM store WHERE prefix LIKE 'facts.%'")
                    self._note_names([Fact.model_validate(row["value"]) for row in await cursor.fetchall()])
            return self._store

    async def make_store(self) -> HouseholdStore:
        """A store of the caller's own over the same tables, with vectors where this Postgres has pgvector."""
        await self._database.open()
        async with self._database.connection() as connection:
            cursor = await connection.execute("SELECT FROM pg_extension WHERE extname = 'vector'")
            has_vectors = await cursor.fetchone() is not None
        index: PostgresIndexConfig = {
            "dims": SHIPPED_DIMENSION,
            "embed": _OneByOne(self._embedder),
            "fields": ["text"],
        }
        store = HouseholdStore(self._database, index if has_vectors else None)
        async with self._database.alone("checkpoints"):
            await store.setup()
        return store

    async def of(self, person: str) -> list[Fact]:
        """Everything that a person may be told: their own facts and the household's, the oldest first."""
        store = await self.open()
        found = await store.abatch([SearchOp(space, limit=MOST) for space in (_own(person), SHARED)])
        items = [item for some in found for item in cast("list[SearchItem]", some)]
        # The text breaks a tie, so that a prompt is the same each time.
        found_facts = [(_fact(item), item.updated_at) for item in items]
        told = sorted(found_facts, key=lambda one: (one[0].learned_at, one[1], one[0].text))
        facts = [fact for fact, _ in told]
        self._note_names(facts)
        return facts

    def names(self, person: str) -> frozenset[str]:
        """Whom a person has told something about, in small letters, as of the latest look."""
        return frozenset(self._names.get(_own(person), set()) | self._names.get(SHARED, set()))

    def _note_names(self, facts: Sequence[Fact]) -> None:
        for fact in facts:
            self._names.setdefault(_space(fact), set()).update(_named(fact))

    async def near(self, person: str, words: str, limit: int) -> list[Fact]:
        """The facts that fit a sentence by meaning, the best first; none where nothing can be embedded."""
        store = await self.open()
        if store.embeddings is None or not words.strip():
            return []
        asked = [SearchOp(space, query=words, limit=limit) for space in (_own(person), SHARED)]
        try:
            found = await store.abatch(asked)
        except MemoryUnavailableError as error:
            log.warning("facts are found by their words only: %s", error)
            return []
        items = [item for some in found for item in cast("list[SearchItem]", some)]
        best = sorted(items, key=lambda item: -(item.score or 0.0))
        return [_fact(item) for item in best if (item.score or 0.0) >= NEAR][:limit]

    async def learn(self, turn: Turn, statement: Statement, said: str) -> tuple[Fact, Fact | None]:
        """Keep a fact. One that was known under its key is corrected; the same words again change nothing.

        Returns:
            The fact as it was read back, and what it was before.
        """
        fact = _made(turn, statement, said)
        await self.open()  # before the transaction: tables that are made beside it would wait for its end
        async with self._database.transaction() as connection:
            await connection.execute(
                "SELECT pg_advisory_xact_lock(hashtext(%s), hashtext(%s))", (KIND, str(fact.id))
            )
            before = await self._get(_space(fact), fact.id)
            if before is not None and before.text.casefold() == fact.text.casefold():
                return before, before
            if before is not None:
                known = Earlier(text=before.text, said=before.said, learned_at=before.learned_at)
                fact = fact.model_copy(update={"history": (*before.history, known)})
            await self._put(fact)
            await connection.execute(
                "INSERT INTO changes (effect, kind, row_id, before, after)"
                " SELECT current_setting('passfel.effect')::uuid, %s, %s, %s, %s"
                " WHERE coalesce(current_setting('passfel.effect', true), '') <> ''",
                (KIND, fact.id, _json(before), _json(fact)),
            )
            kept = await self._get(_space(fact), fact.id)
        if kept is None:
            raise LookupError(f"fact {fact.id} was written and is not there")
        self._note_names([kept])
        return kept, before

    async def forget(self, facts: Sequence[Fact]) -> None:
        """Forget for good: the facts with what they were before, and every copy of their words that we keep of them.

        Those are the ledger's (what was done to be undone) and the words of the turns that they were learned from.
        """
        store = await self.open()
        ids = [fact.id for fact in facts]
        async with self._database.transaction() as connection:
            await store.abatch([PutOp(_space(fact), str(fact.id), None) for fact in facts])
            await connection.execute(
                "UPDATE effects SET arguments = '{}', content = '', outcome = NULL WHERE id IN"
                " (SELECT effect FROM changes WHERE kind = %s AND row_id = ANY(%s))",
                (KIND, ids),
            )
            await connection.execute("DELETE FROM changes WHERE kind = %s AND row_id = ANY(%s)", (KIND, ids))
            for fact in facts:
                await connection.execute(
                    "UPDATE episodes SET said = '(forgotten)', answered = '(forgotten)', space = ''"
                    " WHERE thread = %s AND turn = %s AND person = %s",
                    (fact.thread, fact.turn, fact.owner),
                )

    async def restore(self, before: dict[str, Any] | None, after: dict[str, Any] | None) -> None:
        """Put a fact back as it was, for undo.

        Raises:
            RequestError: it has been changed since.
        """
        one = Fact.model_validate(after or before)
        async with self._database.transaction():
            known = await self._get(_space(one), one.id)
            if (known.model_dump(mode="json") if known else None) != after:
                raise RequestError("I can't undo that: it has been changed since.")
            if before is None:
                await (await self.open()).abatch([PutOp(_space(one), str(one.id), None)])
            else:
                await self._put(Fact.model_validate(before))

    async def catch_up(self) -> int:
        """Embed what has no vector of this model yet; returns how many facts there were."""
        store = await self.open()
        if store.embeddings is None:
            return 0
        (space,) = await store.abatch([GetOp(SPACE, ROOT)])
        if isinstance(space, Item) and space.value.get("digest") != SHIPPED_SHA256:
            async with self._database.connection() as connection:
                await connection.execute("DELETE FROM store_vectors WHERE prefix LIKE 'facts.%'")
        async with self._database.connection() as connection:
            cursor = await connection.execute(
                "SELECT value FROM store WHERE prefix LIKE 'facts.%' AND NOT EXISTS (SELECT FROM store_vectors"
                " AS kept WHERE kept.prefix = store.prefix AND kept.key = store.key)"
            )
            facts = [Fact.model_validate(row["value"]) for row in await cursor.fetchall()]
        for fact in facts:
            async with self._database.transaction():
                if await self._get(_space(fact), fact.id) == fact:
                    await self._put(fact)
        await store.abatch([PutOp(SPACE, ROOT, {"digest": SHIPPED_SHA256}, index=False)])
        return len(facts)

    async def _get(self, space: tuple[str, ...], fact: UUID) -> Fact | None:
        (item,) = await (await self.open()).abatch([GetOp(space, str(fact))])
        return _fact(item) if isinstance(item, Item) else None

    async def _put(self, fact: Fact) -> None:
        store, value = await self.open(), fact.model_dump(mode="json")
        try:
            await store.abatch([PutOp(_space(fact), str(fact.id), value)])
        except MemoryUnavailableError as error:
            if not isinstance(store.embeddings, _OneByOne) or not store.embeddings.failed:
                raise
            log.warning("a fact is kept without its vector: %s", error)
            await store.abatch([PutOp(_space(fact), str(fact.id), value, index=False)])


class _OneByOne(Embeddings):
    """The shipped model as the store asks it: for lists of one text."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self.failed = False

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return self._embedder.embeddings.embed_documents(texts)

    def embed_query(self, text: str) -> list[float]:
        return self._embedder.embeddings.embed_query(text)

    async def aembed_documents(self, texts: list[str]) -> list[list[float]]:
        try:
            return [await self._embedder.one(text) for text in texts]
        except MemoryUnavailableError:
            self.failed = True
            raise


def _made(turn: Turn, statement: Statement, said: str) -> Fact:
    """The fact under an id that another saying of it has too."""
    whose = "" if statement.about == US else turn.person
    named = f"{statement.about}\n{statement.key}" if statement.key else statement.text.casefold()
    return Fact(
        id=uuid5(NAMESPACE_URL, f"passfel:fact:{whose}\n{named}"),
        owner=turn.person,
        text=statement.text,
        about=statement.about,
        key=statement.key,
        said=said,
        thread=turn.thread,
        turn=turn.id,
        learned_at=turn.now,
    )


def _space(fact: Fact) -> tuple[str, ...]:
    return SHARED if fact.shared else _own(fact.owner)


def _own(person: str) -> tuple[str, ...]:
    """A person's namespace; the store keeps dots for itself."""
    return (ROOT, "people", quote(person, safe="").replace(".", "%2E"))


def _fact(item: Item) -> Fact:
    return Fact.model_validate(item.value)


def _named(fact: Fact) -> list[str]:
    """Whom a fact names: "my sister's name is Ana" names both of them."""
    names = [word.strip(".,'").removesuffix("'s") for word in fact.text.split() if word[:1].isupper()]
    return [fact.about.casefold(), *(name.casefold() for name in names if len(name) > 1)]


def _json(fact: Fact | None) -> Jsonb | None:
    return None if fact is None else Jsonb(fact.model_dump(mode="json"))
