"""Answers that the real services gave are read by the real code, where they are at hand: every one of them."""

import contextlib
import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from passfel.household.errors import BrokenAnswerError, LimitedError, NotFoundError
from passfel.household.money import say_money
from passfel.household.quote import Instrument
from passfel.tools.finance.coingecko import (
    CURRENCIES,
    read_chart,
    read_exchange_rates,
    read_hits,
    read_prices,
)
from passfel.tools.finance.frankfurter import KNOWN, read_rates
from passfel.tools.finance.yahoo_answers import chart_of, read_history, read_quote, read_search, refusal


def _recordings() -> Path | None:
    for folder in Path(__file__).resolve().parents:
        found = folder.parent / "shared" / "recordings"
        if (folder / "pyproject.toml").is_file() and found.is_dir():
            return found
    return None


ROOT = _recordings()
EXTRACTED = dict(
    line.split(" | ", 1) for line in (Path(__file__).parent / "extracted.txt").read_text("utf-8").splitlines()
)
"""What the real code makes of each recording that it reads."""
pytestmark = pytest.mark.skipif(ROOT is None, reason="no recordings beside the repository")


def files(service: str) -> list[Path]:
    return sorted((ROOT / service).iterdir()) if ROOT else []


def body(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"), parse_float=Decimal)


@pytest.mark.parametrize("path", files("frankfurter"), ids=lambda path: path.stem)
def test_every_recorded_answer_of_frankfurter_gives_rates_of_one_unit(path: Path):
    rows = list(read_rates(body(path)))
    day, base, quote, rate = rows[0]
    told = f"{len(rows)} rates of {day}, the first {base} to {quote} at {rate:.6g}"
    assert told == EXTRACTED[f"frankfurter/{path.stem}"]
    assert all(rate > 0 and {base, quote} <= KNOWN | {"BGN"} for _, base, quote, rate in rows)


def _gecko(name: str, answer: Any) -> str:
    """What our code makes of a recorded answer of CoinGecko, in words."""
    if name.startswith("simple_price"):
        coin = Instrument(kind="coin", symbol="ethereum", name="Ethereum", ticker="ETH")
        (quote,) = read_prices(answer, [coin], "USD")
        return f"price {say_money(quote.price, quote.currency)}"
    if "market_chart" in name or "ohlc" in name:
        points = read_chart(answer)
        return f"{len(points)} days, the last {points[-1].day} at {points[-1].price}"
    if name.startswith("exchange_rates"):
        return f"{len(read_exchange_rates(answer))} rates"
    if "supported_vs" in name:
        return f"{len(set(map(str.upper, answer)) & CURRENCIES)} currencies of ours"
    if "search" in name or "coins_list" in name or "coins_markets" in name:
        hits = read_hits(answer)
        return f"{len(hits)} coins, the first {hits[0].name} ({hits[0].code}, {hits[0].symbol})"
    if name.startswith("ping"):
        return str(answer["gecko_says"])
    return ""


NOT_ASKED_FOR = {"2023_global", "global", "coins_id_history"}
"""Answers to questions that we never ask."""


@pytest.mark.parametrize("path", files("coingecko"), ids=lambda path: path.stem)
def test_every_recorded_answer_of_coingecko_is_read_or_refused(path: Path):
    answer = body(path)
    if path.stem == "error_429" or path.stem in NOT_ASKED_FOR:
        for read in (read_hits, read_chart, read_exchange_rates):
            with pytest.raises(BrokenAnswerError):
                read(answer)
        return
    assert _gecko(path.stem, answer) == EXTRACTED[f"coingecko/{path.stem}"]


def _yahoo(name: str, answer: Any) -> str:
    something = Instrument(kind="share", symbol="X", name="it")
    if name.startswith(("search", "2021_search")):
        hits = read_search(answer)
        return f"{len(hits)} hits{f', the first {hits[0].name} ({hits[0].symbol})' if hits else ''}"
    chart = chart_of(answer, "it")
    quote, history = read_quote(chart, something), read_history(chart, something)
    ends = f", the last {history.points[-1].day} at {history.points[-1].price}" if history.points else ""
    return f"{say_money(quote.price, quote.currency)} {quote.market}; {len(history.points)} days{ends}"


@pytest.mark.parametrize("path", files("yahoo-finance"), ids=lambda path: path.stem)
def test_every_recorded_answer_of_yahoo_is_read_or_refused(path: Path):
    if path.stem.startswith("error_429"):
        assert isinstance(refusal(429, path.read_text()), LimitedError)
        assert isinstance(refusal(200, path.read_text()), LimitedError)
        return
    if path.suffix == ".csv":  # of an endpoint that is gone
        return
    answer = body(path)
    if path.stem.startswith(("chart-", "historical-", "search-")):
        assert _yahoo(path.stem, answer) == EXTRACTED[f"yahoo-finance/{path.stem}"]
        return
    # Of endpoints that want a cookie and a crumb, which we do not ask: no figure may come of them.
    with pytest.raises((BrokenAnswerError, NotFoundError)):
        _yahoo(path.stem, answer)
    if path.stem.endswith("_404"):
        assert isinstance(refusal(404, path.read_text()), NotFoundError)


@pytest.mark.parametrize(
    "answer",
    [{"chart": {"result": None, "error": {"code": "Not Found", "description": "No data found"}}}],
)
def test_an_unknown_symbol_is_not_found_and_no_broken_answer(answer: Any):
    with pytest.raises(NotFoundError):
        chart_of(answer, "Nothing Ltd")


@pytest.mark.parametrize(
    "answer", [None, [], {}, "x", {"chart": {}}, {"chart": {"result": [{}], "error": None}}]
)
def test_an_answer_of_another_shape_is_a_broken_answer(answer: Any):
    readers = (
        lambda one: list(read_rates(one)),
        read_hits,
        read_exchange_rates,
        lambda one: chart_of(one, "it"),
    )
    for read in readers:
        with contextlib.suppress(BrokenAnswerError):
            assert not read(answer), read


def test_a_time_is_read_with_its_zone():
    chart = {
        "meta": {
            "currency": "USD",
            "symbol": "AAPL",
            "regularMarketPrice": Decimal("244.87"),
            "regularMarketTime": 1739998801,
            "exchangeTimezoneName": "America/New_York",
        },
        "indicators": {"quote": [{}]},
    }
    quote = read_quote(chart, Instrument(kind="share", symbol="AAPL", name="Apple"))
    assert (quote.at, quote.price) == (datetime(2025, 2, 19, 21, 0, 1, tzinfo=UTC), Decimal("244.87"))
