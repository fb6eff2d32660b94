"""What a sentence asks for: grammars first, then a classifier for what they don't know.

The grammar must account for the whole utterance, or for every part of a compound one; only then is
`whole` true and may the fast path run the calls. `understand_leniently` is for the embedded model: it
also takes a request that follows other words, and parts of a compound of which not all is known.
"""

from dataclasses import replace

from passfel.household.turn import Turn
from passfel.household.understanding import Effort, Understanding
from passfel.nlu.classifier import Classifier
from passfel.nlu.compound import splits
from passfel.nlu.grammar import Grammar, Match
from passfel.nlu.normalize import LONGEST, normalize

LANGUAGES = ("en",)
SURE = 0.95
"""The confidence of a whole match; a classifier's is its own."""


class Understander:
    """Understands one language; immutable after `warm`, shared by all turns."""

    def __init__(self, language: str = "en") -> None:
        """Choose the language; an unknown one falls back to English."""
        base = language.replace("_", "-").split("-")[0].lower()
        self._language = base if base in LANGUAGES else "en"
        self._grammar = Grammar(self._language)
        self._classifier = Classifier(self._language)

    def warm(self, turn: Turn) -> None:
        """Do what is done at first use, so that no person waits for it."""
        self._grammar.warm(turn)
        self._classifier.classify("what is on today")

    def understand(self, text: str, turn: Turn) -> Understanding:
        """What `text` asks for; calls only where every word is accounted for."""
        if len(text) > LONGEST:
            return Understanding(intents=("chat",), effort="long_form", confidence=0.5)
        plain = normalize(text, self._language)
        known = self._whole(plain, turn)
        return known or self._classifier.classify(plain)

    def understand_leniently(self, text: str, turn: Turn) -> Understanding:
        """What can be taken from `text` when there is no language model to ask."""
        understood = self.understand(text, turn)
        if understood.whole or len(text) > LONGEST:
            return understood
        plain = normalize(text, self._language)
        return self._parts(plain, turn) or self._tail(plain, turn) or understood

    def _whole(self, plain: str, turn: Turn) -> Understanding | None:
        match = self._grammar.best(plain, turn)
        if match is not None and match.free == 0:
            return _understood([match])
        for parts in splits(plain, self._language):
            matches = [self._grammar.best(normalize(part, self._language), turn) for part in parts]
            if all(matches) and not any(found.reply for found in matches if found):
                return _understood([found for found in matches if found])
        return _understood([match]) if match is not None else None

    def _parts(self, plain: str, turn: Turn) -> Understanding | None:
        """Some parts of a compound request are known: do those, and name the rest."""
        for parts in splits(plain, self._language):
            matches = [self._grammar.best(normalize(part, self._language), turn) for part in parts]
            known = [match for match in matches if match is not None and match.call is not None]
            if known:
                left = [part for part, match in zip(parts, matches, strict=True) if match is None]
                return replace(_understood(known), whole=False, confidence=0.6, left_over=" and ".join(left))
        return None

    def _tail(self, plain: str, turn: Turn) -> Understanding | None:
        """A request at the end of other words: "we are out of milk, add milk to the list"."""
        words = plain.split()
        for begin in range(1, min(len(words) - 1, 8)):
            match = self._grammar.best(" ".join(words[begin:]), turn)
            if match is not None and match.call is not None and match.free == 0:
                return replace(_understood([match]), whole=False, confidence=0.5)
        return None


def _understood(matches: list[Match]) -> Understanding:
    intents = tuple(dict.fromkeys(match.domain for match in matches))
    calls = tuple(match.call for match in matches if match.call is not None)
    reply = " ".join(match.reply for match in matches if match.reply)
    effort: Effort = "tool" if calls else "simple"
    return Understanding(intents, effort, SURE, calls=calls, whole=True, reply=reply)
