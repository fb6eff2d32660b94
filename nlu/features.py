"""What a classifier sees of a sentence: its words, its letters, and what an embedding model makes of it.

Words and letter groups are hashed into two tables of a fixed size, so there is no vocabulary to keep; they know
names, typos and set phrases. The embedding model's layers know what was meant.
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise
from zlib import crc32

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
Encode = Callable[[str], "npt.NDArray[np.float32] | None"]
"""What an embedding model makes of a text: its layers one after the other, or None where there is no model."""

WORDS, LETTERS = 1 << 15, 1 << 16
"""Sizes of the two tables; the letters' comes after the words'."""
SIZE = WORDS + LETTERS
LAYER = 384
"""Numbers of one layer; each is brought to the same length."""
WEIGHT = 1.7
"""Of what was meant beside what was said: words and letters have one each; chosen by cross-validation."""


def words(text: str) -> Iterator[str]:
    """Words and pairs of words, with where the sentence begins."""
    said = ["^", *re.findall(r"\w+", text.casefold())]
    yield from said[1:]
    yield from (f"{first} {second}" for first, second in pairwise(said))


def letters(text: str) -> Iterator[str]:
    """Groups of two to five letters inside words."""
    for word in re.findall(r"\w+|[^\w\s]", text.casefold()):
        marked = f" {word} "
        for length in range(2, 6):
            if length > len(marked):
                break
            yield from (marked[begin : begin + length] for begin in range(len(marked) - length + 1))


def counted(text: str) -> Counter[int]:
    """How often each place of the tables is hit."""
    hits = Counter(crc32(word.encode()) % WORDS for word in words(text))
    hits.update(WORDS + crc32(group.encode()) % LETTERS for group in letters(text))
    return hits


def said(text: str, rarity: Array) -> tuple[npt.NDArray[np.int64], Array]:
    """Places in the tables with their weights (TF-IDF); words and letters have length one each."""
    hits = counted(text)
    places = np.fromiter(hits, np.int64, len(hits))
    weights = np.fromiter((1 + math.log(count) for count in hits.values()), np.float32, len(hits))
    weights *= rarity[places]
    for kind in (places < WORDS, places >= WORDS):
        length = float(np.linalg.norm(weights[kind]))
        if length:
            weights[kind] /= length
    return places, weights


def meant(layers: Array, centre: Array) -> Array:
    """The layers less what all sentences have in common, each at the same length."""
    rest = (layers - centre).reshape(-1, LAYER)
    rest = rest / np.maximum(np.linalg.norm(rest, axis=1, keepdims=True), 1e-9)
    scaled: Array = (rest.reshape(-1) * (WEIGHT / math.sqrt(len(rest)))).astype(np.float32)
    return scaled
