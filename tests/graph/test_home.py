"""The home through the whole assistant, with no language model: asked, changed, read back, and asked first."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio
from langchain_core.messages import HumanMessage

from passfel.graph.assistant import Assistant, open_assistant
from passfel.graph.settings import AssistantSettings
from passfel.memory.postgres import Database
from passfel.tests.servers.home_assistant import HomeWorld, home_assistant
from passfel.tools.home.home_assistant import HomeAssistant

MONDAY = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def running_world() -> Iterator[HomeWorld]:
    with home_assistant() as home:
        yield home


@pytest_asyncio.fixture(scope="module")
async def opened(
    shared_database: Database, data_folder: Path, running_world: HomeWorld
) -> AsyncIterator[Assistant]:
    settings = AssistantSettings.model_validate(
        {
            "data_dir": data_folder,
            "household": {"time_zone": "Europe/Lisbon"},
            "home_assistant": {"url": running_world.url, "token": running_world.token, "react_s": 0.3},
        }
    )
    async with open_assistant(settings, clock=lambda: MONDAY) as one:
        yield one
    (data_folder / "home.json").unlink()


@pytest_asyncio.fixture
async def world(running_world: HomeWorld, opened: Assistant) -> HomeWorld:
    """The home as on Monday morning, and the assistant knows it."""
    [provider] = [one for one in opened.house.providers if isinstance(one, HomeAssistant)]
    await provider.home()
    at = datetime.fromtimestamp(running_world.begin_again(), UTC)
    while (await provider.home()).by_id["light.hall"].changed_at != at:
        await provider.changed(1)
    return running_world


@pytest.fixture
def assistant(opened: Assistant, world: HomeWorld) -> Assistant:
    return opened


async def say(assistant: Assistant, text: str, thread: str = "") -> str:
    result = await assistant.ainvoke(text, thread=thread or str(uuid4()))
    if interrupts := result.get("__interrupt__"):
        return str(interrupts[0].value["question"])
    return str(result["messages"][-1].text)


SAID = """
turn on the coffee machine | Turned on Coffee Machine.
please switch on all the lights in the kitchen | Turned on Kitchen Ceiling and Kitchen Counter.
everything off upstairs | Turned off Reading Lamp, Bedroom Light, Desk Light and Bathroom Fan.
set the living room to 21 degrees | Set temperature of Living Room Thermostat to 21.
close the blinds in the lounge | Closed Living Room Blinds.
pause the tv and turn on the desk light | Paused TV.\\nTurned on Desk Light.
movie night | Turned on Movie Night.
turn on the reading lamp | Which reading lamp do you mean: the Reading Lamp in the Living Room or
is the back door open? | Yes, the Back Door is open.
which lights are on? | 3 of 8 lights are on: Kitchen Ceiling, Bedroom Light and Hall Light.
how warm is the bedroom? | The Bedroom Temperature is 17.4 °C (Home Assistant, since 09:00).
is anyone home? | Ana is at home.
turn on the attic light | Attic Light is unavailable.
unlock the front door | Shall I unlock the Front Door Lock?
open the garage door | Shall I open the Garage Door?
"""


@pytest.mark.parametrize("row", SAID.strip().splitlines())
async def test_what_people_say_to_a_home_is_done_with_no_language_model(assistant: Assistant, row: str):
    said, answer = (cell.strip().replace("\\n", "\n") for cell in row.split("|"))
    assert (await say(assistant, said)).startswith(answer)


async def test_how_warm_the_bedroom_was_last_night(assistant: Assistant, world: HomeWorld):
    night = MONDAY.replace(hour=0)
    world.history["sensor.bedroom_temperature"] = [
        ("18.2", night - timedelta(hours=9)),
        ("16.4", night + timedelta(hours=4)),
    ]
    answer = await say(assistant, "how warm was the bedroom last night?")
    assert answer.startswith("The Bedroom Temperature was between 16.4 and 18.2 °C ")


@pytest.mark.parametrize(
    ("said", "answer", "done"),
    [
        ("turn on the reading lamp", "the one in the bedroom", "Turned on Reading Lamp."),
        ("turn off the lights", "all of them", "Turned off Kitchen Ceiling"),
        ("turn off the lights", "in the hall", "Turned off Hall Light."),
    ],
)
async def test_an_answer_to_which_one_completes_the_request(
    assistant: Assistant, world: HomeWorld, said: str, answer: str, done: str
):
    thread = str(uuid4())
    assert (await say(assistant, said, thread)).startswith("Which ")
    assert world.calls == []
    assert (await say(assistant, answer, thread)).startswith(done)


@pytest.mark.parametrize(
    ("said", "entity_id"),
    [
        ("turn off the bedroom light", "light.bedroom_ceiling"),
        ("turn on the coffee machine", "switch.coffee"),
        ("set the living room to 23 degrees", "climate.living_room"),
        ("close the living room blinds", "cover.living_room_blinds"),
        ("set the volume of the tv to 60", "media_player.living_room_tv"),
    ],
)
async def test_a_change_at_home_can_be_undone(
    assistant: Assistant, world: HomeWorld, said: str, entity_id: str
):
    thread, device = str(uuid4()), world.devices[entity_id]
    before = (device.state, dict(device.attributes))
    await say(assistant, said, thread)
    assert (device.state, device.attributes) != before
    assert (await say(assistant, "undo that", thread)).startswith("Undone: ")
    assert (device.state, device.attributes) == before


async def test_undo_of_what_has_no_way_back_leaves_what_came_before_it(
    assistant: Assistant, world: HomeWorld
):
    thread = str(uuid4())
    await say(assistant, "turn on the desk light", thread)
    await say(assistant, "movie night", thread)
    answer = await say(assistant, "undo that", thread)
    assert answer == "I can't take that back: Turned on Movie Night. Say what to do instead."
    assert world.devices["light.office"].state == "on"


async def test_undo_leaves_what_somebody_else_has_changed_since(assistant: Assistant, world: HomeWorld):
    thread = str(uuid4())
    [provider] = [one for one in assistant.house.providers if isinstance(one, HomeAssistant)]
    await say(assistant, "turn on the desk light", thread)
    world.set_state("light.office", "off")
    while (await provider.home()).by_id["light.office"].state != "off":
        await provider.changed(1)
    assert "has been changed since" in await say(assistant, "undo that", thread)


async def test_a_door_opens_after_a_yes_and_not_before(assistant: Assistant, world: HomeWorld):
    thread = str(uuid4())
    await say(assistant, "open the garage door", thread)
    assert world.calls == []
    assert await say(assistant, "yes", thread) == "Opened Garage Door."
    assert world.calls == [("cover.open_cover", ("cover.garage_door",), {})]


async def test_a_no_leaves_the_door(assistant: Assistant, world: HomeWorld):
    thread = str(uuid4())
    await say(assistant, "unlock the front door", thread)
    assert "left it as it was" in await say(assistant, "no", thread)
    assert world.calls == []


@pytest.mark.parametrize("repeated", ["turn on the desk light", "toggle the desk light"])
async def test_a_turn_that_is_replayed_switches_once(assistant: Assistant, world: HomeWorld, repeated: str):
    thread, message = str(uuid4()), HumanMessage(repeated, id=str(uuid4()))
    for _ in range(2):
        await assistant.ainvoke({"messages": [message]}, thread=thread)
    assert len(world.calls) == 1


async def test_a_home_that_is_away_is_said_in_a_sentence_and_the_rest_goes_on(
    assistant: Assistant, world: HomeWorld
):
    taken, world.token = world.token, "changed"
    world.hang_up()
    answer = await say(assistant, "turn on the desk light and what time is it")
    world.token = taken
    assert "Home Assistant" in answer
    assert "10:00" in answer
