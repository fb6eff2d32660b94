"""Find the numbers of a sentence, and read arithmetic."""

from dataclasses import dataclass
from decimal import Decimal

from passfel.nlu.slots.arithmetic import read_expression
from passfel.nlu.slots.cardinals import number_words, read_number
from passfel.nlu.slots.lexicon import tokenize

__all__ = ["Number", "find_numbers", "read_expression"]


@dataclass(frozen=True, slots=True)
class Number:
    """A number that was said."""

    text: str
    begin: int
    end: int
    value: Decimal
    is_percent: bool = False
    """"15%" has the value 15."""


def find_numbers(text: str) -> list[Number]:
    """Find every number, in digits or in words, in the order of the sentence."""
    tokens, words = tokenize(text), number_words()
    found: list[Number] = []
    index = 0
    while index < len(tokens.words):
        read = read_number(tokens, index)
        if not read:
            index += 1
            continue
        value, after = read
        first = index
        before = tokens.word(index - 1)
        if before in words.negative or (
            before == "-" and tokens.glued(index) and not tokens.glued(index - 1)
        ):
            first, value = index - 1, -value
        percent = words.percent.at(tokens, after)
        after = percent[1] if percent else after
        begin, end = tokens.begins[first], tokens.ends[after - 1]
        found.append(Number(text[begin:end], begin, end, value, bool(percent)))
        index = after
    return found
