"""Find amounts of money with their currencies (ISO 4217)."""

from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

from passfel.nlu.slots.cardinals import number_words, read_number
from passfel.nlu.slots.lexicon import Phrases, Tokens, load, tokenize


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount of money."""

    text: str
    begin: int
    end: int
    value: Decimal
    currency: str
    """ISO 4217."""


@dataclass(frozen=True)
class _Money:
    words: Phrases[str]
    signs: Phrases[str]
    cents: Phrases[str]
    penny: dict[str, str]
    scales: dict[str, int]


@cache
def _money(language: str = "en") -> _Money:
    raw = load(language, "units")
    entries: dict[str, dict[str, Any]] = raw["currencies"]
    return _Money(
        words=Phrases({word: code for code, names in entries.items() for word in _spellings(names)}),
        signs=Phrases({sign: code for code, names in entries.items() for sign in names.get("signs", ())}),
        cents=Phrases.of(raw["cents"]),
        penny=raw["cent_suffixes"],
        scales=raw["money_scales"],
    )


def _spellings(names: dict[str, Any]) -> list[str]:
    words: list[str] = names["words"]
    return [*words, *names.get("plurals", ()), *(f"{word}s" for word in words if not word.endswith("s"))]


def find_amounts(text: str) -> list[Amount]:
    """Find every amount of money, in the order of the sentence: "100 euros", "$5.50", "1,000 yen", "50 pence"."""
    tokens = tokenize(text)
    found: list[Amount] = []
    index = 0
    while index < len(tokens.words):
        read = _read_signed(tokens, index) or _read_worded(tokens, index)
        if not read:
            index += 1
            continue
        value, currency, after = read
        begin, end = tokens.begins[index], tokens.ends[after - 1]
        found.append(Amount(text[begin:end], begin, end, value, currency))
        index = after
    return found


def read_currency(text: str) -> str | None:
    """Read a whole text as the name of a currency: "euros" and "€" are "EUR"."""
    tokens = tokenize(text)
    start = 1 if tokens.word(0) in {"the", *number_words().article} else 0
    found = _money().words.at(tokens, start) or _money().signs.at(tokens, start)
    return found[0] if found and found[1] == len(tokens.words) else None


def is_money_at(tokens: Tokens, index: int) -> bool:
    """Whether a currency stands at that token."""
    return bool(_money().words.at(tokens, index) or _money().signs.at(tokens, index))


def _read_signed(tokens: Tokens, index: int) -> tuple[Decimal, str, int] | None:
    """Read a sign or a code, then a number: "€20", "$1.5 million", "EUR 20"."""
    sign = _money().signs.at(tokens, index) or _money().words.at(tokens, index)
    written = tokens.text[tokens.begins[index] : tokens.ends[index]]
    if not sign or (len(written) > 1 and not written.isupper()):
        return None
    number = read_number(tokens, sign[1])
    if not number or not tokens.word(sign[1]).isdigit():
        return None
    value, after = number
    scale = _money().scales.get(tokens.word(after))
    return (value * scale, sign[0], after + 1) if scale else (value, sign[0], after)


def _read_worded(tokens: Tokens, index: int) -> tuple[Decimal, str, int] | None:
    """Read a number, then a word or a sign: "100 euros", "20€", "five pounds fifty", "50 pence"."""
    money = _money()
    number = read_number(tokens, index)
    if not number:
        article = tokens.word(index) in number_words().article
        one = money.words.at(tokens, index + 1) if article else None
        return (Decimal(1), *one) if one else None
    value, after = number
    if tokens.word(after) in number_words().article and value < 1:  # half a euro
        after += 1
    if tokens.word(after) in money.penny and tokens.glued(after):
        return value / 100, money.penny[tokens.word(after)], after + 1
    cents = money.cents.at(tokens, after)
    if cents:
        return value / 100, *cents
    found = money.words.at(tokens, after) or money.signs.at(tokens, after)
    return _with_cents(tokens, value, *found) if found else None


def _with_cents(tokens: Tokens, value: Decimal, currency: str, after: int) -> tuple[Decimal, str, int]:
    """Add what is said behind: "five pounds fifty", "2 euros and 20 cents"."""
    behind = after + 1 if tokens.word(after) in number_words().joint else after
    small = read_number(tokens, behind)
    if not small or not 0 < small[0] < 100 or small[0] != int(small[0]):
        return value, currency, after
    cents = _money().cents.at(tokens, small[1])
    if cents:
        return value + small[0] / 100, currency, cents[1]
    ends = small[1] == len(tokens.words) or not tokens.word(small[1]).isalpha()
    if behind == after and small[0] >= 10 and ends and tokens.word(small[1]) != "%":
        return value + small[0] / 100, currency, small[1]
    return value, currency, after
