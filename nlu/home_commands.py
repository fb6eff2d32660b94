"""From the frame of a request that changes something at home to its calls."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from passfel.household.entity import Entity
from passfel.household.home_kinds import is_guarded
from passfel.household.home_names import HomeNames, fold
from passfel.household.understanding import Call
from passfel.nlu.home_frame import Frame
from passfel.nlu.home_targets import EVERYWHERE, Aim, aims, ask_which

CONTROL, SECURE = "control_home", "secure_home"
STEPS = {"set_temperature": 1, "set_volume": 10, "set_brightness": 20, "set_speed": 25, "set_position": 25}
SETTERS = {
    "brightness": "set_brightness",
    "color": "set_color",
    "color_temperature": "set_color",
    "temperature": "set_temperature",
    "volume": "set_volume",
    "position": "set_position",
    "speed": "set_speed",
    "humidity": "set_humidity",
    "mode": "set_mode",
}
KIND_OF_SETTING = {
    "set_brightness": "light",
    "set_color": "light",
    "set_temperature": "thermostat",
    "set_volume": "media_player",
    "set_position": "cover",
    "set_speed": "fan",
    "set_humidity": "humidifier",
    "set_mode": "thermostat",
}
SETTER_OF_DOMAIN = {
    "light": "set_brightness",
    "climate": "set_temperature",
    "water_heater": "set_temperature",
    "media_player": "set_volume",
    "cover": "set_position",
    "valve": "set_position",
    "fan": "set_speed",
    "humidifier": "set_humidity",
}
DOMAINS_OF = {setter: domain for domain, setter in reversed(SETTER_OF_DOMAIN.items())} | {
    "set_color": "light"
}
DIRECTIONS = {
    "up": "+",
    "down": "-",
    "brighter": "+",
    "dimmer": "-",
    "dim": "-",
    "warmer": "+",
    "cooler": "-",
    "louder": "+",
    "quieter": "-",
}
SETTER_OF_VERB = {
    "brighter": "set_brightness",
    "dim": "set_brightness",
    "dimmer": "set_brightness",
    "warmer": "set_temperature",
    "cooler": "set_temperature",
    "louder": "set_volume",
    "quieter": "set_volume",
}
MEDIA = {"play", "pause", "next", "previous", "mute", "unmute"}
SWITCHABLE = frozenset(
    {
        "light",
        "switch",
        "fan",
        "media_player",
        "input_boolean",
        "climate",
        "humidifier",
        "siren",
        "water_heater",
    }
    | {"automation", "script", "scene", "vacuum", "group", "remote"}
)
ALARM_MODES = {"away": "arm_away", "home": "arm_home", "night": "arm_night"}


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be done, before it is known to what."""

    action: str
    value: str = ""
    domain: str = ""
    """The domain that can do it, to tell two of one name apart."""
    default_kind: str = ""
    """What a room alone stands for."""
    alone: str = ""
    """The kind that is meant where nothing is named."""


def commands(frame: Frame, names: HomeNames, room: str = "") -> list[Call] | None:
    """The calls of a request, or None where it isn't wholly clear what is to be done.

    Args:
        frame: the request.
        names: of the home.
        room: where the person speaks.

    Raises:
        UnclearError: several things could be meant; its words ask which.
    """
    if frame.states or frame.asks or frame.feels or len(frame.numbers) > 1 or len(frame.colors) > 1:
        return None
    if "at" in frame.units and frame.numbers and not _is_amount(frame):
        return None  # "at 10" is a time
    orders = _orders(frame, names)
    if orders is None:
        return None
    calls: list[Call] = []
    for order in orders:
        found = _calls(order, frame, names, room)
        if found is None:
            return None
        calls += found
    return calls


def _is_amount(frame: Frame) -> bool:
    """Whether the figure is one to set, and no time of day: "at 30 percent", "at 21 degrees"."""
    return bool({"percent", "degrees"} & set(frame.units)) or any("%" in number for number in frame.numbers)


def _calls(order: Order, frame: Frame, names: HomeNames, room: str) -> list[Call] | None:
    found = aims(frame, names, _fits(order), order.default_kind)
    if found is None and order.alone:
        where = "here" if frame.here else EVERYWHERE if frame.everywhere or frame.all else ""
        found = [Aim("", where, order.alone)]
    found = [_whole(aim) for aim in found or ()]
    if not found or any(aim.kind == "person" for aim in found):
        return None
    calls = [_call(order, _of_garage(aim, order, frame, names)) for aim in found]
    if None not in calls:
        ask_which(found, names, room, kinds_too=True)
    return None if None in calls else [call for call in calls if call is not None]


def _whole(aim: Aim) -> Aim:
    """Everything without a room is everywhere."""
    return Aim("", EVERYWHERE, aim.kind) if aim.kind == "everything" and not aim.where else aim


