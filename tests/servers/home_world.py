"""The home of the stand-in world: two floors, eight rooms and their devices, and what each service does to them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from passfel.household.entity import Area, Entity, Floor, Home

NOW = 1795428000.0
"""Monday 23 November 2026, 10:00 in Lisbon, as the server's clock."""

FLOORS = [
    {"floor_id": "ground", "name": "Ground floor", "aliases": ["downstairs"], "level": 0},
    {"floor_id": "first", "name": "First floor", "aliases": ["upstairs"], "level": 1},
]
AREAS = [
    ("kitchen", "Kitchen", "ground", []),
    ("living_room", "Living Room", "ground", ["lounge"]),
    ("hall", "Hall", "ground", ["hallway"]),
    ("garage", "Garage", "ground", []),
    ("bedroom", "Bedroom", "first", ["master bedroom"]),
    ("bathroom", "Bathroom", "first", []),
    ("office", "Office", "first", ["study"]),
    ("garden", "Garden", None, ["backyard"]),
]
LIGHT = {"supported_color_modes": ["color_temp", "hs"], "brightness": None, "supported_features": 4}
ENTITIES: list[tuple[str, str, str | None, str, dict[str, Any], list[str]]] = [
    ("light.kitchen_ceiling", "Kitchen Ceiling", "kitchen", "on", {**LIGHT, "brightness": 255}, []),
    ("light.kitchen_counter", "Kitchen Counter", "kitchen", "off", LIGHT, ["worktop light"]),
    ("light.living_room_lamp", "Reading Lamp", "living_room", "off", LIGHT, []),
    ("light.bedroom_lamp", "Reading Lamp", "bedroom", "off", LIGHT, []),
    ("light.bedroom_ceiling", "Bedroom Light", "bedroom", "on", {**LIGHT, "brightness": 128}, []),
    ("light.hall", "Hall Light", "hall", "on", {**LIGHT, "brightness": 255}, []),
    ("light.office", "Desk Light", "office", "off", LIGHT, []),
    ("switch.coffee", "Coffee Machine", "kitchen", "off", {"device_class": "outlet"}, ["espresso machine"]),
    ("switch.fairy_lights", "Fairy Lights", "garden", "off", {}, []),
    (
        "fan.bathroom",
        "Bathroom Fan",
        "bathroom",
        "on",
        {"percentage": 50, "supported_features": 1},
        ["extractor"],
    ),
    (
        "climate.living_room",
        "Living Room Thermostat",
        "living_room",
        "heat",
        {
            "temperature": 20.0,
            "current_temperature": 19.5,
            "hvac_modes": ["off", "heat"],
            "min_temp": 7,
            "max_temp": 30,
        },
        ["heating"],
    ),
    (
        "climate.bedroom",
        "Bedroom Thermostat",
        "bedroom",
        "heat",
        {
            "temperature": 18.0,
            "current_temperature": 17.5,
            "hvac_modes": ["off", "heat"],
            "min_temp": 7,
            "max_temp": 30,
        },
        [],
    ),
    (
        "cover.living_room_blinds",
        "Living Room Blinds",
        "living_room",
        "open",
        {"device_class": "blind", "current_position": 100, "supported_features": 15},
        [],
    ),
    (
        "cover.bedroom_curtains",
        "Bedroom Curtains",
        "bedroom",
        "closed",
        {"device_class": "curtain", "current_position": 0, "supported_features": 15},
        [],
    ),
    (
        "cover.garage_door",
        "Garage Door",
        "garage",
        "closed",
        {"device_class": "garage", "supported_features": 3},
        [],
    ),
    ("lock.front_door", "Front Door Lock", "hall", "locked", {}, ["front door"]),
    ("binary_sensor.back_door", "Back Door", "kitchen", "on", {"device_class": "door"}, []),
    ("binary_sensor.bedroom_window", "Bedroom Window", "bedroom", "off", {"device_class": "window"}, []),
    ("binary_sensor.hall_motion", "Hall Motion", "hall", "off", {"device_class": "motion"}, []),
    (
        "sensor.bedroom_temperature",
        "Bedroom Temperature",
        "bedroom",
        "17.4",
        {"device_class": "temperature", "unit_of_measurement": "°C"},
        [],
    ),
    (
        "sensor.bathroom_humidity",
        "Bathroom Humidity",
        "bathroom",
        "71",
        {"device_class": "humidity", "unit_of_measurement": "%"},
        [],
    ),
    (
        "sensor.outside",
        "Outside Temperature",
        "garden",
        "12.1",
        {"device_class": "temperature", "unit_of_measurement": "°C"},
        [],
    ),
    (
        "media_player.living_room_tv",
        "TV",
        "living_room",
        "playing",
        {"device_class": "tv", "volume_level": 0.3, "supported_features": 152461},
        ["television"],
    ),
    (
        "media_player.kitchen_radio",
        "Kitchen Radio",
        "kitchen",
        "paused",
        {"volume_level": 0.5, "supported_features": 152461},
        [],
    ),
    ("vacuum.robby", "Robby", "hall", "docked", {"supported_features": 12412}, ["hoover"]),
    ("scene.movie_night", "Movie Night", "living_room", "unknown", {}, []),
    ("script.good_night", "Good Night", None, "off", {"last_triggered": None}, []),
    ("alarm_control_panel.house", "House Alarm", "hall", "disarmed", {"code_arm_required": False}, []),
    ("person.ana", "Ana", None, "home", {}, []),
    ("person.tom", "Tom", None, "not_home", {}, []),
    ("light.attic", "Attic Light", None, "unavailable", {}, []),
]

