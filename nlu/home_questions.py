"""From the frame of a question about the home to its calls."""

from collections.abc import Callable, Mapping

from passfel.household.entity import Entity
from passfel.household.home_names import HomeNames
from passfel.household.understanding import Call
from passfel.nlu.home_frame import Frame
from passfel.nlu.home_targets import EVERYWHERE, Aim, aims, ask_which

STATE, HISTORY = "get_home_state", "get_home_history"
FIGURES = frozenset({"temperature", "humidity", "battery", "power", "energy", "air_quality"})
DETECTORS = frozenset({"motion", "smoke", "leak", "gas", "problem"})
TELLING = frozenset(
    {
        "sensor",
        "binary_sensor",
        "climate",
        "cover",
        "lock",
        "alarm_control_panel",
        "vacuum",
        "lawn_mower",
        "number",
    }
    | {
        "select",
        "water_heater",
        "humidifier",
        "weather",
        "input_number",
        "counter",
        "timer",
        "fan",
        "light",
        "switch",
    }
    | {"media_player", "valve", "input_boolean", "siren"}
)
"""What has a state that somebody can want to hear without naming one."""
Fits = Callable[[Entity], bool]
ALONE = frozenset({"thermostat", "alarm", "vacuum", "lawn_mower", "garage_door", "water_heater", "tv"})
"""Kinds of which most homes have one."""
ANY_OPEN = ("door", "window", "garage_door")


def questions(frame: Frame, names: HomeNames, window: Mapping[str, str], room: str = "") -> list[Call] | None:
    """The calls of a question; None where it is none about the home.

    Args:
        frame: the request.
        names: of the home.
        window: the past time that was said, if one was.
        room: where the person speaks.

    Raises:
        UnclearError: several things could be meant; its words ask which.
    """
    if frame.numbers or frame.colors or len(set(frame.states)) > 1:
        return None
    if "person" in frame.kinds or "who" in frame.asks or _is_of_person(frame, names):
        return None if window else _people(frame, names)
    past = bool(window) or "when" in frame.asks or "was" in frame.asks
    about = _about(frame)
    if about:
        return _figure(frame, names, about, window, past=past)
    if past:
        return _past(frame, names, window)
    return _states(frame, names, room)


def _is_of_person(frame: Frame, names: HomeNames) -> bool:
    entities = [
        names.home.by_id[number]
        for target in frame.targets
        for ids, _, _ in target.entities
        for number in ids
    ]
    return bool(entities) and all(entity.domain in {"person", "device_tracker"} for entity in entities)


def _people(frame: Frame, names: HomeNames) -> list[Call] | None:
    """Who is where. "Who is Ana?" asks for something else, so home or away has to be said."""
    at_home = frame.everywhere or "home" in frame.states
    state = "home" if at_home and "away" not in frame.states else "away" if "away" in frame.states else ""
    if "person" in frame.kinds or "who" in frame.asks:
        if _is_of_person(frame, names) or any(target.places for target in frame.targets):
            return None
        return [Call(STATE, {"kind": "person", "state": state})] if state else None
    found = aims(frame, names, lambda entity: entity.domain == "person") or []
    if len(found) != 1 or not (state or "where" in frame.asks):
        return None
    more = {"state": state} if state else {}
    return [Call(STATE, {"name": found[0].name, **more})]


def _about(frame: Frame) -> str:
    figure = next((setting for setting in frame.settings if setting in FIGURES), "")
    return figure or next((feel for feel in frame.feels if feel in FIGURES), "")


