"""Requests to the home, as they are understood over its names: a table, and what must never be understood."""

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from passfel.household.entity import Entity, Home
from passfel.household.home_names import HomeNames
from passfel.household.turn import Turn
from passfel.household.understanding import Call
from passfel.nlu.home import HomeUnderstander
from passfel.nlu.home_intents import HomeIntents
from passfel.nlu.understand import Understander
from passfel.tests.servers.home_world import home_as_known

TABLE = Path(__file__).parent / "home_sentences.txt"
ROWS = [
    tuple(cell.strip() for cell in line.split("|", 1))
    for line in TABLE.read_text("utf-8").splitlines()
    if line and not line.startswith("#")
]
TURN = Turn(now=datetime(2026, 11, 23, 10, 0, tzinfo=ZoneInfo("Europe/Lisbon")))


@pytest.fixture(scope="module")
def understander() -> Understander:
    return Understander("en-GB", home=home_as_known)


def calls_of(cell: str) -> list[Call]:
    calls = []
    for call in cell.split(" & "):
        name, _, arguments = call.partition(" ")
        calls.append(Call(name, json.loads(arguments)))
    return calls


@pytest.mark.parametrize(("said", "expected"), ROWS, ids=[row[0] for row in ROWS])
def test_the_table_is_understood_as_written(understander: Understander, said: str, expected: str):
    understood = understander.understand(said, TURN)
    if expected == "-":
        assert not understood.whole
    elif expected.startswith("= "):
        assert understood.reply == expected[2:]
    else:
        assert understood.whole
        assert [(call.name, dict(call.arguments)) for call in understood.calls] == [
            (call.name, call.arguments) for call in calls_of(expected)
        ]


@pytest.mark.parametrize("said", [said for said, expected in ROWS if "_home" in expected])
def test_without_a_home_nothing_is_called_for_it(said: str):
    calls = Understander("en-GB").understand(said, TURN).calls
    assert not any("home" in call.name for call in calls)


@pytest.mark.parametrize(
    "said",
    [
        "don't turn off the kitchen lights",
        "do not open the garage door",
        "never turn on the heating",
        "if it rains close the blinds",
        "turn off the kitchen lights when Ana leaves",
        "turn off the kitchen lights tomorrow morning",
        "turn off all the lights except the hall light",
        "everything but the tv off",
        "I turned off the kitchen lights",
        "why is the kitchen light on",
        "should I turn on the heating",
        "he said turn on the tv",
        "unlock",
        "turn it off",
        "open",
        "on",
        "lights",
    ],
)
def test_what_changes_the_sense_of_a_command_is_not_taken_for_one(understander: Understander, said: str):
    assert not any(
        call.name in {"control_home", "secure_home"} for call in understander.understand(said, TURN).calls
    )


@pytest.mark.parametrize("said", ["who is Ana", "who is Tom", "who is Robby", "who was Ana", "what is Ana"])
def test_who_somebody_is_is_no_question_of_where_they_are(understander: Understander, said: str):
    assert not any("home" in call.name for call in understander.understand(said, TURN).calls)


def test_a_room_said_by_the_device_that_hears_decides(understander: Understander):
    [call] = understander.understand("turn on the lights in here", replace(TURN, room="Kitchen")).calls
    assert call.arguments == {"kind": "light", "where": "here", "action": "turn_on"}


def test_another_language_goes_by_home_assistants_own_sentences():
    home = Home(entities=(Entity(entity_id="light.flur", name="Flurlampe"),))
    match = HomeUnderstander(lambda: home, "de-DE").match("schalte die Flurlampe ein", TURN)
    assert match is not None
    assert match.calls == (Call("control_home", {"name": "Flurlampe", "action": "turn_on"}),)


def test_a_language_without_sentences_understands_nothing():
    names = HomeNames(home_as_known())
    assert HomeIntents("tlh").match("kitchen lights on", names, TURN) is None


def test_new_names_are_known_when_the_home_changes():
    home = home_as_known()
    understander = HomeUnderstander(lambda: home)
    assert understander.match("turn on the lava lamp", TURN) is None
    lamp = Entity(entity_id="light.lava", name="Lava Lamp")
    home = Home(areas=home.areas, entities=(*home.entities, lamp), version=1)
    assert understander.match("turn on the lava lamp", TURN) is not None
