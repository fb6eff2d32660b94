"""Which domains an utterance belongs to, when no grammar takes it whole.

Multinomial naive Bayes over words, word pairs and letter groups (Rennie et al. 2003 give the length
normalisation), learned in milliseconds from `examples.yaml` when it is first asked.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from itertools import pairwise

from passfel.household.understanding import Effort, Understanding
from passfel.nlu.language import load

SMOOTHING = 0.3
SHARPNESS = 4.0
"""Turns the mean log-likelihood a feature into a confidence; chosen so that 0.5 is a coin's toss."""
LIKELY = 0.12
"""Domains at least this likely are offered to the model."""
MOST = 3


class Classifier:
    """Learns from the examples of one language."""

    def __init__(self, language: str) -> None:
        """Name the language."""
        self._language = language

    @cached_property
    def _weights(self) -> dict[str, dict[str, float]]:
        examples: dict[str, list[str]] = load(self._language, "examples")["domains"]
        counts = {
            domain: Counter(feature for line in lines for feature in _features(line))
            for domain, lines in examples.items()
        }
        vocabulary = {feature for counter in counts.values() for feature in counter}
        return {domain: _log_likelihoods(counter, vocabulary) for domain, counter in counts.items()}

    def classify(self, text: str) -> Understanding:
        """The likely domains of `text`, with the effort that an answer is worth."""
        shares = self.shares(text)
        likely = sorted(shares, key=lambda domain: -shares[domain])
        intents = tuple(domain for domain in likely if shares[domain] >= LIKELY and domain != "reject")[:MOST]
        best = likely[0] if likely else "chat"
        confidence = shares.get(best, 0.0)
        if best == "reject":
            return Understanding(("reject", *intents), "simple", confidence)
        return Understanding(intents or ("chat",), self._effort(text, intents), confidence)

    def shares(self, text: str) -> dict[str, float]:
        """Every domain's probability; they sum to one."""
        features = [feature for feature in _features(text) if feature in next(iter(self._weights.values()))]
        if not features:
            return {"chat": 1.0}
        means = {
            domain: SHARPNESS * sum(weights[feature] for feature in features) / len(features)
            for domain, weights in self._weights.items()
        }
        highest = max(means.values())
        odds = {domain: math.exp(mean - highest) for domain, mean in means.items()}
        total = sum(odds.values())
        return {domain: value / total for domain, value in odds.items()}

    def _effort(self, text: str, intents: tuple[str, ...]) -> Effort:
        words = set(re.findall(r"\w+", text.casefold()))
        hints: dict[str, list[str]] = load(self._language, "examples")["effort"]
        if words & set(hints["long_form"]):
            return "long_form"
        if words & set(hints["reasoning"]):
            return "reasoning"
        return "simple" if set(intents) <= {"chat", "knowledge"} else "tool"


def _features(text: str) -> Iterator[str]:
    words = re.findall(r"\w+", text.casefold())
    yield from words
    yield from (f"{first} {second}" for first, second in pairwise(words))
    for word in words:
        marked = f"<{word}>"
        yield from (f"~{marked[begin : begin + 4]}" for begin in range(len(marked) - 3))


def _log_likelihoods(counter: Counter[str], vocabulary: set[str]) -> dict[str, float]:
    total = sum(counter.values()) + SMOOTHING * len(vocabulary)
    return {feature: math.log((counter[feature] + SMOOTHING) / total) for feature in vocabulary}
