"""The providers that the fault matrix makes fail: what is asked of each, and where its stand-in's address is set."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from passfel.tests.servers.coingecko import coingecko
from passfel.tests.servers.frankfurter import frankfurter
from passfel.tests.servers.joplin import TOKEN, joplin
from passfel.tests.servers.open_meteo import open_meteo
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


def _frankfurter(url: str) -> Overrides:
    return {"frankfurter": {"url": url}}


def _coingecko(url: str) -> Overrides:
    # A key only because a keyless one may ask five times a minute.
    return {"coingecko": {"url": url, "api_key": "k"}}


def _yahoo(url: str) -> Overrides:
    return {"yahoo": {"url": url, "enabled": True, "browser": False}}


def _joplin(url: str) -> Overrides:
    return {"joplin": {"url": url, "token": TOKEN}}


PROBES = (
    Probe("Open-Meteo", "what is the weather in Lisbon", open_meteo, _open_meteo),
    Probe("Frankfurter", "what was the euro at on 3 march", frankfurter, _frankfurter),
    Probe("CoinGecko", "what is the price of bitcoin", coingecko, _coingecko),
    Probe("Yahoo Finance", "how is Apple doing", yahoo, _yahoo),
    Probe("Joplin", "what did I note about the boiler", joplin, _joplin),
)
