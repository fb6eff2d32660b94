"""Home Assistant: one lasting WebSocket connection that keeps the home fresh, and REST for what was.

Nothing waits for it at the start: the connection is made in the background, kept with pauses that grow, and
the names of the last time are known at once from a file.
"""

import asyncio
import contextlib
import logging
import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from passfel.household.entity import Home
from passfel.household.errors import (
    BrokenAnswerError,
    PassfelError,
    SettingsError,
    UnreachableError,
)
from passfel.tools.home.names_file import NamesFile
from passfel.tools.home.provider import Past, Service
from passfel.tools.home.registry import Registry
from passfel.tools.home.socket import HOW_TO_GET_IN, SOURCE, CommandError, Socket, open_socket
from passfel.tools.http import Http
from passfel.tools.http_failures import StatusError

log = logging.getLogger(__name__)

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0
REFUSED_PAUSE_S = 600.0
"""After a token that isn't taken: Home Assistant may ban an address that keeps trying."""
SETTLE_S = 0.5
"""Registry events come in crowds; the registries are read once they have settled."""
REGISTRY_EVENTS = ("floor", "area", "device", "entity")


class HomeAssistantSettings(BaseModel):
    """The household's own Home Assistant."""

    model_config = ConfigDict(frozen=True)

    url: str = Field(
        "", description="Where it is, such as http://homeassistant.local:8123; empty means there is none."
    )
    token: SecretStr | None = Field(
        None,
        description="A long-lived access token: made on your profile page in Home Assistant, under Security.",
    )
    connect_s: float = Field(4.0, gt=0, description="Seconds to reach it and be let in.")
    react_s: float = Field(4.0, gt=0, description="Seconds that a device has to follow a call.")

    @field_validator("url")
    @classmethod
    def _an_address(cls, value: str) -> str:
        parts = urlsplit(value.strip())
        if value.strip() and (parts.scheme not in {"http", "https"} or not parts.hostname):
            raise ValueError("must begin with http:// or https:// and name a host")
        return value.strip().rstrip("/")

    @property
    def host(self) -> str:
        """Host and port, as the outgoing client's list of private hosts has them."""
        parts = urlsplit(self.url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        return f"{parts.hostname}:{port}" if parts.hostname else ""


class HomeAssistant:
    """The household's Home Assistant."""

    source = SOURCE

    def __init__(self, http: Http, settings: HomeAssistantSettings, names_file: Path | None = None) -> None:
        """Nothing is opened until `wake` or the first question; `names_file` keeps the names for the next start."""
        self._http = http
        self._settings = settings
        self._names = NamesFile(names_file)
        self._registry = Registry()
        self._socket: Socket | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._stale = asyncio.Event()
        self._hurry = asyncio.Event()
        self._settled = asyncio.Event()
        """A try to connect has ended, one way or the other."""
        self._moved = asyncio.Event()
        self._failure: PassfelError | None = None

    # What is known without asking

    def known(self) -> Home | None:
        """The home as it was last seen, at once: for understanding sentences. Begins to connect where it can."""
        with contextlib.suppress(RuntimeError):  # outside a running loop there is nothing to connect with
            self.wake()
        if self._socket is not None:
            return self._registry.home()
        return self._names.read()

    def wake(self) -> None:
        """Begin to keep the connection, or hurry a pause up; returns at once."""
        if self._settings.token is None:
            return
        if self._keeper is None or self._keeper.done():
            self._keeper = asyncio.get_running_loop().create_task(self._keep(), name="home assistant")

    # What is asked

    async def home(self) -> Home:
        """The home as it is now."""
        await self._connected()
        return self._registry.home()

    async def call(self, service: Service) -> None:
        """Call a service; Home Assistant's own word for a refusal is in the error."""
        socket = await self._connected()
        domain, _, name = service.name.partition(".")
        await socket.ask(
            "call_service",
            domain=domain,
            service=name,
            target={"entity_id": list(service.entity_ids)},
            service_data=dict(service.data),
        )

    async def changed(self, seconds: float) -> bool:
        """Wait for the next change of any state."""
        self._moved.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._moved.wait()
        except TimeoutError:
            return False
        return True

    async def history(
        self, entity_ids: Sequence[str], start: datetime, end: datetime
    ) -> Mapping[str, Sequence[Past]]:
        """What the recorder kept, over REST."""
        when = quote(start.astimezone(UTC).isoformat())
        params = {
            "filter_entity_id": ",".join(entity_ids),
            "end_time": end.astimezone(UTC).isoformat(),
            "minimal_response": "",
            "no_attributes": "",
        }
        return read_history(await self._get(f"/api/history/period/{when}", params))

    async def check(self) -> str:
        """Connect, and count what is there."""
        home = await self.home()
        version = (await self._get("/api/config", {})).get("version", "of unknown version")
        rooms, devices = len(home.areas), sum(1 for entity in home.entities if not entity.hidden)
        return f"It answers: {version}, {devices} entities in {rooms} rooms."

    async def aclose(self) -> None:
        """Close the connection and stop keeping it."""
        if self._keeper is not None:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper
            self._keeper = None

    async def _get(self, path: str, params: Mapping[str, str]) -> Any:
        headers = {"Authorization": f"Bearer {self._token()}"}
        try:
            return await self._http.get_json(
                self._settings.url + path, dict(params), source=SOURCE, headers=headers
            )
        except StatusError as error:
            if error.status in {401, 403}:
                raise SettingsError(f"{SOURCE} does not take the token: {HOW_TO_GET_IN}") from error
            raise

    def _token(self) -> str:
        if not self._settings.url:
            raise SettingsError(f"Set PASSFEL_HOME_ASSISTANT__URL to the address of {SOURCE}.")
        if self._settings.token is None:
            raise SettingsError(f"{SOURCE} needs a token: {HOW_TO_GET_IN}")
        return self._settings.token.get_secret_value()

    # The connection

    async def _connected(self) -> Socket:
        """The open connection; waits for it as long as a person may be kept waiting."""
        self._token()
        if self._socket is None and not isinstance(self._failure, SettingsError):
            self.wake()
            self._hurry.set()
            self._settled.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._settings.connect_s + 0.5):
                    await self._settled.wait()
        if self._socket is not None:
            return self._socket
        raise self._failure or UnreachableError(
            SOURCE, f"{SOURCE} could not be reached at {self._settings.url}."
        )

    async def _keep(self) -> None:
        """Connect, listen, and connect again after pauses that grow. Says "unavailable" once, and when it's back."""
        pause = FIRST_PAUSE_S
        while True:
            try:
                await self._listen()
                pause = FIRST_PAUSE_S
            except (PassfelError, KeyError, TypeError, ValueError, AttributeError) as error:
                failure = error if isinstance(error, PassfelError) else _senseless()
                if self._failure is None:
                    log.warning("%s", failure)
                self._failure = failure
                pause = REFUSED_PAUSE_S if isinstance(error, SettingsError) else pause
            self._settled.set()
            self._hurry.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause * random.uniform(0.5, 1.0)):  # noqa: S311 - spreads the load
                    await self._hurry.wait()
            pause = min(pause * 2, LONGEST_PAUSE_S)

    async def _listen(self) -> None:
        """One connection from its beginning to its end."""
        settings = self._settings
        socket = await open_socket(
            settings.url, self._token(), seconds=settings.connect_s, agent=self._http.settings.user_agent
        )
        try:
            self._registry = Registry()
            await self._subscribe(socket)
            await self._read_registries(socket)
            await self._names.keep(self._registry.home())
            if self._failure is not None:
                log.info("%s is back", SOURCE)
            self._failure, self._socket = None, socket
            self._settled.set()
            await self._follow(socket)
        finally:
            if self._socket is not None:
                self._names.last = self._registry.home()
            self._socket = None
            self._moved.set()
            await socket.close()
        self._failure = UnreachableError(SOURCE, f"The connection to {SOURCE} was lost.")
        log.warning("%s", self._failure)

    async def _subscribe(self, socket: Socket) -> None:
        config = await socket.ask("get_config")
        with contextlib.suppress(CommandError):
            await socket.ask("supported_features", features={"coalesce_messages": 1})
        units = config.get("unit_system") or {}
        self._registry.temperature_unit = str(units.get("temperature") or "°C")
        for kind in REGISTRY_EVENTS:
            with contextlib.suppress(CommandError):  # an older server, or a person who may not see it
                await socket.subscribe(
                    self._on_registry, "subscribe_events", event_type=f"{kind}_registry_updated"
                )
        await socket.subscribe(self._on_states, "subscribe_entities")

    def _on_registry(self, event: Mapping[str, Any]) -> None:
        self._stale.set()

    def _on_states(self, event: Mapping[str, Any]) -> None:
        self._registry.take_event(event)
        self._moved.set()

    async def _read_registries(self, socket: Socket) -> None:
        self._stale.clear()
        floors, areas, devices, display = [
            await _listed(socket, f"config/{name}")
            for name in (
                "floor_registry/list",
                "area_registry/list",
                "device_registry/list",
                "entity_registry/list_for_display",
            )
        ]
        entries = display.get("entities", []) if isinstance(display, dict) else []
        ids = [entry["ei"] for entry in entries if "ec" not in entry]
        aliases: Mapping[str, Any] = {}
        with contextlib.suppress(CommandError):
            aliases = await socket.ask("config/entity_registry/get_entries", entity_ids=ids) or {}
        try:
            self._registry.take_places(floors, areas)
            self._registry.take_entries(devices, entries, aliases)
        except (ValidationError, KeyError, TypeError, AttributeError) as error:
            raise _senseless() from error

    async def _follow(self, socket: Socket) -> None:
        """Read the registries anew whenever they change, until the connection ends."""
        ended = asyncio.create_task(socket.until_closed())
        stale = asyncio.create_task(self._stale.wait())
        try:
            while True:
                await asyncio.wait([ended, stale], return_when=asyncio.FIRST_COMPLETED)
                if ended.done():
                    return
                await asyncio.sleep(SETTLE_S)
                with contextlib.suppress(UnreachableError):
                    await self._read_registries(socket)
                    await self._names.keep(self._registry.home())
                stale = asyncio.create_task(self._stale.wait())
        finally:
            ended.cancel()
            stale.cancel()


def read_history(answer: Any) -> dict[str, list[Past]]:
    """Read the answer of /api/history/period: a list for each entity, only its first item names it."""
    try:
        return {
            series[0]["entity_id"]: [
                Past(str(item["state"]), datetime.fromisoformat(item["last_changed"])) for item in series
            ]
            for series in answer
            if series
        }
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise _senseless() from error


async def _listed(socket: Socket, command: str) -> Any:
    """A registry's rows; none where this server, or this person, has no such registry."""
    try:
        return await socket.ask(command) or []
    except CommandError as error:
        log.debug("%s: %s", command, error.code)
        return []


def _senseless() -> BrokenAnswerError:
    return BrokenAnswerError(SOURCE, f"{SOURCE} sent something that makes no sense.")
