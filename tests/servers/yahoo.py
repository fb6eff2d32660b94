"""A stand-in for Yahoo Finance's charts and search, over the made-up markets."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from passfel.tests.servers.loopback import serve
from passfel.tests.servers.markets import LAST_CLOSE, SHARES, business_days, wave


@dataclass
class YahooWorld:
    """What was asked, and what shall go wrong."""

    url: str = ""
    limited: bool = False
    requests: list[Request] = field(default_factory=list)


def yahoo_app(world: YahooWorld) -> Starlette:
    """Yahoo Finance, as an application."""

    def guarded(answer: Any) -> Any:
        async def run(request: Request) -> Response:
            world.requests.append(request)
            if world.limited:
                return PlainTextResponse("Too Many Requests\r\n", 429)
            body, status = answer(request)
            return JSONResponse(body, status)

        return run

    return Starlette(
        routes=[
            Route("/v8/finance/chart/{symbol}", guarded(_chart)),
            Route("/v1/finance/search", guarded(_search)),
        ]
    )


@contextmanager
def yahoo() -> Iterator[YahooWorld]:
    """Serve it over loopback."""
    world = YahooWorld()
    with serve(yahoo_app(world)) as url:
        world.url = url
        yield world


def _at(day: date, hour: int, zone: str) -> int:
    return int(datetime.combine(day, time(hour), tzinfo=ZoneInfo(zone)).timestamp())


def _chart(request: Request) -> tuple[Any, int]:
    symbol = request.path_params["symbol"]
    if symbol not in SHARES:
        error = {"code": "Not Found", "description": "No data found, symbol may be delisted"}
        return {"chart": {"result": None, "error": error}}, 404
    name, currency, zone, price = SHARES[symbol]
    query = request.query_params
    first, last = LAST_CLOSE, LAST_CLOSE
    if "period1" in query:
        first, last = (datetime.fromtimestamp(int(query[key]), UTC).date() for key in ("period1", "period2"))
    days = business_days(first, min(last, LAST_CLOSE))
    before = LAST_CLOSE - timedelta(days=1)
    meta = {
        "currency": currency,
        "symbol": symbol,
        "exchangeName": "NMS",
        "instrumentType": "EQUITY",
        "regularMarketTime": _at(LAST_CLOSE, 16, zone),
        "gmtoffset": 0,
        "exchangeTimezoneName": zone,
        "regularMarketPrice": float(_price(price, LAST_CLOSE)),
        "longName": name,
        "chartPreviousClose": float(_price(price, before)),
        "priceHint": 2,
        "currentTradingPeriod": {
            "regular": {
                "timezone": "X",
                "start": _at(LAST_CLOSE + timedelta(days=3), 9, zone),
                "end": _at(LAST_CLOSE + timedelta(days=3), 16, zone),
                "gmtoffset": 0,
            }
        },
        "dataGranularity": "1d",
        "range": query.get("range", ""),
    }
    result: dict[str, Any] = {"meta": meta, "indicators": {"quote": [{}]}}
    if days:
        closes = [float(_price(price, day)) for day in days]
        result["timestamp"] = [_at(day, 9, zone) for day in days]
        result["indicators"] = {"quote": [{"close": [None, *closes[1:]] if len(days) > 3 else closes}]}
    return {"chart": {"result": [result], "error": None}}, 200


def _price(price: str, day: date) -> Decimal:
    return Decimal(price) * wave(day) / wave(LAST_CLOSE)


def _search(request: Request) -> tuple[Any, int]:
    wanted = request.query_params["q"].casefold()
    if not wanted:
        error = {"code": "Bad Request", "description": "Missing required query parameter=q"}
        return {"finance": {"result": None, "error": error}}, 400
    quotes = [
        {
            "exchange": "NMS",
            "shortname": name.upper(),
            "longname": name,
            "quoteType": "EQUITY",
            "symbol": symbol,
            "isYahooFinance": True,
        }
        for symbol, (name, *_) in SHARES.items()
        if wanted in name.casefold() or wanted == symbol.casefold()
    ]
    return {"explains": [], "count": len(quotes), "quotes": quotes, "news": []}, 200
