"""The calculator's tools."""

import asyncio
from decimal import Decimal

from langchain_core.tools import BaseTool
from pydantic import BaseModel, ConfigDict

from passfel.household.wording import say_number
from passfel.tools.calculator.evaluate import evaluate, pretty, say_value
from passfel.tools.calculator.units import convert
from passfel.tools.contract import READS, Answer, InTurn, Outcome, tool


class Calculation(BaseModel):
    """An expression and what it is."""

    model_config = ConfigDict(frozen=True)

    expression: str
    value: Decimal


class Conversion(BaseModel):
    """A quantity in two units."""

    model_config = ConfigDict(frozen=True)

    value: float
    unit: str
    converted: float
    to: str


def calculator_tools() -> list[BaseTool]:
    """Make the calculator's tools."""
    return [tool(function, domain="calculator", annotations=READS) for function in (calculate, convert_units)]


async def calculate(turn: InTurn, expression: str) -> Answer:
    """Compute arithmetic exactly: + - * / // % ** ( ) sqrt and percentages.

    Args:
        turn: the turn.
        expression: what to compute, such as "15% of 80", "(12.5+3)*4" or "sqrt(2)".
    """
    value = evaluate(expression)
    words, rounded = say_value(value)
    result = Calculation(expression=expression, value=value)
    return f"{pretty(expression)} is {'about ' if rounded else ''}{words}.", Outcome(result=result)


async def convert_units(turn: InTurn, value: Decimal, unit: str, to: str) -> Answer:
    """Convert a quantity from one unit to another: lengths, weights, volumes, temperatures, speeds and more.

    Args:
        turn: the turn.
        value: how much.
        unit: the unit that it is in, such as "km", "cups" or "°F".
        to: the unit to convert it to.
    """
    # In a thread: the first call reads pint's table of units.
    quantity = await asyncio.to_thread(convert, float(value), unit, to, turn.locale)
    result = Conversion(
        value=quantity.value, unit=quantity.unit, converted=quantity.converted, to=quantity.to
    )
    first, second = quantity.say(say_number(value, 12), quantity.value), quantity.say_converted()
    return f"{first} is {second}.", Outcome(result=result)
