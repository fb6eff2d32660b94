"""Find shares, funds, coins and currencies by what people call them."""

from collections.abc import Iterator

from passfel.household.listings import LONGEST, spoken_instrument
from passfel.household.quote import Instrument
from passfel.nlu.slots.amounts import read_currency

MOST_WORDS = 40
"""Of a sentence that asks for a price."""
MARKS = "?.,!"


def find_instruments(text: str) -> list[tuple[str, Instrument]]:
    """Every run of words that is a well-known name or a symbol in capitals, with what it means."""
    return [(run, found) for run in _runs(text) if (found := spoken_instrument(_bare(run))) is not None]


def find_currencies(text: str) -> list[tuple[str, str]]:
    """Every run of words that names a currency, with its ISO 4217 code; bitcoin and its like count."""
    return [(run, code) for run in _runs(text) if (code := read_currency(_bare(run))) is not None]


def _runs(text: str) -> Iterator[str]:
    words = text.split()
    if len(words) > MOST_WORDS:
        return
    seen = set()
    for begin in range(len(words)):
        for end in range(begin + 1, min(begin + LONGEST, len(words)) + 1):
            run = " ".join(words[begin:end]).rstrip(MARKS)
            if run and run not in seen and not _SPECIAL.intersection(run):
                seen.add(run)
                yield run


def _bare(run: str) -> str:
    return run.removesuffix("'s").removesuffix("'")


_SPECIAL = frozenset("()[]{}<>|:")
"""Marks of a template's own."""
