"""Reading Yahoo Finance's answers: charts, searches, refusals."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from passfel.household.errors import BrokenAnswerError, LimitedError, NotFoundError, ProviderError
from passfel.household.quote import Instrument, Market, Point, PriceHistory, Quote
from passfel.household.wording import plain_text
from passfel.tools.finance.figures import number, wording

SOURCE = "Yahoo Finance"
SOURCE_URL = "https://finance.yahoo.com/"
HUNDREDTHS = {"GBp": "GBP", "GBX": "GBP", "ILA": "ILS", "ZAc": "ZAR"}
"""Some exchanges quote in pence."""


def refusal(status: int, body: str) -> ProviderError | NotFoundError:
    """What a status and its body mean; a limit comes as plain text."""
    if status == 429 or "Too Many Requests" in body:
        return LimitedError(SOURCE, f"{SOURCE} takes no more requests for now.")
    if status == 404:
        return NotFoundError(f"{SOURCE} knows nothing of that name.")
    return BrokenAnswerError(SOURCE, f"{SOURCE} refused the request (HTTP {status}).")


def chart_of(answer: Any, name: str) -> Mapping[str, Any]:
    """The one chart of an answer; NotFoundError where Yahoo says that there is none."""
    with wording(SOURCE):
        chart = answer["chart"]
        error, results = chart.get("error"), chart.get("result")
        if error is None and not isinstance(results[0]["meta"], dict):
            raise TypeError("no chart")
    if error is not None or not results:
        raise NotFoundError(f"{SOURCE} knows no prices of {name}.")
    found: Mapping[str, Any] = results[0]
    return found


def read_quote(chart: Mapping[str, Any], instrument: Instrument) -> Quote:
    """The price now, out of the head of a chart of one day."""
    with wording(SOURCE):
        meta = chart["meta"]
        currency, unit = _currency(meta)
        price = number(meta["regularMarketPrice"], positive=True)
        before = meta.get("chartPreviousClose")
        return Quote(
            instrument=instrument,
            price=price / unit,
            currency=currency,
            at=datetime.fromtimestamp(int(meta["regularMarketTime"]), UTC),
            change_percent=_change(price, number(before, positive=True)) if before else None,
            market=_market(meta),
            source=SOURCE,
            source_url=f"{SOURCE_URL}quote/{quote(str(meta['symbol']), safe='')}",
        )


def read_history(chart: Mapping[str, Any], instrument: Instrument) -> PriceHistory:
    """The closing prices of a chart; days without one are left out, and a chart without days has none."""
    with wording(SOURCE):
        meta = chart["meta"]
        currency, unit = _currency(meta)
        zone = ZoneInfo(str(meta["exchangeTimezoneName"]))
        closes = chart["indicators"]["quote"][0].get("close") or ()
        points = {
            datetime.fromtimestamp(int(at), UTC).astimezone(zone).date(): number(close, positive=True) / unit
            for at, close in zip(chart.get("timestamp") or (), closes, strict=True)
            if close is not None
        }
        return PriceHistory(
            instrument=instrument,
            currency=currency,
            points=tuple(Point(day=day, price=_sensible(price)) for day, price in sorted(points.items())),
            source=SOURCE,
            source_url=f"{SOURCE_URL}quote/{quote(str(meta['symbol']), safe='')}",
        )


def read_search(answer: Any) -> list[Instrument]:
    """What search found, the best first; news and people are none of ours."""
    with wording(SOURCE):
        return [
            Instrument(
                kind="share",
                symbol=str(row["symbol"])[:20],
                name=plain_text(str(row.get("longname") or row.get("shortname") or row["symbol"]))[:60],
            )
            for row in answer["quotes"]
            if row.get("isYahooFinance") and row.get("quoteType") not in {"OPTION", "CRYPTOCURRENCY"}
        ]


def _currency(meta: Mapping[str, Any]) -> tuple[str, int]:
    """The currency, and how many of the quoted units make one."""
    told = str(meta["currency"])
    return (HUNDREDTHS[told], 100) if told in HUNDREDTHS else (told, 1)


def _change(price: Decimal, before: Decimal) -> Decimal:
    return (price - before) / before * 100


def _market(meta: Mapping[str, Any]) -> Market:
    """Open where the last trade lies within the trading hours that the chart names."""
    if meta.get("instrumentType") == "CRYPTOCURRENCY":
        return "always"
    hours = (meta.get("currentTradingPeriod") or {}).get("regular")
    if not hours:
        return "closed"
    return "open" if int(hours["start"]) <= int(meta["regularMarketTime"]) < int(hours["end"]) else "closed"


def _sensible(price: Decimal) -> Decimal:
    """Yahoo's closing prices are binary floats written out: eight digits of them count."""
    return Decimal(f"{price:.8g}")
