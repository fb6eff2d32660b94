"""What a free slot must be like: a template takes any words, and these say which ones it means.

A wrong guess costs more than a question, so whatever looks like a date that was not read, or like
another request, makes the reading fall away.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from passfel.household.secrets import secret_in
from passfel.nlu.facts import asks_for_fact, read_fact
from passfel.nlu.language import load
from passfel.nlu.slots.date_words import date_words
from passfel.nlu.slots.person import read_person
from passfel.nlu.slots.when import When

LONGEST_TITLE = 12
"""Words of a title; whoever says more says something else."""
LONGEST_ITEM = 30
_ARTICLES = frozenset({"the", "a", "an", "my", "our"})
_FRACTION = re.compile(r"\d\s*[/:.-]\s*\d|(?:^|\s)\d{1,2}(?:st|nd|rd|th)?$|@")
_FORM = re.compile(r"(?i)[a-z]{2,}ed")


@dataclass(frozen=True, slots=True)
class Said:
    """The words of one free slot."""

    text: str
    begin: int
    whens: Sequence[When]
    """Every date and time of the utterance."""

    @property
    def words(self) -> list[str]:
        """In lower case, without the marks around them."""
        return [word for word in (raw.strip(',.;:!?"()').casefold() for raw in self.text.split()) if word]

    def inside(self) -> list[When]:
        """The days and times that lie within the slot."""
        end = self.begin + len(self.text)
        return [
            when
            for when in self.whens
            if self.begin <= when.begin and when.end <= end and (when.has_day or when.has_time)
        ]


def fits(name: str, said: Said) -> bool:
    """Whether the words can be what the template takes them for."""
    return _CONDITIONS[name](said)


@cache
def words(name: str) -> frozenset[str]:
    """One list of `words.yaml`."""
    lists: Mapping[str, list[str]] = load("en", "words")
    return frozenset(lists[name])


def is_in_evening(title: str) -> bool:
    """Whether what is called so begins in the evening when a bare hour is said."""
    return bool(_folded(title) & words("evening"))


def _folded(text: str) -> set[str]:
    return {word.strip(",.;:!?").casefold() for word in text.split()}


def _is_timeless(said: Said) -> bool:
    """No date or time is left in it, but for a day that is part of a name ("Sunday roast")."""
    if _FRACTION.search(said.text) or words("not_inside").intersection(said.words):
        return False
    return all(_is_named(when, said) for when in said.inside())


def _is_named(when: When, said: Said) -> bool:
    """A bare "Sunday" or "Christmas" with nothing but an article before it, and its noun behind it."""
    before = said.text[: when.begin - said.begin].split()
    behind = said.text[when.end - said.begin :].split()
    one = " " not in when.text or when.text.casefold() in date_words().raw["holidays"]
    if when.has_time or when.rule or when.grain != "day" or not one or not behind:
        return False
    if before and before[-1].casefold() not in _ARTICLES:
        return False
    follower = behind[0].casefold().strip(",")
    return follower.isalpha() and follower not in words("not_first") | words("not_last")


def _is_title(said: Said) -> bool:
    """The name of an appointment."""
    tokens = said.words
    named = tokens[1:] if tokens and tokens[0] in _ARTICLES else tokens
    if (
        not named
        or len(tokens) > LONGEST_TITLE
        or words("not_names").intersection({" ".join(named), *tokens[:1]})
    ):
        return False
    return (
        tokens[0] not in words("not_first")
        and named[0] not in words("not_first")
        and tokens[-1] not in words("not_last")
        and "," not in said.text
        and _is_timeless(said)
    )


def _is_engagement(said: Said) -> bool:
    """What one can have on a day: "a dentist appointment", "lunch with Ana", not "a headache"."""
    return _is_title(said) and not _FORM.fullmatch(said.words[0]) and _head(said) in words("engagements")


def _is_other_engagement(said: Said) -> bool:
    """May be an appointment, but isn't known as one."""
    known = _is_engagement(said)
    return _is_title(said) and not known and not _FORM.fullmatch(said.words[0])


def _head(said: Said) -> str:
    """The noun that the others describe: the last one before "with", "at", "for"."""
    tokens = said.words
    cut = next((i for i, word in enumerate(tokens) if i and word in {"with", "at", "for", "in", "to"}), None)
    return tokens[:cut][-1]


def _is_errand(said: Said) -> bool:
    """What a reminder says; a time in it would be of something else."""
    return (
        _is_reminded(said)
        and said.words[-1] not in words("not_last")
        and not any(when.has_time for when in said.inside())
    )


def _is_reminded(said: Said) -> bool:
    """What a reminder says behind its time; "and on friday to ..." would be another one."""
    if not said.words or said.words[0] in words("not_reminded"):
        return False
    before = [said.text[: when.begin - said.begin].rstrip() for when in said.inside()]
    return not any(
        text.endswith(",") or text.casefold().split()[-1:] in (["and"], ["then"]) for text in before
    )


def _is_finished(said: Said) -> bool:
    """What "I have bought the milk" may tick off."""
    named = all(_is_named(when, said) for when in said.inside())
    return len(said.words) <= 4 and named and _is_item(said) and said.words[0] != "lot"


def _is_family(said: Said) -> bool:
    """A role that people have by name; nearly anything can be somebody's friend."""
    return "friend" not in said.words


def _is_goods(said: Said) -> bool:
    tokens = said.words
    plain = " ".join(tokens)
    if not tokens or len(tokens) > 4 or said.inside() or plain in words("not_goods"):
        return False
    return tokens[0] not in words("not_goods") | words("not_first")


