"""The providers that the fault matrix makes fail: what is asked of each, and where its stand-in's address is set."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from passfel.tests.servers.open_meteo import open_meteo

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


PROBES = (Probe("Open-Meteo", "what is the weather in Lisbon", open_meteo, _open_meteo),)
