"""A stand-in for Wikidata: search and claims of the action API, and the query service, over a few items.

The query service doesn't read SPARQL: it takes the items and properties that the query names, and gives rows as
the real one does.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from passfel.tests.servers.loopback import serve
from passfel.tests.servers.stand_in import StandIn

ENTITY = "http://www.wikidata.org/entity/"
ONTOLOGY = "http://wikiba.se/ontology#"
TYPES = "http://www.w3.org/2001/XMLSchema#"
METRE, ONE, KM2 = "Q11573", "Q199", "Q712226"


@dataclass(frozen=True)
class Said:
    """A statement: a date ("+1954-07-17/11" with its precision), an amount ("4806 Q11573") or an item ("Q3114")."""

    value: str
    rank: str = "normal"
    at: str = ""
    since: str = ""
    until: str = ""


@dataclass(frozen=True)
class Thing:
    """An item."""

    label: str
    description: str = ""
    claims: dict[str, tuple[Said, ...]] = field(default_factory=dict)


THINGS: dict[str, Thing] = {
    METRE: Thing("metre"),
    KM2: Thing("square kilometre"),
    "Q7259": Thing(
        "Ada Lovelace",
        "English mathematician (1815-1852)",
        {"P569": (Said("+1815-12-10/11"),), "P570": (Said("+1852-11-27/11"),)},
    ),
    "Q567": Thing(
        "Angela Merkel",
        "chancellor of Germany from 2005 to 2021",
        {"P569": (Said("+1954-07-17/11"), Said("+1953-01-01/9", "deprecated"))},
    ),
    "Q45": Thing(
        "Portugal",
        "country in Southwestern Europe",
        {
            "P1082": (
                Said(f"10347892 {ONE}", at="+2021-01-01"),
                Said(f"10749635 {ONE}", at="+2024-12-31"),
                Said(f"9000000 {ONE}", "deprecated", at="+2025-01-01"),
            ),
            "P36": (Said("Q597"),),
            "P2046": (Said(f"92225.6 {KM2}"),),
            "P571": (Said("+1143-10-05/11"),),
            "P38": (Said("Q4916"),),
        },
    ),
    "Q4916": Thing("euro"),
    "Q597": Thing("Lisbon", "capital of Portugal", {"P17": (Said("Q45"),)}),
    "Q408": Thing(
        "Australia",
        "country in Oceania",
        {"P36": (Said("Q3114", since="+1927-05-09"), Said("Q3141", until="+1927-05-09"))},
    ),
    "Q3114": Thing("Canberra", "capital city of Australia"),
    "Q3141": Thing("Melbourne", "city in Australia"),
    "Q583": Thing(
        "Mont Blanc",
        "highest mountain in the Alps",
        {"P2044": (Said(f"4805.59 {METRE}", "preferred", at="+2023-10-05"), Said(f"4810 {METRE}"))},
    ),
    "Q243": Thing(
        "Eiffel Tower",
        "tower in Paris",
        {
            "P571": (Said("+1887-01-28/11"),),
            "P1619": (Said("+1889-03-31/11"),),
            "P2048": (Said(f"330 {METRE}"),),
        },
    ),
    "Q161531": Thing("War and Peace", "novel by Leo Tolstoy", {"P50": (Said("Q7243"),)}),
    "Q7243": Thing("Leo Tolstoy", "Russian writer"),
    "Q142": Thing(
        "France",
        "country in Western Europe",
        {"P35": (Said("Q3052772", "preferred", since="+2017-05-14"), Said("Q157", until="+2017-05-14"))},
    ),
    "Q3052772": Thing("Emmanuel Macron"),
    "Q157": Thing("François Hollande"),
    "Q230": Thing("Georgia", "country in the Caucasus", {"P36": (Said("Q994"),)}),
    "Q994": Thing("Tbilisi"),
    "Q1428": Thing("Georgia", "state of the United States of America", {"P36": (Said("Q23556"),)}),
    "Q23556": Thing("Atlanta"),
    "Q9001": Thing("Georgia", "Wikimedia disambiguation page"),
}


class WikidataWorld(StandIn):
    """The stand-in's items and memory."""

    @property
    def api_url(self) -> str:
        """The action API."""
        return f"{self.url}/w/api.php"

    @property
    def query_url(self) -> str:
        """The query service."""
        return f"{self.url}/sparql"

    @property
    def app(self) -> Starlette:
        """The ASGI application."""
        return Starlette(
            routes=[
                Route("/w/api.php", self.endpoint(self._act)),
                Route("/sparql", self.endpoint(self._query), methods=["GET", "POST"]),
            ]
        )

    def _act(self, request: Request, said: dict[str, str]) -> Response:
        if not request.headers.get("user-agent", "").startswith("PASSFEL/"):
            return PlainTextResponse("Please set a user-agent", 403)
        match said["action"]:
            case "wbsearchentities":
                return JSONResponse(_search(said["search"], int(said["limit"])))
            case "wbgetclaims":
                claims = THINGS[said["entity"]].claims.get(said["property"], ())
                return JSONResponse(
                    {"claims": {said["property"]: [_claim(said["property"], one) for one in claims]}}
                )
            case "wbgetentities":
                found = {name: THINGS[name] for name in said["ids"].split("|")}
                labels = {
                    name: {"id": name, "labels": {"en": {"language": "en", "value": thing.label}}}
                    for name, thing in found.items()
                }
                return JSONResponse({"entities": labels, "success": 1})
        return JSONResponse({"error": {"code": "badvalue", "info": "Unrecognized value"}})

    def _query(self, _: Request, said: dict[str, str]) -> Response:
        items = re.findall(r"wd:(Q\d+)", said["query"])
        properties = re.findall(r"wd:(P\d+)", said["query"])
        rows = [
            _row(item, name, one, number)
            for item in items
            for name in properties
            for number, one in enumerate(THINGS[item].claims.get(name, ()) if item in THINGS else ())
            if one.rank != "deprecated"
        ]
        return JSONResponse(
            {"head": {"vars": ["item"]}, "results": {"bindings": rows}},
            media_type="application/sparql-results+json",
        )


