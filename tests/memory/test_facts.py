"""Facts in LangGraph's own store: found by meaning, kept without a model, and of one person alone."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from passfel.household.errors import MemoryUnavailableError, RequestError
from passfel.household.fact import Fact, Statement
from passfel.household.turn import Turn
from passfel.memory.embeddings import Embedder, MiniLm, shipped
from passfel.memory.facts import Facts
from passfel.memory.postgres import Database

TURN = Turn(now=datetime(2026, 11, 23, 10, 0, tzinfo=UTC), person="ana", thread="t", id="1")


@pytest.fixture
async def facts(database: Database) -> Facts:
    facts = Facts(database)
    await facts.open()
    async with database.connection() as connection:
        await connection.execute("DELETE FROM store")
    return facts


async def learned(facts: Facts, text: str, key: str = "", about: str = "me", turn: Turn = TURN) -> Fact:
    fact, _ = await facts.learn(turn, Statement(text, about, key), text)
    return fact


async def test_a_fact_is_an_item_of_langgraphs_store_and_can_be_searched_there(facts: Facts):
    await learned(facts, "I am allergic to peanuts")
    await learned(facts, "my bicycle is red")
    store = await facts.make_store()
    try:
        found = await store.asearch(("facts", "people", "ana"), query="which nuts are bad for me", limit=1)
    finally:
        await store.aclose()
    assert [item.value["text"] for item in found] == ["I am allergic to peanuts"]


async def test_a_fact_is_found_by_its_meaning(facts: Facts):
    await learned(facts, "I am allergic to peanuts")
    await learned(facts, "my bicycle is red")
    assert [fact.text for fact in await facts.near("ana", "the colour of my bike", 3)] == [
        "my bicycle is red"
    ]


@pytest.mark.parametrize("person", ["bob", "an", "ana.silva", "a%", "an_", "people", "ana'; --"])
async def test_a_persons_facts_are_read_under_no_other_name(facts: Facts, person: str):
    await learned(facts, "I am allergic to peanuts")
    await learned(facts, "I hate Mondays", turn=replace(TURN, person="ana.silva.b"))
    await learned(facts, "we live in Porto Covo", about="household")
    assert [fact.text for fact in await facts.of(person)] == ["we live in Porto Covo"]
    assert await facts.near(person, "I am allergic to peanuts", 3) == []


class Broken(MiniLm):
    """A model that this machine can't run."""

    def embed_query(self, text: str) -> list[float]:
        raise MemoryUnavailableError("no onnxruntime here")


async def test_without_a_model_facts_are_kept_and_their_vectors_come_later(facts: Facts, database: Database):
    model = shipped()
    without = Facts(database, Embedder(Broken(), "broken", await model.space()))
    fact = await learned(without, "I am allergic to peanuts")
    assert await without.of("ana") == [fact]
    assert await without.near("ana", "peanuts", 3) == []
    assert await facts.catch_up() == 1
    assert await facts.catch_up() == 0
    assert await facts.near("ana", "peanuts", 3) == [fact]


async def test_vectors_of_another_model_are_made_anew(facts: Facts, database: Database):
    await learned(facts, "I am allergic to peanuts")
    await facts.catch_up()
    async with database.connection() as connection:
        await connection.execute(
            "UPDATE store SET value = '{\"digest\": \"old\"}' WHERE prefix LIKE 'passfel.%'"
        )
    assert await facts.catch_up() == 1
    assert len(await facts.near("ana", "peanuts", 3)) == 1


async def test_what_was_changed_since_is_not_put_back(facts: Facts):
    first = await learned(facts, "my favourite colour is green", "favourite colour")
    second = await learned(facts, "my favourite colour is blue", "favourite colour")
    assert first.id == second.id
    assert [one.text for one in second.history] == ["my favourite colour is green"]
    with pytest.raises(RequestError, match="changed since"):
        await facts.restore(None, first.model_dump(mode="json"))
    await facts.restore(first.model_dump(mode="json"), second.model_dump(mode="json"))
    assert await facts.of("ana") == [first]


async def test_what_is_forgotten_goes_with_its_history_and_its_vector(facts: Facts, database: Database):
    await learned(facts, "my favourite colour is green", "favourite colour")
    blue = await learned(facts, "my favourite colour is blue", "favourite colour")
    await facts.forget([blue])
    assert await facts.of("ana") == []
    async with database.connection() as connection:
        cursor = await connection.execute("SELECT FROM store_vectors WHERE key = %s", (str(blue.id),))
        assert await cursor.fetchone() is None
