"""Joplin's notes over loopback, beside the household's own."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from urllib.parse import urlsplit
from uuid import UUID

import pytest

from passfel.household.errors import BrokenAnswerError, SettingsError, UnreachableError
from passfel.household.turn import Turn
from passfel.memory.journal import Journal
from passfel.memory.postgres import Database
from passfel.memory.records import Records
from passfel.tests.servers.joplin import TOKEN, JoplinWorld, joplin
from passfel.tools.contract import annotations_of
from passfel.tools.http import Http, HttpSettings
from passfel.tools.notes.joplin import Joplin, JoplinSettings
from passfel.tools.notes.joplin_answers import appended, headed
from passfel.tools.notes.several import Notes
from passfel.tools.notes.tools import NoteTools, note_tools


@pytest.fixture(scope="module")
def running() -> Iterator[JoplinWorld]:
    with joplin() as world:
        yield world


@pytest.fixture
def world(running: JoplinWorld) -> JoplinWorld:
    running.forget()
    return running


@pytest.fixture
async def http(world: JoplinWorld) -> AsyncIterator[Http]:
    async with Http(HttpSettings(allowed_hosts=(urlsplit(world.url).netloc,))) as client:
        yield client


@pytest.fixture
def turn() -> Turn:
    return Turn(now=datetime(2026, 11, 23, 10, 0, tzinfo=UTC), thread="test", id="turn-1")


@pytest.fixture
def app(http: Http, world: JoplinWorld) -> Joplin:
    return Joplin(http, JoplinSettings(url=world.url, token=TOKEN))


async def test_the_doctor_is_told_how_many_notebooks_there_are(app: Joplin):
    assert await app.check() == "It answers, and has 1 notebook."


async def test_what_answers_and_is_not_joplin_is_said(http: Http, world: JoplinWorld):
    with pytest.raises((BrokenAnswerError, SettingsError)):
        await Joplin(http, JoplinSettings(url=f"{world.url}/other", token=TOKEN)).check()


async def test_without_a_token_nothing_is_asked(http: Http, world: JoplinWorld):
    with pytest.raises(SettingsError, match="PASSFEL_JOPLIN__TOKEN"):
        await Joplin(http, JoplinSettings(url=world.url)).latest("home")
    assert not world.requests


async def test_a_private_host_that_was_not_let_through_is_not_reached(world: JoplinWorld):
    async with Http(HttpSettings()) as http:
        with pytest.raises(UnreachableError, match="private address"):
            await Joplin(http, JoplinSettings(url=world.url, token=TOKEN)).latest("home")
    assert not world.requests


async def test_a_note_that_search_does_not_know_yet_is_found(app: Joplin, world: JoplinWorld):
    world.note("b" * 32, "Boiler", "made by Vaillant")
    assert [note.title for note in await app.find("home", "boiler")] == ["Boiler"]


async def test_an_old_note_is_found_by_search_alone(app: Joplin, world: JoplinWorld):
    world.note("b" * 32, "Boiler", "made by Vaillant")
    world.index()
    for number in range(150):
        world.note(f"{number:032x}", f"Diary {number}", "nothing")
    assert "Boiler" in {note.title for note in await app.find("home", "the boiler")}
    assert "Boiler" not in {note.title for note in await app.latest("home")}


async def test_encrypted_and_binned_notes_are_left_out(app: Joplin, world: JoplinWorld):
    world.note("b" * 32, "Secret", "x", encryption_applied=1)
    world.note("c" * 32, "Gone", "x", deleted_time=1795409690000)
    world.note("d" * 32, "Here", "x")
    assert [note.title for note in await app.latest("home")] == ["Here"]


async def test_the_notebook_that_is_set_is_made_where_it_is_missing(http: Http, world: JoplinWorld):
    app = Joplin(http, JoplinSettings(url=world.url, token=TOKEN, notebook="House"))
    for number in (1, 2):
        written = await app.add("home", UUID(int=number), f"note {number}", "")
        assert written.note.origin is not None
        assert written.note.origin.calendar == "House"
    assert sorted(folder["title"] for folder in world.folders.values()) == ["Home", "House"]


async def test_of_a_long_note_the_lines_that_were_asked_about_are_told(
    app: Joplin, world: JoplinWorld, database: Database, turn: Turn
):
    lines = [f"Line {number} about nothing at all" for number in range(40)]
    world.note("b" * 32, "House book", "\n".join([*lines, "The boiler takes 1.5 bar", *lines]))
    tools = NoteTools(Notes(Records(database).notes, app, journal=Journal(database)))
    told, outcome = await tools.search_notes(turn, "boiler")
    assert told.endswith("in Joplin, Home: House book … The boiler takes 1.5 bar")
    assert [source.name for source in outcome.sources] == ["Joplin"]


async def test_with_an_app_the_notes_are_strangers_words_and_its_changes_can_be_gone_on_with(
    app: Joplin, database: Database
):
    tools = {
        tool.name: tool for tool in note_tools(Notes(Records(database).notes, app, journal=Journal(database)))
    }
    assert annotations_of(tools["search_notes"]).open_world
    assert not annotations_of(tools["add_note"]).open_world
    assert not annotations_of(tools["add_note"]).local
    assert annotations_of(tools["remove_note"]).idempotent


def test_a_long_first_line_makes_a_short_title():
    title, body = headed("the " + "very " * 30 + "long note")
    assert len(title) <= 60
    assert body.startswith(title)


@pytest.mark.parametrize(("text", "whole"), [("a", "a\nb"), ("a\n", "a\nb"), ("", "b")])
def test_words_are_added_on_a_line_of_their_own(text: str, whole: str):
    assert appended(text, "b") == whole
