"""What a real Home Assistant 2025.3 sent, read by the real client: a table of what was found in each."""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from passfel.household.errors import BrokenAnswerError, PassfelError, SettingsError
from passfel.tests.servers.loopback import serve
from passfel.tools.home.home_assistant import HomeAssistant, HomeAssistantSettings
from passfel.tools.home.registry import Registry
from passfel.tools.home.socket import CommandError, Socket, open_socket
from passfel.tools.http import Http, HttpSettings
from passfel.tools.http_failures import StatusError


def _recordings() -> Path | None:
    for folder in Path(__file__).resolve().parents:
        found = folder.parent / "shared" / "recordings" / "home-assistant"
        if (folder / "pyproject.toml").is_file() and found.is_dir():
            return found
    return None


RECORDINGS = _recordings()
pytestmark = pytest.mark.skipif(RECORDINGS is None, reason="no recordings beside the repository")
FOLDER = RECORDINGS or Path("/nowhere")
SOCKETS = sorted(path for path in FOLDER.glob("ws_*.jsonl") if path.name != "ws_auth_invalid.jsonl")
RESTS = sorted(FOLDER.glob("rest_*")) + sorted(FOLDER.glob("auth_*"))

REFUSED = {
    "ws_area_registry_create_duplicate": ("invalid_info", "already in use"),
    "ws_call_service_no_target": ("invalid_format", "at least one of entity_id"),
    "ws_call_service_return_response": ("home_assistant_error", "does not support 'hourly' forecast"),
    "ws_call_service_unknown": ("not_found", "Service light.explode not found"),
    "ws_entity_registry_get_missing": ("not_found", "Entity not found"),
    "ws_id_reuse": ("id_reuse", "have to increase"),
    "ws_invalid_format": ("invalid_format", "required key not provided"),
    "ws_shopping_list_items": ("unknown_command", "Unknown command"),
    "ws_todo_item_list": ("unknown_command", "Unknown command"),
    "ws_unknown_command": ("unknown_command", "Unknown command"),
    "ws_unsubscribe_unknown": ("not_found", "Subscription not found"),
}
"""Files whose answer is a refusal: code and words that the error must carry."""


def lines(path: Path, direction: str) -> list[Any]:
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return [row["msg"] for row in rows if row["dir"] == direction]


