"""Numbers, arithmetic, quantities and money, as people type and say them."""

import re
from decimal import Decimal
from pathlib import Path

import pint
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passfel.nlu.slots.amounts import read_currency
from passfel.nlu.slots.numbers import Number, find_numbers, read_expression
from passfel.nlu.slots.quantities import (
    Amount,
    Quantity,
    find_amounts,
    find_quantities,
    read_unit,
    unit_names,
)

TABLES = Path(__file__).parent / "tables"


def rows(name: str) -> list[list[str]]:
    lines = (TABLES / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return [
        [cell.strip() for cell in line.split(" |")] for line in lines if line and not line.startswith("#")
    ]


def plain(value: Decimal) -> str:
    return f"{value:f}".rstrip("0").rstrip(".") if "." in f"{value:f}" else f"{value:f}"


@pytest.mark.parametrize(("text", "expression"), rows("expressions"))
def test_arithmetic_becomes_a_plain_expression(text: str, expression: str):
    assert (read_expression(text) or "-") == expression


@pytest.mark.parametrize(("text", "expected"), rows("numbers"))
def test_numbers_are_found_in_digits_and_words(text: str, expected: str):
    found = [f"{n.text} = {plain(n.value)}{'%' if n.is_percent else ''}" for n in find_numbers(text)]
    assert "; ".join(found) == expected


@pytest.mark.parametrize(("text", "expected"), rows("quantities"))
def test_quantities_have_a_value_and_a_unit(text: str, expected: str):
    found = [f"{q.text} = {plain(q.value)} {q.unit}" for q in find_quantities(text)]
    assert "; ".join(found) == expected


@pytest.mark.parametrize(("text", "expected"), rows("amounts"))
def test_amounts_have_a_value_and_a_currency(text: str, expected: str):
    found = [f"{a.text} = {plain(a.value)} {a.currency}" for a in find_amounts(text)]
    assert "; ".join(found) == expected


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("miles", "mile"),
        ("the mile", "mile"),
        ("°c", "degree_Celsius"),
        ("F", "degree_Fahrenheit"),
        ("stone", "stone"),
        ("mph", "mile_per_hour"),
        ("litres", "liter"),
        ("liters", "liter"),
        ("US gallons", "gallon"),
        ("tbsp", "tablespoon"),
        ("square feet", "foot**2"),
        ("blah", None),
        ("miles away", None),
        ("", None),
    ],
)
def test_a_unit_is_read_by_its_name(text: str, unit: str | None):
    assert read_unit(text) == unit


def test_a_currency_is_read_by_its_name():
    names = ["euros", "$", "the yen", "GBP", "blah"]
    assert [read_currency(name) for name in names] == ["EUR", "USD", "JPY", "GBP", None]


@pytest.mark.parametrize("unit", sorted(unit_names()))
def test_pint_knows_every_unit(unit: str):
    assert REGISTRY.Unit(unit) is not None


REGISTRY: pint.UnitRegistry[float] = pint.UnitRegistry()


@given(st.one_of(st.text(max_size=500), st.text("0123456789+-*/().%^ afhlo'\"$€", max_size=60)))
def test_any_text_is_read_without_an_error(text: str):
    findings: list[Number | Quantity | Amount] = [
        *find_numbers(text),
        *find_quantities(text),
        *find_amounts(text),
    ]
    assert all(text[finding.begin : finding.end] == finding.text for finding in findings)
    expression = read_expression(text)
    assert expression is None or re.fullmatch(r"(?:[0-9.+\-*/()%]|sqrt)+", expression)
