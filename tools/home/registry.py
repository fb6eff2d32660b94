"""From Home Assistant's registries and compressed states to the household's home."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from passfel.household.entity import Area, Entity, Floor, Home
from passfel.household.wording import plain_text

LONGEST_NAME = 100
UNNAMED = frozenset({"stt", "tts", "wake_word", "conversation", "zone", "update", "event", "image", "notify"})
"""Domains that nobody asks for by name."""


class Registry:
    """The home as it is now: registries in full, and states changed by every diff."""

    def __init__(self) -> None:
        """Empty."""
        self._floors: tuple[Floor, ...] = ()
        self._areas: tuple[Area, ...] = ()
        self._entries: dict[str, Mapping[str, Any]] = {}
        self._device_areas: dict[str, str | None] = {}
        self._entities: dict[str, Entity] = {}
        self._version = 0
        self._home: Home | None = None
        self.temperature_unit = "°C"

    def home(self) -> Home:
        """A picture of this moment; the same one until something changes."""
        if self._home is None:
            self._home = Home(
                floors=self._floors,
                areas=self._areas,
                entities=tuple(self._entities.values()),
                temperature_unit=self.temperature_unit,
                version=self._version,
            )
        return self._home

    def take_places(self, floors: Iterable[Mapping[str, Any]], areas: Iterable[Mapping[str, Any]]) -> None:
        """The floors and rooms, as their registries list them."""
        self._floors = tuple(Floor.model_validate(_cleaned(floor)) for floor in floors)
        self._areas = tuple(Area.model_validate(_cleaned(area)) for area in areas)

    def take_entries(
        self,
        devices: Iterable[Mapping[str, Any]],
        entries: Iterable[Mapping[str, Any]],
        aliases: Mapping[str, Any],
    ) -> None:
        """Devices with their rooms, entities for display, and the entities' other names.

        Args:
            devices: of config/device_registry/list.
            entries: of config/entity_registry/list_for_display, with its short keys.
            aliases: of config/entity_registry/get_entries.
        """
        self._device_areas = {device["id"]: device.get("area_id") for device in devices}
        self._entries = {
            entry["ei"]: {**entry, "aliases": (aliases.get(entry["ei"]) or {}).get("aliases") or ()}
            for entry in entries
        }
        self._entities = {number: self._renamed(entity) for number, entity in self._entities.items()}
        self._touch()

    def take_event(self, event: Mapping[str, Any]) -> None:
        """An event of subscribe_entities: added, changed and removed states."""
        for entity_id, state in (event.get("a") or {}).items():
            self._add(entity_id, state)
        for entity_id, change in (event.get("c") or {}).items():
            self._change(entity_id, change)
        for entity_id in event.get("r") or ():
            self._entities.pop(entity_id, None)
            self._version += 1
        self._home = None

    def _touch(self) -> None:
        self._version += 1
        self._home = None

    def _add(self, entity_id: str, state: Mapping[str, Any]) -> None:
        attributes = state.get("a") or {}
        name = str(attributes.get("friendly_name") or _named_after(entity_id))
        known = self._entities.get(entity_id)
        entity = Entity(
            entity_id=entity_id,
            name=_clean(name),
            state=str(state.get("s", "unknown")),
            attributes=attributes,
            changed_at=_moment(state.get("lc")),
        )
        self._entities[entity_id] = self._renamed(entity)
        if known is None or known.name != entity.name:
            self._version += 1

    def _change(self, entity_id: str, change: Mapping[str, Any]) -> None:
        known = self._entities.get(entity_id)
        if known is None:
            return
        more, less = change.get("+") or {}, change.get("-") or {}
        attributes = {**known.attributes, **(more.get("a") or {})}
        for name in less.get("a") or ():
            attributes.pop(name, None)
        new: dict[str, Any] = {"attributes": attributes, "state": str(more.get("s", known.state))}
        if "lc" in more:
            new["changed_at"] = _moment(more["lc"])
        if (name := (more.get("a") or {}).get("friendly_name")) and _clean(str(name)) != known.name:
            new["name"] = _clean(str(name))
            self._version += 1
        self._entities[entity_id] = known.model_copy(update=new)

    def _renamed(self, entity: Entity) -> Entity:
        """With what the registries know of it: its room, its other names, whether it is for people."""
        entry = self._entries.get(entity.entity_id, {})
        area = entry.get("ai") or self._device_areas.get(str(entry.get("di", "")))
        hidden = "ec" in entry or bool(entry.get("hb")) or entity.domain in UNNAMED
        aliases = tuple(_clean(str(alias)) for alias in entry.get("aliases", ()))
        return entity.model_copy(update={"area_id": area, "aliases": aliases, "hidden": hidden})


def _cleaned(row: Mapping[str, Any]) -> dict[str, Any]:
    aliases = tuple(_clean(str(alias)) for alias in row.get("aliases") or ())
    return {**row, "name": _clean(str(row.get("name") or "")), "aliases": aliases}


def _clean(name: str) -> str:
    """A name in one line and of sensible length: it comes from outside and is said in sentences."""
    return " ".join(plain_text(name).split())[:LONGEST_NAME]


def _named_after(entity_id: str) -> str:
    return entity_id.partition(".")[2].replace("_", " ")


def _moment(seconds: Any) -> datetime | None:
    return datetime.fromtimestamp(float(seconds), UTC) if seconds is not None else None
