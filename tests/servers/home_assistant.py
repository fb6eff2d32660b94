"""A stand-in for Home Assistant: its WebSocket and REST protocols over a small home, told to fail on demand.

As the real one does, it sends the event of a change before the result of the call that caused it, joins
messages into one frame for those who said they can read that, and keeps a light's room in its device.
"""

import asyncio
import contextlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from passfel.tests.servers.home_world import AREAS, FLOORS, NOW, Device, devices
from passfel.tests.servers.loopback import serve

TOKEN = "a-long-lived-access-token"
VERSION = "2026.11.1"
TARGETS = "must contain at least one of entity_id, device_id, area_id, floor_id, label_id."


@dataclass
class HomeWorld:
    """The home, the calls that were made, and what shall go wrong."""

    devices: dict[str, Device] = field(default_factory=devices)
    floors: list[dict[str, Any]] = field(default_factory=lambda: [dict(floor) for floor in FLOORS])
    calls: list[tuple[str, tuple[str, ...], dict[str, Any]]] = field(default_factory=list)
    """What was called: service, entity ids, data."""
    deaf: set[str] = field(default_factory=set)
    """Entities that don't follow."""
    refused: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Services that are refused: the error's code and message."""
    token: str = TOKEN
    silent: bool = False
    """Takes commands and answers none."""
    connections: int = 0
    history: dict[str, list[tuple[str, datetime]]] = field(default_factory=dict)
    url: str = ""
    _clients: set["_Client"] = field(default_factory=set)
    _clock: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def host(self) -> str:
        """Host and port."""
        return self.url.removeprefix("http://")

    def tick(self) -> float:
        """The next second of its clock."""
        return NOW + next(self._clock)

    def set_state(self, entity_id: str, state: str, **attributes: Any) -> None:
        """Change a state as a hand on the switch does; everybody connected hears of it."""
        device, clock = self.devices[entity_id], self.tick()
        device.state, device.changed = state, clock
        device.attributes.update(attributes)
        self.tell({"c": {entity_id: {"+": {"s": state, "lc": clock, "a": attributes}}}})

    def rename_area(self, area: str, entity_id: str) -> None:
        """Move a device to another room; the registries' event follows."""
        self.devices[entity_id].area_id = area
        for client in list(self._clients):
            client.tell_registry("device")

    def begin_again(self) -> float:
        """As it was on Monday morning; everybody connected hears of it. Gives when the light in the hall changed."""
        self.calls.clear()
        self.deaf.clear()
        self.refused.clear()
        self.history.clear()
        self.devices = devices()
        self.devices["light.hall"].changed = self.tick()
        self.tell({"a": {device.entity_id: device.compressed() for device in self.devices.values()}})
        return self.devices["light.hall"].changed

    def tell(self, event: Mapping[str, Any]) -> None:
        """Send a change of states to all subscribers."""
        for client in list(self._clients):
            client.tell_states(event)

    def hang_up(self) -> None:
        """Close every connection, as a restart does."""
        for client in list(self._clients):
            client.put(None)


