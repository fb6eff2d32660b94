"""Which domains an utterance belongs to, when no grammar takes it whole.

One linear classifier for each domain, and one for what no domain serves ("reject"), over the words, the letters
and an embedding model's layers of the sentence. The weights are made by scripts/train_intents.py; without an
embedding model a second set of weights judges by words and letters alone.
"""

import re
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import as_file, files
from typing import Any

import numpy as np
import numpy.typing as npt

from passfel.household.understanding import Effort, Understanding
from passfel.nlu.features import Array, Encode, meant, said
from passfel.nlu.language import load

REJECT = "reject"
SEVERAL = "several"
"""What tells that more than one domain is asked for; it is none itself."""
MOST = 3
"""Domains that one utterance is taken to have at most."""
THIRD = 0.0
"""The margin from which a third one is among them."""


@dataclass(frozen=True, slots=True)
class Head:
    """The linear classifiers over one choice of features."""

    tables: Array
    """A row for each place of the words and letters, a column for each domain."""
    layers: Array | None
    """The same for the embedding model's layers, where they are seen."""
    bias: Array
    sharpness: float
    """Makes margins into probabilities that are right as often as they say."""
    more: float
    """The margin of "several" from which a domain stands beside the first one."""


@dataclass(frozen=True, slots=True)
class Weights:
    """What was learned for one language."""

    labels: tuple[str, ...]
    rarity: Array
    centre: Array
    full: Head
    words_only: Head

    def margins(self, text: str, layers: npt.NDArray[Any] | None) -> tuple[Array, Head]:
        """How far inside (or, below zero, outside) of each domain a sentence is."""
        head = self.words_only if layers is None else self.full
        places, weights = said(text, self.rarity)
        found = weights @ head.tables[places] + head.bias
        if layers is not None and head.layers is not None:
            found = found + meant(layers, self.centre) @ head.layers
        return found, head


def read_weights(language: str) -> Weights:
    """The shipped weights of a language.

    Raises:
        FileNotFoundError: the language has none.
    """
    with as_file(files("passfel.nlu") / "weights" / f"intents_{language}.npz") as path, np.load(path) as kept:
        wide = {name: kept[name] for name in kept.files}
    labels = tuple(str(label) for label in wide["labels"])
    rarity, centre = wide["rarity"].astype(np.float32), wide["centre"].astype(np.float32)
    return Weights(labels, rarity, centre, _head(wide, "full"), _head(wide, "words"))


def _head(wide: dict[str, npt.NDArray[Any]], name: str) -> Head:
    tables = np.zeros((len(wide["rarity"]), len(wide["labels"])), np.float32)
    tables[wide["places"]] = wide[f"{name}.tables"]
    layers = wide[f"{name}.layers"].astype(np.float32) if f"{name}.layers" in wide else None
    sharpness, more = (float(number) for number in wide[f"{name}.chosen"])
    return Head(tables, layers, wide[f"{name}.bias"].astype(np.float32), sharpness, more)


class Classifier:
    """Knows the domains of one language; the weights are read at the first sentence."""

    def __init__(self, language: str, encode: Encode | None = None) -> None:
        """Name the language, and give the embedding model where there is one."""
        self._language = language
        self._encode = encode

    @cached_property
    def _weights(self) -> Weights:
        return read_weights(self._language)

    def warm(self) -> None:
        """Read what is read at first use; the embedding model, which loads beside, isn't waited for."""
        self._weights.margins("what is on today", None)

    def classify(self, text: str) -> Understanding:
        """The likely domains of `text`, with the effort that an answer is worth."""
        layers = self._encode(text) if self._encode is not None else None
        margins, head = self._weights.margins(text, layers)
        intents, confidence = decide(margins, self._weights.labels, head.sharpness, head.more)
        effort: Effort = "simple" if intents[0] == REJECT else self._effort(text, intents)
        return Understanding(intents, effort, confidence)

    def _effort(self, text: str, intents: tuple[str, ...]) -> Effort:
        words = set(re.findall(r"\w+", text.casefold()))
        hints: dict[str, list[str]] = load(self._language, "examples")["effort"]
        if words & set(hints["long_form"]):
            return "long_form"
        if words & set(hints["reasoning"]):
            return "reasoning"
        return "simple" if set(intents) <= {"chat", "knowledge"} else "tool"


def decide(
    margins: Array, labels: tuple[str, ...], sharpness: float, more: float
) -> tuple[tuple[str, ...], float]:
    """The likeliest domain, those that are asked for beside it, and how likely the first is."""
    domains = np.array([label != SEVERAL for label in labels])
    order = [index for index in np.argsort(-margins, kind="stable") if domains[index]]
    told = [labels[order[0]]]
    if not domains.all() and margins[labels.index(SEVERAL)] > more:
        told += [labels[index] for index in order[1:2] if labels[index] != REJECT]
        told += [
            labels[index] for index in order[2:MOST] if margins[index] > THIRD and labels[index] != REJECT
        ]
    odds = np.exp(sharpness * (margins[domains] - margins[order[0]]))
    return tuple(told), float(1 / odds.sum())
