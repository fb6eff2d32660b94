"""Numbers in digits and in words, read at a token."""

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from passfel.nlu.slots.lexicon import Phrases, Tokens, load

_DIGITS = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?(?![0-9])|[0-9]+(?:\.[0-9]+)?|\.[0-9]+")
_LONGEST = 40
_BELOW = frozenset({"2", "3", "4", "5", "6", "8", "10", "16"})
"""What a typed fraction may have under its bar: "2 1/2 cups", but not the date 23/11."""


@dataclass(frozen=True)
class NumberWords:
    """The vocabulary of numbers in one language."""

    cardinals: dict[str, int]
    scales: dict[str, int]
    suffixes: dict[str, int]
    groups: dict[str, int]
    ordinals: dict[str, int]
    ordinal_suffixes: frozenset[str]
    fractions: dict[str, int]
    signs: dict[str, Decimal]
    half: frozenset[str]
    point: frozenset[str]
    joint: frozenset[str]
    article: frozenset[str]
    negative: frozenset[str]
    of: frozenset[str]
    percent: Phrases[bool]


@cache
def number_words(language: str = "en") -> NumberWords:
    """Load the vocabulary of numbers."""
    raw = load(language, "numbers")
    return NumberWords(
        cardinals=raw["cardinals"],
        scales=raw["scales"],
        suffixes=raw["suffixes"],
        groups=raw["groups"],
        ordinals=raw["ordinals"],
        ordinal_suffixes=frozenset(raw["ordinal_suffixes"]),
        fractions=raw["fractions"],
        signs={sign: Decimal(value) for sign, value in raw["fraction_signs"].items()},
        half=frozenset(raw["half"]),
        point=frozenset(raw["point"]),
        joint=frozenset(raw["and"]),
        article=frozenset(raw["a"]),
        negative=frozenset(raw["negative"]),
        of=frozenset(raw["of"]),
        percent=Phrases(dict.fromkeys(raw["percent"], True)),
    )


def read_small(tokens: Tokens, index: int) -> tuple[int, int] | None:
    """Read a whole number from 0 to 99, in one or two digits or in words."""
    word = tokens.word(index)
    if word.isascii() and word.isdigit():
        return (int(word), index + 1) if len(word) <= 2 else None
    return read_small_word(tokens, index)


def read_small_word(tokens: Tokens, index: int) -> tuple[int, int] | None:
    """Read a number from 0 to 99 said in words: "twenty-five", "six"."""
    cardinals = number_words().cardinals
    value = cardinals.get(tokens.word(index))
    if value is None:
        return None
    after = index + 1
    if value >= 20:
        unit = after + (tokens.word(after) == "-")
        if 0 < cardinals.get(tokens.word(unit), 0) < 10:
            return value + cardinals[tokens.word(unit)], unit + 1
    return value, after


def read_ordinal(tokens: Tokens, index: int) -> tuple[int, int] | None:
    """Read "23rd", "third" or "twenty-third"."""
    words, word = number_words(), tokens.word(index)
    if word.isascii() and word.isdigit():
        suffixed = tokens.word(index + 1) in words.ordinal_suffixes and tokens.glued(index + 1)
        return (int(word), index + 2) if suffixed and len(word) <= 3 else None
    if word in words.ordinals:
        return words.ordinals[word], index + 1
    if words.cardinals.get(word, 0) >= 20:
        unit = index + 1 + (tokens.word(index + 1) == "-")
        if 0 < words.ordinals.get(tokens.word(unit), 0) < 10:
            return words.cardinals[word] + words.ordinals[tokens.word(unit)], unit + 1
    return None


def read_digits(tokens: Tokens, index: int) -> tuple[Decimal, int] | None:
    """Read "12", "1,200.50", "1.5", ".5"."""
    word = tokens.word(index)
    if not (word.isascii() and word.isdigit()) and word != ".":
        return None
    match = _DIGITS.match(tokens.text, tokens.begins[index])
    if not match or match.end() - match.start() > _LONGEST:
        return None
    return Decimal(match.group().replace(",", "")), tokens.index_by_end[match.end()]