def _of_garage(aim: Aim, order: Order, frame: Frame, names: HomeNames) -> Aim:
    """Take the door for the garage ("open the garage") where nothing else there opens."""
    if aim.kind != "cover" or "cover" in frame.kinds or order.action not in {"open", "close", "stop"}:
        return aim
    there = names.entities_in(names.place_ids(fold(aim.where)))
    covers = [names.home.by_id[number] for number in there if number.startswith("cover.")]
    if len(covers) == 1 and is_guarded(covers[0]):
        return Aim(covers[0].name, "", "", (covers[0],))
    return aim


def _fits(order: Order) -> Callable[[Entity], bool]:
    def fits(entity: Entity) -> bool:
        if order.action in {"turn_on", "turn_off", "toggle"}:
            return entity.domain in SWITCHABLE
        if order.action in {"open", "close"}:
            return entity.domain in {"cover", "valve"}
        if order.action in {"lock", "unlock"}:
            return entity.domain == "lock"
        return not order.domain or entity.domain == order.domain

    return fits


def _call(order: Order, aim: Aim) -> Call | None:
    action = order.action
    if action in {"lock", "unlock"}:
        kind = "lock" if aim.kind in {"door", "lock", "gate", "garage_door", "window"} else aim.kind
        if kind == "everything":
            return Call(SECURE, {"where": aim.where or EVERYWHERE, "kind": "lock", "action": action})
        return Call(SECURE, Aim(aim.name, aim.where, kind).arguments(action=action))
    if action in {"arm_away", "arm_home", "arm_night", "disarm"}:
        return Call(SECURE, aim.arguments(action=action))
    if aim.guarded:
        return Call(SECURE, aim.arguments(action=action)) if action in {"open", "close", "stop"} else None
    if action in {"turn_on", "turn_off"} and aim.domain in {"cover", "valve"}:
        action = "open" if action == "turn_on" else "close"
    if aim.entities and aim.entities[0].domain in {"person", "binary_sensor", "sensor"}:
        return None
    if aim.entities and action == "open" and aim.domain not in {"cover", "valve"}:
        return None
    return Call(CONTROL, aim.arguments(action=action, value=order.value))


def _orders(frame: Frame, names: HomeNames) -> list[Order] | None:
    verb = frame.verbs[-1] if frame.verbs else ""
    if frame.particles:
        return _switching(frame, verb)
    if frame.modes and (verb in {"arm", "switch"} and _is_alarm(frame, names)):
        return [Order(ALARM_MODES.get(frame.modes[0], "arm_away"), alone="alarm")]
    if verb == "disarm":
        return [Order("disarm", alone="alarm")] if _is_alarm(frame, names) else _plain("turn_off")
    if verb == "arm" or (verb in {"turn_on", "turn_off"} and _is_alarm(frame, names)):
        if not _is_alarm(frame, names):
            return _plain("turn_on")
        return [Order("disarm" if verb == "turn_off" else "arm_away", alone="alarm")]
    if frame.modes:
        return [Order("set_mode", frame.modes[0], "climate", alone="thermostat")]
    if frame.numbers or frame.colors:
        return _setting(frame, names, verb)
    if verb in DIRECTIONS or frame.settings:
        return _stepping(frame, names, verb)
    return _doing(frame, names, verb)


def _is_alarm(frame: Frame, names: HomeNames) -> bool:
    entities = [
        names.home.by_id[number]
        for target in frame.targets
        for ids, _, _ in target.entities
        for number in ids
    ]
    return "alarm" in frame.kinds or any(entity.domain == "alarm_control_panel" for entity in entities)


def _plain(action: str) -> list[Order]:
    return [Order(action, default_kind="light")]


def _switching(frame: Frame, verb: str) -> list[Order] | None:
    if verb == "close" and frame.particles == ["off"]:
        return _plain("turn_off")  # "shut everything off"
    if verb not in {"", "switch", "turn_on", "turn_off"} or len(set(frame.particles)) > 1:
        return None
    if not verb and "to" in frame.units:
        return None  # the end of another sentence: "... of the ground floor to on"
    action = "turn_on" if frame.particles[0] == "on" else "turn_off"
    orders = _plain(action)
    if frame.colors and action == "turn_on":
        return [Order("set_color", frame.colors[0], "light", "light")]
    if frame.numbers and action == "turn_on":
        return [Order("set_brightness", frame.numbers[0], "light", "light")]
    return None if frame.numbers or frame.colors or frame.settings or frame.modes else orders


def _setting(frame: Frame, names: HomeNames, verb: str) -> list[Order] | None:
    """A figure or a colour that something is set to, or changed by."""
    if verb not in {"", "switch", "open", "close", "start", *DIRECTIONS}:
        return None
    if (
        not verb
        and not frame.settings
        and not any(number.endswith("%") for number in frame.numbers)
        and not frame.colors
    ):
        return None
    alone = "light" if frame.settings else ""
    orders = [Order("set_color", color, "light", "light", alone) for color in frame.colors]
    if frame.numbers:
        setter = _setter(frame, names, verb)
        if setter is None or (frame.colors and setter != "set_brightness"):
            return None
        value = _value(frame, verb, setter)
        if setter == "set_position" and verb in {"open", "close"} and value == "100":
            return [Order(verb)]
        orders.append(_order(setter, value))
    return orders