def _search(words: str, most: int) -> dict[str, Any]:
    said = words.casefold()
    found = [
        {"id": name, "label": thing.label, "description": thing.description, "match": {"type": "label"}}
        for name, thing in THINGS.items()
        if thing.label.casefold().startswith(said) or name.casefold() == said
    ]
    return {"searchinfo": {"search": words}, "search": found[:most], "success": 1}


def _row(item: str, name: str, said: Said, number: int) -> dict[str, Any]:
    rank = f"{ONTOLOGY}{said.rank.capitalize()}Rank"
    row: dict[str, Any] = {
        "item": {"type": "uri", "value": ENTITY + item},
        "property": {"type": "uri", "value": ENTITY + name},
        "statement": {"type": "uri", "value": f"{ENTITY}statement/{item}-{name}-{number}"},
        "rank": {"type": "uri", "value": rank},
    }
    amount, _, unit = said.value.partition(" ")
    if said.value.startswith("Q"):
        row["value"] = {"type": "uri", "value": ENTITY + said.value}
        row["valueLabel"] = {"type": "literal", "xml:lang": "en", "value": THINGS[said.value].label}
    elif unit:
        row["value"] = {"type": "literal", "datatype": f"{TYPES}decimal", "value": amount}
        row["unit"] = {"type": "uri", "value": ENTITY + unit}
        row["unitLabel"] = {"type": "literal", "value": THINGS[unit].label if unit in THINGS else "1"}
    else:
        day, _, precision = said.value.partition("/")
        row["value"] = _day(day)
        row["precision"] = {"type": "literal", "datatype": f"{TYPES}integer", "value": precision}
    times = {"at": said.at, "since": said.since, "until": said.until}
    return row | {name: _day(text) for name, text in times.items() if text}


def _day(text: str) -> dict[str, str]:
    return {"type": "literal", "datatype": f"{TYPES}dateTime", "value": f"{text.removeprefix('+')}T00:00:00Z"}


def _claim(name: str, said: Said) -> dict[str, Any]:
    amount, _, unit = said.value.partition(" ")
    data: dict[str, Any]
    if said.value.startswith("Q"):
        data = {"type": "wikibase-entityid", "value": {"entity-type": "item", "id": said.value}}
    elif unit:
        data = {
            "type": "quantity",
            "value": {"amount": f"+{amount}", "unit": "1" if unit == ONE else ENTITY + unit},
        }
    else:
        data = _time(said.value)
    qualifiers = {"P585": said.at, "P580": said.since, "P582": said.until}
    return {
        "mainsnak": {"snaktype": "value", "property": name, "datavalue": data},
        "rank": said.rank,
        "qualifiers": {
            qualifier: [{"snaktype": "value", "property": qualifier, "datavalue": _time(f"{text}/11")}]
            for qualifier, text in qualifiers.items()
            if text
        },
    }


def _time(text: str) -> dict[str, Any]:
    day, _, precision = text.partition("/")
    return {"type": "time", "value": {"time": f"{day}T00:00:00Z", "precision": int(precision)}}


@contextmanager
def wikidata() -> Iterator[WikidataWorld]:
    """Run the stand-in until the block ends."""
    world = WikidataWorld()
    with serve(world.app) as world.url:
        yield world
