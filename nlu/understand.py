"""What a sentence asks for: grammars first, then a classifier for what they don't know.

The grammar must account for the whole utterance, or for every part of a compound one; only then is
`whole` true and may the fast path run the calls. `understand_leniently` is for the embedded model: it
also takes a request that follows other words, and parts of a compound of which not all is known.
"""

from dataclasses import dataclass, replace
from functools import cache

from passfel.household.turn import Turn
from passfel.household.understanding import Call, Effort, Understanding
from passfel.nlu.classifier import REJECT, Classifier
from passfel.nlu.compound import splits
from passfel.nlu.conditions import words as words_of
from passfel.nlu.features import Encode
from passfel.nlu.grammar import Grammar, Match
from passfel.nlu.home import HomeUnderstander, KnownHome
from passfel.nlu.normalize import LONGEST, normalize

LANGUAGES = ("en",)
SURE = 0.95
"""The confidence of a whole match; a classifier's is its own."""
MOST_RUNS = 40
"""Times that grammars look at parts of one utterance."""
ASIDE = ("get_", "list_", "find_", "search_", "check_", "calculate", "convert_", "set_reminder")
"""Calls that may follow a reminder or a task in one breath: taking them for part of its text, or not, harms nobody."""


@dataclass(frozen=True, slots=True)
class HomeRequest(Match):
    """A sentence that the home can carry out, perhaps by several calls."""

    more: tuple[Call, ...] = ()


class Reader:
    """Reads one part of an utterance: the grammars, and the names of the home where there is one."""

    def __init__(self, grammar: Grammar, home: HomeUnderstander | None = None) -> None:
        """Without a home its sentences are nobody's."""
        self._grammar = grammar
        self._home = home

    def best(self, text: str, turn: Turn) -> Match | None:
        """The surest reading; of two sure ones, that which names something of the home."""
        match = self._grammar.best(text, turn)
        if self._home is None or (match is not None and match.open == "always"):
            return match
        home = self._home.match(text, turn)
        if home is None or (match is not None and match.free == 0 and not home.named):
            return match
        if home.question:
            return HomeRequest("home", None, home.question, 0, "")
        return HomeRequest("home", home.calls[0], "", 0, "", more=home.calls[1:])

    def warm(self, turn: Turn, *, wait: bool = False) -> None:
        """Do what is done at first use; the home's server is called, and not waited for."""
        self._grammar.warm(turn)
        if self._home is not None:
            self._home.warm(turn, wait=wait)


@cache
def grammar_of(language: str) -> Grammar:
    """The grammars of a language, compiled once in a process: they hold nothing of any household."""
    return Grammar(language)


class Understander:
    """Understands one language; immutable after `warm`, shared by all turns."""

    def __init__(
        self,
        language: str = "en",
        grammar: Grammar | None = None,
        home: KnownHome | None = None,
        encode: Encode | None = None,
    ) -> None:
        """Choose the language; an unknown one falls back to English.

        Args:
            language: with or without a region.
            grammar: other grammars than the language's own.
            home: gives the household's home as it is known, where one is set up.
            encode: an embedding model for what no grammar takes; words and letters alone are judged without one.
        """
        base = language.replace("_", "-").split("-")[0].lower()
        self._language = base if base in LANGUAGES else "en"
        understander = HomeUnderstander(home, language) if home is not None else None
        self._reader = Reader(grammar or grammar_of(self._language), understander)
        self._classifier = Classifier(self._language, encode)

    def warm(self, turn: Turn, *, wait: bool = False) -> None:
        """Do what is done at first use, so that no person waits for it; with `wait`, all of it before this returns."""
        self._reader.warm(turn, wait=wait)
        self._classifier.warm()

    def understand(self, text: str, turn: Turn) -> Understanding:
        """What `text` asks for; calls only where every word is accounted for."""
        if len(text) > LONGEST:
            return Understanding(intents=("chat",), effort="long_form", confidence=0.5)
        understood = self._understand(self._utterance(text, turn))
        if understood.calls and understood.effort == "long_form":
            return replace(understood, calls=(), whole=False)
        return understood

    def understand_leniently(self, text: str, turn: Turn) -> Understanding:
        """What can be taken from `text` when there is no language model to ask."""
        if len(text) > LONGEST:
            return self.understand(text, turn)
        utterance = self._utterance(text, turn)
        understood = self._understand(utterance)
        if understood.whole:
            return understood
        # What nothing here serves is declined: its last words must not be taken for a request of their own.
        tail = utterance.tail() if understood.intents[:1] != (REJECT,) else None
        return utterance.some_parts() or tail or understood

    def _understand(self, utterance: "Utterance") -> Understanding:
        whole = utterance.whole()
        if whole is not None:
            return whole
        return replace(self._classifier.classify(utterance.plain), refers_back=refers_back(utterance.plain))

    def _utterance(self, text: str, turn: Turn) -> "Utterance":
        return Utterance(normalize(text, self._language), self._language, self._reader, turn)


