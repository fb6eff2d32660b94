"""Spoken or typed arithmetic, turned into a plain expression for a calculator.

A recursive-descent parser over the tokens: sum, product, power, then a term (a number, a bracket, a root,
a share such as "15% of 80"). What comes out has only digits, + - * / ( ) . and `sqrt`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache

from passfel.nlu.slots.cardinals import number_words, read_digits, read_number, read_words
from passfel.nlu.slots.lexicon import Phrases, Tokens, load, tokenize

_Part = Callable[[int], str | None]
_DEEPEST = 20
_LONGEST = 300
_DIGITS = 9
_PERCENT = re.compile(r"\([0-9.]+/100\)")


@dataclass(frozen=True)
class _Words:
    asks: Phrases[bool]
    asks_after: Phrases[bool]
    operators: Phrases[str]
    powers: Phrases[int]
    roots: Phrases[bool]
    multiples: dict[str, int]
    commands: Phrases[str]
    joints: frozenset[str]
    turned: frozenset[str]
    of: frozenset[str]
    off: frozenset[str]


@cache
def _words(language: str = "en") -> _Words:
    raw = load(language, "numbers")
    return _Words(
        asks=Phrases(dict.fromkeys(raw["asks"], True)),
        asks_after=Phrases(dict.fromkeys(raw["asks_after"], True)),
        operators=Phrases(raw["operators"]),
        powers=Phrases(raw["powers"]),
        roots=Phrases(dict.fromkeys(raw["roots"], True)),
        multiples=raw["multiples"],
        commands=Phrases(raw["commands"]),
        joints=frozenset(raw["joints"]),
        turned=frozenset(raw["turned"]),
        of=frozenset(raw["of"]),
        off=frozenset(raw["off"]),
    )


def read_expression(text: str) -> str | None:
    """Read a whole text as arithmetic: "what's 15% of 80" is "(15/100)*80".

    Returns:
        The expression, or None unless the whole text is arithmetic with at least one operator.
    """
    if len(text) > _LONGEST:
        return None
    tokens = tokenize(text)
    parser = _Parser(tokens, _end(tokens))
    parser.index = _begin(tokens)
    expression = parser.command() or parser.sum(0)
    done = expression is not None and parser.index == parser.end and parser.operators > 0
    return expression if done else None


def _begin(tokens: Tokens) -> int:
    index = 0
    while found := _words().asks.at(tokens, index):
        index = found[1]
    return index


def _end(tokens: Tokens) -> int:
    end = len(tokens.words)
    while end and (found := _words().asks_after.at(tokens, end - 1)) and found[1] == end:
        end -= 1
    return end


class _Parser:
    """One pass over the tokens; every method returns None where it can't read on."""

    def __init__(self, tokens: Tokens, end: int) -> None:
        self.tokens = tokens
        self.end = end
        self.index = 0
        self.operators = 0

    def command(self) -> str | None:
        """Read "add 3 and 4", "divide 10 by 4", "subtract 3 from 10"; leave the index where it was otherwise."""
        start, words = self.index, _words()
        sign = words.commands.at(self.tokens, start)
        if not sign:
            return None
        self.index = sign[1]
        left = self._power(0)
        joint = self.tokens.word(self.index)
        if left is not None and joint in words.joints:
            self.index, self.operators = self.index + 1, self.operators + 1
            right = self._power(0)
            if right is not None:
                return _join(right, sign[0], left) if joint in words.turned else _join(left, sign[0], right)
        self.index, self.operators = start, 0
        return None

    def sum(self, depth: int) -> str | None:
        """Terms joined by + and -."""
        return self._chain(("+", "-"), self._product, depth)

    def _product(self, depth: int) -> str | None:
        return self._chain(("*", "/"), self._power, depth)

    def _chain(self, signs: tuple[str, ...], part: _Part, depth: int) -> str | None:
        left = part(depth)
        while left is not None:
            found = _words().operators.at(self.tokens, self.index) if self.index < self.end else None
            if not found or found[0] not in signs:
                return left
            self.index = found[1]
            self.operators += 1
            right = part(depth)
            if right is None:
                return None
            left = _join(left, found[0], right)
        return None

    def _power(self, depth: int) -> str | None:
        base = self._share(depth)
        if base is None:
            return None
        power = _words().powers.at(self.tokens, self.index)
        if power:
            self.index, self.operators = power[1], self.operators + 1
            return f"{_wrap(base)}**{power[0]}"
        found = _words().operators.at(self.tokens, self.index)
        if not found or found[0] != "**" or depth > _DEEPEST:
            return base
        self.index, self.operators = found[1], self.operators + 1
        exponent = self._power(depth + 1)
        return None if exponent is None else f"{_wrap(base)}**{_wrap(exponent)}"

    def _share(self, depth: int) -> str | None:
        """Read a term, or "15% of 80", "20 percent off 50", "half of 90"."""
        start = self.index
        term = self._term(depth)
        if term is None or depth > _DEEPEST:
            return None
        word, percent = self.tokens.word(self.index), term.endswith("/100)")
        number_word = self.tokens.word(start)
        of = word in _words().of and (percent or not number_word.isdigit())
        off = word in _words().off and percent
        if not (of or off):
            return term
        self.index, self.operators = self.index + 1, self.operators + 1
        whole = self._share(depth + 1)
        if whole is None:
            return None
        return f"{whole}*(1-{term[1:-1]})" if off else f"{term}*{whole}"

    def _term(self, depth: int) -> str | None:
        if depth > _DEEPEST or self.index >= self.end:
            return None
        root = _words().roots.at(self.tokens, self.index)
        if root:
            self.index, self.operators = root[1], self.operators + 1
            inside = self._power(depth + 1)
            return None if inside is None else f"sqrt({_unwrap(inside)})"
        word = self.tokens.word(self.index)
        if word in _words().multiples:
            self.index, self.operators = self.index + 1, self.operators + 1
            inside = self._power(depth + 1)
            return None if inside is None else f"{_words().multiples[word]}*{_wrap(inside)}"
        if word == "(":
            return self._bracket(depth)
        if word in {"-", "−", "+"} or word in number_words().negative:
            self.index += 1
            inside = self._power(depth + 1)
            return inside if inside is None or word == "+" else f"(-{inside})"
        return self._number()

    def _bracket(self, depth: int) -> str | None:
        self.index += 1
        inside = self.sum(depth + 1)
        if inside is None or self.tokens.word(self.index) != ")":
            return None
        self.index += 1
        return f"({inside})"

    def _number(self) -> str | None:
        # "10 / 4" is a division here, while "half" and "three quarters" are still numbers.
        found = _number_at(self.tokens, self.index)
        if not found:
            return None
        value, self.index = found
        percent = number_words().percent.at(self.tokens, self.index)
        if percent:
            self.index = percent[1]
            return f"({_plain(value)}/100)"
        return _plain(value)


