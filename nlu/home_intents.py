"""Home Assistant's own sentences in the household's language, and what each of its intents is here.

Only the names that stand in a sentence are handed to the recogniser: a thousand devices cost as much as ten.
"""

import logging
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from hassil import Intents, RecognizeResult, TextSlotList, recognize_best

from passfel.household.home_kinds import is_guarded
from passfel.household.home_names import HomeNames, fold, key_of
from passfel.household.turn import Turn
from passfel.household.understanding import Call
from passfel.nlu.home_match import HomeMatch

log = logging.getLogger(__name__)

LONGEST_NAME = 6
NOT_OURS = frozenset(
    {
        "HassBroadcast",
        "HassGetCurrentDate",
        "HassGetCurrentTime",
        "HassGetWeather",
        "HassNevermind",
        "HassRespond",
    }
    | {"HassListAddItem", "HassListCompleteItem", "HassListRemoveItem", "HassMediaSearchAndPlay"}
    | {"HassShoppingListAddItem", "HassShoppingListCompleteItem", "HassCancelAllTimers", "HassCancelTimer"}
    | {"HassDecreaseTimer", "HassIncreaseTimer", "HassPauseTimer", "HassStartTimer", "HassTimerStatus"}
    | {"HassUnpauseTimer", "HassVacuumCleanArea"}
)
"""Intents that other tools serve, or none."""

CONTROL, SECURE, STATE = "control_home", "secure_home", "get_home_state"
TOOLS: dict[str, tuple[str, dict[str, str]]] = {
    "HassTurnOn": (CONTROL, {"action": "turn_on"}),
    "HassTurnOff": (CONTROL, {"action": "turn_off"}),
    "HassToggle": (CONTROL, {"action": "toggle"}),
    "HassLightSet": (CONTROL, {"action": "set_brightness", "value": "{brightness}"}),
    "HassClimateSetTemperature": (CONTROL, {"action": "set_temperature", "value": "{temperature}"}),
    "HassClimateSetFanMode": (CONTROL, {"action": "set_fan_mode", "value": "{fan_mode}"}),
    "HassClimateGetTemperature": (STATE, {"about": "temperature"}),
    "HassSetPosition": (CONTROL, {"action": "set_position", "value": "{position}"}),
    "HassSetVolume": (CONTROL, {"action": "set_volume", "value": "{volume_level}"}),
    "HassSetVolumeRelative": (CONTROL, {"action": "set_volume", "value": "{volume_step}"}),
    "HassFanSetSpeed": (CONTROL, {"action": "set_speed", "value": "{percentage}"}),
    "HassMediaNext": (CONTROL, {"action": "next"}),
    "HassMediaPrevious": (CONTROL, {"action": "previous"}),
    "HassMediaPause": (CONTROL, {"action": "pause"}),
    "HassMediaUnpause": (CONTROL, {"action": "play"}),
    "HassMediaPlayerMute": (CONTROL, {"action": "mute"}),
    "HassMediaPlayerUnmute": (CONTROL, {"action": "unmute"}),
    "HassVacuumStart": (CONTROL, {"action": "start"}),
    "HassVacuumReturnToBase": (CONTROL, {"action": "dock"}),
    "HassLawnMowerStartMowing": (CONTROL, {"action": "start"}),
    "HassLawnMowerDock": (CONTROL, {"action": "dock"}),
    "HassGetState": (STATE, {"state": "{state}"}),
}
"""Each intent's tool, and the arguments that its slots give."""
KIND_OF_INTENT = {
    "HassMediaNext": "media_player",
    "HassMediaPrevious": "media_player",
    "HassMediaPause": "media_player",
    "HassMediaUnpause": "media_player",
    "HassMediaPlayerMute": "media_player",
    "HassMediaPlayerUnmute": "media_player",
    "HassSetVolume": "media_player",
    "HassSetVolumeRelative": "media_player",
    "HassClimateSetTemperature": "thermostat",
    "HassClimateSetFanMode": "thermostat",
    "HassFanSetSpeed": "fan",
    "HassVacuumStart": "vacuum",
    "HassLawnMowerStartMowing": "lawn_mower",
    "HassLightSet": "light",
}
KIND_OF_DOMAIN = {"climate": "thermostat", "alarm_control_panel": "alarm"}
KIND_OF_CLASS = {"garage": "garage_door", "moisture": "leak", "occupancy": "motion", "carbon_monoxide": "gas"}
STEPS = {"up": "+10", "down": "-10"}