class Utterance:
    """One utterance while it is looked at: no part of it is read twice, and not too many are."""

    def __init__(self, plain: str, language: str, reader: Reader, turn: Turn) -> None:
        """Keep the normalized text."""
        self.plain = plain
        self._language = language
        self._reader = reader
        self._turn = turn
        self._read: dict[str, Match | None] = {}
        self._runs = 0

    def whole(self) -> Understanding | None:
        """Every word accounted for, by one request or by several."""
        match = self._best(self.plain)
        if match is not None and (match.free == 0 or match.open == "always"):
            return _understood([match])
        for parts in splits(self.plain, self._language):
            matches = self._all(parts)
            if matches is not None:
                return _understood(matches) if _is_clear(matches) else None
        if match is None or self._runs >= MOST_RUNS:
            return None
        return _understood([match])

    def some_parts(self) -> Understanding | None:
        """Some parts of a compound request are known: do those, and name the rest."""
        for parts in splits(self.plain, self._language):
            matches = [self._best(normalize(part, self._language)) for part in parts]
            known = [match for match in matches if match is not None and match.call is not None]
            left = [part for part, match in zip(parts, matches, strict=True) if match is None]
            swallowed = any(match.open for match in matches[:-1] if match is not None)
            if known and not swallowed and not any(map(_is_doubt, left)):
                return replace(_understood(known), whole=False, confidence=0.6, left_over=" and ".join(left))
        return None

    def tail(self) -> Understanding | None:
        """A request at the end of other words: "we are out of milk, add milk to the list".

        None to the home: what stands before may take it back, and a door is open at once.
        """
        said = self.plain.split()
        for begin in range(1, min(len(said) - 1, 8)):
            match = self._best(" ".join(said[begin:]))
            if match is not None and match.call is not None and match.free == 0 and match.domain != "home":
                return replace(_understood([match]), whole=False, confidence=0.5)
        return None

    def _all(self, parts: list[str]) -> list[Match] | None:
        """The readings of all parts, or None when one has none."""
        matches = []
        for part in parts:
            match = self._best(normalize(part, self._language))
            if match is None:
                return None
            matches.append(match)
        return matches

    def _best(self, part: str) -> Match | None:
        if part not in self._read:
            if self._runs >= MOST_RUNS:
                return None
            self._runs += 1
            self._read[part] = self._reader.best(part, self._turn)
        return self._read[part]


def refers_back(plain: str) -> bool:
    """Whether an utterance leans on what was said before."""
    said = plain.casefold().strip(" ?.!").split()
    leans = any(plain.casefold().startswith(f"{start} ") for start in words_of("leaning"))
    return leans or not words_of("referring").isdisjoint(said)


def _is_doubt(part: str) -> bool:
    """Whether what nothing here knows may take back what is known: "if it rains, cancel the dentist"."""
    return not words_of("doubts").isdisjoint(part.casefold().split())


def _is_clear(matches: list[Match]) -> bool:
    """Whether it is plain that several requests were made, and all can be carried out."""
    if any(match.reply for match in matches) or any(match.open == "always" for match in matches[:-1]):
        return False
    if not any(match.open for match in matches[:-1]):
        return True
    opened = next(index for index, match in enumerate(matches) if match.open)
    return all(
        match.call is not None and match.call.name.startswith(ASIDE) for match in matches[opened + 1 :]
    )


def _understood(matches: list[Match]) -> Understanding:
    intents = tuple(dict.fromkeys(match.domain for match in matches))
    calls = tuple(call for match in matches for call in _calls(match))
    reply = " ".join(match.reply for match in matches if match.reply)
    effort: Effort = "tool" if calls else "simple"
    if any(match.writing for match in matches):
        effort = "long_form"
    return Understanding(intents, effort, SURE, calls=calls, whole=True, reply=reply)


def _calls(match: Match) -> tuple[Call, ...]:
    first = (match.call,) if match.call is not None else ()
    return (*first, *match.more) if isinstance(match, HomeRequest) else first
