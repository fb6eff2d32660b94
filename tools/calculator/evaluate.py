"""A small, safe calculator: decimal arithmetic with bounds on everything.

Python's parser builds the tree, and this module walks the few nodes that it knows. The text is cut into
known tokens first, and the parser sees names in the place of numbers: it never evaluates anything, and
"0.1" stays one tenth.
"""

import ast
import re
from collections.abc import Callable
from decimal import (
    ROUND_FLOOR,
    Context,
    Decimal,
    DecimalException,
    DivisionByZero,
    InvalidOperation,
    Overflow,
)
from typing import NoReturn

from passfel.household.errors import RequestError

LONGEST = 300
DIGITS = 50
LARGEST = 1000
"""Powers of ten beyond which nothing is computed."""
CONTEXT = Context(
    prec=DIGITS, Emax=LARGEST, Emin=-LARGEST, traps=[DivisionByZero, InvalidOperation, Overflow]
)

NUMBER = r"(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d{1,4})?"
TOKEN = re.compile(rf"\s*(?:(?P<number>{NUMBER})|(?P<sqrt>sqrt)|(?P<sign>\*\*|//|[-+*/%()]))")
ASKED = re.compile(r"^(?:what is|what's|how much is|calculate|compute)\s+", re.IGNORECASE)

WORDS = (
    (r"(?<=\d),(?=\d{3}(?!\d))", ""),
    (r"[×·]|(?<=[\d)\s])x(?=[\d(\s])|\btimes\b|\bmultiplied by\b", "*"),
    (r"÷|\bdivided by\b|\bover\b", "/"),
    (r"[−–]|\bminus\b", "-"),
    (r"\bplus\b", "+"),
    (r"\^|\bto the power of\b", "**"),
    (r"²|\bsquared\b", "**2"),
    (r"³|\bcubed\b", "**3"),
    (r"√|\b(?:the )?square root of\b", "sqrt "),
    (rf"sqrt\s*({NUMBER})", r"sqrt(\1)"),
    (r"\s*\b(?:percent|per cent|pct)\b", "%"),
    (rf"^(.+?)([-+])\s*({NUMBER})\s*%\s*$", r"(\1)*(1\2\3/100)"),  # "80 + 15%"
    (rf"({NUMBER})\s*%(?!\s*[\d.(])", r"(\1/100)"),  # "15%", but "17 % 5" is what remains
    (r"\bof\b", "*"),
)


def evaluate(text: str) -> Decimal:
    """Compute an expression; RequestError says what is wrong with it."""
    if len(text) > LONGEST:
        raise RequestError(f"That is too long to compute: at most {LONGEST} characters.")
    numbers: dict[str, Decimal] = {}
    rewritten = _rewritten(text)
    if not rewritten:
        raise RequestError("Say what to compute.")
    try:
        tree = ast.parse(_tokens(rewritten, numbers), mode="eval").body
        return CONTEXT.plus(_value(tree, numbers))
    except (SyntaxError, RecursionError, MemoryError) as error:
        raise _unreadable(text) from error
    except DivisionByZero as error:
        raise RequestError("Nothing can be divided by zero.") from error
    except Overflow as error:
        raise _too_large() from error
    except DecimalException as error:
        raise RequestError("That has no result in ordinary numbers.") from error


def _rewritten(text: str) -> str:
    """Write out percent, words and typographic signs."""
    text = ASKED.sub("", text.casefold().strip().rstrip("?=. "))
    for pattern, replacement in WORDS:
        text = re.sub(pattern, replacement, text)
    return text


def _tokens(text: str, numbers: dict[str, Decimal]) -> str:
    """Check that there is nothing but arithmetic, and put names in the place of numbers."""
    parts: list[str] = []
    at = 0
    while at < len(text.rstrip()):
        token = TOKEN.match(text, at)
        if token is None:
            raise _unreadable(text)
        at = token.end()
        if token["number"]:
            name = f"n{len(numbers)}"
            numbers[name] = CONTEXT.create_decimal(token["number"])
            parts.append(name)
        else:
            parts.append(token["sqrt"] or token["sign"])
    return " ".join(parts)


