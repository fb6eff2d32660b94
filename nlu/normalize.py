"""What is cut from an utterance before grammars see it: politeness, contractions, stray marks."""

import re
import unicodedata
from functools import cache
from typing import Any

from passfel.nlu.language import load

LONGEST = 1_000
"""Characters of an utterance that grammars look at; what is longer is for the language model."""


def normalize(text: str, language: str) -> str:
    """The same request in plain form: one space between words, no politeness, contractions spelled out."""
    plain = " ".join(_without_controls(text.translate(_MARKS)).split())
    forms = _forms(language)
    previous = ""
    while plain != previous:
        previous = plain
        plain = forms["opening"].sub("", plain)
        plain = forms["closing"].sub("", plain).rstrip(" ?!,.;")
    return _contractions(language).sub(lambda match: _spell_out(match, language), plain)


def _without_controls(text: str) -> str:
    """No escape sequences, no control characters and no marks that turn the writing around."""
    kept = _SEQUENCES.sub("", " ".join(text.split()))
    return "".join(char for char in kept if char == _JOINER or unicodedata.category(char) not in {"Cc", "Cf"})


_JOINER = "\u200d"
"""Joins emoji, and letters of some scripts."""
_SEQUENCES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|(?:\x1b[\]PX^_]|[\x9d\x90])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"
)
_MARKS = {ord("’"): "'", ord("‘"): "'", ord("“"): '"', ord("”"): '"', 0x00A0: " ", ord("–"): "-", 0: ""}


@cache
def _forms(language: str) -> dict[str, re.Pattern[str]]:
    words = load(language, "politeness")
    opening = "|".join(re.escape(phrase) for phrase in sorted(words["opening"], key=len, reverse=True))
    closing = "|".join(re.escape(phrase) for phrase in sorted(words["closing"], key=len, reverse=True))
    return {
        "opening": re.compile(rf"^(?:{opening})(?:[\s,!.:]+)(?=\S)", re.IGNORECASE),
        "closing": re.compile(rf"(?<=\S)[\s,!.]+(?:{closing})[\s!.?]*$", re.IGNORECASE),
    }


@cache
def _contractions(language: str) -> re.Pattern[str]:
    known: dict[str, Any] = load(language, "politeness")["contractions"]
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, known))})\b", re.IGNORECASE)


def _spell_out(match: re.Match[str], language: str) -> str:
    full = str(load(language, "politeness")["contractions"][match[0].casefold()])
    return full.capitalize() if match[0][0].isupper() else full
