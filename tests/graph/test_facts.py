"""What a household tells of itself, without a language model: learned, told back, corrected, forgotten for good."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
from langchain_core.messages import HumanMessage
from langgraph.types import Command

from passfel.graph.assistant import Assistant, open_assistant
from passfel.graph.facts import told
from passfel.graph.settings import AssistantSettings, HouseholdSettings
from passfel.household.fact import Statement
from passfel.household.turn import Turn
from passfel.memory.facts import Facts
from passfel.memory.postgres import Database
from passfel.nodes.state import Context

MONDAY = datetime(2026, 11, 23, 10, 0, tzinfo=ZoneInfo("Europe/Lisbon"))


class Clock:
    """A clock that is set by the test."""

    now = MONDAY

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest_asyncio.fixture
async def assistant(database: Database, data_folder: Path, clock: Clock) -> AsyncIterator[Assistant]:
    household = HouseholdSettings(time_zone="Europe/Lisbon")
    async with open_assistant(
        AssistantSettings(data_dir=data_folder, household=household), clock=clock
    ) as one:
        async with database.connection() as connection:
            await connection.execute("DELETE FROM store")
        yield one


async def say(assistant: Assistant, said: Any, thread: str = "", person: str = "ana") -> str:
    context = Context(user=person)
    state = await assistant.ainvoke(said, thread=thread or str(uuid4()), context=context)
    if "__interrupt__" in state:
        return str(state["__interrupt__"][0].value["question"])
    return str(state["messages"][-1].text)


async def known(assistant: Assistant, person: str = "ana") -> list[str]:
    return [fact.text for fact in await assistant.house.facts.of(person)]


async def test_what_is_to_be_remembered_is_kept_with_a_receipt_told_back_and_undone(assistant: Assistant):
    thread = str(uuid4())
    assert await say(assistant, "remember that I'm allergic to nuts", thread) == (
        "I'll remember: you are allergic to nuts."
    )
    assert await say(assistant, "am I allergic to anything?") == "You told me: you are allergic to nuts."
    assert await say(assistant, "what do you know about me?") == "You told me: you are allergic to nuts."
    assert "you are allergic to nuts" in await say(assistant, "undo that", thread)
    assert await known(assistant) == []
    assert "nothing about yourself" in await say(assistant, "what do you know about me?")


@pytest.mark.parametrize(
    ("said", "asked", "answer"),
    [
        ("my sister's name is Ana", "what is my sister's name?", "your sister's name is Ana"),
        ("we live in Porto Covo", "where do we live?", "you live in Porto Covo"),
        ("I don't eat meat", "do I eat meat?", "you do not eat meat"),
        ("I work at the hospital on Mondays", "where do I work?", "you work at the hospital on Mondays"),
        ("call me Bea", "what's my name?", "call you Bea"),
        ("my favourite colour is green", "what is my favourite colour?", "your favourite colour is green"),
        ("my son is allergic to eggs", "what is my son allergic to?", "your son is allergic to eggs"),
        ("By the way, I'm vegan. What time is it?", "am I vegan?", "you are vegan"),
    ],
)
async def test_a_plain_statement_is_learned_after_the_answer_and_told_back(
    assistant: Assistant, said: str, asked: str, answer: str
):
    await say(assistant, said)
    assert await say(assistant, asked) == f"You told me: {answer}."


@pytest.mark.parametrize(
    "said",
    [
        "am I allergic to nuts?",
        "if I don't eat meat I get tired",
        'how do you say "I am allergic to nuts" in French',
        "translate: I am allergic to nuts",
        "I don't drink coffee tonight",
        "call me a taxi",
        "I have a dentist appointment on friday at 10",
        "my dentist is Dr. Lee",
        "note that I am allergic to nuts",
        "remind me tomorrow at 9 that I don't eat meat",
        "my pin is 1234",
        "our alarm code is 4512",
        "I would like to live in Lisbon",
        "Ana said I don't eat meat",
    ],
)
async def test_nothing_is_learned_of_what_is_asked_supposed_quoted_passing_secret_or_taken_by_another_tool(
    assistant: Assistant, said: str
):
    await say(assistant, said)
    assert await known(assistant) == []


@pytest.mark.parametrize(
    "said",
    ["remember that the wifi password is hunter2", "remember that my pin is 1234", "the door code is 4512"],
)
async def test_a_secret_is_not_kept_and_that_is_said(assistant: Assistant, database: Database, said: str):
    answer = await say(assistant, said)
    assert "looks like a secret" in answer
    assert await known(assistant) == []
    async with database.connection() as connection:
        cursor = await connection.execute("SELECT FROM effects")
        assert await cursor.fetchone() is None


async def test_a_correction_takes_the_place_and_what_was_before_is_told_with_its_day(
    assistant: Assistant, clock: Clock
):
    await say(assistant, "my favourite colour is green")
    clock.now = MONDAY + timedelta(days=2)
    await say(assistant, "my favourite colour is blue")
    thread = str(uuid4())
    assert await say(assistant, "what is my favourite colour?", thread) == (
        "You told me: your favourite colour is blue."
    )
    assert await say(assistant, "how do you know that?", thread) == (
        "Today at 10:00 you said: “my favourite colour is blue”."
        " Before that, on Monday 23 November at 10:00, it was “my favourite colour is green”."
    )


async def test_the_way_back_of_a_correction_is_what_was_before(assistant: Assistant):
    thread = str(uuid4())
    await say(assistant, "remember that my favourite colour is green", thread)
    changed = await say(assistant, "remember that my favourite colour is blue", thread)
    assert changed == (
        "I'll remember: your favourite colour is blue. I no longer go by “your favourite colour is green”."
    )
    await say(assistant, "undo that", thread)
    assert await known(assistant) == ["my favourite colour is green"]


@pytest.mark.parametrize(
    "request_", ["forget that", "forget what I told you about nuts", "forget everything about me"]
)
async def test_forgetting_asks_first_and_leaves_no_word_behind(
    assistant: Assistant, database: Database, request_: str
):
    thread = str(uuid4())
    await say(assistant, "remember that I'm allergic to nuts", thread)
    question = await say(assistant, request_, thread)
    assert "“you are allergic to nuts”" in question
    assert question.endswith("Shall I forget that for good anyway?")
    assert await known(assistant) == ["I am allergic to nuts"]
    assert await say(assistant, Command(resume=True), thread) == (
        "Forgotten for good: 1 thing that you told me."
    )
    assert await known(assistant) == []
    async with database.connection() as connection:
        for table in ("store", "changes", "effects", "episodes"):
            if request_.endswith("nuts") and table in {"effects", "episodes"}:
                continue  # the request itself names them
            cursor = await connection.execute(f"SELECT FROM {table} AS kept WHERE kept::text LIKE '%nuts%'")
            assert await cursor.fetchone() is None, table
    assert "can't take that back" in await say(assistant, "undo that", thread)


async def test_a_no_leaves_what_was_to_be_forgotten(assistant: Assistant):
    thread = str(uuid4())
    await say(assistant, "I don't eat meat", thread)
    await say(assistant, "forget that", thread)
    await say(assistant, "no", thread)
    assert await known(assistant) == ["I do not eat meat"]


async def test_a_message_that_comes_twice_is_learned_once(assistant: Assistant, database: Database):
    thread, message = str(uuid4()), str(uuid4())
    for _ in range(2):
        await say(assistant, {"messages": [HumanMessage("remember that I'm vegan", id=message)]}, thread)
        await say(assistant, {"messages": [HumanMessage("I have two children", id=f"{message}-2")]}, thread)
    assert await known(assistant) == ["I am vegan", "I have two children"]
    async with database.connection() as connection:
        cursor = await connection.execute("SELECT count(*) AS kept FROM changes WHERE kind = 'facts'")
        assert await cursor.fetchone() == {"kept": 1}


async def test_one_person_is_never_told_what_another_said_of_themselves(assistant: Assistant):
    await say(assistant, "remember that I'm allergic to nuts", person="ana")
    await say(assistant, "we live in Porto Covo", person="ana")
    assert await say(assistant, "what do you know about me?", person="bob") == (
        "You told me: you live in Porto Covo."
    )
    assert "nothing about" in await say(assistant, "am I allergic to nuts?", person="bob")
    thread = str(uuid4())
    assert "Forgotten" not in await say(assistant, "forget what I told you about nuts", thread, "bob")
    await say(assistant, "yes", thread, "bob")
    assert "I am allergic to nuts" in await known(assistant, "ana")


async def test_somebody_who_was_told_of_is_no_entry_of_an_encyclopaedia(assistant: Assistant):
    await say(assistant, "my sister's name is Clara")
    assert await say(assistant, "Clara likes chess") == "Good to know."
    assert await say(assistant, "what do you know about Clara?") == (
        "You told me: your sister's name is Clara; Clara likes chess."
    )


async def test_a_model_is_told_the_facts_in_the_order_they_were_learned_in_and_of_many_those_that_fit(
    assistant: Assistant, database: Database
):
    facts = Facts(database)
    turn = Turn(now=MONDAY, person="ana", thread="t", id="1")
    texts = ["I am allergic to nuts", "I play the piano", "my cat is called Tom", "I work at the hospital"]
    for number, text in enumerate(texts):
        await facts.learn(
            Turn(now=MONDAY + timedelta(minutes=number), person="ana", thread="t"), Statement(text), text
        )
    lines = await told(facts, turn)
    assert lines == f"What they have told you before: {'; '.join(f'“{text}”' for text in texts)}."
    for number in range(6):
        more = Statement(f"my locker at the gym has the number {number}", key=f"locker {number}")
        await facts.learn(turn, more, more.text)
    asked = Turn(now=MONDAY, person="ana", said="which nuts must I not eat, with my allergy?")
    fitting = await told(facts, asked)
    assert "I am allergic to nuts" in fitting
    assert "locker" not in fitting
    assert fitting == await told(facts, asked)
