"""Notes here and in Joplin without a language model: both are searched, and nothing is done twice."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
import pytest_asyncio
from langchain_core.messages import HumanMessage

from passfel.graph.assistant import Assistant, open_assistant
from passfel.graph.settings import AssistantSettings, HouseholdSettings
from passfel.memory.postgres import Database
from passfel.memory.records import Records
from passfel.tests.servers.joplin import TOKEN, JoplinWorld, joplin
from passfel.tools.http import HttpSettings
from passfel.tools.notes.joplin import JoplinSettings
from passfel.tools.notes.several import NotesSettings, Place


@pytest.fixture(scope="module")
def running() -> Iterator[JoplinWorld]:
    with joplin() as world:
        yield world


@pytest.fixture
def world(running: JoplinWorld) -> JoplinWorld:
    running.forget()
    return running


def settings(folder: Path, world: JoplinWorld, store: Place) -> AssistantSettings:
    return AssistantSettings(
        data_dir=folder,
        household=HouseholdSettings(time_zone="Europe/Lisbon"),
        http=HttpSettings(allowed_hosts=(urlsplit(world.url).netloc,)),
        joplin=JoplinSettings(url=world.url, token=TOKEN),
        notes=NotesSettings(store=store),
    )


@pytest_asyncio.fixture
async def assistant(database: Database, data_folder: Path, world: JoplinWorld) -> AsyncIterator[Assistant]:
    async with open_assistant(settings(data_folder, world, "joplin")) as one:
        yield one


async def say(assistant: Assistant, said: str, thread: str) -> str:
    return str((await assistant.ainvoke(said, thread=thread))["messages"][-1].text)


def titles(world: JoplinWorld) -> list[str]:
    return [note["title"] for note in world.notes.values() if not note["deleted_time"]]


async def test_a_note_goes_to_joplin_is_found_there_and_undone(assistant: Assistant, world: JoplinWorld):
    thread = str(uuid4())
    assert await say(assistant, "note that the boiler takes 1.5 bar", thread) == (
        "Noted in Joplin, Home: the boiler takes 1.5 bar."
    )
    found = await say(assistant, "what did I note about the boiler?", thread)
    assert "in Joplin, Home: the boiler takes 1.5 bar" in found
    assert "the boiler takes 1.5 bar" in await say(assistant, "undo that", str(thread))
    assert titles(world) == []


async def test_notes_of_both_places_are_found_together(
    assistant: Assistant, database: Database, world: JoplinWorld
):
    await Records(database).notes.add("home", text="the boiler was serviced in May")
    world.note("b" * 32, "Boiler", "made by Vaillant")
    found = await say(assistant, "what did I note about the boiler", str(uuid4()))
    assert "the boiler was serviced in May" in found
    assert "in Joplin, Home: Boiler\nmade by Vaillant" in found


async def test_words_are_added_to_a_note_and_taken_back(assistant: Assistant, world: JoplinWorld):
    thread, note = str(uuid4()), world.note("b" * 32, "Boiler", "made by Vaillant")
    told = await say(assistant, "add bleed it in October to my note about the boiler", thread)
    assert told == "Added to the note “Boiler” in Joplin, Home: bleed it in October"
    assert note["body"] == "made by Vaillant\nbleed it in October"
    await say(assistant, "undo that", thread)
    assert note["body"] == "made by Vaillant"


async def test_a_removed_note_comes_back_from_the_bin(assistant: Assistant, world: JoplinWorld):
    thread = str(uuid4())
    world.note("b" * 32, "Boiler", "made by Vaillant")
    assert (await say(assistant, "delete the note about the boiler", thread)).startswith(
        "Removed the note “Boiler"
    )
    assert titles(world) == []
    await say(assistant, "undo that", thread)
    assert titles(world) == ["Boiler"]


async def test_a_note_that_was_changed_since_is_not_put_back(assistant: Assistant, world: JoplinWorld):
    thread, note = str(uuid4()), world.note("b" * 32, "Boiler", "made by Vaillant")
    await say(assistant, "add bleed it to my note about the boiler", thread)
    note["body"] += "\nand more by somebody else"
    assert "has been changed since" in await say(assistant, "undo that", thread)
    assert note["body"].endswith("somebody else")


async def test_a_notebook_can_be_named(assistant: Assistant, world: JoplinWorld):
    thread = str(uuid4())
    world.folder("Recipes", "c" * 32)
    assert await say(assistant, "list my notebooks", thread) == "Your notebooks in Joplin: Home and Recipes."
    await say(assistant, "make a note in my Recipes notebook that the cake needs 3 eggs", thread)
    assert [note["parent_id"] for note in world.notes.values()] == ["c" * 32]
    told = await say(assistant, "make a note in my Garden notebook that the roses are red", thread)
    assert told == "Joplin has no notebook called “Garden”; it has Home, Recipes."


@pytest.mark.parametrize(
    "said",
    [
        "note that the boiler takes 1.5 bar",
        "add bleed it to my note about the cellar",
        "delete the note about the cellar",
    ],
)
async def test_a_message_that_comes_twice_changes_joplin_once(
    assistant: Assistant, world: JoplinWorld, said: str
):
    world.note("b" * 32, "Cellar", "damp")
    thread, message = str(uuid4()), str(uuid4())
    for _ in range(2):
        await assistant.ainvoke({"messages": [HumanMessage(said, id=message)]}, thread=thread)
    writes = [request.method for request in world.requests if request.method != "GET"]
    assert len(writes) == 1


async def test_an_answer_that_was_lost_costs_no_second_note(assistant: Assistant, world: JoplinWorld):
    world.drops = 1
    assert (await say(assistant, "note that the boiler takes 1.5 bar", str(uuid4()))).startswith(
        "Noted in Joplin"
    )
    assert titles(world) == ["the boiler takes 1.5 bar"]


async def test_a_turn_that_was_cut_off_at_the_write_is_gone_on_with(
    database: Database, data_folder: Path, world: JoplinWorld
):
    thread = str(uuid4())
    async with open_assistant(settings(data_folder, world, "joplin")) as before:
        await say(before, "note that the boiler takes 1.5 bar", thread)
        async with database.connection() as connection:
            # As a crash leaves it that came after Joplin's answer and before the ledger's.
            await connection.execute("UPDATE effects SET state = 'started', outcome = NULL, content = ''")
    async with open_assistant(settings(data_folder, world, "joplin")) as after:
        async with database.connection() as connection:
            cursor = await connection.execute("SELECT call, tool, arguments FROM effects")
            effect = await cursor.fetchone()
        assert effect is not None
        tool = next(tool for tool in after.house.tools if tool.name == effect["tool"])
        turn = after.house.make_turn(None)
        call = {"type": "tool_call", "id": effect["call"], "name": tool.name}
        at = replace(turn, thread=thread).with_call(effect["call"])
        message = await tool.ainvoke({**call, "args": {**effect["arguments"], "turn": at}})
    assert message.text == "Noted in Joplin, Home: the boiler takes 1.5 bar."
    assert titles(world) == ["the boiler takes 1.5 bar"]
    assert len([request for request in world.requests if request.method == "POST"]) == 1


async def test_without_joplin_answering_the_notes_here_are_told_and_it_is_named(
    database: Database, data_folder: Path, world: JoplinWorld
):
    gone = settings(data_folder, world, "passfel").model_copy(
        update={"joplin": JoplinSettings(url="http://127.0.0.1:9", token=TOKEN)}
    )
    gone = gone.model_copy(update={"http": HttpSettings(allowed_hosts=("127.0.0.1:9",))})
    async with open_assistant(gone) as assistant:
        thread = str(uuid4())
        assert (
            await say(assistant, "note that the key is under the pot", thread)
            == "Noted: the key is under the pot."
        )
        found = await say(assistant, "what did I note about the key", thread)
        assert found == "You noted today: the key is under the pot\nJoplin could not be reached."
        nothing = await say(assistant, "what did I note about the roof", thread)
        assert nothing == "I have no note about “roof”. Joplin could not be reached."


async def test_a_wrong_token_says_where_the_right_one_is(
    database: Database, data_folder: Path, world: JoplinWorld
):
    wrong = settings(data_folder, world, "joplin").model_copy(
        update={"joplin": JoplinSettings(url=world.url, token="wrong-and-secret")}
    )
    async with open_assistant(wrong) as assistant:
        told = await say(assistant, "note that the key is under the pot", str(uuid4()))
    assert "PASSFEL_JOPLIN__TOKEN" in told
    assert "wrong-and-secret" not in told


async def test_notes_for_a_joplin_that_is_not_set_up_say_so(database: Database, data_folder: Path):
    unset = AssistantSettings(data_dir=data_folder, notes=NotesSettings(store="joplin"))
    async with open_assistant(unset) as assistant:
        told = await say(assistant, "note that the key is under the pot", str(uuid4()))
    assert "PASSFEL_JOPLIN__URL" in told
