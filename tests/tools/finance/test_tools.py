"""What the tools for prices, the watchlist and the portfolio say."""

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from passfel.household.errors import NotFoundError, RequestError
from passfel.household.money import say_money, say_rate
from passfel.memory.postgres import Database
from passfel.memory.records import Records
from passfel.tests.servers.finance import NOW, Markets
from passfel.tools.finance.sentences import sparkline

Do = Callable[..., Awaitable[str]]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            {"name": "Apple"},
            "Apple is at $244.80, up 0.7% since the close before (Yahoo Finance, Friday 20 November at 21:00;"
            " the market is closed).",
        ),
        (
            {"name": "bitcoin", "currency": "usd"},
            "Bitcoin is at $96,647.89, up 1.2% in 24 hours (CoinGecko, today at 09:58).",
        ),
        ({"name": "the pound"}, "One pound is €1.1383 (rate of Friday 20 November, from Frankfurter)."),
        ({"name": "shib"}, "Shiba Inu is at €0.0000098 (CoinGecko, today at 09:58)."),
    ],
)
async def test_a_price_says_its_change_source_and_age(do: Do, arguments: dict[str, Any], sentence: str):
    assert await do("get_price", **arguments) == sentence


async def test_a_share_is_told_in_another_currency_on_request(do: Do):
    assert (await do("get_price", name="AAPL", currency="EUR")).startswith("Apple is at €208.84, up")


async def test_what_nobody_knows_is_said(do: Do):
    with pytest.raises(NotFoundError, match="I know no share, coin or currency called “flurb”"):
        await do("get_price", name="flurb")


async def test_a_month_is_told_with_its_ends_range_and_a_line(do: Do):
    told = await do("get_price_history", name="Apple", start=NOW.replace(day=9, hour=0), end=NOW)
    assert told == (
        "Apple rose 0.4% since Monday 9 November, from $243.82 (10 November) to $244.80 (20 November); lowest"
        " $242.35 (17 November), highest $244.80 (20 November).\n"
        "▅▂▇▄▃▁▅▃█ (9 daily prices from Yahoo Finance)"
    )


async def test_a_day_without_trading_is_told_by_the_last_one_that_had_some(do: Do):
    sunday = NOW.replace(day=22, hour=0)
    told = await do("get_price_history", name="Apple", start=sunday, end=NOW.replace(hour=0))
    assert told == "Apple was at $244.80 on Friday 20 November, up 0.7% since 19 November (Yahoo Finance)."


async def test_a_year_is_counted_back_from_now(do: Do):
    assert "since Sunday 23 November 2025" in await do("get_price_history", name="bitcoin", days=365)


async def test_one_holding_is_told_alone(do: Do):
    await do("record_holding", name="apple", quantity="1")
    await do("record_holding", name="bitcoin", quantity="0.5")
    assert await do("get_portfolio", name="bitcoin") == (
        "Your 0.5 Bitcoin are worth €41,225.00 (CoinGecko, today at 09:58)."
    )
    with pytest.raises(NotFoundError, match="Tesla is not in your portfolio"):
        await do("get_portfolio", name="tesla")


async def test_since_june_is_last_june(do: Do):
    june = datetime(2027, 6, 1, tzinfo=NOW.tzinfo)
    told = await do("get_price_history", name="bitcoin", start=june, end=june)
    assert "since Monday 1 June" in told
    assert "176 daily prices from CoinGecko" in told


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            {"amount": "100", "source": "EUR", "target": "JPY"},
            "€100.00 is ¥18,238 (one euro is ¥182.38, rate of Friday 20 November, from Frankfurter).",
        ),
        (
            {"amount": "1", "source": "EUR"},
            "One euro is $1.1722 (rate of Friday 20 November, from Frankfurter).",
        ),
        (
            {"amount": "0.5", "source": "BTC"},
            "0.5 BTC is €41,225.00 (one Bitcoin is €82,450, CoinGecko, today at 09:58).",
        ),
        (
            {"amount": "100", "source": "EUR", "target": "BTC"},
            "€100.00 is 0.00121286 BTC (one Bitcoin is €82,450, CoinGecko, today at 09:58).",
        ),
        (
            {"amount": "100", "source": "USD", "target": "EUR", "on": date(2026, 11, 15)},
            "$100.00 is €85.74 (one US dollar is €0.85741, rate of Friday 13 November, from Frankfurter).",
        ),
    ],
)
async def test_money_is_converted_with_its_rate(do: Do, arguments: dict[str, Any], sentence: str):
    assert await do("convert_currency", **arguments) == sentence


async def test_the_rate_of_a_date_is_of_the_last_such_date(do: Do):
    told = await do("convert_currency", amount="1", source="EUR", target="USD", on=date(2026, 12, 24))
    assert "rate of Wednesday 24 December 2025" in told


