"""Wikipedia: search first, then the summary of the page that fits, or what the name may mean. Text: CC BY-SA 4.0."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field

from passfel.household.errors import NotFoundError, SettingsError
from passfel.household.knowledge import Summary
from passfel.tools.http import Http
from passfel.tools.http_failures import StatusError
from passfel.tools.knowledge.wikimedia import RefusedError, broken, get, read_action
from passfel.tools.knowledge.wording import first_sentences, one_line

SOURCE = "Wikipedia"
HITS = 6
SENTENCES = 3
NOT_FOUND = 404


class WikipediaSettings(BaseModel):
    """Where Wikipedia is; no key is needed, but PASSFEL_HTTP__CONTACT should say who you are."""

    model_config = ConfigDict(frozen=True)

    url: str = Field(
        "https://{language}.wikipedia.org",
        description="{language} becomes the person's; another wiki may be named.",
    )
    api_path: str = Field("/w/api.php", description="Where the action API lies under it.")
    rest: bool = Field(True, description="Whether it offers REST summaries; few wikis of other people do.")


class Wikipedia:
    """Asks Wikipedia."""

    source = SOURCE

    def __init__(self, http: Http, settings: WikipediaSettings | None = None) -> None:
        """Ask through `http`."""
        self._http = http
        self._settings = settings or WikipediaSettings()

    async def summary(self, name: str, language: str = "en") -> Summary:
        """Search, read the page that fits best, and name the choices where the name means several things."""
        titles = await self.search(name, language)
        if not titles:
            raise NotFoundError(f"{SOURCE} has nothing about “{one_line(name, 60)}”.")
        found = await self.page(best(titles, name), language)
        if found.choices:
            return found.model_copy(update={"choices": _without(titles, found.title)})
        return found

    async def search(self, name: str, language: str = "en") -> list[str]:
        """The titles of the pages that fit; where there are none, of those that fit what was probably meant."""
        titles, suggestion = read_search(await self._act(language, _search_for(name)))
        if not titles and suggestion:
            titles, _ = read_search(await self._act(language, _search_for(suggestion)))
        return titles

    async def page(self, title: str, language: str = "en") -> Summary:
        """The page of this very title, redirects followed."""
        if self._settings.rest:
            url = f"{self._base(language)}/api/rest_v1/page/summary/{quote(title.replace(' ', '_'), safe='')}"
            try:
                return read_summary(await get(self._http, url, None, SOURCE))
            except StatusError as error:
                if error.status != NOT_FOUND:
                    raise
        return read_page(
            await self._act(
                language,
                {
                    "titles": title,
                    "prop": "extracts|pageprops|info|description|revisions",
                    "rvprop": "timestamp",
                    "exintro": 1,
                    "explaintext": 1,
                    "inprop": "url",
                    "redirects": 1,
                },
            )
        )

    async def check(self) -> str:
        """Read one page."""
        try:
            found = await self.page("Encyclopedia")
        except RefusedError as error:
            raise SettingsError(error.sentence) from error
        except NotFoundError:
            return "It answers."
        return f"It answers: {one_line(found.title, 40)}."

    async def _act(self, language: str, params: Mapping[str, str | int]) -> Mapping[str, Any]:
        query = {"action": "query", "format": "json", "formatversion": 2, **params}
        return await get(self._http, self._base(language) + self._settings.api_path, query, SOURCE)

    def _base(self, language: str) -> str:
        code = language.replace("_", "-").partition("-")[0].lower()
        return self._settings.url.rstrip("/").replace("{language}", code if code.isalpha() else "en")


def _search_for(name: str) -> dict[str, str | int]:
    return {
        "list": "search",
        "srsearch": name,
        "srlimit": HITS,
        "srprop": "",
        "srinfo": "suggestion",
        "srnamespace": 0,
    }


def best(titles: Sequence[str], name: str) -> str:
    """The page of exactly this name, or the first."""
    wanted = name.casefold().strip()
    return next((title for title in titles if title.casefold() in {wanted, _bare(wanted)}), titles[0])


def _bare(name: str) -> str:
    return name.removeprefix("the ")


def _without(titles: Sequence[str], title: str) -> tuple[str, ...]:
    return tuple(one_line(other, 80) for other in titles if other != title) or (title,)


def read_search(answer: Any) -> tuple[list[str], str]:
    """The titles that were found, and what the person may have meant instead."""
    query = _query(read_action(answer, SOURCE))
    try:
        titles = [str(hit["title"]) for hit in query.get("search", query.get("prefixsearch", ()))]
    except (KeyError, TypeError) as error:
        raise broken(SOURCE) from error
    info = query.get("searchinfo")
    return titles, str(info.get("suggestion", "")) if isinstance(info, dict) else ""


def read_summary(answer: Mapping[str, Any]) -> Summary:
    """Read a REST summary."""
    try:
        kind = str(answer["type"])
        if kind.endswith("not_found"):
            raise NotFoundError(f"{SOURCE} has no such page.")
        titles = answer.get("titles") or {}
        links = (answer.get("content_urls") or {}).get("desktop") or {}
        title = one_line(str(titles.get("normalized") or answer["title"]), 120)
        return Summary(
            title=title,
            text=first_sentences(str(answer["extract"]), SENTENCES),
            source=SOURCE,
            url=str(links.get("page", "")),
            description=one_line(str(answer.get("description") or ""), 120),
            choices=(title,) if kind == "disambiguation" else (),
            item=str(answer.get("wikibase_item") or ""),
            edited_at=_moment(answer.get("timestamp")),
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise broken(SOURCE) from error


def read_page(answer: Mapping[str, Any]) -> Summary:
    """Read a page as the action API gives it, of format version 1 (pages by id) or 2 (a list)."""
    pages = _query(read_action(answer, SOURCE)).get("pages") or ()
    found = [*pages.values()] if isinstance(pages, dict) else [*pages]
    try:
        page = found[0]
        if "missing" in page or "invalid" in page:
            raise NotFoundError(f"{SOURCE} has no such page.")
        properties = page.get("pageprops") or {}
        title = one_line(str(page["title"]), 120)
        return Summary(
            title=title,
            text=first_sentences(str(page.get("extract", "")), SENTENCES),
            source=SOURCE,
            url=str(page.get("canonicalurl") or page.get("fullurl") or ""),
            description=one_line(str(page.get("description") or ""), 120),
            choices=(title,) if "disambiguation" in properties else (),
            item=str(properties.get("wikibase_item", "")),
            edited_at=_moment((page.get("revisions") or [{}])[0].get("timestamp")),
        )
    except (KeyError, TypeError, AttributeError, ValueError, IndexError) as error:
        raise broken(SOURCE) from error


def _query(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    # A search for nothing comes back without "query".
    query = answer.get("query", {})
    if not isinstance(query, dict):
        raise broken(SOURCE)
    return query


def _moment(text: Any) -> datetime | None:
    moment = datetime.fromisoformat(text) if text else None
    return moment if moment is None or moment.utcoffset() is not None else None