class _Client:
    """One WebSocket connection."""

    def __init__(self, world: HomeWorld, socket: WebSocket) -> None:
        self.world, self.socket = world, socket
        self.loop = asyncio.get_running_loop()
        self.queue: asyncio.Queue[Any] = asyncio.Queue()
        self.last_id, self.coalesces = 0, False
        self.states: list[int] = []
        self.registries: dict[str, int] = {}

    def put(self, message: Any) -> None:
        """Send soon; from any thread."""
        self.loop.call_soon_threadsafe(self.queue.put_nowait, message)

    def tell_states(self, event: Mapping[str, Any]) -> None:
        for number in self.states:
            self.put({"id": number, "type": "event", "event": event})

    def tell_registry(self, kind: str) -> None:
        number = self.registries.get(f"{kind}_registry_updated")
        if number is not None:
            self.put({"id": number, "type": "event", "event": {"event_type": f"{kind}_registry_updated"}})

    async def run(self) -> None:
        """Let in, then answer commands until the connection ends."""
        await self.socket.accept()
        await self.socket.send_json({"type": "auth_required", "ha_version": VERSION})
        told = await self.socket.receive_json()
        if told.get("type") != "auth" or told.get("access_token") != self.world.token:
            await self.socket.send_json(
                {"type": "auth_invalid", "message": "Invalid access token or password"}
            )
            await self.socket.close()
            return
        await self.socket.send_json({"type": "auth_ok", "ha_version": VERSION})
        self.world.connections += 1
        self.world._clients.add(self)
        reader = asyncio.create_task(self._read())
        try:
            await self._write()
        finally:
            self.world._clients.discard(self)
            reader.cancel()
            with contextlib.suppress(asyncio.CancelledError, WebSocketDisconnect):
                await reader

    async def _write(self) -> None:
        while True:
            messages = [await self.queue.get()]
            while not self.queue.empty():
                messages.append(self.queue.get_nowait())
            if None in messages:
                await self.socket.close()
                return
            if self.coalesces and len(messages) > 1:
                await self.socket.send_json(messages)
            else:
                for message in messages:
                    await self.socket.send_json(message)

    async def _read(self) -> None:
        try:
            while True:
                self._take(await self.socket.receive_json())
        except WebSocketDisconnect:
            self.put(None)

    def _take(self, message: dict[str, Any]) -> None:
        if self.world.silent:
            return
        number = message.get("id", 0)
        if number <= self.last_id:
            self._refuse(number, "id_reuse", "Identifier values have to increase.")
            return
        self.last_id = number
        kind = str(message.get("type"))
        handler = getattr(self, f"_do_{kind.replace('/', '_')}", None)
        if handler is None:
            self._refuse(number, "unknown_command", "Unknown command.")
            return
        handler(number, message)

    def _result(self, number: int, result: Any) -> None:
        self.put({"id": number, "type": "result", "success": True, "result": result})

    def _refuse(self, number: int, code: str, text: str) -> None:
        error = {"code": code, "message": text}
        self.put({"id": number, "type": "result", "success": False, "error": error})

    def _do_ping(self, number: int, _: Mapping[str, Any]) -> None:
        self.put({"id": number, "type": "pong"})

    def _do_supported_features(self, number: int, message: Mapping[str, Any]) -> None:
        self.coalesces = bool(message["features"].get("coalesce_messages"))
        self._result(number, None)

    def _do_get_config(self, number: int, _: Mapping[str, Any]) -> None:
        self._result(number, {"version": VERSION, "state": "RUNNING", "unit_system": {"temperature": "°C"}})

    def _do_subscribe_events(self, number: int, message: Mapping[str, Any]) -> None:
        self.registries[str(message.get("event_type"))] = number
        self._result(number, None)

    def _do_subscribe_entities(self, number: int, _: Mapping[str, Any]) -> None:
        self.states.append(number)
        self._result(number, None)
        added = {device.entity_id: device.compressed() for device in self.world.devices.values()}
        self.put({"id": number, "type": "event", "event": {"a": added}})

    def _do_config_floor_registry_list(self, number: int, _: Mapping[str, Any]) -> None:
        self._result(number, self.world.floors)

    def _do_config_area_registry_list(self, number: int, _: Mapping[str, Any]) -> None:
        rows = [
            {"area_id": area, "name": name, "floor_id": floor, "aliases": aliases}
            for area, name, floor, aliases in AREAS
        ]
        self._result(number, rows)

    def _do_config_device_registry_list(self, number: int, _: Mapping[str, Any]) -> None:
        rows = [{"id": f"of {d.entity_id}", "area_id": d.area_id} for d in self.world.devices.values()]
        self._result(number, rows)

    def _do_config_entity_registry_list_for_display(self, number: int, _: Mapping[str, Any]) -> None:
        rows = [
            {"ei": d.entity_id, "di": f"of {d.entity_id}", "pl": "demo", "lb": []}
            for d in self.world.devices.values()
        ]
        self._result(number, {"entity_categories": {"0": "config", "1": "diagnostic"}, "entities": rows})

    def _do_config_entity_registry_get_entries(self, number: int, message: Mapping[str, Any]) -> None:
        found = {
            wanted: {"entity_id": wanted, "aliases": self.world.devices[wanted].aliases}
            if wanted in self.world.devices
            else None
            for wanted in message["entity_ids"]
        }
        self._result(number, found)

    def _do_call_service(self, number: int, message: Mapping[str, Any]) -> None:
        if "domain" not in message or "service" not in message:
            self._refuse(number, "invalid_format", "required key not provided @ data['domain']. Got None")
            return
        service = f"{message['domain']}.{message['service']}"
        ids = tuple((message.get("target") or {}).get("entity_id") or ())
        data = dict(message.get("service_data") or {})
        if service in self.world.refused:
            self._refuse(number, *self.world.refused[service])
        elif not ids:
            self._refuse(number, "invalid_format", TARGETS)
        else:
            self.world.calls.append((service, ids, data))
            changes: dict[str, Any] = {}
            for entity_id in ids:
                device = self.world.devices.get(entity_id)
                if device is not None and device.state != "unavailable" and entity_id not in self.world.deaf:
                    change = device.follow(str(message["service"]), data, self.world.tick())
                    changes |= {entity_id: change} if change else {}
            if changes:
                self.world.tell({"c": changes})
            self._result(number, {"context": {"id": "01CONTEXT", "parent_id": None, "user_id": "ana"}})