def _order(setter: str, value: str) -> Order:
    kind = KIND_OF_SETTING.get(setter, "")
    return Order(setter, value, DOMAINS_OF.get(setter, ""), kind, kind)


def _setter(frame: Frame, names: HomeNames, verb: str) -> str | None:
    """What a figure is of: what was said, what the verb changes, or what the device has."""
    for setting in frame.settings:
        if setting in SETTERS:
            return SETTERS[setting]
    if verb in SETTER_OF_VERB:
        return SETTER_OF_VERB[verb]
    if "kelvin" in frame.units:
        return "set_color"
    domains = {
        aim.domain for aim in aims(frame, names, lambda entity: entity.domain in SETTER_OF_DOMAIN) or []
    }
    if len(domains) == 1 and (setter := SETTER_OF_DOMAIN.get(domains.pop())):
        return setter
    if "degrees" in frame.units:
        return "set_temperature"
    only_place = not frame.kinds and not any(target.entities for target in frame.targets)
    return "set_brightness" if only_place and frame.numbers[0].endswith("%") and frame.named else None


def _value(frame: Frame, verb: str, setter: str) -> str:
    figure = frame.numbers[0].rstrip("%")
    by = "by" in frame.units or (
        "to" not in frame.units and verb in {"warmer", "cooler", "louder", "quieter"}
    )
    if by and verb in DIRECTIONS and not figure.startswith("-"):
        return f"{DIRECTIONS[verb]}{figure}"
    return figure


def _stepping(frame: Frame, names: HomeNames, verb: str) -> list[Order] | None:
    """More or less of something, with no figure: a step of a usual size."""
    if verb in {"open", "close"} and frame.settings:  # "lower the volume", "raise the temperature"
        verb = "up" if verb == "open" else "down"
    if verb not in DIRECTIONS:
        return None
    setter = next(
        (SETTERS[setting] for setting in frame.settings if setting in SETTERS), SETTER_OF_VERB.get(verb)
    )
    if setter is None:
        found = aims(frame, names, lambda entity: entity.domain in SETTER_OF_DOMAIN) or []
        domains = {aim.domain for aim in found}
        setter = SETTER_OF_DOMAIN.get(domains.pop()) if len(domains) == 1 else None
    if setter == "set_position":
        return [Order("open" if DIRECTIONS[verb] == "+" else "close")]
    if setter not in STEPS:
        return None
    return [_order(setter, f"{DIRECTIONS[verb]}{STEPS[setter]}")]


_DOINGS: dict[str, Order] = {
    "turn_on": Order("turn_on", default_kind="light"),
    "turn_off": Order("turn_off", default_kind="light"),
    "toggle": Order("toggle", default_kind="light"),
    "open": Order("open", default_kind="cover"),
    "close": Order("close", default_kind="cover"),
    "stop": Order("stop", default_kind="cover"),
    **{verb: Order(verb, "", "media_player", "media_player", "media_player") for verb in sorted(MEDIA)},
    "lock": Order("lock", default_kind="lock"),
    "unlock": Order("unlock", default_kind="lock"),
    "clean": Order("start", domain="vacuum", default_kind="vacuum", alone="vacuum"),
    "dock": Order("dock", domain="vacuum"),
    "mow": Order("start", alone="lawn_mower"),
    "press": Order("press", domain="button"),
}
"""Verbs that say all."""


def _doing(frame: Frame, names: HomeNames, verb: str) -> list[Order] | None:
    if verb == "stop" and {"media_player", "tv", "speaker"} & set(frame.kinds):
        return [Order("stop", domain="media_player")]
    if verb in _DOINGS:
        return [_DOINGS[verb]]
    if verb == "start" or (not verb and _is_scene(frame, names)):
        return [Order("start" if verb else "turn_on")] if _starts(frame, names, verb) else None
    if verb == "switch" and _is_scene(frame, names):
        return _plain("turn_on")
    return None


def _is_scene(frame: Frame, names: HomeNames) -> bool:
    """Nothing but the full name of a scene."""
    named = [entity for target in frame.targets for entity in target.entities]
    if len(named) != 1 or len(named[0][0]) != 1 or not named[0][2]:
        return False
    return names.home.by_id[named[0][0][0]].domain == "scene"


def _starts(frame: Frame, names: HomeNames, verb: str) -> bool:
    """Whether what is to be started can be: a scene, a script, a vacuum cleaner, music."""
    if not verb:
        return True
    entities = [
        names.home.by_id[number]
        for target in frame.targets
        for ids, _, _ in target.entities
        for number in ids
    ]
    known: Sequence[str] = ("scene", "script", "automation", "vacuum", "lawn_mower", "media_player")
    return any(entity.domain in known and not is_guarded(entity) for entity in entities) or bool(
        set(frame.kinds) & set(known)
    )
