"""Arithmetic that is right, bounded, and never anything but arithmetic."""

import contextlib
import re
from collections.abc import Awaitable, Callable
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import ToolMessage

from passfel.household.errors import RequestError
from passfel.household.turn import Turn, turn_now
from passfel.tools.calculator.evaluate import evaluate
from passfel.tools.calculator.tools import calculator_tools
from passfel.tools.contract import READS, annotations_of, domain_of

Call = Callable[..., Awaitable[ToolMessage]]
CALCULATE = calculator_tools()[0]


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("15% of 80", "15% of 80 is 12."),
        ("(15/100)*80", "15% of 80 is 12."),
        ("50*(1-20/100)", "50 - 20% is 40."),
        ("80 + 15%", "80 + 15% is 92."),
        ("what is 7 times 8?", "7 times 8 is 56."),
        ("2+2", "2 + 2 is 4."),
        ("3 x 4", "3 x 4 is 12."),
        ("100/4=", "100 ÷ 4 is 25."),
        ("1/3", "1 ÷ 3 is about 0.333333333333."),
        ("0.1+0.2", "0.1 + 0.2 is 0.3."),
        ("1,234.5 * 2", "1,234.5 × 2 is 2,469."),
        ("2**64", "2^64 is 18,446,744,073,709,551,616."),
        ("(1/3)*3", "(1 ÷ 3) × 3 is 1."),
        ("sqrt(16)", "sqrt(16) is 4."),
        ("square root of 2", "square root of 2 is about 1.41421356237."),
        ("5 squared", "5 squared is 25."),
        ("10 percent of 50", "10 percent of 50 is 5."),
        ("17 % 5", "17 % 5 is 2."),
        ("-7 // 2", "-7 // 2 is -4."),
        ("007 + 1", "007 + 1 is 8."),
        ("10**-5", "10^-5 is 0.00001."),
    ],
)
async def test_an_answer_is_a_sentence(call: Call, expression: str, words: str):
    message = await call(CALCULATE, turn_now(), expression=expression)
    assert message.content == words


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("10**10**10", "That number is too large to compute."),
        ("9**9**9**9", "That number is too large to compute."),
        ("1e400*1e400*1e400", "That number is too large to compute."),
        ("1e9999", "That number is too large to compute."),
        ("1/0", "Nothing can be divided by zero."),
        ("0/0", "Nothing can be divided by zero."),
        ("5 % 0 ", "Nothing can be divided by zero."),
        ("0**-1", "Nothing can be divided by zero."),
        ("sqrt(-1)", "That has no result in ordinary numbers."),
        ("(-8)**(1/3)", "That has no result in ordinary numbers."),
        ("", "Say what to compute."),
        ("__import__('os')", "\"__import__('os')\" is no arithmetic that I can compute."),
        ("2" * 301, "That is too long to compute: at most 300 characters."),
    ],
)
def test_what_can_t_be_computed_is_said(expression: str, words: str):
    with pytest.raises(RequestError) as caught:
        evaluate(expression)
    assert str(caught.value) == words


NO_ARITHMETIC = (
    "a+b|1 if 1 else 2|[1]|1;2|1:=2|lambda: 1|sqrt|sqrt()|sqrt(1,2)|3(4)|1.2.3|5!|12 12|()|((((|n0 + 1"
)


@pytest.mark.parametrize(
    "text", [*NO_ARITHMETIC.split("|"), "1_000", "1j", "'1'", "-", "1|2", "~1", "1 == 1"]
)
def test_what_is_no_arithmetic_is_refused(text: str):
    with pytest.raises(RequestError):
        evaluate(text)


@pytest.mark.parametrize("text", ["-" * 299, "(" * 140 + "1" + ")" * 140, "1\x00", "1+" * 149 + "1"])
def test_deep_nesting_breaks_nothing(text: str):
    with contextlib.suppress(RequestError):
        assert evaluate(text) in {-1, 1, 150}


@given(st.text(max_size=320) | st.text("0123456789.+-*/%()e sqrtof,x^²", max_size=60))
@settings(max_examples=400, deadline=None)
def test_any_text_gives_a_number_or_a_request_error(text: str):
    with contextlib.suppress(RequestError):
        evaluate(text)


NUMBERS = st.integers(0, 10_000).map(str) | st.decimals(0, 1000, places=2).map(str)


def grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    binary = st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "//", "%"]), inner)
    return binary.map(lambda parts: "({} {} {})".format(*parts)) | inner.map("(-{})".format)


@given(st.recursive(NUMBERS, grown, max_leaves=6).filter(lambda text: len(text) <= 300))
@settings(max_examples=200, deadline=None)
def test_random_arithmetic_agrees_with_fractions(text: str):
    try:
        expected = exact(text)
    except ZeroDivisionError:
        with pytest.raises(RequestError):
            evaluate(text)
        return
    try:
        found = Fraction(evaluate(text))
    except RequestError:
        # A divisor that is not zero by a rounding, or is by one.
        assert "/" in text or "%" in text
        return
    if "//" not in text and "%" not in text:  # rounding down jumps where the last digit was rounded
        assert abs(found - expected) <= max(abs(expected), Fraction(10**12)) * Fraction(1, 10**30)


def exact(text: str) -> Fraction:
    """Compute by Python's own parser, over fractions."""
    return Fraction(eval(re.sub(r"\d+(\.\d+)?", r'Fraction("\g<0>")', text), {"Fraction": Fraction}))  # noqa: S307


@given(st.integers(-10_000, 10_000), st.integers(-500, 500).filter(bool))
@settings(max_examples=100, deadline=None)
def test_whole_division_and_remainder_agree_with_python(left: int, right: int):
    assert evaluate(f"({left}) // ({right})") == left // right
    assert evaluate(f"({left}) % ({right})") == left % right


def test_the_tools_read_only_what_is_ours():
    assert {domain_of(tool) for tool in calculator_tools()} == {"calculator"}
    assert all(annotations_of(tool) == READS for tool in calculator_tools())


async def test_the_artifact_holds_the_value(call: Call):
    turn: Turn = turn_now()
    outcome: Any = (await call(CALCULATE, turn, expression="2+3")).artifact
    assert outcome.result.value == 5