class HomeIntents:
    """The sentences of one language; read at first use."""

    def __init__(self, locale: str) -> None:
        """Name the language, with or without a region."""
        self._locale = locale

    @cached_property
    def _known(self) -> Intents | None:
        from home_assistant_intents import get_intents

        for language in dict.fromkeys((self._locale, self._locale.replace("_", "-").split("-")[0])):
            found: dict[str, Any] | None = get_intents(language)
            if found:
                kept = {name: body for name, body in found["intents"].items() if name not in NOT_OURS}
                return Intents.from_dict({**found, "intents": kept})
        log.info("Home Assistant has no sentences for %s", self._locale)
        return None

    def warm(self, names: HomeNames, turn: Turn) -> None:
        """Read and compile the sentences: the first recognition takes most of a second."""
        entity = next(iter(names.home.entities), None)
        if entity is not None:
            self.match(f"turn on {entity.name}", names, turn)

    def match(self, text: str, names: HomeNames, turn: Turn) -> HomeMatch | None:
        """The best reading of the whole `text` that names something of the home."""
        lists = _lists(text, names)
        if not lists["name"].values and not lists["area"].values and not lists["floor"].values:
            return None
        known = self._known
        if known is None:
            return None
        context = {"area": turn.room} if turn.room else {}
        result = recognize_best(
            text,
            known,
            slot_lists=lists,
            intent_context=context,
            best_slot_name="name",
            language=self._locale,
        )
        if result is None or result.unmatched_entities:
            return None
        call = _call(result, names)
        return HomeMatch((call,), named=True) if call else None


def _lists(text: str, names: HomeNames) -> dict[str, Any]:
    """The names that stand in the text, mistyped ones too, as they were said."""
    words = text.split()
    found: dict[str, dict[str, tuple[str, str, dict[str, Any]]]] = {"name": {}, "area": {}, "floor": {}}
    for begin in range(len(words)):
        for end in range(begin + 1, min(begin + LONGEST_NAME, len(words)) + 1):
            said = " ".join(words[begin:end]).strip(",.!?")
            folded = fold(said)
            for number in names.entity_ids(folded):
                entity = names.home.by_id[number]
                found["name"][f"{said} {entity.domain}"] = (said, number, {"domain": entity.domain})
            for kind, number in names.place_ids(folded):
                place = names.say_places([(kind, number)])
                found[kind][said] = (said, place, {})
    lists: dict[str, Any] = {
        name: TextSlotList.from_tuples(list(values.values()), name=name) for name, values in found.items()
    }
    return lists


def _call(result: RecognizeResult, names: HomeNames) -> Call | None:
    if result.intent.name not in TOOLS:
        return None
    tool, wanted = TOOLS[result.intent.name]
    slots = {name: entity.value for name, entity in result.entities.items()}
    arguments = {**_aim(result, slots, names), **dict(_filled(wanted, slots))}
    if slots.get("domain") == "person" and str(slots.get("state")) not in {"home", "not_home"}:
        return None  # "who is Ana" asks for something else
    if any(value.startswith("{") for value in wanted.values()) and not (
        arguments.keys() & wanted.keys() - {"action"}
    ):
        return None
    entity = names.home.by_id.get(str(slots.get("name", "")))
    domain = entity.domain if entity else str(slots.get("domain", ""))
    if tool == CONTROL and (domain == "lock" or (entity is not None and is_guarded(entity))):
        return _secured(arguments, domain)
    if tool == CONTROL and domain in {"cover", "valve"} and arguments["action"] in {"turn_on", "turn_off"}:
        arguments["action"] = "open" if arguments["action"] == "turn_on" else "close"
        if arguments.get("kind") in {"door", "garage_door", "gate"}:
            return Call(SECURE, arguments)
    if not arguments.keys() & {"name", "where", "kind"}:
        return None
    return Call(tool, arguments)


def _secured(arguments: dict[str, str], domain: str) -> Call | None:
    actions = ("lock", "unlock") if domain == "lock" else ("open", "close")
    action = {"turn_on": actions[0], "turn_off": actions[1]}.get(arguments["action"])
    return Call(SECURE, {**arguments, "action": action}) if action else None


def _aim(result: RecognizeResult, slots: Mapping[str, Any], names: HomeNames) -> dict[str, str]:
    """What is meant: a device by its own name, or a kind in a room."""
    where = str(slots.get("area") or slots.get("floor") or "")
    entity = names.home.by_id.get(str(slots.get("name", "")))
    if entity is not None:
        twins = len(names.entities.get(key_of(fold(entity.name)), [])) > 1
        return {"name": entity.name, **({"where": where} if where and twins else {})}
    kind = KIND_OF_INTENT.get(result.intent.name, "")
    if slots.get("device_class"):
        kind = KIND_OF_CLASS.get(str(slots["device_class"]), str(slots["device_class"]))
    elif slots.get("domain"):
        kind = KIND_OF_DOMAIN.get(str(slots["domain"]), str(slots["domain"]))
    given = {"where": where, "kind": kind}
    return {name: value for name, value in given.items() if value}


def _filled(wanted: Mapping[str, str], slots: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for argument, source in wanted.items():
        if not source.startswith("{"):
            yield argument, source
        elif (value := slots.get(source.strip("{}"))) is not None:
            yield argument, STEPS.get(str(value), str(value))
    if "color" in slots:
        yield from (("action", "set_color"), ("value", str(slots["color"])))
