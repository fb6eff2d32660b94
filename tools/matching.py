"""Which of the household's things is meant: "the dentist" among titles and names."""

import re
from collections.abc import Callable, Iterable
from difflib import SequenceMatcher
from typing import TypeVar

from passfel.household.errors import NotFoundError, RequestError
from passfel.household.wording import say_list

Item = TypeVar("Item")

FILLER = frozenset(
    {"the", "my", "our", "a", "an", "with", "to", "for", "of", "at", "on", "about"}
    | {"appointment", "meeting", "event"}
)
ALIKE = 0.8
"""Words at least this similar count as one word mistyped."""
GOOD = 0.5
"""The share of the asked words that a title must have."""


def words_of(text: str) -> list[str]:
    """The words that carry meaning, in lower case; all of them when nothing else is left."""
    words = re.findall(r"[\w'’&+.-]+", text.casefold())
    return [word.strip(".'’-") for word in words if word not in FILLER] or words


def likeness(asked: str, title: str) -> float:
    """How well `title` answers to `asked`: 1.0 for the same words, 0.0 for nothing in common."""
    wanted, there = words_of(asked), words_of(title)
    if not wanted or not there:
        return 0.0
    if wanted == there:
        return 1.0
    found = sum(max(_alike(word, other) for other in there) for word in wanted)
    if all(max(_alike(word, other) for word in wanted) == 1.0 for other in there):
        return max(0.6, 0.95 * found / len(wanted))  # "yoga classes" for "yoga"
    return 0.95 * found / len(wanted) + 0.04 * min(1.0, len(wanted) / len(there))


def best_matches(asked: str, items: Iterable[Item], title: Callable[[Item], str]) -> list[Item]:
    """The items that fit about equally well, the best first; empty when none fits."""
    scored = sorted(((likeness(asked, title(item)), item) for item in items), key=lambda pair: -pair[0])
    if not scored or scored[0][0] < GOOD:
        return []
    return [item for score, item in scored if score >= max(GOOD, scored[0][0] - 0.1)]


def the_one(asked: str, items: Iterable[Item], title: Callable[[Item], str], *, kind: str) -> Item:
    """The single item that is meant.

    Raises:
        NotFoundError: none fits.
        RequestError: several fit equally; the sentence names them, for the person to choose.
    """
    matches = best_matches(asked, items, title)
    if not matches:
        raise NotFoundError(f"I found no {kind} called “{asked}”.")
    names = list(dict.fromkeys(title(item) for item in matches))
    if len(names) > 1 and likeness(asked, names[0]) < 1.0:
        raise RequestError(f"Which {kind} do you mean: {say_list(names[:4], 'or')}?")
    return matches[0]


def _alike(word: str, other: str) -> float:
    if word == other:
        return 1.0
    if len(word) > 3 and len(other) > 3 and (word.startswith(other) or other.startswith(word)):
        return 0.9
    ratio = SequenceMatcher(None, word, other).ratio() if min(len(word), len(other)) > 3 else 0.0
    return ratio if ratio >= ALIKE else 0.0
