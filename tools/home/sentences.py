"""The home's sentences: states, what was done, what did not react, and what was."""

from collections.abc import Sequence
from datetime import datetime

from passfel.household.entity import Entity, Home
from passfel.household.home_kinds import say_kind
from passfel.household.turn import Turn
from passfel.household.wording import capital, say_count, say_list, say_number, say_time
from passfel.tools.home.provider import Past

SOURCE = "Home Assistant"
MOST_NAMED = 8
CLASSED = {
    "door": ("open", "closed"),
    "garage_door": ("open", "closed"),
    "opening": ("open", "closed"),
    "window": ("open", "closed"),
    "motion": ("detecting motion", "clear"),
    "occupancy": ("occupied", "empty"),
    "presence": ("occupied", "empty"),
    "moisture": ("wet", "dry"),
    "smoke": ("detecting smoke", "clear"),
    "gas": ("detecting gas", "clear"),
    "carbon_monoxide": ("detecting carbon monoxide", "clear"),
    "lock": ("unlocked", "locked"),
    "battery": ("low", "fine"),
    "battery_charging": ("charging", "not charging"),
    "connectivity": ("connected", "disconnected"),
    "plug": ("plugged in", "unplugged"),
    "problem": ("reporting a problem", "fine"),
    "running": ("running", "not running"),
    "light": ("seeing light", "dark"),
    "cold": ("cold", "normal"),
    "heat": ("hot", "normal"),
    "safety": ("unsafe", "safe"),
    "vibration": ("vibrating", "still"),
    "sound": ("hearing sound", "quiet"),
    "moving": ("moving", "still"),
    "tamper": ("tampered with", "clear"),
}
"""What on and off mean for binary sensors, by their class."""
STATES = {"not_home": "away", "heat_cool": "heating or cooling", "armed_away": "armed (away)"}
STATES |= {"armed_home": "armed (home)", "armed_night": "armed (night)", "heat": "heating", "cool": "cooling"}
SAME = {"shut": "closed", "away": "not_home", "armed": "armed_away", "playing": "playing", "running": "on"}
DONE = {
    "turn_on": "Turned on",
    "turn_off": "Turned off",
    "toggle": "Switched",
    "open": "Opened",
    "close": "Closed",
    "stop": "Stopped",
    "lock": "Locked",
    "unlock": "Unlocked",
    "mute": "Muted",
    "unmute": "Unmuted",
    "play": "Started",
    "start": "Started",
    "pause": "Paused",
    "press": "Pressed",
    "disarm": "Disarmed",
    "arm_away": "Armed",
    "arm_home": "Armed",
    "arm_night": "Armed",
    "next": "Asked for the next track on",
    "previous": "Asked for the previous track on",
    "dock": "Sent home",
}


def say_state(entity: Entity, home: Home | None = None) -> str:
    """Its state as words that follow "is": "on, at 40%", "17.4 °C", "heating to 20 °C, and measures 19.5 °C"."""
    if entity.state == "unavailable":
        return "unavailable"
    if entity.domain == "binary_sensor":
        on, off = CLASSED.get(entity.device_class, ("on", "off"))
        return on if entity.state == "on" else off if entity.state == "off" else entity.state
    if entity.domain == "climate":
        return _say_climate(entity, home.temperature_unit if home else "°C")
    if entity.unit:
        return f"{say_figure(entity.state)} {entity.unit}".replace(" %", "%")
    state = STATES.get(entity.state, entity.state.replace("_", " "))
    more = _more(entity)
    return f"{state}, {more}" if more else state


def say_figure(text: str) -> str:
    """A figure as people write it; other words as they are."""
    try:
        return say_number(float(text), 4)
    except ValueError:
        return text.replace("_", " ")


def _say_climate(entity: Entity, unit: str) -> str:
    state = STATES.get(entity.state, entity.state.replace("_", " "))
    target, now = entity.attributes.get("temperature"), entity.attributes.get("current_temperature")
    said = f"{state} to {target:g} {unit}" if target is not None and entity.state != "off" else state
    return f"{said}, and measures {now:g} {unit}" if now is not None else said


def _more(entity: Entity) -> str:
    attributes = entity.attributes
    if entity.domain == "light" and entity.state == "on" and attributes.get("brightness"):
        return f"at {round(float(attributes['brightness']) / 2.55)}%"
    if entity.domain == "fan" and entity.state == "on" and attributes.get("percentage"):
        return f"at {attributes['percentage']:g}%"
    if entity.domain == "cover" and 0 < float(attributes.get("current_position") or 0) < 100:
        return f"at {attributes['current_position']:g}%"
    if entity.domain == "media_player" and entity.state == "playing" and attributes.get("media_title"):
        return f"playing “{str(attributes['media_title'])[:80]}”"
    return ""


def in_state(entity: Entity, asked: str) -> bool:
    """Whether it is in the state that was asked about, in people's words."""
    said = asked.strip().casefold().replace(" ", "_")
    if entity.domain == "binary_sensor":
        on, off = CLASSED.get(entity.device_class, ("on", "off"))
        words = {"on": {on, "on", "open", "detected", "triggered", "wet", "occupied", "low", "unlocked"}}
        words["off"] = {off, "off", "closed", "shut", "clear", "dry", "empty", "locked", "fine"}
        return said.replace("_", " ") in words.get(entity.state, set())
    if said == "on":
        return entity.available and entity.state not in {
            "off",
            "standby",
            "idle",
            "docked",
            "closed",
            "disarmed",
        }
    if said == "armed":
        return entity.state.startswith("armed")
    if said == "open" and entity.domain == "lock":
        return entity.state in {"open", "unlocked"}
    if said in {"closed", "shut"} and entity.domain == "lock":
        return entity.state == "locked"
    if said in {"heating", "cooling"} and entity.domain == "climate":
        return bool(entity.attributes.get("hvac_action", STATES.get(entity.state)) == said)
    return entity.state in {said, SAME.get(said, said)}


