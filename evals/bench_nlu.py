"""`passfel bench nlu`: how long understanding a sentence takes, in homes of 20 to 2,000 devices.

Beside it, in the same run and over the same sentences and names: bare hassil with Home Assistant's own
sentences and all names of the home as its lists, as Home Assistant itself uses them.
"""

import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from statistics import quantiles
from typing import Any

from hassil import Intents, TextSlotList, recognize_best
from home_assistant_intents import get_intents
from rich.console import Console
from rich.table import Table

from passfel.household.entity import Area, Entity, Floor, Home
from passfel.household.home_names import HomeNames
from passfel.household.turn import Turn
from passfel.nlu.understand import Understander

SIZES = (20, 200, 1_000, 2_000)
ROUNDS = 3
MONDAY = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
GOAL_MS = 25.0
ROOMS = (
    "Kitchen",
    "Living Room",
    "Bedroom",
    "Bathroom",
    "Office",
    "Hall",
    "Garage",
    "Attic",
    "Nursery",
    "Pantry",
)
THINGS = (
    ("light", "Ceiling Light", ""),
    ("light", "Floor Lamp", ""),
    ("cover", "Blinds", "blind"),
    ("climate", "Thermostat", ""),
    ("sensor", "Temperature", "temperature"),
    ("binary_sensor", "Window", "window"),
    ("media_player", "Speaker", "speaker"),
    ("switch", "Heater Plug", "outlet"),
    ("fan", "Fan", ""),
    ("lock", "Door Lock", ""),
)
SENTENCES = (
    "turn on the {name}",
    "please switch off the {name} in the {room}",
    "turn off all the lights in the {room}",
    "set the {name} to 40 percent",
    "set the {room} to 21 degrees",
    "close the blinds in the {room}",
    "is the {name} on",
    "which lights are on in the {room}",
    "how warm is the {room}",
    "turn off the lights in the {room} and turn on the {name}",
    "are any windows open upstairs",
    "everything off upstairs",
    "what is on my calendar tomorrow",
    "remind me to call Ana at six",
    "will it rain this weekend",
    "tell me something nice about the sea",
)


@dataclass(frozen=True, slots=True)
class Timing:
    """How long sentences took, in milliseconds."""

    devices: int
    rooms: int
    who: str
    median: float
    p95: float
    understood: int
    sentences: int


def home_of(size: int) -> Home:
    """A home of so many devices, ten kinds in every room, at most 60 rooms on three floors."""
    rooms = max(2, min(60, size // 10))
    names = [
        f"{ROOMS[number % 10]} {number // 10 + 1}" if number >= 10 else ROOMS[number]
        for number in range(rooms)
    ]
    floors = tuple(
        Floor(floor_id=f"f{level}", name=name, level=level)
        for level, name in enumerate(("Ground floor", "First floor", "Second floor"))
    )
    areas = tuple(
        Area(area_id=f"a{number}", name=name, floor_id=f"f{number % 3}") for number, name in enumerate(names)
    )
    return Home(floors=floors, areas=areas, entities=tuple(_device(number, names) for number in range(size)))


def _device(number: int, rooms: Sequence[str]) -> Entity:
    domain, thing, kind = THINGS[number % len(THINGS)]
    room = number // len(THINGS) % len(rooms)
    again = number // (len(THINGS) * len(rooms))
    return Entity(
        entity_id=f"{domain}.d{number}",
        name=f"{rooms[room]} {thing}{f' {again + 1}' if again else ''}",
        area_id=f"a{room}",
        state="on",
        attributes={"device_class": kind},
    )


def sentences(home: Home) -> list[str]:
    """The same sentences about different devices of a home."""
    said = []
    for number, sentence in enumerate(SENTENCES * ROUNDS):
        entity = home.entities[number * 37 % len(home.entities)]
        room = home.areas[number * 7 % len(home.areas)]
        said.append(sentence.format(name=entity.name.lower(), room=room.name.lower()))
    return said


def time_all(devices: int, rooms: int, who: str, said: Sequence[str], read: Callable[[str], bool]) -> Timing:
    """Read every sentence once to warm up, then once for the clock."""
    for sentence in said[: len(SENTENCES)]:
        read(sentence)
    took, understood = [], 0
    for sentence in said:
        begun = time.perf_counter()
        understood += read(sentence)
        took.append((time.perf_counter() - begun) * 1000)
    cuts = quantiles(took, n=100, method="inclusive")
    return Timing(devices, rooms, who, round(cuts[49], 2), round(cuts[94], 2), understood, len(said))


def ours(home: Home) -> Callable[[str], bool]:
    """PASSFEL: all its grammars, and the home."""
    understander, turn = Understander("en-GB", home=lambda: home), Turn(now=MONDAY, locale="en-GB")
    understander.warm(turn, wait=True)
    return lambda sentence: understander.understand(sentence, turn).whole


def bare(home: Home) -> Callable[[str], bool]:
    """Hassil with Home Assistant's sentences, and every name of the home in its lists."""
    intents = Intents.from_dict(get_intents("en") or {})
    lists: dict[str, Any] = {
        "name": TextSlotList.from_tuples(
            [(entity.name, entity.entity_id, {"domain": entity.domain}) for entity in home.entities],
            name="name",
        ),
        "area": TextSlotList.from_tuples([(area.name, area.area_id, {}) for area in home.areas], name="area"),
        "floor": TextSlotList.from_tuples(
            [(floor.name, floor.floor_id, {}) for floor in home.floors], name="floor"
        ),
    }

    def read(sentence: str) -> bool:
        return recognize_best(sentence, intents, slot_lists=lists, best_slot_name="name") is not None

    return read


def index_ms(home: Home) -> float:
    """How long the index of all names takes, once after a name has changed."""
    begun = time.perf_counter()
    HomeNames(home)
    return (time.perf_counter() - begun) * 1000


def main(*, as_json: bool = False) -> int:
    """Measure, and print a table or JSON."""
    timings, indexing = [], {}
    for size in SIZES:
        home = home_of(size)
        said, rooms = sentences(home), len(home.areas)
        indexing[size] = round(index_ms(home), 1)
        timings.append(time_all(size, rooms, "PASSFEL, all domains", said, ours(home)))
        timings.append(time_all(size, rooms, "hassil, home only", said, bare(home)))
    if as_json:
        rows = [asdict(timing) for timing in timings]
        sys.stdout.write(json.dumps({"timings": rows, "index_ms": indexing}, indent=1) + "\n")
        return 0
    table = Table(
        "devices", "rooms", "", "median ms", "p95 ms", "understood", title="Understanding a sentence"
    )
    for timing in timings:
        share = f"{timing.understood} of {timing.sentences}"
        table.add_row(
            f"{timing.devices:,}", str(timing.rooms), timing.who, f"{timing.median}", f"{timing.p95}", share
        )
    console = Console()
    console.print(table)
    worst = max(timing.p95 for timing in timings if timing.who.startswith("PASSFEL"))
    console.print(f"Goal: p95 under {GOAL_MS:g} ms. PASSFEL's slowest p95: {worst:g} ms.")
    console.print(
        f"The index of names, made once: {', '.join(f'{n:,}: {ms} ms' for n, ms in indexing.items())}."
    )
    return 0
