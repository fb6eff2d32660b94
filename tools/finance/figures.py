"""Reading figures out of answers: exact, finite, and nothing taken for a number that is none."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from passfel.household.errors import BrokenAnswerError


def number(value: Any, *, positive: bool = False) -> Decimal:
    """The exact number of a JSON value.

    Raises:
        TypeError: it is none.
        ValueError: it is not finite, or a price and not above zero.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        raise TypeError("no number")
    exact = Decimal(str(value))
    if not exact.is_finite() or (positive and exact <= 0):
        raise ValueError("no price")
    return exact


@contextmanager
def wording(source: str) -> Iterator[None]:
    """Say that an answer makes no sense, where reading it finds that it can't be one."""
    try:
        yield
    except (KeyError, IndexError, TypeError, ValueError, ArithmeticError, AttributeError, OSError) as error:
        raise BrokenAnswerError(source, f"{source} gave an answer that makes no sense.") from error
