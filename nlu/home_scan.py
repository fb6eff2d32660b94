"""The words of a request to the home, each with what it can do in it: names of the home first, then known words."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from passfel.household.home_names import HomeNames, PlaceKind, key_of, singular
from passfel.nlu.language import load
from passfel.nlu.slots.numbers import find_numbers

Role = str
Tags = Mapping[Role, str]
NameKind = Literal["entity", "place"]

LONGEST_PHRASE = 5
_TOKEN = re.compile(r"\d+(?:[.,]\d+)?|[^\W\d_]+(?:'[^\W\d_]+)?|[%°]")


@dataclass(frozen=True, slots=True)
class Token:
    """One word as it was said."""

    text: str
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class Part:
    """Some words of the request and what they are."""

    words: tuple[str, ...]
    tags: Tags
    """Roles that known words can have."""
    entities: tuple[str, ...] = ()
    places: tuple[tuple[PlaceKind, str], ...] = ()
    number: str = ""
    exact: bool = True
    """Whether a name was said in full."""

    @property
    def text(self) -> str:
        """As it was said, in lower case."""
        return " ".join(self.words)


@cache
def known_words() -> Mapping[tuple[str, ...], dict[Role, str]]:
    """Every phrase with its roles."""
    found: dict[tuple[str, ...], dict[Role, str]] = {}
    for role, values in load("en", "home")["words"].items():
        for value, phrases in values.items():
            for phrase in phrases:
                found.setdefault(tuple(phrase.split()), {}).setdefault(role, str(value))
    return found


@cache
def _single_words() -> frozenset[str]:
    return frozenset(word for phrase in known_words() for word in phrase)


def tokens_of(text: str) -> list[Token]:
    """Words, figures and signs, in lower case without accents."""
    found = []
    for match in _TOKEN.finditer(text):
        plain = unicodedata.normalize("NFD", match[0].casefold())
        plain = "".join(mark for mark in plain if unicodedata.category(mark) != "Mn").removesuffix("'s")
        found.append(Token(plain, match.start(), match.end()))
    return found


def scan(text: str, names: HomeNames) -> list[Part] | None:
    """Cut a request into names and known words; None where a word is neither."""
    return _Scanner(text, names).parts()


class _Scanner:
    def __init__(self, text: str, names: HomeNames) -> None:
        self._names = names
        self._tokens = tokens_of(text)
        self._said = [token.text for token in self._tokens]
        self._mended = [self._mend(word) for word in self._said]
        self._numbers = self._find_numbers(text)

    def parts(self) -> list[Part] | None:
        found: list[Part] = []
        index = 0
        while index < len(self._said):
            part = self._longest(index)
            if part is None:
                return None
            found.append(part)
            index += len(part.words)
        return found

    def _mend(self, word: str) -> str:
        if word in _single_words() or singular(word) in self._names.vocabulary or not word.isalpha():
            return word
        return self._names.near(word) or _near_known(word)

    def _find_numbers(self, text: str) -> dict[int, tuple[int, str]]:
        """Numbers by their first token: how many tokens, and the figure."""
        found = {}
        for number in find_numbers(text):
            inside = [
                index
                for index, token in enumerate(self._tokens)
                if number.begin <= token.begin and token.end <= number.end
            ]
            if inside and not self._is_pronoun(inside[0]):
                figure = f"{number.value.normalize():f}" + ("%" if number.is_percent else "")
                found[inside[0]] = (len(inside), figure)
        return found

    def _is_pronoun(self, index: int) -> bool:
        """Whether it is "the one" and no figure."""
        return (
            index > 0
            and self._said[index] == "one"
            and self._said[index - 1] in {"the", "that", "this", "which"}
        )

    def _longest(self, index: int) -> Part | None:
        most = min(len(self._said) - index, max(self._names.longest, LONGEST_PHRASE))
        for size in range(most, 0, -1):
            part = self._named(index, size) or self._known(index, size)
            if part is not None:
                return part
        return self._described(index)

    def _named(self, index: int, size: int) -> Part | None:
        said, words = self._said[index : index + size], self._mended[index : index + size]
        if size > 1 and (words[0] in _LEADING or words[-1] in _LEADING):
            return None
        key = key_of(words)
        tags = known_words().get(tuple(said), {})
        places = tuple(self._names.places.get(key, ()))
        entities = self._entities(key, words, tags)
        if not places and not entities:
            return None
        if size == 1 and not _may_name(tags) and not places:
            return None
        return Part(tuple(said), tags, tuple(entities), places)

    def _entities(self, key: str, words: Sequence[str], tags: Tags) -> list[str]:
        """Entities of this name; "kitchen lights" are all lights of the kitchen where it has several."""
        found = self._names.entities.get(key, [])
        last = words[-1]
        if not found or singular(last) == last:
            return found
        spelled = [
            number
            for number in found
            if any(name.casefold().endswith(last) for name in self._names.home.by_id[number].names)
        ]
        if spelled or (len(words) == 1 and "kind" not in tags):
            return found
        if len(words) == 1 or self._names.places.get(key_of(words[:-1])):
            return []
        return found

    def _known(self, index: int, size: int) -> Part | None:
        if index in self._numbers:
            length, figure = self._numbers[index]
            if length == size:
                return Part(tuple(self._said[index : index + size]), {}, number=figure)
        phrase = tuple(self._said[index : index + size])
        tags = known_words().get(phrase) or known_words().get(tuple(self._mended[index : index + size]))
        if tags is not None:
            return Part(phrase, tags)
        if size == 1 and phrase[0] in {"%", "°"}:
            return Part(phrase, {"unit": "percent" if phrase[0] == "%" else "degrees"})
        return None

    def _described(self, index: int) -> Part | None:
        """Words that only stand in names: "counter" for the Kitchen Counter, with the kind behind it."""
        end = index
        while end < len(self._said) and self._is_of_name(end):
            end += 1
        if end == index:
            return None
        stop = end
        if stop < len(self._said) and "kind" in known_words().get((self._said[stop],), {}):
            stop += 1
        for last in dict.fromkeys((stop, end)):
            found = self._names.described_by(self._mended[index:last])
            if found:
                return Part(tuple(self._said[index:last]), {}, tuple(found), exact=False)
        return None

    def _is_of_name(self, index: int) -> bool:
        word = self._mended[index]
        return self._said[index] not in _single_words() and singular(word) in self._names.vocabulary


_LEADING = frozenset({"the", "a", "an", "my", "our", "in", "on", "at", "of", "to", "and", "all"})


def _may_name(tags: Tags) -> bool:
    """Whether a single word may be a name: not where it is a verb or fills a gap."""
    return not tags or "kind" in tags


@cache
def _near_known(word: str) -> str:
    """A known verb or kind with two letters swapped or one too many, for what is long enough to be sure."""
    if len(word) < 5:
        return word
    swapped = (word[:i] + word[i + 1] + word[i] + word[i + 2 :] for i in range(len(word) - 1))
    shorter = (word[:i] + word[i + 1 :] for i in range(1, len(word)))
    longer = (known for known in _single_words() if len(known) == len(word) + 1 and _is_within(word, known))
    found = {near for near in (*swapped, *shorter) if near in _single_words()} | set(longer)
    return found.pop() if len(found) == 1 else word


def _is_within(word: str, known: str) -> bool:
    return known[0] == word[0] and any(known[:i] + known[i + 1 :] == word for i in range(1, len(known)))
