"""The real client and tools over a real Home Assistant: names, calls, refusals, states read back, history."""

from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio

from passfel.household.errors import SettingsError
from passfel.household.turn import Turn
from passfel.nlu.understand import Understander
from passfel.tests.servers.peers.home_assistant import HomeAssistantPeer, home_assistant_peer
from passfel.tools.home.home_assistant import HomeAssistant, HomeAssistantSettings
from passfel.tools.home.provider import Service
from passfel.tools.home.socket import CommandError
from passfel.tools.home.tools import HomeTools
from passfel.tools.http import Http, HttpSettings


@pytest.fixture(scope="module")
def peer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HomeAssistantPeer]:
    folder: Path = tmp_path_factory.mktemp("home-assistant")
    with home_assistant_peer(folder) as server:
        yield server


def settings_of(peer: HomeAssistantPeer, **more: Any) -> HomeAssistantSettings:
    return HomeAssistantSettings.model_validate({"url": peer.url, "token": peer.token, **more})


@pytest_asyncio.fixture
async def provider(peer: HomeAssistantPeer) -> AsyncIterator[HomeAssistant]:
    settings = settings_of(peer)
    async with Http(HttpSettings(allowed_hosts=(settings.host,))) as http:
        client = HomeAssistant(http, settings)
        while "light.bed_light" not in (await client.home()).by_id:
            assert await client.changed(60), "the demo home never came"
        yield client
        await client.aclose()


@pytest.fixture
def turn() -> Turn:
    return Turn(now=datetime.now(ZoneInfo("Europe/Lisbon")))


async def test_its_registries_and_states_make_a_home(provider: HomeAssistant, peer: HomeAssistantPeer):
    home = await provider.home()
    bed = home.by_id["light.bed_light"]
    assert (home.room(bed), bed.aliases) == ("Studio", ("night lamp",))
    assert home.floor_of[home.area_of["studio"].floor_id or ""].name == "First floor"
    assert len(home.entities) > 90
    assert (await provider.check()).startswith(f"It answers: {peer.version}, ")


SAID = """
turn on the night lamp | light.bed_light | on
turn off the bed light | light.bed_light | off
turn on all the lights upstairs | light.ceiling_lights | on
turn off the lights in the workroom | light.ceiling_lights | off
open the kitchen window | cover.kitchen_window | opening open
turn on the ac | switch.ac | on
turn on the ceiling fan | fan.ceiling_fan | on
set the ecobee to 22 degrees | climate.ecobee | heat_cool
set the heatpump to 22 degrees | climate.heatpump | heat
pause the walkman | media_player.walkman | paused
mute the walkman | media_player.walkman | paused
lock the kitchen door | lock.kitchen_door | locking locked
open the garage door | cover.garage_door | opening open
run good night | input_boolean.guest_mode | on
dim the bed light to 40 percent | light.bed_light | on
set the bed light to blue | light.bed_light | on
"""


@pytest.mark.parametrize("row", SAID.strip().splitlines())
async def test_what_is_said_happens_and_is_read_back(provider: HomeAssistant, turn: Turn, row: str):
    said, entity_id, states = (cell.strip() for cell in row.split("|"))
    tools = HomeTools(provider)
    understood = Understander("en-GB", home=provider.known).understand(said, turn)
    assert understood.whole, said
    sentences = [(await getattr(tools, call.name)(turn, **call.arguments))[0] for call in understood.calls]
    state = (await provider.home()).by_id[entity_id].state
    assert state in states.split(), (sentences, state)
    assert not any("did not react" in sentence for sentence in sentences), sentences


async def test_a_temperature_is_set_and_told(provider: HomeAssistant, turn: Turn):
    sentence, outcome = await HomeTools(provider).control_home(
        turn, action="set_temperature", name="heatpump", value="21.5"
    )
    assert sentence == "Set temperature of HeatPump to 21.5."
    assert outcome.receipts


@pytest.mark.parametrize(
    ("service", "code"),
    [
        (Service("light.explode", ("light.bed_light",)), "not_found"),
        (Service("light.turn_on", ("light.bed_light",), {"brightness_pct": "much"}), "invalid_format"),
        (Service("vacuum.start", ("vacuum.4_fourth_floor",)), "service_validation_error"),
    ],
)
async def test_its_refusals_have_a_name(provider: HomeAssistant, service: Service, code: str):
    with pytest.raises(CommandError) as caught:
        await provider.call(service)
    assert caught.value.code in {code, "home_assistant_error", "not_supported"}


async def test_what_was_is_told(provider: HomeAssistant, turn: Turn):
    tools = HomeTools(provider)
    await tools.control_home(turn, action="turn_on", name="bed light")
    await tools.control_home(turn, action="turn_off", name="bed light")
    now = datetime.now(turn.zone)
    past = await provider.history(["light.bed_light"], now - timedelta(hours=1), now + timedelta(minutes=1))
    assert [item.state for item in past["light.bed_light"]][-1] in {"on", "off"}
    later = Turn(now=now)
    sentence, _ = await tools.get_home_history(later, name="outside temperature")
    assert "15.6 °C" in sentence


async def test_a_wrong_token_is_a_matter_of_settings(peer: HomeAssistantPeer):
    settings = settings_of(peer, token="not the token")
    async with Http(HttpSettings(allowed_hosts=(settings.host,))) as http:
        client = HomeAssistant(http, settings)
        with pytest.raises(SettingsError, match="does not take the token"):
            await client.home()
        await client.aclose()
