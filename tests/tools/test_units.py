"""Units as people write them, and say them."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from langchain_core.messages import ToolMessage

from passfel.household.errors import NotFoundError, RequestError
from passfel.household.turn import turn_now
from passfel.tools.calculator.tools import calculator_tools
from passfel.tools.calculator.units import convert, say_unit

CONVERT = calculator_tools()[1]


@pytest.mark.parametrize(
    ("value", "unit", "to", "words"),
    [
        (10, "km", "miles", "10 kilometers is 6.21371 miles."),
        (1, "mile", "km", "1 mile is 1.60934 kilometers."),
        (32, "°F", "°C", "32 °F is 0 °C."),
        (20, "C", "F", "20 °C is 68 °F."),
        (-40, "fahrenheit", "celsius", "-40 °F is -40 °C."),
        (20, "degrees", "fahrenheit", "20 °C is 68 °F."),
        (2, "cups", "ml", "2 US cups is 473.176 milliliters."),
        (11, "stone", "kg", "11 stone is 69.8532 kilograms."),
        (60, "mph", "km/h", "60 miles per hour is 96.5606 kilometers per hour."),
        (100, "m/s", "mph", "100 meters per second is 223.694 miles per hour."),
        (5, "litres", "gallons", "5 liters is 1.32086 US gallons."),
        (5, "liters", "imperial gallons", "5 liters is 1.09985 imperial gallons."),
        (6, "feet", "cm", "6 feet is 182.88 centimeters."),
        (1, "acre", "sq m", "1 acre is 4,046.86 square meters."),
        (2, "square miles", "square kilometres", "2 square miles is 5.17998 square kilometers."),
        (1, "meter**3", "litre", "1 cubic meter is 1,000 liters."),
        (1, "tonne", "pounds", "1 tonne is 2,204.62 pounds."),
        (1, "MB", "kb", "1 megabyte is 1,000 kilobytes."),
        (760, "mmHg", "atmosphere", "760 millimeters of mercury is 1 atmosphere."),
        (8, "fl oz", "ml", "8 US fluid ounces is 236.588 milliliters."),
        (12, "days", "weeks", "12 days is 1.71429 weeks."),
        (180, "degrees", "radians", "180 degrees is 3.14159 radians."),
    ],
)
async def test_a_conversion_is_a_sentence(
    call: Callable[..., Awaitable[ToolMessage]], value: float, unit: str, to: str, words: str
):
    assert (await call(CONVERT, turn_now(), value=value, unit=unit, to=to)).content == words


@pytest.mark.parametrize(
    ("value", "unit", "to", "words"),
    [
        (5, "litres", "gallons", "5 litres is 1.09985 imperial gallons."),
        (5, "us gallons", "litres", "5 US gallons is 18.9271 litres."),
        (5, "pints", "ml", "5 imperial pints is 2,841.31 millilitres."),
        (10, "km", "metres", "10 kilometres is 10,000 metres."),
    ],
)
async def test_in_britain_a_gallon_is_larger_and_a_metre_is_spelled_so(
    call: Callable[..., Awaitable[ToolMessage]], value: float, unit: str, to: str, words: str
):
    british = replace(turn_now(), locale="en_GB")
    assert (await call(CONVERT, british, value=value, unit=unit, to=to)).content == words


@pytest.mark.parametrize(
    ("unit", "to", "words"),
    [
        ("km", "kg", "Kilometers can't be converted to kilograms: one is a length, the other a weight."),
        ("liters", "mph", "Liters can't be converted to miles per hour: one is a volume, the other a speed."),
        ("joule", "bar", "Joules can't be converted to bars: they measure different things."),
    ],
)
def test_what_does_not_fit_names_both(unit: str, to: str, words: str):
    with pytest.raises(RequestError) as caught:
        convert(1, unit, to)
    assert str(caught.value) == words


@pytest.mark.parametrize("unit", ["foo", "euros", "", "10**10**10", "__class__", "m; import os", "x" * 5000])
def test_an_unknown_unit_is_said(unit: str):
    with pytest.raises(NotFoundError, match="I know no unit called"):
        convert(1, unit, "meter")


def test_what_is_too_large_is_said():
    with pytest.raises(RequestError, match="too large to convert"):
        convert(1e308, "light years", "mm")


@pytest.mark.parametrize(
    ("name", "one", "many"),
    [
        ("foot", "foot", "feet"),
        ("inch ** 2", "square inch", "square inches"),
        ("foot ** 3", "cubic foot", "cubic feet"),
        ("mile_per_hour", "mile per hour", "miles per hour"),
        ("meter / second", "meter per second", "meters per second"),
        ("century", "century", "centuries"),
        ("horsepower", "horsepower", "horsepower"),
        ("pound_force_per_square_inch", "psi", "psi"),
        ("degree_Celsius", "°C", "°C"),
    ],
)
def test_units_have_their_plurals(name: str, one: str, many: str):
    assert (say_unit(name, one=True), say_unit(name)) == (one, many)