def say_one(chosen: Entity, asked: str, home: Home, turn: Turn) -> str:
    """One device: its state, or a yes or no where one was asked about."""
    words = f"the {chosen.name} is {say_state(chosen, home)}{_as_of(chosen, turn)}"
    if chosen.domain == "person":
        words = f"{chosen.name} is {'at home' if chosen.state == 'home' else say_state(chosen)}"
    if not asked:
        return f"{capital(words)}."
    if not chosen.available:
        return f"{capital(words)}, so I can't tell."
    return f"{'Yes' if in_state(chosen, asked) else 'No'}, {words}."


def say_several(chosen: Sequence[Entity], asked: str, kind: str, where: str, home: Home) -> str:
    """Many devices: which of them are in the state that was asked about, or how each is."""
    if not asked:
        shown = [f"the {entity.name} is {say_state(entity, home)}" for entity in chosen[:MOST_NAMED]]
        rest = len(chosen) - len(shown)
        return f"{capital(say_list([*shown, *([f'{rest} more'] if rest else [])]))}."
    found = [entity for entity in chosen if in_state(entity, asked)]
    state = asked.replace("_", " ")
    place = f" {where}" if where else ""
    if kind == "person":
        return _say_people(found, chosen, state)
    if not found:
        return f"No {say_kind(kind)}{place} is {state}."
    if len(found) == 1:
        return f"1 of {say_count(len(chosen), say_kind(kind))}{place} is {state}: {names(found)}."
    share = f"All {len(found)}" if len(found) == len(chosen) else f"{len(found)} of {len(chosen)}"
    return f"{share} {say_kind(kind)}s{place} are {state}: {names(found)}."


def _say_people(found: Sequence[Entity], everybody: Sequence[Entity], state: str) -> str:
    where = "at home" if state == "home" else state
    if not found:
        return f"Nobody is {where}."
    if len(found) == len(everybody) > 1:
        return f"Everybody is {where}: {names(found)}."
    return f"{names(found)} {'is' if len(found) == 1 else 'are'} {where}."


def _as_of(entity: Entity, turn: Turn) -> str:
    """How old a figure is, and whose."""
    if not entity.unit or entity.changed_at is None:
        return ""
    return f" ({SOURCE}, since {say_time(entity.changed_at.astimezone(turn.zone), turn.locale)})"


def names(entities: Sequence[Entity]) -> str:
    """Devices by name, not too many of them."""
    shown = [entity.name for entity in entities[:MOST_NAMED]]
    rest = len(entities) - len(shown)
    return say_list([*shown, *([f"{rest} more"] if rest else [])])


def say_done(action: str, done: Sequence[Entity], value: str) -> str:
    """What was done, of what was read back."""
    if action.startswith("set_"):
        return f"Set {action.removeprefix('set_').replace('color', 'colour')} of {names(done)} to {value}."
    return f"{DONE.get(action, capital(action.replace('_', ' ')))} {names(done)}."


def say_idle(idle: Sequence[Entity], home: Home) -> str:
    """What did not follow."""
    if len(idle) == 1:
        return f"The {idle[0].name} did not react: it is {say_state(idle[0], home)}."
    return f"{names(idle)} did not react."


def say_past_figures(entity: Entity, past: Sequence[Past], window: str) -> str:
    """A measured figure over a time: between what and what, and on average."""
    figures = [value for item in past if (value := _figure(item.state)) is not None]
    if not figures:
        return f"{SOURCE} kept no figure of the {entity.name} {window}."
    unit = f" {entity.unit}".replace(" %", "%")
    low, high = say_number(min(figures), 3), say_number(max(figures), 3)
    if low == high:
        return f"The {entity.name} was {low}{unit} {window} ({SOURCE})."
    mean = say_number(round(sum(figures) / len(figures), 1), 3)
    return (
        f"The {entity.name} was between {low} and {high}{unit} {window}, {mean}{unit} on average ({SOURCE})."
    )


def say_past_states(entity: Entity, past: Sequence[Past], window: str, turn: Turn) -> str:
    """The states that something was in: "was closed, then open from 09:10, closed from 09:12"."""
    if not past:
        return f"{SOURCE} kept nothing of the {entity.name} {window}."
    first, *rest = past
    words = f"the {entity.name} was {_then(entity, first.state)}"
    steps = [f"{_then(entity, item.state)} from {_at(item.at, turn)}" for item in rest[-MOST_NAMED:]]
    changes = f", then {say_list(steps)}" if steps else " all the time"
    return f"{capital(words)}{changes} {window} ({SOURCE})."


def _then(entity: Entity, state: str) -> str:
    return say_state(
        Entity(entity_id=entity.entity_id, state=state, attributes={"device_class": entity.device_class})
    )


def _at(moment: datetime, turn: Turn) -> str:
    return say_time(moment.astimezone(turn.zone), turn.locale)


def _figure(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
