"""Yahoo Finance: shares, funds, indexes and metals. Unofficial, for personal use: off until the household wants it.

Yahoo answers browsers only, so it is asked through yfinance (the extra `finance`), whose session passes for one.
The answers are read here: yfinance's own tables are binary floats, and hide what went wrong.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Protocol
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field

from passfel.household.errors import BrokenAnswerError, NotFoundError, SettingsError
from passfel.household.money import say_money
from passfel.household.quote import Instrument, PriceHistory, Quote
from passfel.household.sharing import Rate
from passfel.tools.finance.figures import wording
from passfel.tools.finance.yahoo_answers import (
    SOURCE,
    chart_of,
    read_history,
    read_quote,
    read_search,
    refusal,
)
from passfel.tools.http import Http, within
from passfel.tools.http_failures import StatusError
from passfel.tools.limits import MemoryCache, TokenBuckets

RATE = Rate(10, timedelta(seconds=10))
PRICES_STAY = timedelta(minutes=1)
HISTORY_STAYS = timedelta(minutes=30)
NAMES_STAY = timedelta(days=30)
DEADLINE = timedelta(seconds=10)
TURN_ON = (
    "Prices of shares come from Yahoo Finance, which is off: install it with “pip install 'passfel[finance]'” (or"
    " “uv sync --extra finance”) and set PASSFEL_YAHOO__ENABLED to true; Yahoo allows personal use only."
)
Params = dict[str, str | int | float]


class YahooSettings(BaseModel):
    """Whether and how Yahoo Finance is asked."""

    model_config = ConfigDict(frozen=True)

    enabled: bool = Field(
        False, description="Ask Yahoo for prices of shares; unofficial, its terms allow personal use only."
    )
    browser: bool = Field(
        True,
        description="Ask as a browser does, which takes the extra `finance`; a mirror of your own needs none.",
    )
    url: str = Field("https://query2.finance.yahoo.com", description="Where Yahoo, or a mirror, is asked.")


class Browser(Protocol):
    """Fetches as a browser does: the status, and the body as text."""

    def check(self) -> None:
        """See that it can be used at all; SettingsError says what to install."""
        ...

    def get(self, url: str, params: Params, seconds: float) -> tuple[int, str]:
        """Fetch, in the calling thread.

        Raises:
            ProviderError: nothing came.
        """
        ...


class Yahoo:
    """Asks Yahoo Finance's charts, which hold the price now as well, and its search."""

    source = SOURCE

    def __init__(
        self, http: Http, settings: YahooSettings | None = None, browser: Browser | None = None
    ) -> None:
        """Ask as `browser`, or plainly through `http` where the settings want that."""
        self._http = http
        self._settings = settings or YahooSettings()
        self._browser = browser if self._settings.browser else None
        self._url = self._settings.url.rstrip("/")
        self._kept, self._limiter = MemoryCache(), TokenBuckets()

    @property
    def enabled(self) -> bool:
        """Whether the household wants Yahoo to be asked."""
        return self._settings.enabled

    def prices(self, instrument: Instrument, currency: str, *, past: bool = False) -> bool:
        """Shares, and, where it is on, coins and currencies as well."""
        return instrument.kind == "share" or self.enabled

    async def check(self) -> str:
        """Ask for the price of one share."""
        self._need()
        found = await self.quotes([Instrument(kind="share", symbol="AAPL", name="Apple")], "USD")
        if not found:
            raise BrokenAnswerError(SOURCE, f"{SOURCE} knows no price of Apple.")
        return f"It answers: Apple is at {say_money(found[0].price, found[0].currency)}."

    async def find(self, name: str) -> Instrument | None:
        """A share by its name, symbol or ISIN."""
        self._need()
        params: Params = {"q": name[:60], "quotesCount": 6, "newsCount": 0, "enableFuzzyQuery": "false"}
        hits = read_search(await self._ask("/v1/finance/search", params, NAMES_STAY))
        return hits[0] if hits else None

    async def quotes(self, instruments: Sequence[Instrument], currency: str) -> list[Quote]:
        """The prices now, a request for each."""
        self._need()
        found = await asyncio.gather(*(self._quote(instrument, currency) for instrument in instruments))
        return [one for one in found if one is not None]

    async def _quote(self, instrument: Instrument, currency: str) -> Quote | None:
        try:
            answer = await self._chart(instrument, currency, {"range": "1d", "interval": "1d"}, PRICES_STAY)
        except NotFoundError:
            return None
        return read_quote(answer, instrument)

    async def history(self, instrument: Instrument, currency: str, first: date, last: date) -> PriceHistory:
        """The closing prices of a span, on the exchange's own calendar."""
        self._need()
        begin = datetime.combine(first - timedelta(days=1), time.min, tzinfo=UTC)
        end = datetime.combine(last + timedelta(days=2), time.min, tzinfo=UTC)
        params: Params = {
            "period1": int(begin.timestamp()),
            "period2": int(end.timestamp()),
            "interval": "1d",
        }
        history = read_history(await self._chart(instrument, currency, params, HISTORY_STAYS), instrument)
        points = tuple(point for point in history.points if first <= point.day <= last)
        if not points:
            raise NotFoundError(f"{SOURCE} has no prices of {instrument.name} in those days.")
        return history.model_copy(update={"points": points})

    async def _chart(
        self, instrument: Instrument, currency: str, params: Params, lifetime: timedelta
    ) -> Mapping[str, Any]:
        symbol = quote(_symbol(instrument, currency), safe="")
        answer = await self._ask(f"/v8/finance/chart/{symbol}", params, lifetime)
        return chart_of(answer, instrument.name)

    def _need(self) -> None:
        if not self._settings.enabled:
            raise SettingsError(TURN_ON)
        if self._settings.browser:
            if self._browser is None:
                raise SettingsError(TURN_ON)
            self._browser.check()

    async def _ask(self, path: str, params: Params, lifetime: timedelta) -> Any:
        if self._browser is not None:
            return await self._browse(self._browser, path, params, lifetime)
        try:
            return await self._http.get_json(
                f"{self._url}{path}",
                params,
                source=SOURCE,
                lifetime=lifetime,
                rate=RATE,
                parse_float=Decimal,
            )
        except StatusError as error:
            raise refusal(error.status, error.body.decode(errors="replace")) from error

    async def _browse(self, browser: Browser, path: str, params: Params, lifetime: timedelta) -> Any:
        key = json.dumps([path, params], sort_keys=True)
        kept = await self._kept.get(key)
        if kept is None:
            status, text = await self._fetched(browser, path, params)
            if status != 200:
                raise refusal(status, text)
            kept = text.encode()
        with wording(SOURCE):
            answer = json.loads(kept, parse_float=Decimal)
        await self._kept.put(key, kept, lifetime)
        return answer

    async def _fetched(self, browser: Browser, path: str, params: Params) -> tuple[int, str]:
        """In a thread: the session blocks. A thread can't be stopped, so it has a deadline of its own as well."""
        seconds = DEADLINE.total_seconds()
        async with within(SOURCE, seconds):
            wait = await self._limiter.admit(SOURCE, RATE)
            if wait:
                await asyncio.sleep(wait)
            return await asyncio.to_thread(browser.get, f"{self._url}{path}", params, seconds)


def _symbol(instrument: Instrument, currency: str) -> str:
    if instrument.kind == "coin":
        return f"{instrument.code}-{currency}"
    return f"{instrument.symbol}{currency}=X" if instrument.kind == "currency" else instrument.symbol
