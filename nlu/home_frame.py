"""What a request to the home is made of: its verbs, its targets, its values, in the order they were said."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from passfel.household.home_names import HomeNames, PlaceKind
from passfel.nlu.home_scan import Part

QUESTION_ROLES = (
    "ask",
    "state",
    "kind",
    "setting",
    "feel",
    "all",
    "everywhere",
    "here",
    "unit",
    "joint",
    "filler",
    "verb",
)
COMMAND_ROLES = (
    "particle",
    "kind",
    "setting",
    "all",
    "everywhere",
    "here",
    "much",
    "color",
    "mode",
    "unit",
    "joint",
    "filler",
)
LATE_VERBS = frozenset(
    {
        "up",
        "down",
        "open",
        "close",
        "brighter",
        "dimmer",
        "warmer",
        "cooler",
        "louder",
        "quieter",
        "lock",
        "unlock",
    }
)
"""Verbs that may follow what they change: "the blinds down"."""
DEGREES = ("warmer", "cooler", "brighter", "dimmer", "louder", "quieter", "up", "down")
MODE_SETTERS = frozenset({"thermostat", "alarm"})
Place = tuple[PlaceKind, str]


@dataclass
class Target:
    """Something that is named between two "and"s."""

    entities: list[tuple[tuple[str, ...], str, bool]] = field(default_factory=list)
    """Candidates, the words they were called by, and whether those are a whole name."""
    kinds: list[str] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    place_last: bool = False
    """Whether its room was said after it."""

    @property
    def empty(self) -> bool:
        """Whether nothing was named."""
        return not (self.entities or self.kinds or self.places)


@dataclass
class Frame:
    """A whole request."""

    verbs: list[str] = field(default_factory=list)
    particles: list[str] = field(default_factory=list)
    asks: list[str] = field(default_factory=list)
    settings: list[str] = field(default_factory=list)
    states: list[str] = field(default_factory=list)
    feels: list[str] = field(default_factory=list)
    colors: list[str] = field(default_factory=list)
    modes: list[str] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)
    units: list[str] = field(default_factory=list)
    targets: list[Target] = field(default_factory=lambda: [Target()])
    all: bool = False
    everywhere: bool = False
    here: bool = False
    fillers: list[str] = field(default_factory=list)

    @property
    def kinds(self) -> list[str]:
        """All kinds that were named."""
        return [kind for target in self.targets for kind in target.kinds]

    @property
    def named(self) -> bool:
        """Whether a name of the home was said in full: a device or a room."""
        return any(target.places or any(exact for _, _, exact in target.entities) for target in self.targets)


def is_question(parts: Sequence[Part]) -> bool:
    """Whether it begins as a question does."""
    leading = [part for part in parts if "filler" not in part.tags or part.entities or part.places]
    return bool(leading) and "ask" in leading[0].tags and "verb" not in leading[0].tags


def read_frame(parts: Sequence[Part], names: HomeNames, *, question: bool) -> Frame | None:
    """Give every part its role; None where one has none that fits."""
    return _Reader(parts, names, question=question).read()


class _Reader:
    def __init__(self, parts: Sequence[Part], names: HomeNames, *, question: bool) -> None:
        self._parts, self._names, self._question = parts, names, question
        self._frame = Frame()
        self._begun = False
        """Whether something but filling words has been said."""

    def read(self) -> Frame | None:
        for index, part in enumerate(self._parts):
            if part.number:
                self._frame.numbers.append(part.number)
            elif (part.entities or part.places) and not self._is_better_word(index, part):
                self._name(index, part)
            elif not self._word(part):
                return None
            self._begun = self._begun or "filler" not in part.tags
        if self._frame.targets[-1].empty and len(self._frame.targets) > 1:
            self._frame.targets.pop()
        return self._frame

    def _is_better_word(self, index: int, part: Part) -> bool:
        """A verb at the beginning is no device of that name: "lock the door" where a lock is called Lock."""
        return not self._begun and "verb" in part.tags and not part.places and len(self._parts) > 1

    def _name(self, index: int, part: Part) -> None:
        target = self._frame.targets[-1]
        if part.places and (not part.entities or self._is_place(index)):
            target.place_last = bool(target.kinds or target.entities)
            target.places.extend(part.places)
        else:
            target.entities.append((part.entities, part.text, part.exact))

    def _is_place(self, index: int) -> bool:
        """Whether what is the name of a room and of a device means the room here."""
        before = [part.text for part in self._parts[max(0, index - 2) : index]]
        behind = self._parts[index + 1 : index + 2]
        followed = any({"kind", "setting"} & set(part.tags) or part.entities for part in behind)
        led = bool({"in", "on", "at", "of", "inside", "throughout"} & set(before[-2:]))
        return followed or led

    def _word(self, part: Part) -> bool:
        if self._question:
            return any(role in part.tags and self._take(role, part) for role in self._question_order(part))
        if self._is_preposition(part):
            return True
        if "verb" in part.tags and self._takes_verb(part):
            self._frame.verbs.append(part.tags["verb"])
            return True
        return any(role in part.tags and self._take(role, part) for role in self._command_order(part))

    def _is_preposition(self, part: Part) -> bool:
        """Whether it leads a place: "turn off the light on the first floor"."""
        frame = self._frame
        said = (
            frame.particles
            or frame.numbers
            or frame.settings
            or (frame.verbs and frame.verbs[-1] != "switch")
        )
        return part.text in {"on", "out"} and bool(said)

    def _question_order(self, part: Part) -> Iterator[str]:
        if part.text == "in":  # "is Ana in", "is it warm in the bedroom"
            yield "filler"
        if part.text in {"heating", "out"} and not self._frame.kinds and not self._has_entity():
            yield "kind"
        yield from QUESTION_ROLES

    def _has_entity(self) -> bool:
        return any(target.entities for target in self._frame.targets)

    def _command_order(self, part: Part) -> Iterator[str]:
        if "mode" in part.tags and ("mode" in self._frame.settings or MODE_SETTERS & set(self._frame.kinds)):
            yield "mode"
        if {"arm", "disarm"} & set(self._frame.verbs):
            yield "mode"
        yield from COMMAND_ROLES

    def _takes_verb(self, part: Part) -> bool:
        verb = part.tags["verb"]
        if not self._begun:
            return True
        verbs = self._frame.verbs
        if verbs == ["switch"] and verb in {
            *DEGREES,
            "open",
            "close",
            "start",
            "pause",
            "stop",
            "dock",
            "play",
        }:
            return verb not in {"start", "play"} or "kind" not in part.tags
        if verbs == ["start"] and verb == "clean":
            return True
        if verbs == ["dock"]:
            return False
        return not verbs and verb in LATE_VERBS and "kind" not in part.tags

    def _take(self, role: str, part: Part) -> bool:
        frame, value = self._frame, part.tags[role]
        if role == "kind":
            frame.targets[-1].kinds.append(value)
        elif role == "joint":
            if not frame.targets[-1].empty:
                frame.targets.append(Target())
        elif role in {"all", "everywhere", "here"}:
            setattr(frame, role, True)
        elif role == "much":
            frame.numbers.append(f"{value}%")
        elif role == "filler":
            frame.fillers.append(part.text)
        elif role == "verb":
            return part.text == "in"
        else:
            getattr(frame, f"{role}s").append(value)
        return True