def _figure(
    frame: Frame, names: HomeNames, about: str, window: Mapping[str, str], *, past: bool
) -> list[Call] | None:
    """A figure of a room or a device; of no room it is the weather's."""
    tool = HISTORY if past else STATE
    more = dict(window) if past else {}
    if frame.states and about not in {"battery", "power"}:
        return None
    if about == "battery" and frame.states:
        return [Call(STATE, {"kind": "battery", "state": frame.states[0]})]
    named = aims(frame, names, _measures(about)) if any(target.entities for target in frame.targets) else None
    if named:
        return [Call(tool, aim.arguments(about=about, **more)) for aim in named]
    places = [place for target in frame.targets for place in target.places]
    if places:
        rooms = dict.fromkeys(names.say_places([place]) for place in places)
        return [Call(tool, {"where": room, "about": about, **more}) for room in rooms]
    if frame.everywhere or frame.here:
        return [Call(tool, {"where": EVERYWHERE if frame.everywhere else "here", "about": about, **more})]
    if frame.kinds and frame.kinds[0] in {"thermostat", "water_heater"}:
        return [Call(tool, {"kind": frame.kinds[0], **more})]
    return (
        [Call(tool, {"about": about, **more})]
        if about not in {"temperature", "humidity", "air_quality"}
        else None
    )


def _measures(about: str) -> Fits:
    """Which of two things of one name tells the figure."""
    return lambda entity: (
        entity.device_class == about
        or (about == "temperature" and entity.domain in {"climate", "weather", "water_heater"})
    )


def _past(frame: Frame, names: HomeNames, window: Mapping[str, str]) -> list[Call] | None:
    found = aims(frame, names, _tells(frame))
    if not found or len(found) > 1 or not (found[0].entities or found[0].where):
        return None
    if found[0].entities and found[0].entities[0].domain not in TELLING:
        return None
    return [Call(HISTORY, found[0].arguments(**window))]


def _tells(frame: Frame) -> Fits:
    """Which of two things of one name has the state that was asked about."""
    state = frame.states[0] if frame.states else ""
    if state in {"locked", "unlocked"}:
        return lambda entity: entity.domain == "lock"
    if state in {"open", "closed"}:
        return lambda entity: entity.domain in {"cover", "binary_sensor", "valve", "lock"}
    if state in {"playing", "paused"}:
        return lambda entity: entity.domain == "media_player"
    if state in {"on", "off"}:
        return lambda entity: entity.domain not in {"scene", "script", "button", "sensor", "lock"}
    return lambda entity: entity.domain in TELLING


def _states(frame: Frame, names: HomeNames, room: str) -> list[Call] | None:
    state = frame.states[0] if frame.states else ""
    if "when" in frame.asks or "where" in frame.asks:
        return None
    nothing_named = not any(target.entities for target in frame.targets)
    if state in {"open", "closed"} and nothing_named and set(frame.kinds) <= {"everything"}:
        return _any_open(frame, names, state)
    if state in {"locked", "unlocked"} and nothing_named and frame.kinds == ["everything"]:
        return [Call(STATE, {"kind": "lock", "state": state})]
    if "brightness" in frame.settings + frame.feels and not nothing_named:
        state = ""
    found = aims(frame, names, _tells(frame), "everything" if state in {"on", "off"} else "")
    if found is None or not all(_makes_sense(aim, frame, state) for aim in found):
        return None
    ask_which(found, names, room)
    return [Call(STATE, _asked(aim, frame, state)) for aim in found]


def _any_open(frame: Frame, names: HomeNames, state: str) -> list[Call] | None:
    """Doors and windows: "is anything open upstairs"."""
    if not frame.kinds and not frame.named:
        return None
    places = [place for target in frame.targets for place in target.places]
    where = {"where": names.say_places(places)} if places else {}
    return [Call(STATE, {"kind": kind, **where, "state": state}) for kind in ANY_OPEN]


def _makes_sense(aim: Aim, frame: Frame, state: str) -> bool:
    """Whether it is a question about the home, and not about something that shares a name with a device."""
    if aim.entities:
        telling = any(entity.domain in TELLING for entity in aim.entities)
        return telling and (bool(state) or bool({"how", "what"} & set(frame.asks)))
    if set(frame.asks) & {"how"} and not state and not frame.named:
        return False
    if aim.kind in ALONE and {"how", "what"} & set(frame.asks):
        return True
    return bool(state) or aim.kind in DETECTORS or bool(aim.where and aim.where != EVERYWHERE)


def _asked(aim: Aim, frame: Frame, state: str) -> dict[str, str]:
    if not aim.entities and aim.kind in DETECTORS and not state:
        state = "detected"
    given = aim.arguments(state=state)
    if given.get("where") == EVERYWHERE:
        del given["where"]
    return given