def read_words(tokens: Tokens, index: int, group: int = -1) -> tuple[Decimal, int] | None:
    """Read a number said in words: "two hundred and six", "three million", "one point five".

    Args:
        tokens: the sentence.
        index: where to begin.
        group: what was read before, below a thousand (1 for the article of "a hundred"); -1 for nothing.
    """
    words = number_words()
    total, after = 0, index
    while True:
        word = tokens.word(after)
        if word in words.scales and group >= 0:
            scale = words.scales[word]
            total, group = (total, group * scale) if scale == 100 else (total + group * scale, 0)
            after += 1
        elif word in words.joint and group >= 0 and tokens.word(after - 1) in words.scales:
            small = read_small_word(tokens, after + 1)
            if not small:
                break
            group, after = group + small[0], small[1]
        elif small := read_small_word(tokens, after):
            if group > 0 and (group % 100 or small[0] == 0):
                break
            if group == 0 and total == 0:
                break
            group, after = max(group, 0) + small[0], small[1]
        else:
            break
    if after == index:
        return None
    return _read_point(tokens, Decimal(total + group), after)


def _read_point(tokens: Tokens, value: Decimal, after: int) -> tuple[Decimal, int]:
    words = number_words()
    digits, end = "", after + 1
    if tokens.word(after) in words.point:
        while 0 <= words.cardinals.get(tokens.word(end), -1) < 10 and len(digits) < _LONGEST:
            digits += str(words.cardinals[tokens.word(end)])
            end += 1
    return (value + Decimal(f"0.{digits}"), end) if digits else (value, after)


def _read_simple(tokens: Tokens, index: int) -> tuple[Decimal, int] | None:
    """Read digits or words, or an article before a scale or a dozen ("a hundred")."""
    words = number_words()
    if tokens.word(index) in words.article:
        following = tokens.word(index + 1)
        if following in words.scales:
            return read_words(tokens, index + 1, group=1)
        if following in words.groups:
            return Decimal(words.groups[following]), index + 2
        return None
    found = read_digits(tokens, index) or read_words(tokens, index)
    if not found:
        return None
    value, after = found
    word = tokens.word(after)
    if word in words.suffixes and tokens.glued(after):
        return value * words.suffixes[word], after + 1
    if word in words.scales or word in words.groups:
        return value * (words.scales.get(word) or words.groups[word]), after + 1
    return value, after


def _read_fraction(tokens: Tokens, index: int) -> tuple[Decimal, int] | None:
    """Read what stands for a part: "½", "1/2", "half", "three quarters"."""
    words, word = number_words(), tokens.word(index)
    if word in words.signs:
        return words.signs[word], index + 1
    if word in words.half:
        return Decimal("0.5"), index + 1
    below = words.fractions.get(tokens.word(index + 1), 0)
    if word in words.article and (below in (2, 4) or (below and tokens.word(index + 2) in words.of)):
        return Decimal(1) / words.fractions[tokens.word(index + 1)], index + 2
    small = read_small(tokens, index)
    if not small or not 0 < small[0] < 20:
        return None
    top, after = small
    if tokens.word(after) in words.fractions and tokens.word(after) != "second":
        return Decimal(top) / words.fractions[tokens.word(after)], after + 1
    if (
        tokens.word(after) == "/"
        and tokens.word(after + 1) in {"2", "3", "4", "5", "6", "8", "10", "16"}
        and word.isdigit()
    ):
        return Decimal(top) / int(tokens.word(after + 1)), after + 2
    return None


def read_number(tokens: Tokens, index: int) -> tuple[Decimal, int] | None:
    """Read a number: digits, words, a dozen, a half, "one and a half", "2 1/2"."""
    words = number_words()
    part = _read_fraction(tokens, index)
    if part:
        return part
    found = _read_simple(tokens, index)
    if not found:
        return None
    value, after = found
    behind = after + 1 if tokens.word(after) in words.joint else after
    part = _read_fraction(tokens, behind)
    if part and part[0] < 1 and value == int(value) and not _lone_half(tokens, behind, after):
        return value + part[0], part[1]
    return found


def _lone_half(tokens: Tokens, behind: int, after: int) -> bool:
    """Whether "half" merely follows a number ("4 half litre bottles") and is no part of it."""
    return behind == after and tokens.word(behind) in number_words().half
