"""A stand-in for CoinGecko: prices, search, charts and its ways to refuse, over the made-up markets."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from passfel.tests.servers.loopback import serve
from passfel.tests.servers.markets import COINS, PER_EURO, TODAY, wave

LIMITED = {
    "status": {
        "error_code": 429,
        "error_message": "You've exceeded the Rate Limit. Please visit https://www.coingecko.com/en/api/pricing to"
        " subscribe to our API plans for higher rate limits.",
    }
}
UPDATED = datetime(2026, 11, 23, 9, 58, tzinfo=UTC)


@dataclass
class CoinGeckoWorld:
    """What was asked, which key is good, and what shall go wrong."""

    url: str = ""
    key: str = ""
    """The only good demo key; empty where no key is looked at."""
    limited: bool = False
    status: int = 0
    requests: list[Request] = field(default_factory=list)


def coingecko_app(world: CoinGeckoWorld) -> Starlette:
    """CoinGecko, as an application."""

    def guarded(answer: Any) -> Any:
        async def run(request: Request) -> Response:
            world.requests.append(request)
            if world.limited:
                return JSONResponse(LIMITED, 429, headers={"retry-after": "119"})
            if world.status:
                return JSONResponse({"error": "no"}, world.status)
            given = request.headers.get("x-cg-demo-api-key", "")
            if world.key and given != world.key:
                refusal = {"status": {"error_code": 10002, "error_message": "API Key Missing"}}
                return JSONResponse(refusal, 401)
            return JSONResponse(*answer(request))

        return run

    return Starlette(
        routes=[
            Route("/api/v3/ping", guarded(lambda _: ({"gecko_says": "(V3) To the Moon!"},))),
            Route("/api/v3/simple/price", guarded(_prices)),
            Route("/api/v3/search", guarded(_search)),
            Route("/api/v3/exchange_rates", guarded(_exchange_rates)),
            Route("/api/v3/coins/{coin}/market_chart", guarded(_chart)),
        ]
    )


@contextmanager
def coingecko() -> Iterator[CoinGeckoWorld]:
    """Serve it over loopback."""
    world = CoinGeckoWorld()
    with serve(coingecko_app(world)) as url:
        world.url = f"{url}/api/v3"
        yield world


def _in(currency: str, euros: str) -> float:
    per_euro = Decimal(1) if currency == "eur" else Decimal(PER_EURO[currency.upper()])
    return float(f"{Decimal(euros) * per_euro:.8g}")


def _prices(request: Request) -> tuple[Any, ...]:
    currency = request.query_params["vs_currencies"]
    asked = request.query_params["ids"].split(",")
    return (
        {
            coin: {
                currency: _in(currency, COINS[coin][3]),
                f"{currency}_24h_change": 1.23456 if coin != "shiba-inu" else None,
                "last_updated_at": int(UPDATED.timestamp()),
            }
            for coin in asked
            if coin in COINS
        },
    )


def _search(request: Request) -> tuple[Any, ...]:
    wanted = request.query_params["query"].casefold()
    rows = [
        {"id": coin, "name": name, "api_symbol": coin, "symbol": ticker, "market_cap_rank": rank}
        for coin, (name, ticker, rank, _) in reversed(COINS.items())
        if wanted in name.casefold() or wanted in ticker.casefold()
    ]
    return ({"coins": rows, "exchanges": [], "icos": [], "categories": [], "nfts": []},)


def _exchange_rates(request: Request) -> tuple[Any, ...]:
    euros = Decimal(COINS["bitcoin"][3])
    rates = {"eur": euros} | {code.lower(): euros * Decimal(rate) for code, rate in PER_EURO.items()}
    rates |= {"aed": euros * Decimal("4.305")}
    return (
        {
            "rates": {
                code: {"name": code, "unit": code, "value": float(rate), "type": "fiat"}
                for code, rate in rates.items()
            }
        },
    )


def _chart(request: Request) -> tuple[Any, ...]:
    coin = request.path_params["coin"]
    if coin not in COINS:
        return {"error": "coin not found"}, 404
    currency, days = request.query_params["vs_currency"], int(request.query_params["days"])
    if days > 365:
        return {"error": {"status": {"error_code": 10012, "error_message": "past 365 days only"}}}, 401
    rows = []
    for back in range(days, -1, -1):
        day = TODAY - timedelta(days=back)
        at = datetime.combine(day, time(0 if back else 9), tzinfo=UTC)
        price = Decimal(str(_in(currency, COINS[coin][3]))) * wave(day)
        rows.append([int(at.timestamp() * 1000), float(price)])
    return ({"prices": rows, "market_caps": [], "total_volumes": []},)
