"""Which of the household's things is meant: "the dentist" among titles and names.

Two measures. A look-up is generous: something near is better than nothing. A change is strict: every
word that was said must be in the title, and whatever only comes near is asked about.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Generic, TypeVar

from passfel.household.errors import NotFoundError, RequestError
from passfel.household.wording import say_list

Item = TypeVar("Item")

ARTICLES = frozenset({"the", "my", "our", "a", "an"})
FILLER = ARTICLES | {"with", "to", "for", "of", "at", "on", "about", "appointment", "meeting", "event"}
OCCASIONS = frozenset(
    {"class", "classes", "lesson", "lessons", "session", "sessions", "practice", "training"}
    | {"booking", "reservation", "visit", "appointments", "meetings", "events"}
)
"""What people add to a name without meaning another thing: "yoga classes" for "yoga"."""
KINDS = frozenset({"task", "note", "contact", "reminder"})
UNNAMED = frozenset(
    {"it", "that", "this", "them", "these", "those", "everything", "all", "anything", "something", "nothing"}
    | {"both", "one", "ones", "every", "whole", "last", "lot", "thing", "things", "stuff", "rest", "same"}
)
"""Words that point, and never name."""
ALIKE = 0.8
"""Words at least this similar count as one word mistyped."""
GOOD = 0.5
"""The share of the asked words that a title must have to come near."""
ENDINGS = ("s", "es", "ing", "ming", "ning", "ed", "er")
"""Forms of one word: "swim" and "swimming"."""


@dataclass(frozen=True, slots=True)
class Naming(Generic[Item]):
    """How things of one kind are named in a request that changes one, and in a question back."""

    kind: str
    """In the household's words: appointment, open task."""
    title: Callable[[Item], str]
    """What the asked words are looked for in."""
    say: Callable[[Item], str]
    """One item told apart from the others: "dentist, Friday 27 November, 15:00 to 16:00"."""
    request: str
    """What to say to mean it, around its name: "cancel {}"."""
    name: Callable[[Item], str] | None = None
    """Its name for `request`, where that is not its title."""

    def example(self, item: Item) -> str:
        """The request that means this item."""
        return self.request.format((self.name or self.title)(item))


def words_of(text: str) -> list[str]:
    """The words that carry meaning, in lower case; all but articles when nothing else is left."""
    words = all_words(text)
    return (
        [word for word in words if word not in FILLER]
        or [word for word in words if word not in ARTICLES]
        or words
    )


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
    """For look-ups: the items that fit about equally well, the best first; empty when none fits."""
    scored = sorted(((likeness(asked, title(item)), item) for item in items), key=lambda pair: -pair[0])
    if not scored or scored[0][0] < GOOD:
        return []
    return [item for score, item in scored if score >= max(GOOD, scored[0][0] - 0.1)]


def named(asked: str, items: Sequence[Item], naming: Naming[Item]) -> list[Item]:
    """For changes: the items whose title has every asked word, only the best such; at least one.

    Raises:
        NotFoundError: none has, and none comes near.
        RequestError: the words name nothing, or only come near; the sentence says what was found.
    """
    ranked = [(_fit(asked, naming.title(item)), item) for item in items]
    best = max((rank for rank, _ in ranked), default=0)
    if best:
        return [item for rank, item in ranked if rank == best]
    if points_only(asked):
        raise RequestError(f"Which {naming.kind} do you mean? Say its name, please.")
    near = best_matches(asked, items, naming.title)
    if near:
        raise RequestError(
            f"I found no {naming.kind} called “{asked}”. Do you mean {naming.say(near[0])}?"
            f" Say “{naming.example(near[0])}”."
        )
    raise NotFoundError(f"I found no {naming.kind} called “{asked}”.")


def the_one(asked: str, items: Sequence[Item], naming: Naming[Item]) -> Item:
    """For changes: the single item that is meant.

    Raises:
        NotFoundError: none fits.
        RequestError: several fit equally, or one only comes near; the sentence names them.
    """
    found = named(asked, items, naming)
    different = list({(naming.say(item), naming.title(item)): item for item in reversed(found)}.values())[
        ::-1
    ]
    if len(different) > 1:
        choices = say_list([naming.say(item) for item in different[:4]], "or")
        raise RequestError(
            f"Which {naming.kind} do you mean: {choices}? Say, for example, “{naming.example(different[0])}”."
        )
    return found[0]


def points_only(asked: str) -> bool:
    """Whether the words only point ("it", "all of them") and name nothing."""
    return all(word in UNNAMED for word in words_of(asked))


def same_word(word: str, other: str) -> bool:
    """Whether two words are one, perhaps mistyped; the beginning of a longer word is another word."""
    if word == other:
        return True
    short, long = sorted((word, other), key=len)
    if len(short) < 4:
        return False
    if long.startswith(short):
        return long[len(short) :] in ENDINGS
    return SequenceMatcher(None, word, other).ratio() >= ALIKE


def _fit(asked: str, title: str) -> int:
    """How surely a title is meant: 4 the very title, 3 every word in it, 2 with typing errors, 1 and a word more."""
    if asked.strip().casefold() == title.strip().casefold() and not _pronouns(asked):
        return 4
    if points_only(asked):
        return 0
    wanted, there = words_of(asked), all_words(title)
    wanted = [word for word in wanted if word not in KINDS] or wanted
    if wanted == words_of(title):
        return 4
    if all(word in there for word in wanted):
        return 3
    names = _names(title)
    if all(word in there or any(same_word(word, o) for o in there if o not in names) for word in wanted):
        return 2
    more = [word for word in wanted if word not in there]
    return 1 if set(more) <= OCCASIONS and set(words_of(title)) <= set(wanted) else 0


def _pronouns(asked: str) -> bool:
    """Nothing but "it" or "all of that": even where something is called so, nobody surely means it."""
    return set(all_words(asked)) <= UNNAMED | ARTICLES | {"of"} and bool(all_words(asked))


def _names(title: str) -> set[str]:
    """Words with a capital: a letter more or less makes another person of them (Maria, Mario)."""
    return {word for part in re.split(r"[\s,]+", title) if part[:1].isupper() for word in all_words(part)}


def all_words(text: str) -> list[str]:
    """Words in lower case without accents, and pictures one by one."""
    plain = "".join(mark for mark in unicodedata.normalize("NFD", text.casefold()) if not _accent(mark))
    plain = unicodedata.normalize("NFC", plain.replace("’", "'"))
    words = [word.strip(".'-").removesuffix("'s") for word in re.findall(r"[\w'&+.-]+", plain)]
    return [word for word in words if word] + [mark for mark in plain if unicodedata.category(mark) == "So"]


def _accent(mark: str) -> bool:
    return "\u0300" <= mark <= "\u036f"


def _alike(word: str, other: str) -> float:
    if word == other:
        return 1.0
    if len(word) > 3 and len(other) > 3 and (word.startswith(other) or other.startswith(word)):
        return 0.9
    ratio = SequenceMatcher(None, word, other).ratio() if min(len(word), len(other)) > 3 else 0.0
    return ratio if ratio >= ALIKE else 0.0
