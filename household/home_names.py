"""Which devices, rooms and floors a name can mean: exact, in other words, and mistyped.

The index is made once for all names of a home, so that a thousand devices cost a sentence no more than ten.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from functools import lru_cache
from itertools import combinations
from typing import Literal

from passfel.household.entity import Area, Entity, Floor, Home
from passfel.household.home_kinds import kind_of, say_kind

ARTICLES = frozenset({"the", "my", "our", "a", "an", "your", "this", "that"})
LONG = 8
"""Letters of a word from which two typing errors are forgiven."""
SHORT = 4
"""Letters of a word below which none is."""

UPPER = ("upstairs", "upper floor", "top floor")
LOWER = ("downstairs", "lower floor")
RANKS = {"cellar": -1, "basement": -1, "ground": 0, "main": 0, "first": 1, "second": 2, "third": 3}
RANKS |= {"1st": 1, "2nd": 2, "3rd": 3, "attic": 9, "loft": 9}

PlaceKind = Literal["area", "floor"]


@lru_cache(8192)
def fold(text: str) -> tuple[str, ...]:
    """Words in lower case, without accents, possessives and marks."""
    plain = unicodedata.normalize("NFD", text.casefold().replace("’", "'"))
    plain = "".join(mark for mark in plain if unicodedata.category(mark) != "Mn")
    words = re.findall(r"\w+(?:'\w+)?", plain.replace("_", " "))
    return tuple(word.removesuffix("'s") for word in words)


@lru_cache(8192)
def singular(word: str) -> str:
    """One of them: "switches" is "switch", "lights" is "light"."""
    if len(word) < 4 or word.endswith("ss") or not word.endswith("s"):
        return word
    if word.endswith(("ches", "shes", "xes", "sses")):
        return word[:-2]
    return word[:-3] + "y" if word.endswith("ies") and len(word) > 4 else word[:-1]


def is_plural(said: str, entities: Iterable[Entity]) -> bool:
    """Whether all of one name are meant: "the reading lamps" for two that are called Reading Lamp."""
    last = (fold(said) or ("",))[-1]
    names = [name.casefold() for entity in entities for name in entity.names]
    return singular(last) != last and not any(name.endswith(last) for name in names)


def key_of(words: Iterable[str]) -> str:
    """What is the same for "bed room lights" and "Bedroom Light"."""
    return "".join(singular(word) for word in words if word not in ARTICLES)


class HomeNames:
    """The names of one home; immutable."""

    def __init__(self, home: Home) -> None:
        """Index all names."""
        self.home = home
        self.entities: dict[str, list[str]] = defaultdict(list)
        """Ids by the key of a name."""
        self.places: dict[str, list[tuple[PlaceKind, str]]] = defaultdict(list)
        self.longest = 1
        """Words of the longest name."""
        self._words: dict[str, set[str]] = defaultdict(set)
        self._place_words = frozenset(
            singular(word)
            for place in (*home.areas, *home.floors)
            for name in place.names
            for word in fold(name)
        )
        self._described: dict[str, frozenset[str]] = {}
        self._parts: dict[str, list[frozenset[str]]] = {}
        for entity in home.entities:
            self._add_entity(entity)
        for area in home.areas:
            self._add_place("area", area.area_id, area.names)
        for floor in home.floors:
            self._add_place("floor", floor.floor_id, tuple(_floor_names(floor)))
        self._add_levels()
        self.vocabulary = frozenset(self._words) | self._place_words
        """Every word of every name, in the singular."""
        self._typos = _deletions(self.vocabulary)

    def over(self, home: Home) -> "HomeNames":
        """The same names over the states of now; `home` must be of the same version."""
        if home is self.home:
            return self
        fresh = copy(self)
        fresh.home = home
        return fresh

    def _add_entity(self, entity: Entity) -> None:
        parts = []
        for name in entity.names:
            words = fold(name)
            if not words:
                continue
            ids = self.entities[key_of(words)]
            if entity.entity_id not in ids:
                ids.append(entity.entity_id)
            self.longest = max(self.longest, len(words))
            part = frozenset(singular(word) for word in words if word not in ARTICLES)
            parts.append(part)
            for word in part:
                self._words[word].add(entity.entity_id)
        self._parts[entity.entity_id] = parts
        around = {*fold(self.home.room(entity)), *fold(say_kind(kind_of(entity))), *fold(entity.domain)}
        self._described[entity.entity_id] = frozenset(singular(word) for word in around)

    def _add_place(self, kind: PlaceKind, number: str, names: Sequence[str]) -> None:
        for name in names:
            words = fold(name)
            if words and (kind, number) not in self.places[key_of(words)]:
                self.places[key_of(words)].append((kind, number))
                self.longest = max(self.longest, len(words))

    def _add_levels(self) -> None:
        """Call every floor above the one with the front door "upstairs", where no floor is called so."""
        ranked = sorted(
            (rank, floor.floor_id) for floor in self.home.floors if (rank := _rank(floor)) is not None
        )
        if len(ranked) < 2:
            return
        entry = next((rank for rank, _ in ranked if rank >= 0), ranked[0][0])
        for names, floors in (
            (UPPER, [number for rank, number in ranked if rank > entry]),
            (LOWER, [number for rank, number in ranked if rank == entry]),
        ):
            for name in names:
                key = key_of(fold(name))
                if not self.places[key]:
                    self.places[key] = [("floor", number) for number in floors]

    def near(self, word: str) -> str | None:
        """The one word of a name that `word` is, mistyped; None where there is none or are several."""
        word = singular(word)
        if len(word) < SHORT or word.isdigit():
            return None
        found = {known for part in _shortened(word) for known in self._typos.get(part, ())}
        found = {known for known in found if known[0] == word[0] and abs(len(known) - len(word)) < 3}
        if len(found) > 1:
            best = min(_distance(word, known) for known in found)
            found = {known for known in found if _distance(word, known) == best}
        return found.pop() if len(found) == 1 else None

    def place_ids(self, words: Sequence[str]) -> list[tuple[PlaceKind, str]]:
        """The rooms and floors of this name, mistyped or not."""
        found = self.places.get(key_of(words))
        if not found:
            mended = [
                self.near(word) or word if singular(word) not in self._place_words else word for word in words
            ]
            found = self.places.get(key_of(mended))
        return list(found or ())

    def entity_ids(self, words: Sequence[str]) -> list[str]:
        """The entities of exactly this name, mistyped or not."""
        found = self.entities.get(key_of(words))
        if not found:
            mended = [word if singular(word) in self._words else self.near(word) or word for word in words]
            found = self.entities.get(key_of(mended))
        return list(found or ())

    def described_by(self, words: Sequence[str]) -> list[str]:
        """Entities that have all these words in their name, their room or their kind; the best such.

        A word at least is of the name, and of two names the one with fewer other words is meant.
        """
        said = {singular(word) for word in words if word not in ARTICLES}
        named = {word if word in self._words else self.near(word) or word for word in said}
        candidates = set().union(*(self._words.get(word, set()) for word in named)) if named else set()
        scored = [(score, number) for number in candidates if (score := self._score(number, named)) > 0]
        best = max((score for score, _ in scored), default=0.0)
        return sorted(number for score, number in scored if score == best)

    def _score(self, number: str, said: set[str]) -> float:
        around, best = self._described[number], 0.0
        for part in self._parts[number]:
            if said <= part | around and said & part:
                best = max(best, len(said & part) / len(part))
        return best

    def entities_in(self, places: Iterable[tuple[PlaceKind, str]]) -> set[str]:
        """The entities of rooms and floors."""
        areas = {number for kind, number in places if kind == "area"}
        floors = {number for kind, number in places if kind == "floor"}
        areas |= {area.area_id for area in self.home.areas if area.floor_id in floors}
        return {entity.entity_id for entity in self.home.entities if entity.area_id in areas}

    def say_apart(self, entity: Entity) -> str:
        """A device told apart from others of its name, by its room."""
        room = self.home.room(entity)
        if room and room.casefold() not in entity.name.casefold():
            return f"the {entity.name} in the {room}"
        return f"the {entity.name}"

    def say_places(self, places: Iterable[tuple[PlaceKind, str]]) -> str:
        """Rooms and floors by their own names."""
        names = []
        for kind, number in places:
            found: Area | Floor = self.home.area_of[number] if kind == "area" else self.home.floor_of[number]
            names.append(found.name)
        return " and ".join(names)


def _floor_names(floor: Floor) -> Iterator[str]:
    for name in floor.names:
        yield name
        words = fold(name)
        if words and words[-1] != "floor" and len(words) == 1 and not words[0].endswith("stairs"):
            yield f"{name} floor"


def _rank(floor: Floor) -> int | None:
    if floor.level is not None:
        return floor.level
    words = {word for name in floor.names for word in fold(name)}
    return next((rank for word, rank in RANKS.items() if word in words), None)


def _deletions(words: Iterable[str]) -> dict[str, set[str]]:
    """Every word under itself with one letter left out (two in a long one): how mistyped words are looked up."""
    index: dict[str, set[str]] = defaultdict(set)
    for word in words:
        if len(word) >= SHORT and not word.isdigit():
            for part in _shortened(word):
                index[part].add(word)
    return index


@lru_cache(8192)
def _shortened(word: str) -> frozenset[str]:
    parts = {word} | {word[:index] + word[index + 1 :] for index in range(len(word))}
    if len(word) >= LONG:
        for first, second in combinations(range(len(word)), 2):
            parts.add(word[:first] + word[first + 1 : second] + word[second + 1 :])
    return frozenset(parts)


def _distance(word: str, other: str) -> int:
    """Letters to insert, leave out, change or swap with their neighbour (optimal string alignment)."""
    rows = [list(range(len(other) + 1))]
    for i, letter in enumerate(word, 1):
        row = [i]
        for j, wanted in enumerate(other, 1):
            least = min(row[j - 1] + 1, rows[i - 1][j] + 1, rows[i - 1][j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and word[i - 2] == wanted:
                least = min(least, rows[i - 2][j - 2] + 1)
            row.append(least)
        rows.append(row)
    return rows[-1][-1]
