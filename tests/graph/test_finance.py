"""What people ask of prices, each said to the assistant without a language model."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio
from langchain_core.messages import HumanMessage

from passfel.graph.assistant import Assistant, open_assistant
from passfel.graph.settings import AssistantSettings, HouseholdSettings
from passfel.memory.postgres import Database
from passfel.memory.records import Records
from passfel.tests.servers.finance import NOW, Markets, all_markets
from passfel.tools.finance.coingecko import CoinGeckoSettings
from passfel.tools.finance.frankfurter import FrankfurterSettings
from passfel.tools.finance.yahoo import YahooSettings
from passfel.tools.http import HttpSettings


@pytest.fixture(scope="module")
def running() -> Iterator[Markets]:
    with all_markets() as markets:
        yield markets


def settings(folder: Path, markets: Markets, *, shares: bool = True) -> AssistantSettings:
    return AssistantSettings(
        data_dir=folder,
        household=HouseholdSettings(time_zone="Europe/Lisbon"),
        http=HttpSettings(allowed_hosts=markets.hosts),
        frankfurter=FrankfurterSettings(url=markets.frankfurter.url),
        # A key only because a keyless one may ask five times a minute.
        coingecko=CoinGeckoSettings(url=markets.coingecko.url, api_key="k"),
        yahoo=YahooSettings(enabled=shares, browser=False, url=markets.yahoo.url),
    )


@pytest_asyncio.fixture
async def assistant(database: Database, data_folder: Path, running: Markets) -> AsyncIterator[Assistant]:
    running.forget()
    async with open_assistant(settings(data_folder, running), clock=lambda: NOW) as one:
        yield one


async def say(assistant: Assistant, said: str, thread: str) -> str:
    return str((await assistant.ainvoke(said, thread=thread))["messages"][-1].text)


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        (
            "what's the price of bitcoin?",
            "Bitcoin is at €82,450.00, up 1.2% in 24 hours (CoinGecko, today at 09:58).",
        ),
        (
            "how is Apple doing",
            "Apple is at $244.80, up 0.7% since the close before (Yahoo Finance, Friday 20 November at 21:00;"
            " the market is closed).",
        ),
        ("how did Apple do this month", "Apple rose 0.9% since Sunday 1 November, from $242.60 (3 November)"),
        ("how did Apple do today", "Apple is at $244.80, up 0.7%"),
        ("chart bitcoin since June", "Bitcoin rose 0.4% since Monday 1 June, from €"),
        (
            "100 euros in yen",
            "€100.00 is ¥18,238 (one euro is ¥182.38, rate of Friday 20 November, from Frankfurter).",
        ),
        ("what is the euro at", "One euro is $1.1722 (rate of Friday 20 November, from Frankfurter)."),
        ("how did the dollar do this month", "The US dollar "),
        ("100 miles in km", "100 miles is 160.934"),
        ("what is the share price of the Schiehallion fund", "The Schiehallion Fund Limited is at $1.31"),
        ("my watchlist", "Your watchlist is empty."),
        ("what is my portfolio worth?", "I know of nothing that you own."),
    ],
)
async def test_a_question_is_answered_with_source_and_time(assistant: Assistant, said: str, answer: str):
    assert answer in await say(assistant, said, str(uuid4()))


async def test_a_portfolio_is_told_valued_and_undone(assistant: Assistant, database: Database):
    thread = str(uuid4())
    assert await say(assistant, "I own 10 Apple shares", thread) == "Noted: you own 10 Apple shares (AAPL)."
    assert await say(assistant, "I have 0.5 bitcoin", thread) == "Noted: you own 0.5 Bitcoin (BTC)."
    worth = await say(assistant, "what is my portfolio worth?", thread)
    assert worth.startswith(
        "Your portfolio is worth €43,313.38: 10 Apple shares, €2,088.38; 0.5 Bitcoin, €41,225.00"
    )
    assert "you own 0.5 Bitcoin" in await say(assistant, "undo that", thread)
    assert [row.name for row in await Records(database).holdings.all("home")] == ["Apple"]


async def test_a_changed_holding_is_put_back_with_its_exact_number(assistant: Assistant, database: Database):
    thread = str(uuid4())
    await say(assistant, "I have 0.123456789 bitcoin", thread)
    await say(assistant, "I sold 0.1 bitcoin", thread)
    await say(assistant, "undo that", thread)
    assert [str(row.quantity) for row in await Records(database).holdings.all("home")] == ["0.123456789"]


async def test_the_watchlist_is_kept(assistant: Assistant):
    thread = str(uuid4())
    assert (
        await say(assistant, "add Apple to my watchlist", thread) == "Added Apple (AAPL) to your watchlist."
    )
    assert "Apple at $244.80, up 0.7%" in await say(assistant, "how is my watchlist doing", thread)
    assert (
        await say(assistant, "remove Apple from my watchlist", thread)
        == "Removed Apple (AAPL) from your watchlist."
    )


@pytest.mark.parametrize("said", ["I bought 5 Apple shares", "add Tesla to my watchlist"])
async def test_a_message_that_comes_twice_is_kept_once(assistant: Assistant, database: Database, said: str):
    thread, message = str(uuid4()), str(uuid4())
    for _ in range(2):
        await assistant.ainvoke({"messages": [HumanMessage(said, id=message)]}, thread=thread)
    records = Records(database)
    rows = [*await records.holdings.all("home"), *await records.watched.all("home")]
    assert len(rows) == 1
    assert [str(row.quantity) for row in await records.holdings.all("home")] in ([], ["5"])


async def test_without_yahoo_a_share_says_how_to_get_prices_and_the_rest_works(
    database: Database, data_folder: Path, running: Markets
):
    running.forget()
    async with open_assistant(settings(data_folder, running, shares=False), clock=lambda: NOW) as assistant:
        thread = str(uuid4())
        told = await say(assistant, "how did Apple do this month", thread)
        assert "PASSFEL_YAHOO__ENABLED" in told
        await say(assistant, "I own 10 Apple shares", thread)
        await say(assistant, "I have 1 bitcoin", thread)
        worth = await say(assistant, "what is my portfolio worth", thread)
        assert "What I have prices of is worth €82,450.00" in worth
        assert "I have no price of 10 Apple shares." in worth
    assert not running.yahoo.requests
