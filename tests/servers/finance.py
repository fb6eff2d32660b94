"""All stand-ins of the services of prices at once."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from passfel.tests.servers.coingecko import CoinGeckoWorld, coingecko
from passfel.tests.servers.frankfurter import FrankfurterWorld, frankfurter
from passfel.tests.servers.yahoo import YahooWorld, yahoo

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=ZoneInfo("Europe/Lisbon"))


@dataclass
class Markets:
    """The three stand-ins."""

    frankfurter: FrankfurterWorld
    coingecko: CoinGeckoWorld
    yahoo: YahooWorld

    @property
    def hosts(self) -> tuple[str, ...]:
        """What has to be allowed, for loopback is private."""
        urls = (self.frankfurter.url, self.coingecko.url, self.yahoo.url)
        return tuple(urlsplit(url).netloc for url in urls)

    def forget(self) -> None:
        """Nothing goes wrong, and nothing was asked."""
        self.frankfurter.status = 0
        self.coingecko.key, self.coingecko.limited, self.coingecko.status = "", False, 0
        self.yahoo.limited = False
        for requests in (self.frankfurter.requests, self.coingecko.requests, self.yahoo.requests):
            requests.clear()


@contextmanager
def all_markets() -> Iterator[Markets]:
    """Serve all three over loopback."""
    with frankfurter() as rates, coingecko() as coins, yahoo() as shares:
        yield Markets(rates, coins, shares)
