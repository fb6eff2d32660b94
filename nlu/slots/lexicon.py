"""Tokens of a sentence, and the vocabulary of a language: words are data, one folder a language."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from typing import Any, Generic, TypeVar

import yaml

LIMIT = 1000
"""Text longer than this has no findings: nobody dictates a slot that long."""

Value = TypeVar("Value")

_TOKEN = re.compile(
    r"[0-9]+"
    r"|[ap]\.\s?m\b\.?"  # a.m.
    r"|o['’]clock\b"
    r"|['’]s\b"
    r"|[^\W\d_]+"
    r"|[^\s]",
    re.IGNORECASE,
)


@cache
def load(language: str, name: str) -> dict[str, Any]:
    """Read one vocabulary file of a language."""
    source = files("passfel.nlu").joinpath("sentences", language, "slots", f"{name}.yaml")
    return dict(yaml.safe_load(source.read_text(encoding="utf-8")))


@dataclass(frozen=True)
class Tokens:
    """A text cut into words, runs of digits and signs; `begins` and `ends` are offsets into the text."""

    text: str
    words: tuple[str, ...]
    """In lower case, with straight apostrophes."""
    begins: tuple[int, ...]
    ends: tuple[int, ...]

    def word(self, index: int) -> str:
        """The word there, or "" outside of the sentence."""
        return self.words[index] if 0 <= index < len(self.words) else ""

    def glued(self, index: int) -> bool:
        """Whether nothing stands between this token and the one before."""
        return 0 < index < len(self.words) and self.begins[index] == self.ends[index - 1]

    @cached_property
    def index_by_end(self) -> dict[int, int]:
        """From the offset where a token ends to the index of the next token."""
        return {end: index + 1 for index, end in enumerate(self.ends)}


def tokenize(text: str) -> Tokens:
    """Cut a text into tokens; a text over the limit has none."""
    if len(text) > LIMIT:
        return Tokens(text, (), (), ())
    found = [(match.group(), match.start(), match.end()) for match in _TOKEN.finditer(text)]
    words = tuple(word.lower().replace("’", "'") for word, _, _ in found)
    return Tokens(text, words, tuple(begin for _, begin, _ in found), tuple(end for _, _, end in found))


class Phrases(Generic[Value]):
    """Phrases of one or more words, looked up at a token; the longest wins."""

    def __init__(self, phrases: Mapping[str, Value]) -> None:
        """Cut every phrase into the words that a sentence would have."""
        self._by_first: dict[str, list[tuple[tuple[str, ...], Value]]] = {}
        for phrase, value in phrases.items():
            words = tokenize(phrase).words
            self._by_first.setdefault(words[0], []).append((words, value))
        for entries in self._by_first.values():
            entries.sort(key=lambda entry: -len(entry[0]))

    @classmethod
    def of(cls, groups: Mapping[Value, Iterable[str]]) -> "Phrases[Value]":
        """From a value to the phrases that mean it."""
        return cls({phrase: value for value, phrases in groups.items() for phrase in phrases})

    def firsts(self) -> frozenset[str]:
        """The words that a phrase may begin with."""
        return frozenset(self._by_first)

    def at(self, tokens: Tokens, index: int) -> tuple[Value, int] | None:
        """The value of the longest phrase that begins at this token, and the index behind it."""
        for words, value in self._by_first.get(tokens.word(index), ()):
            after = index + len(words)
            if len(words) == 1 or tokens.words[index:after] == words:
                if words[-1].isdigit() and not tokens.glued(after - 1):
                    continue  # "ft2" is square feet, "ft 2" is not
                return value, after
        return None
