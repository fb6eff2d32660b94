"""The home's tools over the stand-in: the right devices, states read back, and plain words for the rest."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from passfel.household.errors import RequestError
from passfel.household.turn import Turn
from passfel.tests.servers.home_assistant import HomeWorld
from passfel.tools.home.home_assistant import HomeAssistant
from passfel.tools.home.socket import CommandError
from passfel.tools.home.tools import HomeTools

Do = Callable[..., Awaitable[tuple[str, Any]]]


@pytest.fixture
def do(provider: HomeAssistant, turn: Turn) -> Do:
    tools = HomeTools(provider, react_s=0.3)

    async def run(name: str, /, room: str = "", **arguments: Any) -> tuple[str, Any]:
        answer: tuple[str, Any] = await getattr(tools, name)(replace(turn, room=room), **arguments)
        return answer

    return run


CONTROL = """
action=turn_on; name=coffee machine | switch.turn_on | switch.coffee |
action=turn_on; name=espresso machine | switch.turn_on | switch.coffee |
action=turn_on; name=coffe machin | switch.turn_on | switch.coffee |
action=turn_on; name=desk lights | light.turn_on | light.office |
action=turn_on; name=light.office | light.turn_on | light.office |
action=turn_on; name=lamp; where=bedroom | light.turn_on | light.bedroom_lamp |
action=turn_on; name=bedroom reading lamp | light.turn_on | light.bedroom_lamp |
action=turn_on; name=reading lamps | light.turn_on | light.bedroom_lamp light.living_room_lamp |
action=turn_off; kind=lights; where=kitchn | light.turn_off | light.kitchen_ceiling light.kitchen_counter |
action=set_brightness; name=desk light; value=40% | light.turn_on | light.office | brightness_pct=40
action=set_color; name=desk light; value=blue | light.turn_on | light.office | color_name=blue
action=set_color; name=desk light; value=warm white | light.turn_on | light.office | color_temp_kelvin=2700
action=set_temperature; name=bedroom thermostat; value=21 | climate.set_temperature | climate.bedroom | temperature=21.0
action=set_temperature; name=heating; value=+1.5 | climate.set_temperature | climate.living_room | temperature=21.5
action=close; kind=blinds; where=lounge | cover.close_cover | cover.living_room_blinds |
action=open; kind=blinds; where=bedroom | cover.open_cover | cover.bedroom_curtains |
action=set_position; kind=blind; value=30 | cover.set_cover_position | cover.living_room_blinds | position=30
action=pause; name=television | media_player.media_pause | media_player.living_room_tv |
action=set_volume; name=TV; value=-10 | media_player.volume_set | media_player.living_room_tv | volume_level=0.2
action=pause; kind=media_player | media_player.media_pause | media_player.living_room_tv |
action=start; name=hoover | vacuum.start | vacuum.robby |
action=turn_on; name=movie night | scene.turn_on | scene.movie_night |
action=start; name=good night | script.turn_on | script.good_night |
"""
"""Arguments, the service to be called, entities, data."""


def cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.split("|")]


def pairs(cell: str) -> dict[str, str]:
    return dict(pair.split("=") for pair in cell.split("; ") if pair)


@pytest.mark.parametrize("row", CONTROL.strip().splitlines())
async def test_the_right_service_is_called_and_its_effect_read_back(do: Do, world: HomeWorld, row: str):
    arguments, service, entities, data = cells(row)
    sentence, outcome = await do("control_home", **pairs(arguments))
    [(called, ids, given)] = world.calls
    assert (called, set(ids)) == (service, set(entities.split()))
    assert {name: str(value) for name, value in given.items()} == pairs(data)
    assert {receipt.reference for receipt in outcome.receipts} == set(entities.split())
    assert "did not react" not in sentence


async def test_everything_off_upstairs_leaves_the_ground_floor_and_the_doors(do: Do, world: HomeWorld):
    sentence, _ = await do("control_home", action="turn_off", kind="everything", where="upstairs")
    called = {entity for _, ids, _ in world.calls for entity in ids}
    assert called == {"light.bedroom_lamp", "light.bedroom_ceiling", "light.office", "fan.bathroom"}
    assert world.devices["light.hall"].state == "on"
    assert sentence.startswith("Turned off ")


async def test_of_two_lamps_of_one_name_it_asks_which(do: Do, world: HomeWorld):
    with pytest.raises(
        RequestError,
        match="the Reading Lamp in the Living Room or the Reading Lamp in the Bedroom",
    ):
        await do("control_home", action="turn_on", name="reading lamp")
    assert world.calls == []


async def test_of_two_lamps_of_one_name_the_one_in_the_room_of_the_speaker_is_meant(do: Do, world: HomeWorld):
    await do("control_home", room="Bedroom", action="turn_on", name="reading lamp")
    assert world.calls[0][1] == ("light.bedroom_lamp",)


async def test_the_lights_of_no_room_are_asked_about_and_all_of_them_are_not(do: Do, world: HomeWorld):
    with pytest.raises(RequestError, match="Which lights: all 8, or those of one room"):
        await do("control_home", action="turn_off", kind="light")
    sentence, _ = await do("control_home", action="turn_off", kind="light", where="everywhere")
    assert len(world.calls[0][1]) == 7
    assert sentence.endswith("Attic Light is unavailable.")


async def test_a_device_that_does_not_follow_is_said_to(do: Do, world: HomeWorld):
    world.deaf.add("light.office")
    sentence, outcome = await do("control_home", action="turn_on", name="desk light")
    assert sentence == "The Desk Light did not react: it is off."
    assert outcome.receipts == ()


async def test_what_followed_and_what_did_not_are_told_apart(do: Do, world: HomeWorld):
    world.deaf.add("light.kitchen_counter")
    sentence, outcome = await do("control_home", action="turn_on", kind="light", where="kitchen")
    assert sentence == "Turned on Kitchen Ceiling. The Kitchen Counter did not react: it is off."
    assert [receipt.reference for receipt in outcome.receipts] == ["light.kitchen_ceiling"]


async def test_a_refusal_is_told_in_the_servers_words(do: Do, world: HomeWorld):
    world.refused["light.turn_on"] = ("home_assistant_error", "No radio.")
    with pytest.raises(CommandError, match=r"Home Assistant refused: No radio\."):
        await do("control_home", action="turn_on", name="desk light")


IMPOSSIBLE = """
action=turn_on; name=toaster | NotFoundError | no device called “toaster”
action=turn_on; name=lamp; where=cellar | NotFoundError | no room or floor called “cellar”
action=turn_on; kind=sauna | NotFoundError | no kind of device called “sauna”
action=open; name=desk light | RequestError | can't be done with the Desk Light
action=open; name=garage door | RequestError | I ask before I move it
action=turn_off | RequestError | Which device
action=turn_off; where=everywhere | RequestError | Which devices
action=set_brightness; name=desk light | RequestError | To what should I set the brightness
action=set_brightness; name=desk light; value=much | RequestError | no figure
action=set_brightness; name=desk light; value=400 | RequestError | not between 0 and 100
action=set_temperature; where=bedroom; kind=thermostat; value=50 | RequestError | from 7 to 30
action=turn_on; name=light.kitchen, lock.front_door | NotFoundError | no device called
"""


@pytest.mark.parametrize("row", IMPOSSIBLE.strip().splitlines())
async def test_what_can_not_be_done_is_a_sentence_and_calls_nothing(do: Do, world: HomeWorld, row: str):
    arguments, error, words = cells(row)
    with pytest.raises(RequestError, match=words) as caught:
        await do("control_home", **pairs(arguments))
    assert type(caught.value).__name__ == error
    assert world.calls == []


@pytest.mark.parametrize(
    ("arguments", "call"),
    [
        ({"action": "unlock", "name": "front door"}, ("lock.unlock", ("lock.front_door",))),
        ({"action": "open", "kind": "garage_door"}, ("cover.open_cover", ("cover.garage_door",))),
        (
            {"action": "arm_night", "kind": "alarm"},
            ("alarm_control_panel.alarm_arm_night", ("alarm_control_panel.house",)),
        ),
    ],
)
async def test_locks_doors_and_alarms_have_a_tool_of_their_own(
    do: Do, world: HomeWorld, arguments: dict[str, str], call: tuple[str, tuple[str, ...]]
):
    await do("secure_home", **arguments)
    assert [(service, ids) for service, ids, _ in world.calls] == [call]


STATES = """
name=back door; state=open | Yes, the Back Door is open.
name=garage door; state=open | No, the Garage Door is closed.
name=front door; state=locked | Yes, the Front Door Lock is locked.
kind=light; state=on | 3 of 8 lights are on: Kitchen Ceiling, Bedroom Light and Hall Light.
kind=light; where=office; state=on | No light in the Office is on.
kind=light; where=upstairs; state=on | 1 of 3 lights upstairs is on: Bedroom Light.
kind=window; state=open | No window is open.
kind=door; state=unlocked | No door is unlocked.
kind=person; state=home | Ana is at home.
name=Tom | Tom is away.
about=temperature; where=bedroom | The Bedroom Temperature is 17.4 °C (Home Assistant, since 09:00).
about=temperature; where=living room | The Living Room Thermostat is heating to 20 °C, and measures 19.5 °C.
about=humidity; where=bathroom | The Bathroom Humidity is 71% (Home Assistant, since 09:00).
name=heating | The Living Room Thermostat is heating to 20 °C, and measures 19.5 °C.
name=kitchen ceiling | The Kitchen Ceiling is on, at 100%.
name=attic light; state=on | The Attic Light is unavailable, so I can't tell.
"""


@pytest.mark.parametrize("row", STATES.strip().splitlines())
async def test_states_are_told_in_a_finished_sentence(do: Do, row: str):
    arguments, answer = cells(row)
    sentence, outcome = await do("get_home_state", **pairs(arguments))
    assert sentence == answer
    assert outcome.sources[0].name == "Home Assistant"
    assert outcome.result


async def test_how_warm_the_bedroom_was_last_night(do: Do, world: HomeWorld, turn: Turn):
    night = turn.now.replace(hour=0)
    world.history["sensor.bedroom_temperature"] = [
        (figure, night + timedelta(hours=hour))
        for hour, figure in enumerate(("18.2", "17.0", "16.4", "unavailable", "16.8"))
    ]
    sentence, _ = await do(
        "get_home_history", where="bedroom", about="temperature", start=night, end=night + timedelta(hours=6)
    )
    assert sentence == (
        "The Bedroom Temperature was between 16.4 and 18.2 °C today, 00:00 to 06:00,"
        " 17.1 °C on average (Home Assistant)."
    )


async def test_when_the_door_was_open(do: Do, world: HomeWorld, turn: Turn):
    eight = turn.now.replace(hour=8)
    world.history["binary_sensor.back_door"] = [
        ("off", eight - timedelta(hours=3)),
        ("on", eight + timedelta(minutes=10)),
        ("off", eight + timedelta(minutes=12)),
    ]
    sentence, _ = await do("get_home_history", name="back door", start=eight, end=eight + timedelta(hours=1))
    assert sentence == (
        "The back Door was closed, then open from 08:10 and closed from 08:12 today, 08:00 to 09:00 (Home Assistant)."
    ).replace("back", "Back")


async def test_the_future_is_not_known(do: Do, turn: Turn):
    with pytest.raises(RequestError, match="still to come"):
        await do(
            "get_home_history",
            name="back door",
            start=turn.now + timedelta(hours=1),
            end=turn.now + timedelta(hours=2),
        )
