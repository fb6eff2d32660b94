"""The providers that the fault matrix makes fail: what is asked of each, and where its stand-in's address is set."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from passfel.tests.servers.arxiv import arxiv
from passfel.tests.servers.coingecko import coingecko
from passfel.tests.servers.duckduckgo import search_engines
from passfel.tests.servers.feeds import feeds
from passfel.tests.servers.frankfurter import frankfurter
from passfel.tests.servers.google_calendar import REFRESH, google_calendar
from passfel.tests.servers.joplin import TOKEN, joplin
from passfel.tests.servers.nws import nws
from passfel.tests.servers.open_meteo import open_meteo
from passfel.tests.servers.radicale import PASSWORD, caldav_account
from passfel.tests.servers.wikidata import wikidata
from passfel.tests.servers.wikipedia import wikipedia
from passfel.tests.servers.yahoo import yahoo

Overrides = Mapping[str, Any]


class StandIn(Protocol):
    """A stand-in server that runs."""

    @property
    def url(self) -> str:
        """Where it listens, such as http://127.0.0.1:40123."""
        ...


@dataclass(frozen=True)
class Probe:
    """One provider: a sentence that only it can answer, and how its address is set."""

    source: str
    """As the person is told."""
    says: str
    stand_in: Callable[[], AbstractContextManager[StandIn]]
    settings: Callable[[str], Overrides]
    """The settings that lead to an address."""


def _open_meteo(url: str) -> Overrides:
    return {"open_meteo": {"forecast_url": f"{url}/v1/forecast", "geocoding_url": f"{url}/v1/search"}}


CLOSED = "http://127.0.0.1:9"
"""The port of RFC 863, where nothing listens."""
UNASKED: Overrides = {
    "knowledge": {
        "wikipedia": {"url": CLOSED},
        "wikidata": {"api_url": CLOSED, "query_url": CLOSED},
        "arxiv": {"url": CLOSED},
        "instant_answers": {"url": CLOSED},
        "web_search": {"engines": ["duckduckgo"], "urls": {"duckduckgo": CLOSED}},
    }
}
"""What other services are reached at while one is looked at that may go on to them: never the real ones."""


def _nws(url: str) -> Overrides:
    # Nobody has to look up where home is.
    return {"nws": {"base_url": url}, "household": {"home_place": "Denver, 39.7392, -104.9847"}}


def _feed(url: str) -> Overrides:
    return {"news": {"feeds": [f"world: The Courier | {url}/courier.xml"], "default_feeds": False}}


def _wikipedia(url: str) -> Overrides:
    return {"knowledge": {"wikipedia": {"url": url}}}


def _wikidata(url: str) -> Overrides:
    return {"knowledge": {"wikidata": {"api_url": f"{url}/w/api.php", "query_url": f"{url}/sparql"}}}


def _arxiv(url: str) -> Overrides:
    return {"knowledge": {"arxiv": {"url": f"{url}/api/query"}}}


def _instant_answers(url: str) -> Overrides:
    return {"knowledge": {"instant_answers": {"url": f"{url}/instant"}}}


def _duckduckgo(url: str) -> Overrides:
    return {"knowledge": {"web_search": {"engines": ["duckduckgo"], "urls": {"duckduckgo": f"{url}/html/"}}}}


def _frankfurter(url: str) -> Overrides:
    return {"frankfurter": {"url": url}}


def _coingecko(url: str) -> Overrides:
    # A key only because a keyless one may ask five times a minute.
    return {"coingecko": {"url": url, "api_key": "k"}}


def _yahoo(url: str) -> Overrides:
    return {"yahoo": {"url": url, "enabled": True, "browser": False}}


def _joplin(url: str) -> Overrides:
    return {"joplin": {"url": url, "token": TOKEN}}


def _caldav(url: str) -> Overrides:
    return {"caldav": {"home": {"url": url, "username": "ana", "password": PASSWORD}}}


def _google(url: str) -> Overrides:
    addresses = {"calendar_url": f"{url}/calendar/v3", "token_url": f"{url}/token"}
    return {"google": {"client_id": "passfel", "refresh_token": REFRESH, **addresses}}


PROBES = (
    Probe("Open-Meteo", "what is the weather in Lisbon", open_meteo, _open_meteo),
    Probe("NOAA/NWS", "are there any weather alerts", nws, _nws),
    Probe("The Courier", "give me the headlines", feeds, _feed),
    Probe("DuckDuckGo's instant answer service", "who is Marc Brunel", search_engines, _instant_answers),
    Probe("Wikipedia", "who is Ada Lovelace", wikipedia, _wikipedia),
    Probe("Wikidata", "what is the capital of Australia", wikidata, _wikidata),
    Probe("arXiv", "latest papers on diffusion models", arxiv, _arxiv),
    Probe("DuckDuckGo", "search the web for heat pumps", search_engines, _duckduckgo),
    Probe("Frankfurter", "what was the euro at on 3 march", frankfurter, _frankfurter),
    Probe("CoinGecko", "what is the price of bitcoin", coingecko, _coingecko),
    Probe("Yahoo Finance", "how is Apple doing", yahoo, _yahoo),
    Probe("Calendar account home", "what is on friday", caldav_account, _caldav),
    Probe("Google Calendar", "am I free on friday", google_calendar, _google),
    Probe("Joplin", "what did I note about the boiler", joplin, _joplin),
)
