"""Find quantities with their units (by pint's names), without importing pint."""

from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

from passfel.nlu.slots.amounts import Amount, find_amounts
from passfel.nlu.slots.cardinals import number_words, read_number
from passfel.nlu.slots.lexicon import Phrases, Tokens, load, tokenize

__all__ = ["Amount", "Quantity", "find_amounts", "find_quantities", "read_unit", "unit_names"]


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its unit."""

    text: str
    begin: int
    end: int
    value: Decimal
    unit: str
    """As pint's default registry names it: "kilometer", "degree_Celsius", "meter**2"."""


@dataclass(frozen=True)
class _Smaller:
    unit: str
    of: int
    bare: bool = False
    """Whether its name may be left out: "6 ft 2"."""


@dataclass(frozen=True)
class _Units:
    words: Phrases[str]
    signs: Phrases[str]
    smaller: dict[str, _Smaller]
    feet: frozenset[str]
    inches: frozenset[str]
    between: Phrases[bool]
    careful: dict[str, frozenset[str]]


@cache
def _units(language: str = "en") -> _Units:
    raw = load(language, "units")
    words: dict[str, str] = {}
    signs: dict[str, str] = {}
    for unit, names in raw["units"].items():
        words.update(dict.fromkeys(spellings(names), unit))
        signs.update(dict.fromkeys(names.get("signs", ()), unit))
    return _Units(
        words=Phrases(words),
        signs=Phrases({**signs, **words}),
        smaller={unit: _Smaller(**entry) for unit, entry in raw["smaller"].items()},
        feet=frozenset(raw["feet"]),
        inches=frozenset(raw["inches"]),
        between=Phrases(dict.fromkeys(raw["between"], True)),
        careful={sign: frozenset(after) for sign, after in raw["careful"].items()},
    )


def spellings(names: dict[str, Any]) -> list[str]:
    """The singular and plural words of an entry; plurals get an "s" where none are given."""
    singular: list[str] = names["words"]
    return [
        *singular,
        *names.get("plurals", ()),
        *(f"{word}s" for word in singular if not word.endswith("s")),
    ]


def unit_names(language: str = "en") -> frozenset[str]:
    """Every unit that can be emitted."""
    return frozenset(load(language, "units")["units"])


def read_unit(text: str) -> str | None:
    """Read a whole text as the name of a unit: "miles" is "mile", "°c" is "degree_Celsius"."""
    tokens = tokenize(text)
    start = 1 if tokens.word(0) in number_words().article or tokens.word(0) == "the" else 0
    found = _units().signs.at(tokens, start)
    return found[0] if found and found[1] == len(tokens.words) else None


def find_quantities(text: str) -> list[Quantity]:
    """Find every number with a unit, in the order of the sentence: "10 km", "2 1/2 cups", feet and inches, "6 ft 2"."""
    tokens = tokenize(text)
    found: list[Quantity] = []
    index = 0
    while index < len(tokens.words):
        read = _read_height(tokens, index) or _read_quantity(tokens, index)
        if not read:
            index += 1
            continue
        value, unit, after = read
        first = index - 1 if _is_negative(tokens, index) else index
        begin, end = tokens.begins[first], tokens.ends[after - 1]
        found.append(Quantity(text[begin:end], begin, end, -value if first < index else value, unit))
        index = after
    return found


def _is_negative(tokens: Tokens, index: int) -> bool:
    before = tokens.word(index - 1)
    dash = before in {"-", "−"} and tokens.glued(index) and not tokens.glued(index - 1)
    return dash or before in number_words().negative


def _read_height(tokens: Tokens, index: int) -> tuple[Decimal, str, int] | None:
    """Read 5'11 and 5'11", in inches, so that nothing is rounded."""
    units, word = _units(), tokens.word(index)
    if not (word.isascii() and word.isdigit() and tokens.word(index + 1) in units.feet and len(word) < 3):
        return None
    inches = tokens.word(index + 2)
    if not (inches.isascii() and inches.isdigit() and len(inches) < 3 and int(inches) < 12):
        return None
    after = index + 3
    if tokens.word(after) in units.inches:
        after += 1
    elif tokens.words[after : after + 2] == ("'", "'"):
        after += 2
    return Decimal(int(word) * 12 + int(inches)), "inch", after


def _read_quantity(tokens: Tokens, index: int) -> tuple[Decimal, str, int] | None:
    read = _read_one(tokens, index)
    if not read:
        return None
    value, unit, after = read
    smaller = _units().smaller.get(unit)
    if not smaller:
        return read
    behind = after + 1 if tokens.word(after) in number_words().joint else after
    second = _read_one(tokens, behind)
    if second and second[1] == smaller.unit and second[0] < smaller.of:
        return value * smaller.of + second[0], smaller.unit, second[2]
    number = read_number(tokens, after) if smaller.bare else None
    if number and number[0] < smaller.of and not _is_counted(tokens, number[1]):
        return value * smaller.of + number[0], smaller.unit, number[1]
    return read


def _is_counted(tokens: Tokens, after: int) -> bool:
    """Whether a bare number belongs to what follows it: "6 ft 2 times"."""
    return tokens.word(after).isalpha() and tokens.word(after) not in {"tall", "to", "in", "and", "please"}


def _read_one(tokens: Tokens, index: int) -> tuple[Decimal, str, int] | None:
    """Read a number or an article, and a unit."""
    units = _units()
    number = read_number(tokens, index)
    if not number:
        found = units.words.at(tokens, index + 1) if tokens.word(index) in number_words().article else None
        return (Decimal(1), *found) if found else None
    value, after = number
    if tokens.word(after) == "-" and tokens.glued(after):
        after += 1
    between = units.between.at(tokens, after)
    after = between[1] if between else after
    if tokens.word(after) in number_words().article and value < 1:  # half a cup
        after += 1
    found = units.signs.at(tokens, after)
    if found and not _is_unit(tokens, after, found[1]):
        return None
    if not found and tokens.text[tokens.begins[index] : tokens.ends[after - 1]].endswith(("m", "k")):
        return _unglue(tokens, index)
    return (value, *found) if found else None


def _is_unit(tokens: Tokens, begin: int, after: int) -> bool:
    """Whether a sign stands there as a unit: "in" not as the preposition."""
    followers = _units().careful.get(tokens.word(begin))
    return (
        followers is None
        or after != begin + 1
        or after == len(tokens.words)
        or tokens.word(after) in followers
    )


def _unglue(tokens: Tokens, index: int) -> tuple[Decimal, str, int] | None:
    """Read "5m" as metres, which as a number would be five million."""
    word = tokens.word(index)
    if word.isascii() and word.isdigit() and tokens.word(index + 1) == "m":
        return Decimal(word), "meter", index + 2
    return None


def is_unit_at(tokens: Tokens, index: int) -> bool:
    """Whether a unit of measure stands at that token ("at 4 degrees" is no time of day)."""
    found = _units().signs.at(tokens, index)
    return bool(found) and _is_unit(tokens, index, found[1] if found else index)