def _is_person(said: Said) -> bool:
    """A name as people write it, or any words beside a number or an e-mail address."""
    told = read_person(said.text)
    if not told.name:
        return bool(told.phone or told.email)
    names = told.name.replace(",", " ").split()
    if any(name.casefold() in words("no_persons") for name in names) or len(names) > 5:
        return False
    if told.phone or told.email or names[0].casefold() in words("titles"):
        return True
    return all(name[0].isupper() or name.casefold() in words("particles") for name in names)


def _is_called(said: Said) -> bool:
    """Any name, where "called" or "save" makes clear that it is one."""
    names = read_person(said.text).name.split()
    return (
        bool(names)
        and len(names) <= 5
        and not said.inside()
        and names[0].casefold() not in words("no_persons")
    )


def _is_item(said: Said) -> bool:
    """Something on a list, not a second mention of the list, and not all of it."""
    tokens = said.words
    if not 0 < len(tokens) <= LONGEST_ITEM or " ".join(tokens) in words("not_names"):
        return False
    return tokens[0] not in {"it", "that", "this"} and not {"list", "lists"} & set(tokens)


def _is_subject(said: Said) -> bool:
    """What a paper or a search may be about: nothing of this household."""
    tokens = said.words
    return (
        0 < len(tokens) <= LONGEST_TITLE
        and words("at_home").isdisjoint(tokens)
        and tokens[-1] not in words("not_last")
    )


def _is_topic(said: Said) -> bool:
    """What an encyclopaedia may know: no possession of the household's, no date, no sum."""
    return (
        _is_subject(said)
        and not said.inside()
        and said.words[0] not in words("not_first")
        and not _is_figure(said)
        and "," not in said.text
    )


def _is_figure(said: Said) -> bool:
    """A number with lower-case words at most: "six feet two in metres"; "Apollo 11" is a name."""
    named = any(word[:1].isupper() for word in said.text.split())
    return not named and any(word[:1].isdecimal() for word in said.words)


def _is_someone(said: Said) -> bool:
    """Somebody known by a whole name: "Ada Lovelace"; "Tom" is more likely somebody of the household's."""
    return (
        _is_topic(said)
        and 2 <= len(said.words) <= 6
        and said.words[0] not in words("no_persons")
        and not said.text.endswith("'s")
    )


def _is_something(said: Said) -> bool:
    """A thing by its name: "photosynthesis", "the Eiffel Tower", not "the plan"."""
    tokens = said.text.split()
    if not _is_topic(said) or len(tokens) > 5 or any("'" in token for token in tokens):
        return False
    return said.words[0] not in _ARTICLES or any(token[0].isupper() for token in tokens[1:])


def _is_measured(said: Said) -> bool:
    """Something of known size; numbers and units are for the calculator."""
    return _is_topic(said) and not any(word[0].isdecimal() for word in said.words) and len(said.words) <= 6


def _is_work(said: Said) -> bool:
    """A book, a film, a painting; "the letter" is none."""
    return _is_topic(said) and (said.words[0] not in _ARTICLES or len(said.words) > 2)


def _is_searched(said: Said) -> bool:
    """What the web may be searched for: anything but what the household alone knows."""
    return 0 < len(said.words) <= LONGEST_ITEM and {"my", "our"}.isdisjoint(said.words)


def _is_told(said: Said) -> bool:
    """What a document may say something about."""
    return 0 < len(said.words) <= LONGEST_ITEM and said.words[-1] not in words("not_last")


def _is_document(said: Said) -> bool:
    """What kind of manual, contract or letter: "boiler", "home insurance", "Lavanda W7"."""
    return _is_told(said) and len(said.words) <= 5 and said.words[0] not in words("not_first")


def _is_company(said: Said) -> bool:
    """The name of a share or a coin that is not well known: short, and no date."""
    return 0 < len(said.words) <= 5 and not said.inside() and said.words[0] not in words("not_first")


def _is_fact(said: Said) -> bool:
    """What is true of a person or the household, where it is said to be remembered."""
    return read_fact(said.text, told=True) is not None


def _is_noted(said: Said) -> bool:
    """What a note is for: neither a fact about somebody nor a secret."""
    return not _is_fact(said) and not secret_in(said.text)


def _is_subject_of_fact(said: Said) -> bool:
    """Whom or what somebody has told something about; "me" and "us" have sentences of their own."""
    return 0 < len(said.words) <= 6 and said.words[0] not in {"me", "us", "myself", "it", "that", "this"}


_CONDITIONS: dict[str, Callable[[Said], bool]] = {
    "title": _is_title,
    "engagement": _is_engagement,
    "other_engagement": _is_other_engagement,
    "errand": _is_errand,
    "reminded": _is_reminded,
    "goods": _is_goods,
    "person": _is_person,
    "called": _is_called,
    "item": _is_item,
    "finished": _is_finished,
    "family": _is_family,
    "company": _is_company,
    "told": _is_told,
    "document": _is_document,
    "subject": _is_subject,
    "topic": _is_topic,
    "someone": _is_someone,
    "something": _is_something,
    "measured": _is_measured,
    "work": _is_work,
    "searched": _is_searched,
    "fact": _is_fact,
    "noted": _is_noted,
    "stated": lambda said: read_fact(said.text) is not None,
    "asked_fact": lambda said: asks_for_fact(said.text),
    "subject_of_fact": _is_subject_of_fact,
    "secret": lambda said: bool(secret_in(said.text)),
}
