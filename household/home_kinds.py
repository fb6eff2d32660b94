"""Kinds of devices as people name them, and what each is to the home's server."""

from dataclasses import dataclass

from passfel.household.entity import Entity

DOOR_CLASSES = frozenset({"door", "garage", "garage_door", "gate"})
SOFT_COVERS = frozenset({"awning", "blind", "curtain", "shade", "shutter", "damper", ""})
"""Coverings that may be moved without asking; a cover of no class is one of them."""


@dataclass(frozen=True, slots=True)
class Kind:
    """Which entities are of a kind: any of these domains, and of these classes where classes are named."""

    domains: frozenset[str]
    classes: frozenset[str] = frozenset()
    word: str = ""
    """In a sentence, where it isn't its name."""

    def holds(self, entity: Entity) -> bool:
        """Whether this entity is one."""
        if entity.domain not in self.domains:
            return False
        return not self.classes or entity.device_class in self.classes


def _kind(domains: str, classes: str = "", word: str = "") -> Kind:
    return Kind(frozenset(domains.split()), frozenset(classes.split()), word)


KINDS: dict[str, Kind] = {
    "light": _kind("light"),
    "switch": _kind("switch input_boolean"),
    "outlet": _kind("switch", "outlet"),
    "fan": _kind("fan"),
    "cover": Kind(frozenset({"cover"}), SOFT_COVERS),
    "blind": _kind("cover", "blind"),
    "curtain": _kind("cover", "curtain"),
    "shade": _kind("cover", "shade"),
    "shutter": _kind("cover", "shutter"),
    "awning": _kind("cover", "awning"),
    "window": _kind("cover binary_sensor", "window"),
    "door": _kind("cover binary_sensor", "door opening"),
    "garage_door": _kind("cover binary_sensor", "garage garage_door", "garage door"),
    "gate": _kind("cover", "gate"),
    "lock": _kind("lock"),
    "alarm": _kind("alarm_control_panel"),
    "thermostat": _kind("climate"),
    "water_heater": _kind("water_heater", word="water heater"),
    "humidifier": _kind("humidifier"),
    "media_player": _kind("media_player", word="media player"),
    "tv": _kind("media_player", "tv", "TV"),
    "speaker": _kind("media_player", "speaker receiver"),
    "vacuum": _kind("vacuum", word="vacuum cleaner"),
    "lawn_mower": _kind("lawn_mower", word="lawn mower"),
    "scene": _kind("scene"),
    "script": _kind("script"),
    "automation": _kind("automation"),
    "button": _kind("button input_button"),
    "valve": _kind("valve"),
    "siren": _kind("siren"),
    "camera": _kind("camera"),
    "person": _kind("person"),
    "motion": _kind("binary_sensor", "motion occupancy presence moving", "motion sensor"),
    "smoke": _kind("binary_sensor", "smoke", "smoke alarm"),
    "leak": _kind("binary_sensor", "moisture", "leak sensor"),
    "gas": _kind("binary_sensor", "gas carbon_monoxide", "gas sensor"),
    "problem": _kind("binary_sensor", "problem", "warning"),
    "temperature": _kind("sensor climate", "temperature", "temperature sensor"),
    "humidity": _kind("sensor", "humidity", "humidity sensor"),
    "battery": _kind("sensor binary_sensor", "battery"),
    "power": _kind("sensor", "power", "power meter"),
    "energy": _kind("sensor", "energy", "energy meter"),
    "brightness": _kind("sensor", "illuminance", "light sensor"),
    "air_quality": _kind("sensor", "carbon_dioxide aqi pm25 volatile_organic_compounds", "air sensor"),
    "everything": _kind("light switch fan media_player", word="device"),
}
"""Kinds by their names; `everything` is what people mean by "everything off"."""

GUARDED = frozenset({"lock", "alarm_control_panel"})


def is_guarded(entity: Entity) -> bool:
    """Whether it keeps strangers out: a lock, an alarm, a door, a gate. Moving it asks first."""
    return entity.domain in GUARDED or (entity.domain == "cover" and entity.device_class in DOOR_CLASSES)


def kind_of(entity: Entity) -> str:
    """The narrowest kind it is of; its domain where none fits."""
    fitting = [name for name, kind in KINDS.items() if name != "everything" and kind.holds(entity)]
    narrow = [name for name in fitting if KINDS[name].classes and name != "cover"]
    return next(iter(narrow or fitting), entity.domain)


def say_kind(name: str) -> str:
    """A kind as a noun."""
    kind = KINDS.get(name)
    return (kind.word if kind else "") or name.replace("_", " ")
