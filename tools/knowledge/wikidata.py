"""Wikidata: single facts with their dates and ranks, by the query service, or else by the action API. Data: CC0."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, Field

from passfel.household.errors import LimitedError, NotFoundError, ProviderError, SettingsError
from passfel.household.knowledge import Fact, Named, Quantity, Statement
from passfel.household.sharing import Rate
from passfel.tools.http import Http
from passfel.tools.http_failures import StatusError
from passfel.tools.knowledge.properties import KINDS, NEEDED
from passfel.tools.knowledge.statements import SOURCE, best_first, read_claims, read_rows
from passfel.tools.knowledge.wikimedia import STAYS, RefusedError, broken, get
from passfel.tools.knowledge.wording import one_line
from passfel.tools.provider import PASSING

HITS = 5
"""Things of one name that are looked at."""
QUERY_RATE = Rate(
    5, timedelta(seconds=5)
)  # it allows a minute of its computing a minute, five at once; one household is far below
PATIENCE = 1.3
"""Deadlines that a query may take."""
RESULTS = "application/sparql-results+json"
NO_TOPICS = ("disambiguation page", "family name", "given name", "surname", "Wikimedia ")

QUERY = """SELECT ?item ?property ?statement ?rank ?value ?valueLabel ?precision ?unit ?unitLabel ?at ?since ?until
WHERE {{
  VALUES ?item {{ {items} }}
  VALUES ?property {{ {properties} }}
  ?property wikibase:claim ?claim; wikibase:statementProperty ?simple.
  ?item ?claim ?statement.
  ?statement ?simple ?value; wikibase:rank ?rank.
  FILTER(?rank != wikibase:DeprecatedRank)
  OPTIONAL {{
    ?property wikibase:statementValue ?full.
    ?statement ?full ?node.
    OPTIONAL {{ ?node wikibase:timePrecision ?precision. }}
    OPTIONAL {{ ?node wikibase:quantityUnit ?unit. }}
  }}
  OPTIONAL {{ ?statement pq:P585 ?at. }}
  OPTIONAL {{ ?statement pq:P580 ?since. }}
  OPTIONAL {{ ?statement pq:P582 ?until. }}
  SERVICE wikibase:label {{ bd:serviceParam wikibase:language "{languages}". }}
}}
LIMIT 500"""


class WikidataSettings(BaseModel):
    """Where Wikidata is; no key is needed, but PASSFEL_HTTP__CONTACT should say who you are."""

    model_config = ConfigDict(frozen=True)

    api_url: str = Field(
        "https://www.wikidata.org/w/api.php", description="The action API: search and entities."
    )
    query_url: str = Field("https://query.wikidata.org/sparql", description="The query service (SPARQL).")


@dataclass(frozen=True, slots=True)
class Item:
    """A thing that a search found."""

    id: str
    label: str
    description: str = ""


class Wikidata:
    """Asks Wikidata."""

    source = SOURCE

    def __init__(self, http: Http, settings: WikidataSettings | None = None) -> None:
        """Ask through `http`."""
        self._http = http
        self._settings = settings or WikidataSettings()

    async def fact(self, subject: str, about: str, language: str = "en", *, item: str = "") -> Fact:
        """What is stated of the best known thing of this name that has such a fact at all."""
        language = language.replace("_", "-").partition("-")[0].lower()
        for name in (item,) if item else spellings(subject):
            items = await self.search(name, language)
            stated = await self._stated(items, KINDS[about].properties, language) if items else {}
            fact = _first(items, stated, about)
            if fact is not None:
                return fact
        raise NotFoundError(f"{SOURCE} does not know the {KINDS[about].noun} of “{one_line(subject, 60)}”.")

    async def search(self, name: str, language: str = "en") -> list[Item]:
        """The things of this name, the best known first."""
        params: dict[str, str | int] = {
            "action": "wbsearchentities",
            "format": "json",
            "search": name,
            "language": language,
            "uselang": language,
            "type": "item",
            "limit": HITS + 2,
        }
        return read_search(await get(self._http, self._settings.api_url, params, SOURCE))[:HITS]

    async def check(self) -> str:
        """Ask for one fact."""
        try:
            fact = await self.fact("Portugal", "capital")
        except RefusedError as error:
            raise SettingsError(error.sentence) from error
        value = fact.statements[0].value
        return (
            f"It answers: the capital of Portugal is {value.name}."
            if isinstance(value, Named)
            else "It answers."
        )

    async def _stated(
        self, items: Sequence[Item], properties: Sequence[str], language: str
    ) -> Mapping[str, tuple[Statement, ...]]:
        """By item; the query service answers in one go, and the action API where that one is out of order."""
        try:
            return await self._query(items, properties, language)
        except PASSING as error:
            if isinstance(error, RefusedError):
                raise
            try:
                return {items[0].id: await self._claims(items[0].id, properties, language)}
            except ProviderError:
                raise error from None

    async def _query(
        self, items: Sequence[Item], properties: Sequence[str], language: str
    ) -> Mapping[str, tuple[Statement, ...]]:
        query = QUERY.format(
            items=" ".join(f"wd:{item.id}" for item in items),
            properties=" ".join(f"wd:{name}" for name in properties),
            languages=",".join(dict.fromkeys([language, "mul", "en"])),
        )
        try:
            reply = await self._http.request(
                "POST",
                self._settings.query_url,
                source=f"{SOURCE}'s query service",
                accept=(RESULTS,),
                headers={"Content-Type": "application/x-www-form-urlencoded"},
                content=urlencode({"query": query}).encode(),
                lifetime=STAYS,
                deadline=timedelta(seconds=PATIENCE * self._http.settings.deadline_s),
                rate=QUERY_RATE,
                reads_only=True,
            )
            rows = list(read_rows(reply.json()))
        except StatusError as error:
            raise _query_refused(error) from error
        except (ValueError, TypeError, AttributeError) as error:
            raise broken(SOURCE) from error
        return {
            item.id: best_first(statement for owner, statement in rows if owner == item.id) for item in items
        }

    async def _claims(self, item: str, properties: Sequence[str], language: str) -> tuple[Statement, ...]:
        url = self._settings.api_url
        found: list[Statement] = []
        for name in properties:  # one after another, as Wikimedia asks
            params = {"action": "wbgetclaims", "format": "json", "entity": item, "property": name}
            answer = await get(self._http, url, params, SOURCE)
            try:
                found += read_claims(answer.get("claims"))
            except (ValueError, TypeError, AttributeError) as error:
                raise broken(SOURCE) from error
        statements = best_first(found)
        labels = await self._labels(_ids(statements), language)
        return tuple(
            statement.model_copy(update={"value": _labelled(statement, labels)}) for statement in statements
        )

    async def _labels(self, ids: Sequence[str], language: str) -> Mapping[str, str]:
        if not ids:
            return {}
        params: dict[str, str | int] = {
            "action": "wbgetentities",
            "format": "json",
            "ids": "|".join(ids[:50]),
            "props": "labels",
            "languages": f"{language}|mul|en",
            "languagefallback": 1,
        }
        answer = await get(self._http, self._settings.api_url, params, SOURCE)
        entities = answer.get("entities")
        if not isinstance(entities, dict):
            raise broken(SOURCE)
        return {name: label for name, entity in entities.items() if (label := label_of(entity, language))}


def spellings(subject: str) -> tuple[str, ...]:
    """Names to look for: a search goes by how a name begins, and few begin with an article."""
    said = " ".join(subject.split())
    bare = said[4:] if said.casefold().startswith("the ") else ""
    return tuple(dict.fromkeys(filter(None, (said, bare) if said.startswith("The ") else (bare, said))))


def read_search(answer: Mapping[str, Any]) -> list[Item]:
    """The things that a search found; families' names and pages that only list others are left out."""
    hits = answer.get("search")
    try:
        found = [
            Item(
                str(hit["id"]),
                one_line(str(hit.get("label") or hit["id"]), 120),
                one_line(str(hit.get("description") or ""), 120),
            )
            for hit in hits or ()
        ]
    except (KeyError, TypeError, AttributeError) as error:
        raise broken(SOURCE) from error
    return [
        item
        for item in found
        if item.id[:1] == "Q"
        and item.id[1:].isdecimal()
        and not any(word in item.description for word in NO_TOPICS)
    ]