@contextmanager
def replayed(frames: list[Any], asked: int) -> Iterator[str]:
    """Serve these frames to a client that was let in, once it has sent so many commands."""

    async def socket(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_json({"type": "auth_required", "ha_version": "2025.3.4"})
        await websocket.receive_json()
        await websocket.send_json({"type": "auth_ok", "ha_version": "2025.3.4"})
        for _ in range(asked):
            await websocket.receive_json()
        for frame in frames:
            await websocket.send_json(frame)
        await websocket.receive()

    app = Starlette(routes=[WebSocketRoute("/api/websocket", socket)])
    with serve(app, ws="websockets-sansio") as url:
        yield url


@pytest.mark.parametrize("path", SOCKETS, ids=lambda path: path.stem)
async def test_every_recorded_exchange_is_read(path: Path):
    sent, received = lines(path, "send"), lines(path, "recv")
    with replayed(received, 1) as url:
        socket = await open_socket(url, "token", seconds=5, agent="tests")
        try:
            command = sent[-1]
            if path.stem in REFUSED:
                code, words = REFUSED[path.stem]
                with pytest.raises(CommandError, match=words) as caught:
                    await asked(socket, command)
                assert caught.value.code == code
            else:
                await asked(socket, command)
        finally:
            await socket.close()


async def asked(socket: Socket, command: dict[str, Any]) -> Any:
    """Send the recorded command under its recorded number."""
    fields = {name: value for name, value in command.items() if name != "id"}
    return await socket._ask(command["id"], fields, 5)


async def test_a_refused_token_is_a_matter_of_settings():
    async def socket(websocket: WebSocket) -> None:
        await websocket.accept()
        frames = lines(FOLDER / "ws_auth_invalid.jsonl", "recv")
        await websocket.send_json(frames[0])
        await websocket.receive_json()
        await websocket.send_json(frames[1])
        await websocket.close(frames[2]["code"])

    app = Starlette(routes=[WebSocketRoute("/api/websocket", socket)])
    with (
        serve(app, ws="websockets-sansio") as url,
        pytest.raises(SettingsError, match="does not take the token"),
    ):
        await open_socket(url, "wrong", seconds=5, agent="tests")


def result(name: str) -> Any:
    return next(frame for frame in lines(FOLDER / f"{name}.jsonl", "recv") if "result" in frame)["result"]


def test_the_recorded_registries_and_states_make_a_home():
    registry = Registry()
    registry.take_places(result("ws_floor_registry_list"), result("ws_area_registry_list"))
    registry.take_entries([], result("ws_entity_registry_list_for_display")["entities"], {})
    added = {
        state["entity_id"]: {"s": state["state"], "a": state["attributes"], "lc": 1795408379.0}
        for state in result("ws_get_states")
    }
    registry.take_event({"a": added})
    for name in ("ws_subscribe_entities", "ws_call_service_scene_all_domains", "ws_conversation_process"):
        for frame in lines(FOLDER / f"{name}.jsonl", "recv"):
            if frame["type"] == "event" and {"a", "c", "r"} & set(frame["event"]):
                registry.take_event(frame["event"])
    home = registry.home()
    counts = Counter(entity.domain for entity in home.entities)
    table = {
        "floors": [floor.name for floor in home.floors],
        "areas": [area.name for area in home.areas],
        "entities": len(home.entities),
        "lights": counts["light"],
        "hidden": sum(entity.hidden for entity in home.entities),
        "kitchen lights": home.by_id["light.kitchen_lights"].state,
        "bed light": (
            home.by_id["light.bed_light"].state,
            home.by_id["light.bed_light"].attributes["brightness"],
        ),
        "garage": home.by_id["cover.garage_door"].device_class,
        "probe": (home.by_id["sensor.passfel_probe"].state, home.by_id["sensor.passfel_probe"].unit),
    }
    sys.stdout.write(json.dumps(table, indent=1))
    assert table == {
        "floors": ["Ground floor"],
        "areas": ["Living Room", "Kitchen", "Bedroom", "Konyha"],
        "entities": len(added),
        "lights": 6,
        "hidden": table["hidden"],
        "kitchen lights": "off",
        "bed light": ("on", 102),
        "garage": "garage",
        "probe": ("22.0", "°C"),
    }


@contextmanager
def answering(path: Path) -> Iterator[str]:
    """Serve one recorded body under its status at every path."""
    status = int(path.name.split(".")[0].rpartition("_")[2])
    kind = "text/plain" if path.suffix == ".txt" else "application/json"

    body = path.read_bytes()

    async def reply(_: Request) -> Response:
        return Response(body, status, media_type=kind)

    with serve(Starlette(routes=[Route("/{path:path}", reply)])) as url:
        yield url


@pytest.mark.parametrize("path", RESTS, ids=lambda path: path.name)
async def test_every_recorded_rest_answer_is_read_or_becomes_the_right_error(path: Path):
    with answering(path) as url:
        async with Http(HttpSettings(allowed_hosts=(url.removeprefix("http://"),), tries=1)) as http:
            settings = HomeAssistantSettings.model_validate({"url": url, "token": "token"})
            provider = HomeAssistant(http, settings)
            if "_401" in path.name:
                with pytest.raises(SettingsError, match="does not take the token"):
                    await provider._get("/api/config", {})
            elif "_40" in path.name:
                with pytest.raises(StatusError):
                    await provider._get("/api/config", {})
            elif path.suffix == ".txt":
                with pytest.raises(BrokenAnswerError, match="no JSON"):
                    await provider._get("/api/config", {})
            else:
                assert await provider._get("/api/config", {}) is not None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "rest_history_minimal_200",
            {"light.bed_light": ["off", "on"], "sensor.passfel_probe": ["21.5", "22.0"]},
        ),
        ("rest_history_unknown_entity_200", {}),
    ],
)
async def test_the_recorded_history_is_read(name: str, expected: dict[str, list[str]]):
    with answering(FOLDER / f"{name}.json") as url:
        async with Http(HttpSettings(allowed_hosts=(url.removeprefix("http://"),))) as http:
            settings = HomeAssistantSettings.model_validate({"url": url, "token": "token"})
            moment = datetime(2026, 11, 23, 4, tzinfo=UTC)
            found = await HomeAssistant(http, settings).history(list(expected), moment, moment)
    assert {entity: [past.state for past in series] for entity, series in found.items()} == expected


async def test_a_history_of_another_shape_is_a_broken_answer():
    with answering(FOLDER / "rest_config_200.json") as url:
        async with Http(HttpSettings(allowed_hosts=(url.removeprefix("http://"),))) as http:
            settings = HomeAssistantSettings.model_validate({"url": url, "token": "token"})
            moment = datetime(2026, 11, 23, 4, tzinfo=UTC)
            with pytest.raises(PassfelError):
                await HomeAssistant(http, settings).history(["light.hall"], moment, moment)
