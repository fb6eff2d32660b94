"""The vocabulary of dates and times in one language, with tolerance for slips of the keyboard."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from passfel.nlu.slots.lexicon import Phrases, Tokens, load, tokenize

_SHORTEST_TYPO = 6


@dataclass(frozen=True)
class DateWords:
    """Words and phrases, as `dates.yaml` groups them."""

    raw: Mapping[str, Any]
    weekdays: Mapping[str, int]
    plurals: Mapping[str, int]
    months: Mapping[str, int]
    units: Mapping[str, str]
    sets: Mapping[str, frozenset[str]]
    """Every flat list of the file, by its key."""
    phrases: Mapping[str, Phrases[Any]]
    needs: Mapping[str, frozenset[str]]
    plain_for: Mapping[str, frozenset[str]]
    prefixes: Phrases[str]
    typos: Mapping[str, frozenset[str]]
    starters: frozenset[str]
    """The words that a date, a time, a recurrence or a span may begin with."""

    def phrase(self, name: str, tokens: Tokens, index: int) -> tuple[Any, int] | None:
        """Look up the phrases of that key at a token."""
        return self.phrases[name].at(tokens, index)


@cache
def date_words(language: str = "en") -> DateWords:
    """Load the vocabulary of dates and times."""
    raw = load(language, "dates")
    long_days = {name: number for number, name in enumerate(raw["weekdays"])}
    long_months = {name: number for number, name in enumerate(raw["months"], 1)}
    lists = {key: value for key, value in raw.items() if isinstance(value, list)}
    maps = {key: raw[key] for key in ("relative", "holidays", "adverbs", "which")}
    spoken = {
        key: dict.fromkeys(words, True) for key, words in lists.items() if key not in {"weekdays", "months"}
    }
    return DateWords(
        raw=raw,
        weekdays={**long_days, **raw["weekday_short"], **raw["weekday_careful"]},
        plurals={f"{name}s": number for name, number in long_days.items()},
        months={**long_months, **raw["month_short"]},
        units={word: unit for unit, words in raw["unit_words"].items() for word in words},
        sets={key: frozenset(words) for key, words in lists.items()},
        phrases={key: Phrases(words) for key, words in (maps | spoken).items()},
        needs={key: frozenset(words) for key, words in raw["needs"].items()},
        plain_for={key: frozenset(words) for key, words in raw["plain_for"].items()},
        prefixes=Phrases.of(raw["prefixes"]),
        typos=_slips([*long_days, *long_months, *raw["typo_words"]]),
        starters=_starters(raw),
    )


def _starters(raw: Mapping[str, Any]) -> frozenset[str]:
    lists = (
        "weekdays months coming past every once ordinal_last within half now noon midnight tonight last_night all_day "
        "rest start_of middle_of end_of week_of weekend_of week_number weekend_words"
    )
    maps = "weekday_short weekday_careful month_short relative holidays adverbs which part_words plural_rules periods"
    numbers = load("en", "numbers")
    words = {tokenize(phrase).words[0] for name in lists.split() for phrase in raw[name]}
    words.update(tokenize(phrase).words[0] for name in maps.split() for phrase in raw[name])
    words.update(f"{day}s" for day in raw["weekdays"])
    for name in ("cardinals", "ordinals", "fractions", "fraction_signs", "groups"):
        words.update(numbers[name])
    return frozenset(words | {"a", "an", "in"})


def _slips(words: list[str]) -> dict[str, frozenset[str]]:
    """From every spelling with a letter left out to the long words that have it."""
    slips: dict[str, set[str]] = {}
    for word in words:
        if len(word) >= _SHORTEST_TYPO:
            for spelling in (word, *_shortened(word)):
                slips.setdefault(spelling, set()).add(word)
    return {spelling: frozenset(words) for spelling, words in slips.items()}


def _shortened(word: str) -> Iterator[str]:
    return (word[:place] + word[place + 1 :] for place in range(len(word)))


def date_tokens(text: str) -> Tokens:
    """Cut a text into tokens, with other spellings and slips put right (offsets stay those of the text)."""
    tokens, words = tokenize(text), date_words()
    aliases: dict[str, str] = words.raw["aliases"]
    read = tuple(aliases.get(word) or _without_slip(word, words) for word in tokens.words)
    return tokens if read == tokens.words else Tokens(text, read, tokens.begins, tokens.ends)


def _without_slip(word: str, words: DateWords) -> str:
    if not _SHORTEST_TYPO <= len(word) <= 10 or word in words.plurals or word in words.sets["no_typos"]:
        return word
    if word in words.weekdays or word in words.months:
        return word
    for spelling in (word, *_shortened(word)):
        for candidate in words.typos.get(spelling, ()):
            if candidate[0] == word[0] and _is_one_slip(word, candidate):
                return candidate
    return word


def _is_one_slip(word: str, candidate: str) -> bool:
    """Whether one letter was added, left out, replaced or swapped with its neighbour."""
    if f"{candidate}s" == word:
        return False
    first = next((i for i, (a, b) in enumerate(zip(word, candidate, strict=False)) if a != b), None)
    if first is None:
        return abs(len(word) - len(candidate)) <= 1
    left, right = word[first:], candidate[first:]
    swapped = left[:2] == right[1::-1] and left[2:] == right[2:]
    return swapped or left[1:] == right[1:] or left[1:] == right or left == right[1:]
