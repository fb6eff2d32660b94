"""A stand-in for Frankfurter, version 1: its paths, dates and refusals, over the made-up markets."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from passfel.tests.servers.loopback import serve
from passfel.tests.servers.markets import LAST_CLOSE, PER_EURO, business_days, wave


@dataclass
class FrankfurterWorld:
    """What was asked, and what shall go wrong."""

    url: str = ""
    status: int = 0
    """An HTTP status to refuse everything with; 0 for none."""
    requests: list[Request] = field(default_factory=list)


def frankfurter_app(world: FrankfurterWorld) -> Starlette:
    """Frankfurter, as an application."""

    async def answer(request: Request) -> Response:
        world.requests.append(request)
        if world.status:
            return JSONResponse({"message": "no"}, world.status)
        try:
            return _answer(request)
        except (ValueError, KeyError):
            return JSONResponse({"message": "not found"}, 404)

    return Starlette(routes=[Route("/v1/{when}", answer)])


@contextmanager
def frankfurter() -> Iterator[FrankfurterWorld]:
    """Serve it over loopback."""
    world = FrankfurterWorld()
    with serve(frankfurter_app(world)) as url:
        world.url = f"{url}/v1"
        yield world


def _answer(request: Request) -> Response:
    when, query = request.path_params["when"], request.query_params
    base, amount = query.get("base", "EUR"), Decimal(query.get("amount", "1"))
    symbols = [code for code in query.get("symbols", "").split(",") if code]
    if ".." in when:
        first, _, last = when.partition("..")
        return _series(
            base, symbols, date.fromisoformat(first), date.fromisoformat(last) if last else LAST_CLOSE
        )
    day = LAST_CLOSE if when == "latest" else _published(date.fromisoformat(when))
    return JSONResponse(
        {"amount": float(amount), "base": base, "date": str(day), "rates": _rates(base, symbols, amount, day)}
    )


def _series(base: str, symbols: list[str], first: date, last: date) -> Response:
    # A span begins on the working day before, where its first day has no rates.
    days = business_days(_published(first), min(last, LAST_CLOSE))
    return JSONResponse(
        {
            "amount": 1.0,
            "base": base,
            "start_date": str(days[0] if days else first),
            "end_date": str(days[-1] if days else last),
            "rates": {str(day): _rates(base, symbols, Decimal(1), day) for day in days},
        }
    )


def _published(day: date) -> date:
    day = min(day, LAST_CLOSE)
    while day.weekday() > 4:
        day -= timedelta(days=1)
    return day


def _rates(base: str, symbols: list[str], amount: Decimal, day: date) -> dict[str, float]:
    table = {"EUR": Decimal(1)} | {
        code: Decimal(rate) * wave(day) / wave(LAST_CLOSE) for code, rate in PER_EURO.items()
    }
    return {
        code: float(f"{amount * table[code] / table[base]:.5g}")
        for code in sorted(table)
        if code != base and (not symbols or code in symbols)
    }