async def test_the_watchlist_is_filled_told_and_emptied(do: Do):
    assert await do("get_watchlist") == "Your watchlist is empty. Say “add Apple to my watchlist”."
    assert await do("add_to_watchlist", name="apple") == "Added Apple (AAPL) to your watchlist."
    assert await do("add_to_watchlist", name="bitcoin") == "Added Bitcoin (BTC) to your watchlist."
    assert await do("add_to_watchlist", name="usd") == "Added US dollar (USD) to your watchlist."
    with pytest.raises(RequestError, match="is on your watchlist already"):
        await do("add_to_watchlist", name="BTC")
    assert await do("get_watchlist") == (
        "Apple at $244.80, up 0.7%; Bitcoin at €82,450.00, up 1.2%; US dollar at €0.8531"
        " (Yahoo Finance, Friday 20 November at 21:00; the market is closed; CoinGecko, today at 09:58;"
        " rate of Friday 20 November, from Frankfurter)."
    )
    assert await do("remove_from_watchlist", name="AAPL") == "Removed Apple (AAPL) from your watchlist."
    with pytest.raises(NotFoundError, match="Apple is not on your watchlist"):
        await do("remove_from_watchlist", name="apple")


async def test_one_service_down_costs_only_its_own_prices(do: Do, markets: Markets):
    await do("add_to_watchlist", name="apple")
    await do("add_to_watchlist", name="usd")
    markets.yahoo.limited = True
    assert await do("get_watchlist") == (
        "US dollar at €0.8531 (rate of Friday 20 November, from Frankfurter). I have no price of Apple."
        " Yahoo Finance takes no more requests for now."
    )


async def test_holdings_are_recorded_bought_sold_and_valued(do: Do, database: Database):
    assert await do("record_holding", name="apple", quantity="10") == "Noted: you own 10 Apple shares (AAPL)."
    assert await do("record_holding", name="btc", quantity="0.5") == "Noted: you own 0.5 Bitcoin (BTC)."
    assert await do("record_holding", name="apple", quantity="5", trade="bought") == (
        "Noted: you own 15 Apple shares (AAPL)."
    )
    assert await do("record_holding", name="apple", quantity="3", trade="sold") == (
        "Noted: you own 12 Apple shares (AAPL)."
    )
    with pytest.raises(RequestError, match="I know of only 12 Apple shares of yours"):
        await do("record_holding", name="apple", quantity="13", trade="sold")
    assert await do("get_portfolio") == (
        "Your portfolio is worth €43,731.06: 12 Apple shares, €2,506.06; 0.5 Bitcoin, €41,225.00"
        " (Yahoo Finance, Friday 20 November at 21:00; the market is closed; CoinGecko, today at 09:58)."
    )
    assert await do("record_holding", name="apple", quantity="12", trade="sold") == (
        "You own no more Apple; it is off your portfolio."
    )
    assert await do("remove_holding", name="bitcoin") == "Removed 0.5 Bitcoin from your portfolio."
    assert await Records(database).holdings.all("home") == []


async def test_what_has_no_price_is_named_and_the_rest_is_summed(do: Do, markets: Markets):
    await do("record_holding", name="apple", quantity="1")
    await do("record_holding", name="bitcoin", quantity="1")
    markets.yahoo.limited = True
    assert await do("get_portfolio") == (
        "What I have prices of is worth €82,450.00: 1 Bitcoin, €82,450.00 (CoinGecko, today at 09:58)."
        " I have no price of 1 Apple share. Yahoo Finance takes no more requests for now."
    )


async def test_one_persons_holdings_are_not_anothers(do: Do, database: Database):
    await do("record_holding", name="apple", quantity="1")
    assert await Records(database).holdings.all("somebody else") == []


@pytest.mark.parametrize("quantity", ["0", "-3", "1e30"])
async def test_a_number_that_can_not_be_owned_is_asked_about(do: Do, quantity: str):
    with pytest.raises(RequestError, match="How many do you own"):
        await do("record_holding", name="apple", quantity=quantity)


@pytest.mark.parametrize(
    ("value", "currency", "said"),
    [
        ("182.384", "EUR", "€182.38"),
        ("18238.4", "JPY", "¥18,238"),
        ("0.00001234567", "USD", "$0.00001235"),
        ("1234.5", "CHF", "1,234.50 CHF"),
        ("-3.2", "GBP", "-£3.20"),
    ],
)
def test_money_is_said_as_people_write_it(value: str, currency: str, said: str):
    assert say_money(Decimal(value), currency) == said


def test_a_rate_keeps_the_digits_that_are_published():
    assert say_rate(Decimal("1.0712"), "USD") == "$1.0712"


def test_a_line_of_bars_shows_lowest_and_highest():
    assert sparkline([Decimal(value) for value in (1, 5, 3, 8)]) == "▁▅▃█"
    assert len(sparkline([Decimal(value) for value in range(400)])) == 24