STATES = {
    "turn_on": "on",
    "turn_off": "off",
    "lock": "locked",
    "unlock": "unlocked",
    "open_cover": "open",
    "close_cover": "closed",
    "media_play": "playing",
    "media_pause": "paused",
    "media_stop": "idle",
    "start": "cleaning",
    "return_to_base": "returning",
    "start_mowing": "mowing",
    "dock": "docked",
    "alarm_disarm": "disarmed",
    "alarm_arm_away": "armed_away",
    "alarm_arm_home": "armed_home",
    "alarm_arm_night": "armed_night",
}
ATTRIBUTES = {
    "brightness_pct": lambda value: {"brightness": round(value * 2.55)},
    "color_name": lambda value: {"color_mode": "hs", "color": value},
    "color_temp_kelvin": lambda value: {"color_mode": "color_temp", "color_temp_kelvin": value},
    "temperature": lambda value: {"temperature": value},
    "position": lambda value: {"current_position": value},
    "percentage": lambda value: {"percentage": value},
    "brightness": lambda value: {"brightness": value},
    "hs_color": lambda value: {"color_mode": "hs", "hs_color": value},
    "fan_mode": lambda value: {"fan_mode": value},
    "volume_level": lambda value: {"volume_level": value},
    "is_volume_muted": lambda value: {"is_volume_muted": value},
}


@dataclass
class Device:
    """One entity as the server keeps it."""

    entity_id: str
    name: str
    area_id: str | None
    state: str
    attributes: dict[str, Any] = field(default_factory=dict)
    aliases: list[str] = field(default_factory=list)
    changed: float = NOW - 3600

    def compressed(self) -> dict[str, Any]:
        """As subscribe_entities sends what is new."""
        attributes = {**self.attributes, "friendly_name": self.name}
        return {"s": self.state, "a": attributes, "c": "01CONTEXT", "lc": self.changed}

    def follow(self, service: str, data: Mapping[str, Any], clock: float) -> dict[str, Any] | None:
        """Do what a service asks, and give the compressed change; None when nothing changes."""
        more: dict[str, Any] = {}
        state = self._after(service, data, clock)
        if state != self.state:
            more |= {"s": state, "lc": clock}
        attributes: dict[str, Any] = {}
        for name, value in data.items():
            if name in ATTRIBUTES:
                attributes |= ATTRIBUTES[name](value)
        if self.entity_id.startswith("cover") and service in {"open_cover", "close_cover"}:
            attributes["current_position"] = 100 if service == "open_cover" else 0
        if self.entity_id.startswith("light") and service == "turn_off":
            attributes["brightness"] = None
        if self.entity_id.startswith("script"):
            attributes["last_triggered"] = clock
        changed = {
            name: value for name, value in attributes.items() if self.attributes.get(name, object()) != value
        }
        if changed:
            more["a"] = changed
        self.state, self.changed = state, clock if "s" in more else self.changed
        self.attributes.update(changed)
        return {"+": {**more, "c": "01CONTEXT"}} if more else None

    def _after(self, service: str, data: Mapping[str, Any], clock: float) -> str:
        domain = self.entity_id.partition(".")[0]
        if domain == "scene":
            return f"2026-11-23T10:00:{int(clock) % 60:02d}+00:00"
        if domain == "script":
            return "off"
        if service == "toggle":
            return "off" if self.state == "on" else "on"
        if domain == "climate" and service in {"turn_on", "turn_off"}:
            return "heat" if service == "turn_on" else "off"
        if service == "set_hvac_mode":
            return str(data.get("hvac_mode"))
        if service == "set_cover_position":
            return "open" if data.get("position") else "closed"
        return STATES.get(service, self.state)


def devices() -> dict[str, Device]:
    """The devices as they are on Monday morning."""
    return {
        entity_id: Device(entity_id, name, area, state, dict(attributes), list(aliases))
        for entity_id, name, area, state, attributes, aliases in ENTITIES
    }


def home_as_known() -> Home:
    """The same home as an assistant knows it, without a server."""
    areas = [
        Area(area_id=number, name=name, floor_id=floor, aliases=tuple(aliases))
        for number, name, floor, aliases in AREAS
    ]
    entities = [
        Entity(
            entity_id=number, name=name, area_id=area, state=state, attributes=more, aliases=tuple(aliases)
        )
        for number, name, area, state, more, aliases in ENTITIES
    ]
    floors = [Floor.model_validate(floor) for floor in FLOORS]
    return Home(floors=tuple(floors), areas=tuple(areas), entities=tuple(entities))
