"""The home: its floors, rooms and devices, with the state that each was last known to be in."""

from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

ABSENT = frozenset({"unavailable", "unknown", ""})
"""States in which a device tells nothing."""


class _Named(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str = ""
    aliases: tuple[str, ...] = ()

    @field_validator("aliases", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        return tuple(alias for alias in value if alias) if value else ()

    @property
    def names(self) -> tuple[str, ...]:
        """All it is called."""
        return (self.name, *self.aliases)


class Floor(_Named):
    """A level of the house."""

    floor_id: str
    level: int | None = None


class Area(_Named):
    """A room, or another part of the home."""

    area_id: str
    floor_id: str | None = None


class Entity(_Named):
    """A device, a sensor, a scene, a person: whatever the home's server keeps a state of."""

    entity_id: str
    area_id: str | None = None
    state: str = "unknown"
    attributes: Mapping[str, Any] = Field(default_factory=dict)
    changed_at: datetime | None = None
    hidden: bool = False
    """Kept for set-up or diagnosis, or hidden by the household: nobody asks for it by a group."""

    @property
    def domain(self) -> str:
        """What it is to the server: light, cover, sensor."""
        return self.entity_id.partition(".")[0]

    @property
    def device_class(self) -> str:
        """What kind of its domain it is: garage among covers, temperature among sensors."""
        return str(self.attributes.get("device_class") or "")

    @property
    def available(self) -> bool:
        """Whether it can be reached; a scene or a button that was never used is only unknown."""
        return self.state not in ABSENT or (self.state == "unknown" and self.domain in {"scene", "button"})

    @property
    def unit(self) -> str:
        """What its figure is measured in."""
        return str(self.attributes.get("unit_of_measurement") or "")


class Home(BaseModel):
    """The whole home at one moment."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    floors: tuple[Floor, ...] = ()
    areas: tuple[Area, ...] = ()
    entities: tuple[Entity, ...] = ()
    temperature_unit: str = "°C"
    version: int = 0
    """Another number when a name, a room or a floor has changed; states don't count."""
    as_of: datetime | None = None
    """When it was last known to be true; None while the connection keeps it fresh."""

    @cached_property
    def by_id(self) -> Mapping[str, Entity]:
        """The entities by their ids."""
        return {entity.entity_id: entity for entity in self.entities}

    @cached_property
    def area_of(self) -> Mapping[str, Area]:
        """The areas by their ids."""
        return {area.area_id: area for area in self.areas}

    @cached_property
    def floor_of(self) -> Mapping[str, Floor]:
        """The floors by their ids."""
        return {floor.floor_id: floor for floor in self.floors}

    def with_entities(self, entities: tuple[Entity, ...], as_of: datetime | None = None) -> "Home":
        """The same rooms and names with other states; what was looked up in the old ones is not kept."""
        return Home(
            floors=self.floors,
            areas=self.areas,
            entities=entities,
            temperature_unit=self.temperature_unit,
            version=self.version,
            as_of=as_of,
        )

    def room(self, entity: Entity) -> str:
        """The name of the room it is in; empty where it has none."""
        area = self.area_of.get(entity.area_id or "")
        return area.name if area else ""
