"""Statements of Wikidata as the action API (claims) and the query service (SPARQL results) write them.

Ranks: a preferred statement stands for the others, a deprecated one is wrong and left out. Dates know how exact
they are: 11 is a day, 10 a month, 9 a year, 8 a decade, 7 a century, 6 a millennium; "+1969-00-00" has no month.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, cast

from passfel.household.knowledge import Named, PartialDate, Quantity, Rank, Statement, Value
from passfel.tools.knowledge.wording import one_line

SOURCE = "Wikidata"
Span = Literal["day", "month", "year", "decade", "century", "millennium"]
SPANS: Mapping[int, Span] = {
    11: "day",
    10: "month",
    9: "year",
    8: "decade",
    7: "century",
    6: "millennium",
}
ENTITY = re.compile(r"https?://www\.wikidata\.org/entity/(?P<id>[QLP]\d+)$")
TIME = re.compile(r"(?P<sign>[+-]?)(?P<year>\d{1,16})-(?P<month>\d\d)-(?P<day>\d\d)T[\d:.]+Z?")
ONE = "Q199"
AT, SINCE, UNTIL = "P585", "P580", "P582"

Row = Mapping[str, Any]


def read_time(text: str, precision: int = 11, *, year_zero: bool = False) -> PartialDate | None:
    """A date with its precision; None where it says nothing that a household could use.

    Args:
        text: "+1954-07-17T00:00:00Z".
        precision: Wikidata's number for how exact it is.
        year_zero: whether the year before 1 is written 0, as the query service does.
    """
    found = TIME.fullmatch(text)
    span = SPANS.get(min(precision, 11))
    if found is None or span is None:
        return None
    year = int(found["year"])
    if year_zero and found["sign"] == "-":
        year += 1
    if not 0 < year < 1_000_000:
        return None
    month, day = int(found["month"]), int(found["day"])
    exact = {"month": month or None, "day": day or None} if span == "day" else {"month": month or None}
    if span not in {"day", "month"} or not 1 <= month <= 12:
        exact, span = {}, span if span not in {"day", "month"} else "year"
    return PartialDate(year=-year if found["sign"] == "-" else year, span=span, **exact)


def best_first(statements: Iterable[Statement]) -> tuple[Statement, ...]:
    """Those that stand for their property: the preferred ones where there are some, else the normal ones."""
    known = [statement for statement in statements if statement.rank != "deprecated"]
    preferred = {statement.property for statement in known if statement.rank == "preferred"}
    return tuple(
        statement
        for statement in known
        if statement.rank == "preferred" or statement.property not in preferred
    )


def read_claims(claims: Any) -> Iterator[Statement]:
    """The statements of an entity's claims; values that are unknown, or of kinds nobody asks for, are left out."""
    # An entity without claims has a list here.
    for property_id, group in claims.items() if isinstance(claims, dict) else ():
        for claim in group:
            value = _value_of(claim.get("mainsnak", {}))
            if value is not None:
                qualifiers = claim.get("qualifiers") or {}
                yield Statement(
                    property=property_id,
                    value=value,
                    rank=_rank(str(claim.get("rank", "normal"))),
                    at=_qualifier(qualifiers, AT),
                    since=_qualifier(qualifiers, SINCE),
                    until=_qualifier(qualifiers, UNTIL),
                )


def _qualifier(qualifiers: Any, name: str) -> PartialDate | None:
    for snak in qualifiers.get(name, ()) if isinstance(qualifiers, dict) else ():
        value = _value_of(snak)
        if isinstance(value, PartialDate):
            return value
    return None


def _value_of(snak: Mapping[str, Any]) -> Value | None:
    data = snak.get("datavalue") if snak.get("snaktype", "value") == "value" else None
    if not isinstance(data, dict):
        return None
    value, kind = data.get("value"), data.get("type")
    if kind == "string" and isinstance(value, str):
        return one_line(value, 200)
    if not isinstance(value, dict):
        return None
    if kind == "time":
        return read_time(str(value.get("time", "")), int(value.get("precision", 11)))
    if kind == "quantity":
        unit = ENTITY.match(str(value.get("unit", "")))
        return _quantity(str(value.get("amount", "")), unit["id"] if unit else "")
    if kind == "wikibase-entityid":
        name = str(value.get("id") or f"Q{value.get('numeric-id', '')}")
        return Named(name=name, id=name)
    return one_line(str(value["text"]), 200) if kind == "monolingualtext" and "text" in value else None


def read_rows(answer: Any) -> Iterator[tuple[str, Statement]]:
    """The statements of a SPARQL result, each with the id of its item; rows of other shapes are left out."""
    seen: set[str] = set()
    for row in bindings(answer):
        item, name = _id(row, "item"), _id(row, "property")
        value = _value_in(row)
        # A statement with two qualifiers of one kind comes twice.
        key = _text(row, "statement")
        if not item or not name or value is None or (key and key in seen):
            continue
        seen.add(key)
        yield (
            item,
            Statement(
                property=name,
                value=value,
                rank=_rank(_text(row, "rank").rpartition("#")[2].removesuffix("Rank").casefold()),
                at=_time_in(row, "at"),
                since=_time_in(row, "since"),
                until=_time_in(row, "until"),
            ),
        )


def bindings(answer: Any) -> list[Row]:
    """The rows of a SPARQL result in JSON.

    Raises:
        ValueError: it is none.
    """
    try:
        rows = answer["results"]["bindings"]
    except (KeyError, TypeError) as error:
        raise ValueError("no SPARQL result") from error
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError("no SPARQL result")
    return cast("list[Row]", rows)


def _value_in(row: Row) -> Value | None:
    term = row.get("value") or {}
    text, kind = str(term.get("value", "")), str(term.get("datatype", "")).rpartition("#")[2]
    if term.get("type") == "uri":
        entity = ENTITY.match(text)
        return (
            Named(name=one_line(_text(row, "valueLabel") or entity["id"], 120), id=entity["id"])
            if entity
            else None
        )
    if term.get("type") == "bnode":  # it has a value that nobody knows
        return None
    if kind == "dateTime":
        return read_time(text, int(_text(row, "precision") or 11), year_zero=True)
    if kind in {"decimal", "integer", "double"}:
        return _quantity(text, "" if _id(row, "unit") == ONE else _text(row, "unitLabel"))
    return one_line(text, 200) or None


def _time_in(row: Row, name: str) -> PartialDate | None:
    # Qualifiers come without their precision: the first of January stands for a year.
    text = _text(row, name)
    return read_time(text, 9 if "-01-01T" in text else 11, year_zero=True) if text else None


def _quantity(amount: str, unit: str) -> Quantity | None:
    try:
        number = Decimal(amount)
    except InvalidOperation:
        return None
    return Quantity(amount=number, unit="" if unit == ONE else unit) if number.is_finite() else None


def _text(row: Row, name: str) -> str:
    term = row.get(name)
    return str(term.get("value", "")) if isinstance(term, dict) else ""


def _id(row: Row, name: str) -> str:
    found = ENTITY.match(_text(row, name))
    return found["id"] if found else ""


def _rank(word: str) -> Rank:
    return cast("Rank", word) if word in {"preferred", "normal", "deprecated"} else "normal"