def _value(node: ast.expr, numbers: dict[str, Decimal]) -> Decimal:
    match node:
        case ast.Name(id=name) if name in numbers:
            return numbers[name]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return CONTEXT.minus(_value(operand, numbers))
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _value(operand, numbers)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATIONS:
            return OPERATIONS[type(op)](_value(left, numbers), _value(right, numbers))
        case ast.Call(func=ast.Name(id="sqrt"), args=[argument], keywords=[]):
            return CONTEXT.sqrt(_value(argument, numbers))
    raise SyntaxError(ast.dump(node)[:80])


def _divide(left: Decimal, right: Decimal) -> Decimal:
    if right == 0:  # 0/0 is no other mistake than 1/0 to a person
        _refuse_zero()
    return CONTEXT.divide(left, right)


def _floor_divide(left: Decimal, right: Decimal) -> Decimal:
    """Round down, as Python's integers do; Decimal's own // rounds towards zero."""
    if right == 0:
        _refuse_zero()
    whole, rest = CONTEXT.divmod(left, right)
    return CONTEXT.subtract(whole, Decimal(1)) if rest and (rest < 0) != (right < 0) else whole


def _modulo(left: Decimal, right: Decimal) -> Decimal:
    if right == 0:
        _refuse_zero()
    rest = CONTEXT.remainder(left, right)
    return CONTEXT.add(rest, right) if rest and (rest < 0) != (right < 0) else rest


def _power(base: Decimal, exponent: Decimal) -> Decimal:
    if base == 0 and exponent < 0:
        _refuse_zero()
    size = abs(exponent) * (abs(base.adjusted()) + 1) if base else abs(exponent)
    if size > 3 * LARGEST:  # refused before anything is computed
        raise _too_large()
    if base == 0 and exponent == 0:
        return Decimal(1)
    return CONTEXT.power(base, exponent)


def _refuse_zero() -> NoReturn:
    raise RequestError("Nothing can be divided by zero.")


OPERATIONS: dict[type[ast.operator], Callable[[Decimal, Decimal], Decimal]] = {
    ast.Add: CONTEXT.add,
    ast.Sub: CONTEXT.subtract,
    ast.Mult: CONTEXT.multiply,
    ast.Div: _divide,
    ast.FloorDiv: _floor_divide,
    ast.Mod: _modulo,
    ast.Pow: _power,
}


def say_value(value: Decimal) -> tuple[str, bool]:
    """Write a result, and whether it was rounded: whole numbers in full, others to twelve digits."""
    if value == value.to_integral_value(ROUND_FLOOR) and value.adjusted() < 30:
        return f"{int(value):,}", False
    rounded = Context(prec=12).plus(value)
    close = CONTEXT.subtract(rounded, value).copy_abs() <= value.copy_abs() * Decimal("1e-40")
    if -7 < rounded.adjusted() < 15:
        plain = f"{rounded:,f}"
        return (plain.rstrip("0").rstrip(".") if "." in plain else plain), not close
    return f"{rounded.normalize():e}", not close


def pretty(text: str) -> str:
    """Write an expression as a person would: "(15/100)*80" is "15% of 80"."""
    text = ASKED.sub("", " ".join(text.strip().rstrip("?= ").split()))
    text = re.sub(rf"\(({NUMBER})/100\)\s*\*\s*", r"\1% of ", text)
    text = re.sub(rf"\*\s*\(1\s*([-+])\s*({NUMBER})/100\)", r" \1 \2%", text)
    text = re.sub(r"\s*\*\*\s*", "^", text)
    text = re.sub(r"\s*\*\s*", " × ", text)
    text = re.sub(r"(?<=[\d)])\s*([+/-])\s*(?=[\d(s])", r" \1 ", text)
    return text.replace(" / ", " ÷ ")


def _unreadable(text: str) -> RequestError:
    shown = " ".join(text.split())[:60]
    return RequestError(f'"{shown}" is no arithmetic that I can compute.')


def _too_large() -> RequestError:
    return RequestError("That number is too large to compute.")
