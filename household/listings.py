"""Well-known names of shares, funds, indexes, metals and coins, and the symbols that the services know them by."""

from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from passfel.household.quote import Instrument, Kind

LONGEST = 5
"""Words of the longest name."""


@cache
def listings() -> dict[str, Instrument]:
    """Every known name in lower case, and every symbol and ticker, with what it means."""
    known: dict[str, Instrument] = {}
    for instrument, names in _rows():
        # A name said in words goes before a symbol: "oil" before OIL.
        for name in names:
            known.setdefault(name.casefold(), instrument)
    for instrument, _ in _rows():
        known.setdefault(instrument.symbol.casefold(), instrument)
        known.setdefault(instrument.code.casefold(), instrument)
    return known


def known_instrument(name: str) -> Instrument | None:
    """What a person means by a name, where it is well known."""
    plain = " ".join(name.casefold().split())
    known = listings()
    return known.get(plain) or known.get(plain.removeprefix("the ")) or known.get(plain.removesuffix("'s"))


def spoken_instrument(words: str) -> Instrument | None:
    """The same for words in a sentence, where a short symbol ("v", "all") counts only in capitals."""
    found = listings().get(words.casefold())
    symbol = found is not None and words.casefold() in {found.symbol.casefold(), found.code.casefold()}
    named = found is not None and words.casefold() == found.name.casefold()
    if symbol and not named and not words.isupper() and (found is None or found.kind != "coin"):
        return None
    return found


def _rows() -> Iterator[tuple[Instrument, list[str]]]:
    text = files("passfel.household").joinpath("listings.txt").read_text("utf-8")
    for line in text.splitlines():
        if line and not line.startswith("#"):
            yield _row(line)


def _row(line: str) -> tuple[Instrument, list[str]]:
    head, _, others = line.partition("|")
    kind, symbol, name = head.strip().split(" ", 2)
    symbol, _, ticker = symbol.partition("/")
    instrument = Instrument(kind=_kind(kind), symbol=symbol, name=name.strip(), ticker=ticker)
    return instrument, [instrument.name, *(other.strip() for other in others.split(",") if other.strip())]


def _kind(word: str) -> Kind:
    return "coin" if word == "coin" else "share"
