"""The client of Home Assistant over a loopback socket: what it knows, what it says, and how it comes back."""

import logging
from datetime import UTC, datetime
from pathlib import Path

import pytest

from passfel.household.errors import ProviderError, SettingsError, UnreachableError
from passfel.tests.servers.home_assistant import HomeWorld, home_assistant
from passfel.tools.home.home_assistant import HomeAssistant, HomeAssistantSettings
from passfel.tools.home.provider import Service
from passfel.tools.home.socket import CommandError
from passfel.tools.http import Http


async def settle(provider: HomeAssistant, entity_id: str, state: str) -> None:
    """Wait for an event that makes it so."""
    while (await provider.home()).by_id[entity_id].state != state:
        assert await provider.changed(5), f"{entity_id} never became {state}"


async def test_rooms_floors_and_other_names_come_from_the_registries(provider: HomeAssistant):
    home = await provider.home()
    lamp = home.by_id["light.bedroom_lamp"]
    assert (lamp.name, home.room(lamp), lamp.state) == ("Reading Lamp", "Bedroom", "off")
    assert home.area_of["bedroom"].floor_id == "first"
    assert home.floor_of["first"].aliases == ("upstairs",)
    assert home.by_id["switch.coffee"].aliases == ("espresso machine",)


async def test_a_change_made_elsewhere_is_seen(provider: HomeAssistant, world: HomeWorld):
    await provider.home()
    world.set_state("light.hall", "off", brightness=None)
    await settle(provider, "light.hall", "off")
    hall = (await provider.home()).by_id["light.hall"]
    assert hall.attributes["brightness"] is None
    assert hall.name == "Hall Light"


async def test_a_call_goes_out_and_its_change_comes_before_its_result(
    provider: HomeAssistant, world: HomeWorld
):
    before = await provider.home()
    await provider.call(Service("light.turn_on", ("light.office",), {"brightness_pct": 40}))
    after = await provider.home()
    assert (before.by_id["light.office"].state, after.by_id["light.office"].state) == ("off", "on")
    assert after.by_id["light.office"].attributes["brightness"] == 102
    assert world.calls == [("light.turn_on", ("light.office",), {"brightness_pct": 40})]
    assert before.version == after.version


async def test_a_refused_call_carries_the_servers_own_word(provider: HomeAssistant, world: HomeWorld):
    world.refused["light.turn_on"] = ("service_validation_error", "The bulb is on strike.")
    with pytest.raises(CommandError, match=r"Home Assistant refused: The bulb is on strike\.") as caught:
        await provider.call(Service("light.turn_on", ("light.office",)))
    assert caught.value.code == "service_validation_error"


async def test_a_device_that_moved_to_another_room_is_found_there(provider: HomeAssistant, world: HomeWorld):
    first = await provider.home()
    world.rename_area("kitchen", "light.office")
    while (home := await provider.home()).by_id["light.office"].area_id != "kitchen":
        await provider.changed(0.2)
    assert home.version > first.version


async def test_it_is_unavailable_once_and_comes_back(
    provider: HomeAssistant, world: HomeWorld, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.INFO)
    await provider.home()
    world.hang_up()
    while provider._socket is not None:
        await provider.changed(0.2)
    assert (await provider.home()).by_id["light.hall"].state == "on"
    assert world.connections == 2
    told = [record.message for record in caplog.records if "Home Assistant" in record.message]
    assert told == ["The connection to Home Assistant was lost.", "Home Assistant is back"]


async def test_a_restart_is_survived_and_the_state_of_then_is_forgotten(http: Http):
    with home_assistant() as world:
        settings = HomeAssistantSettings.model_validate({"url": world.url, "token": world.token})
        provider = HomeAssistant(http, settings)
        await provider.home()
    with pytest.raises(UnreachableError):
        while True:
            await provider.home()
            await provider.changed(0.1)
    world.devices["light.hall"].state = "off"
    with home_assistant(world, port=int(world.url.rpartition(":")[2])):
        await settle(provider, "light.hall", "off")
    await provider.aclose()


async def test_nothing_waits_for_a_home_that_is_away_and_its_names_are_known(
    http: Http, world: HomeWorld, tmp_path: Path
):
    names = tmp_path / "home.json"
    settings = HomeAssistantSettings.model_validate({"url": world.url, "token": world.token})
    first = HomeAssistant(http, settings, names)
    await first.home()
    await first.aclose()
    away = HomeAssistantSettings.model_validate({"url": "http://127.0.0.1:9", "token": world.token})
    second = HomeAssistant(http, away, names)
    known = second.known()
    assert known is not None
    assert known.by_id["light.hall"].name == "Hall Light"
    assert known.by_id["light.hall"].state == "unknown"
    assert "brightness" not in known.by_id["light.hall"].attributes
    with pytest.raises(
        UnreachableError, match=r"Home Assistant could not be reached at http://127\.0\.0\.1:9\."
    ):
        await second.home()
    await second.aclose()


async def test_a_wrong_token_is_told_and_not_tried_again_and_again(provider: HomeAssistant, world: HomeWorld):
    world.token = "another"
    for _ in range(3):
        with pytest.raises(SettingsError, match="PASSFEL_HOME_ASSISTANT__TOKEN"):
            await provider.home()
    assert world.connections == 0


async def test_without_a_token_it_says_where_to_get_one(http: Http, world: HomeWorld):
    provider = HomeAssistant(http, HomeAssistantSettings(url=world.url))
    with pytest.raises(SettingsError, match="long-lived access token"):
        await provider.check()


async def test_a_server_that_answers_nothing_is_given_up_in_time(http: Http, world: HomeWorld):
    world.silent = True
    settings = HomeAssistantSettings.model_validate(
        {"url": world.url, "token": world.token, "connect_s": 0.2}
    )
    provider = HomeAssistant(http, settings)
    with pytest.raises(ProviderError):
        await provider.home()
    await provider.aclose()


async def test_the_past_comes_over_rest(provider: HomeAssistant, world: HomeWorld):
    at = [datetime(2026, 11, 22, hour, tzinfo=UTC) for hour in (20, 22, 23)]
    world.history["sensor.bedroom_temperature"] = [("18.5", at[0]), ("17.1", at[2])]
    found = await provider.history(
        ["sensor.bedroom_temperature"], at[1], datetime(2026, 11, 23, 7, tzinfo=UTC)
    )
    assert [(past.state, past.at) for past in found["sensor.bedroom_temperature"]] == [
        ("18.5", at[1]),
        ("17.1", at[2]),
    ]


async def test_the_doctors_question_counts_what_is_there(provider: HomeAssistant):
    assert await provider.check() == "It answers: 2026.11.1, 31 entities in 8 rooms."
