"""What an action is for each kind of device: the service to call, its data, and how the device looks afterwards."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from passfel.household.entity import Entity
from passfel.household.errors import RequestError
from passfel.household.home_kinds import is_guarded

Action = Literal[
    "turn_on",
    "turn_off",
    "toggle",
    "open",
    "close",
    "stop",
    "set_position",
    "set_brightness",
    "set_color",
    "set_temperature",
    "set_mode",
    "set_fan_mode",
    "set_speed",
    "set_volume",
    "set_humidity",
    "mute",
    "unmute",
    "play",
    "pause",
    "next",
    "previous",
    "start",
    "dock",
    "press",
]
"""What can be done without asking first."""
GuardedAction = Literal[
    "lock", "unlock", "open", "close", "stop", "arm_away", "arm_home", "arm_night", "disarm"
]
"""What is asked about first, whatever the settings."""

WHITES = {"warm white": 2700, "warm": 2700, "soft white": 3000, "neutral white": 3500, "cool white": 4000}
WHITES |= {"cold white": 4000, "cool": 4000, "cold": 4000, "daylight": 6500, "candle light": 1900}
STATEFUL = frozenset(
    {"light", "switch", "fan", "input_boolean", "siren", "humidifier", "automation", "remote"}
)
SWITCHED = STATEFUL | {"climate", "media_player", "water_heater", "group"}

Data = Callable[[Entity, str], Mapping[str, Any]]
Seen = Callable[[Entity, Entity, str], bool]
"""Whether a device followed: as it was, as it is, and the value that was asked for."""


@dataclass(frozen=True, slots=True)
class Doing:
    """An action for one domain."""

    service: str
    seen: Seen
    data: Data = lambda entity, value: {}


def _is(*states: str) -> Seen:
    return lambda before, after, value: after.state in states


def _is_on(before: Entity, after: Entity, value: str) -> bool:
    return after.available and after.state not in {"off", "standby"}


def _moved(before: Entity, after: Entity, value: str) -> bool:
    return (before.state, before.attributes, before.changed_at) != (
        after.state,
        after.attributes,
        after.changed_at,
    )


def _always(before: Entity, after: Entity, value: str) -> bool:
    return True


def _near(attribute: str, scale: float = 1.0, slack: float = 2.0) -> Seen:
    """The attribute has come to the value, or has moved where it was only asked for more or less."""

    def seen(before: Entity, after: Entity, value: str) -> bool:
        there = after.attributes.get(attribute)
        if there is None:
            return False
        if is_relative(value):
            return bool(there != before.attributes.get(attribute)) or _at_end(float(there) / scale, value)
        return abs(float(there) / scale - number_of(value)) <= slack

    return seen


def _at_end(there: float, value: str) -> bool:
    return there >= 99 if value.startswith("+") else there <= 1


def _position(before: Entity, after: Entity, value: str) -> bool:
    return after.state in {"opening", "closing"} or _near("current_position", slack=5)(before, after, value)


def is_relative(value: str) -> bool:
    """Whether it is more or less than now: "+10"."""
    return value[:1] in {"+", "-"}


def number_of(value: str) -> float:
    """The figure of a value: "40%", "21.5 °C", "+10".

    Raises:
        RequestError: it has none.
    """
    plain = value.replace("%", "").replace("°", "").strip().rstrip("CFcfK ").replace(",", ".")
    try:
        return float(plain)
    except ValueError as error:
        raise RequestError(f"“{value}” is no figure that I could set.") from error


def _percent(value: str) -> int:
    number = number_of(value)
    if not -100 <= number <= 100:
        raise RequestError(f"{value} is not between 0 and 100 percent.")
    return round(number)


def _brightness(entity: Entity, value: str) -> Mapping[str, Any]:
    return {"brightness_step_pct" if is_relative(value) else "brightness_pct": _percent(value)}


def _color(entity: Entity, value: str) -> Mapping[str, Any]:
    said = value.strip().casefold()
    if said in WHITES:
        return {"color_temp_kelvin": WHITES[said]}
    if said.rstrip("k ").isdigit():
        return {"color_temp_kelvin": int(said.rstrip("k "))}
    return {"color_name": said.replace(" ", "")}


def _set_to(entity: Entity) -> float | None:
    """The temperature that is set; of a range that is kept, its middle."""
    single, low, high = (
        entity.attributes.get(name) for name in ("temperature", "target_temp_low", "target_temp_high")
    )
    if single is not None:
        return float(single)
    return (float(low) + float(high)) / 2 if low is not None and high is not None else None


def _temperature_seen(before: Entity, after: Entity, value: str) -> bool:
    now, then = _set_to(after), _set_to(before)
    if now is None:
        return False
    return now != then if is_relative(value) else abs(now - number_of(value)) <= 0.6


def _temperature(entity: Entity, value: str) -> Mapping[str, Any]:
    wanted = number_of(value)
    if is_relative(value):
        now = _set_to(entity)
        if now is None:
            raise RequestError(f"{entity.name} has no temperature set that could be changed. Say which one.")
        wanted += now
    low, high = entity.attributes.get("min_temp"), entity.attributes.get("max_temp")
    if (low is not None and wanted < float(low)) or (high is not None and wanted > float(high)):
        raise RequestError(f"{entity.name} can be set from {low:g} to {high:g} degrees.")
    if entity.attributes.get("temperature") is None and entity.attributes.get("target_temp_low") is not None:
        # It heats and cools: the range is moved as it is, for a narrower one would change what it does.
        half = (
            float(entity.attributes["target_temp_high"]) - float(entity.attributes["target_temp_low"])
        ) / 2
        return {"target_temp_low": wanted - half, "target_temp_high": wanted + half}
    return {"temperature": wanted}


def _volume(entity: Entity, value: str) -> Mapping[str, Any]:
    share = _percent(value) / 100
    if is_relative(value):
        share += float(entity.attributes.get("volume_level") or 0)
    return {"volume_level": round(min(1.0, max(0.0, share)), 2)}


def _shifted(attribute: str, data: str) -> Data:
    """A percentage, or so much more or less than now."""

    def give(entity: Entity, value: str) -> Mapping[str, Any]:
        share = _percent(value)
        if is_relative(value):
            share += round(float(entity.attributes.get(attribute) or 0))
        return {data: min(100, max(0, share))}

    return give


def _mode(entity: Entity, value: str) -> Mapping[str, Any]:
    modes = [str(mode) for mode in entity.attributes.get("hvac_modes") or ()]
    said = value.strip().casefold().replace(" ", "_")
    if modes and said not in modes:
        raise RequestError(f"{entity.name} knows these modes: {', '.join(modes)}.")
    return {"hvac_mode": said}


def _fan_mode(entity: Entity, value: str) -> Mapping[str, Any]:
    modes = [str(mode) for mode in entity.attributes.get("fan_modes") or ()]
    said = value.strip().casefold().replace(" ", "_")
    found = next((mode for mode in modes if mode.casefold() == said), None)
    if found is None:
        known = f"its fan knows {', '.join(modes)}" if modes else "its fan has no modes"
        raise RequestError(f"{entity.name} can't do that: {known}.")
    return {"fan_mode": found}


def _fan_mode_seen(before: Entity, after: Entity, value: str) -> bool:
    return str(after.attributes.get("fan_mode", "")).casefold() == value.strip().casefold().replace(" ", "_")


def _mode_seen(before: Entity, after: Entity, value: str) -> bool:
    return after.state == value.strip().casefold().replace(" ", "_")


_PLAYING = _is("playing", "buffering", "on")

_PLAIN: dict[tuple[str, str], Doing] = {
    ("turn_on", "vacuum"): Doing("vacuum.start", _is("cleaning")),
    ("turn_off", "vacuum"): Doing("vacuum.return_to_base", _is("returning", "docked")),
    ("turn_on", "scene"): Doing("scene.turn_on", _moved),
    ("turn_on", "script"): Doing("script.turn_on", _moved),
    ("start", "script"): Doing("script.turn_on", _moved),
    ("start", "scene"): Doing("scene.turn_on", _moved),
    ("turn_off", "script"): Doing("script.turn_off", _is("off")),
    ("start", "automation"): Doing("automation.trigger", _moved),
    ("press", "button"): Doing("button.press", _moved),
    ("press", "input_button"): Doing("input_button.press", _moved),
    ("turn_on", "button"): Doing("button.press", _moved),
    ("open", "cover"): Doing("cover.open_cover", _is("open", "opening")),
    ("close", "cover"): Doing("cover.close_cover", _is("closed", "closing")),
    ("stop", "cover"): Doing("cover.stop_cover", _is("open", "closed")),
    ("toggle", "cover"): Doing("cover.toggle", _moved),
    ("set_position", "cover"): Doing(
        "cover.set_cover_position", _position, _shifted("current_position", "position")
    ),
    ("open", "valve"): Doing("valve.open_valve", _is("open", "opening")),
    ("close", "valve"): Doing("valve.close_valve", _is("closed", "closing")),
    ("stop", "valve"): Doing("valve.stop_valve", _is("open", "closed")),
    ("set_position", "valve"): Doing(
        "valve.set_valve_position", _position, _shifted("current_position", "position")
    ),
    ("set_brightness", "light"): Doing("light.turn_on", _near("brightness", 2.55), _brightness),
    ("set_color", "light"): Doing("light.turn_on", _is("on"), _color),
    ("set_temperature", "climate"): Doing("climate.set_temperature", _temperature_seen, _temperature),
    ("set_temperature", "water_heater"): Doing(
        "water_heater.set_temperature", _temperature_seen, _temperature
    ),
    ("set_mode", "climate"): Doing("climate.set_hvac_mode", _mode_seen, _mode),
    ("set_fan_mode", "climate"): Doing("climate.set_fan_mode", _fan_mode_seen, _fan_mode),
    ("set_speed", "fan"): Doing(
        "fan.set_percentage", _near("percentage", slack=17), _shifted("percentage", "percentage")
    ),
    ("set_humidity", "humidifier"): Doing(
        "humidifier.set_humidity", _near("humidity"), _shifted("humidity", "humidity")
    ),
    ("set_volume", "media_player"): Doing("media_player.volume_set", _near("volume_level", 0.01), _volume),
    ("mute", "media_player"): Doing(
        "media_player.volume_mute",
        lambda before, after, value: after.attributes.get("is_volume_muted") is True,
        lambda entity, value: {"is_volume_muted": True},
    ),
    ("unmute", "media_player"): Doing(
        "media_player.volume_mute",
        lambda before, after, value: after.attributes.get("is_volume_muted") is False,
        lambda entity, value: {"is_volume_muted": False},
    ),
    ("play", "media_player"): Doing("media_player.media_play", _PLAYING),
    ("start", "media_player"): Doing("media_player.media_play", _PLAYING),
    ("pause", "media_player"): Doing("media_player.media_pause", _is("paused", "idle", "off", "standby")),
    ("stop", "media_player"): Doing("media_player.media_stop", _is("idle", "off", "standby", "paused", "on")),
    ("next", "media_player"): Doing("media_player.media_next_track", _always),
    ("previous", "media_player"): Doing("media_player.media_previous_track", _always),
    ("start", "vacuum"): Doing("vacuum.start", _is("cleaning")),
    ("pause", "vacuum"): Doing("vacuum.pause", _is("paused", "idle")),
    ("stop", "vacuum"): Doing("vacuum.stop", _is("idle", "paused", "docked")),
    ("dock", "vacuum"): Doing("vacuum.return_to_base", _is("returning", "docked")),
    ("start", "lawn_mower"): Doing("lawn_mower.start_mowing", _is("mowing")),
    ("pause", "lawn_mower"): Doing("lawn_mower.pause", _is("paused")),
    ("dock", "lawn_mower"): Doing("lawn_mower.dock", _is("returning", "docked")),
    ("turn_on", "cover"): Doing("cover.open_cover", _is("open", "opening")),
    ("turn_off", "cover"): Doing("cover.close_cover", _is("closed", "closing")),
}

_ASKED: dict[tuple[str, str], Doing] = {
    ("lock", "lock"): Doing("lock.lock", _is("locked", "locking")),
    ("unlock", "lock"): Doing("lock.unlock", _is("unlocked", "unlocking", "open")),
    ("open", "lock"): Doing("lock.open", _is("open", "opening", "unlocked")),
    ("open", "cover"): _PLAIN["open", "cover"],
    ("close", "cover"): _PLAIN["close", "cover"],
    ("stop", "cover"): _PLAIN["stop", "cover"],
    ("arm_away", "alarm_control_panel"): Doing(
        "alarm_control_panel.alarm_arm_away", _is("armed_away", "arming", "pending")
    ),
    ("arm_home", "alarm_control_panel"): Doing(
        "alarm_control_panel.alarm_arm_home", _is("armed_home", "arming", "pending")
    ),
    ("arm_night", "alarm_control_panel"): Doing(
        "alarm_control_panel.alarm_arm_night", _is("armed_night", "arming", "pending")
    ),
    ("disarm", "alarm_control_panel"): Doing("alarm_control_panel.alarm_disarm", _is("disarmed")),
}


def doing(action: str, entity: Entity) -> Doing | None:
    """How an action that needs no question is done with this device; None where it can't be, or must be asked."""
    if is_guarded(entity):
        return None
    found = _PLAIN.get((action, entity.domain))
    if found is None and action in {"turn_on", "turn_off", "toggle"} and entity.domain in SWITCHED:
        domain = "homeassistant" if entity.domain == "group" else entity.domain
        seen = {"turn_on": _is_on, "turn_off": _is("off", "standby", "idle"), "toggle": _moved}[action]
        return Doing(f"{domain}.{action}", seen)
    return found


def guarded_doing(action: str, entity: Entity) -> Doing | None:
    """How an action that is asked about first is done with this device."""
    return _ASKED.get((action, entity.domain)) if is_guarded(entity) else None