def label_of(entity: Any, language: str = "en") -> str:
    """An entity's name in a language, or in English, or in any; an entity may have none, and lexemes have lemmas."""
    if not isinstance(entity, dict):
        return ""
    labels = entity.get("labels") or entity.get("lemmas") or {}
    if not isinstance(labels, dict):
        return ""
    chosen = next((labels[code] for code in (language, "mul", "en") if code in labels), None)
    label: Any = chosen or next(iter(labels.values()), {})
    return one_line(str(label.get("value", "")), 120) if isinstance(label, dict) else ""


def _first(items: Iterable[Item], stated: Mapping[str, tuple[Statement, ...]], about: str) -> Fact | None:
    needed = NEEDED.get(about)
    having = [
        item
        for item in items
        if any(needed in (None, statement.property) for statement in stated.get(item.id, ()))
    ]
    if not having:
        return None
    chosen = having[0]
    return Fact(
        subject=chosen.label,
        description=chosen.description,
        about=about,
        statements=stated[chosen.id],
        source=SOURCE,
        url=f"https://www.wikidata.org/wiki/{chosen.id}",
        namesake=any(other.label.casefold() == chosen.label.casefold() for other in having[1:]),
    )


def _ids(statements: Iterable[Statement]) -> list[str]:
    found = []
    for statement in statements:
        value = statement.value
        if isinstance(value, Named):
            found.append(value.id)
        elif isinstance(value, Quantity) and value.unit:
            found.append(value.unit)
    return list(dict.fromkeys(found))


def _labelled(statement: Statement, labels: Mapping[str, str]) -> Any:
    value = statement.value
    if isinstance(value, Named):
        return value.model_copy(update={"name": labels.get(value.id, value.name)})
    if isinstance(value, Quantity):
        return value.model_copy(update={"unit": labels.get(value.unit, value.unit)})
    return value


def _query_refused(error: StatusError) -> ProviderError:
    # Whoever ignores its limits is banned for a day, with a text that says until when.
    if b"banned" in error.body[:2000] or error.status == 403:
        return LimitedError(SOURCE, f"{SOURCE}'s query service takes no more questions from here for now.")
    return error