def home_assistant_app(world: HomeWorld) -> Starlette:
    """The server as an ASGI application."""

    def let_in(request: Request) -> Response | None:
        if request.headers.get("authorization") == f"Bearer {world.token}":
            return None
        return PlainTextResponse("401: Unauthorized", 401)

    async def config(request: Request) -> Response:
        return let_in(request) or JSONResponse({"version": VERSION, "state": "RUNNING"})

    async def history(request: Request) -> Response:
        wanted = request.query_params.get("filter_entity_id")
        if not wanted:
            return let_in(request) or JSONResponse({"message": "filter_entity_id is missing"}, 400)
        return let_in(request) or JSONResponse(_history(world, wanted.split(","), request))

    async def socket(websocket: WebSocket) -> None:
        with contextlib.suppress(WebSocketDisconnect):
            await _Client(world, websocket).run()

    return Starlette(
        routes=[
            Route("/api/config", config),
            Route("/api/history/period/{start}", history),
            WebSocketRoute("/api/websocket", socket),
        ]
    )


def _history(world: HomeWorld, wanted: list[str], request: Request) -> list[list[dict[str, Any]]]:
    start = datetime.fromisoformat(request.path_params["start"])
    end = datetime.fromisoformat(request.query_params["end_time"])
    answer = []
    for entity_id in wanted:
        states = [(state, at) for state, at in world.history.get(entity_id, []) if at < end]
        before = [(state, start) for state, at in states if at <= start][-1:]
        series: list[dict[str, Any]] = [
            {"state": state, "last_changed": at.astimezone(UTC).isoformat()}
            for state, at in before + [(state, at) for state, at in states if at > start]
        ]
        if series:
            series[0] |= {"entity_id": entity_id, "attributes": {}, "last_updated": series[0]["last_changed"]}
            answer.append(series)
    return answer


@contextmanager
def home_assistant(world: HomeWorld | None = None, port: int = 0) -> Iterator[HomeWorld]:
    """Serve a home over loopback."""
    world = world or HomeWorld()
    with serve(home_assistant_app(world), ws="websockets-sansio", port=port) as url:
        world.url = url
        yield world