def _join(left: str, sign: str, right: str) -> str:
    """Join two sides; a bare percentage is one of the left side, as every calculator takes it."""
    if sign in "+-" and _PERCENT.fullmatch(right):
        return f"{_wrap(left, '+-*/')}*(1{sign}{right[1:-1]})"
    return f"{left}{sign}{_wrap(right) if sign == '/' else right}"


def _number_at(tokens: Tokens, index: int) -> tuple[Decimal, int] | None:
    found = read_number(tokens, index)
    slash = found and tokens.word(index + 1) == "/"
    return (read_digits(tokens, index) or read_words(tokens, index)) if slash else found


def _plain(value: Decimal) -> str:
    plain = f"{value:f}"
    if len(plain.partition(".")[2]) > _DIGITS:
        rough = Fraction(value).limit_denominator(16)  # a third, rather than 0.333…
        if Decimal(rough.numerator) / rough.denominator == value:
            return f"({rough})"
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def _wrap(base: str, signs: str = "*/") -> str:
    return f"({base})" if any(sign in base for sign in signs) and not _is_bracket(base) else base


def _unwrap(inside: str) -> str:
    return inside[1:-1] if _is_bracket(inside) else inside


def _is_bracket(text: str) -> bool:
    if not text.startswith("("):
        return False
    depth = 0
    for place, sign in enumerate(text):
        depth += (sign == "(") - (sign == ")")
        if depth == 0:
            return place == len(text) - 1
    return False
