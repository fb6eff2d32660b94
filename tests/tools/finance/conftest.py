"""The stand-ins of the services of prices, the real clients that talk to them, and the tools over both."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest
from langchain_core.messages import ToolMessage
from langchain_core.tools import BaseTool

from passfel.household.turn import Turn
from passfel.memory.postgres import Database
from passfel.memory.records import Records
from passfel.tests.servers.finance import NOW, Markets, all_markets
from passfel.tools.finance.coingecko import CoinGecko, CoinGeckoSettings
from passfel.tools.finance.frankfurter import Frankfurter, FrankfurterSettings
from passfel.tools.finance.portfolio import portfolio_tools
from passfel.tools.finance.prices import Prices
from passfel.tools.finance.tools import price_tools
from passfel.tools.finance.yahoo import Yahoo, YahooSettings
from passfel.tools.http import Http, HttpSettings


@pytest.fixture(scope="session")
def running() -> Iterator[Markets]:
    with all_markets() as worlds:
        yield worlds


@pytest.fixture
def markets(running: Markets) -> Markets:
    running.forget()
    return running


@pytest.fixture
async def http(markets: Markets) -> AsyncIterator[Http]:
    async with Http(HttpSettings(allowed_hosts=markets.hosts)) as client:
        yield client


@pytest.fixture
def rates(http: Http, markets: Markets) -> Frankfurter:
    return Frankfurter(http, FrankfurterSettings(url=markets.frankfurter.url))


@pytest.fixture
def coins(http: Http, markets: Markets) -> CoinGecko:
    return CoinGecko(http, CoinGeckoSettings(url=markets.coingecko.url), lambda: NOW)


@pytest.fixture
def shares(http: Http, markets: Markets) -> Yahoo:
    return Yahoo(http, YahooSettings(enabled=True, browser=False, url=markets.yahoo.url))


@pytest.fixture
def prices(rates: Frankfurter, coins: CoinGecko, shares: Yahoo) -> Prices:
    return Prices((rates, coins, shares), rates)


@pytest.fixture
def turn() -> Turn:
    return Turn(now=NOW, thread="test", id="turn-1")


@pytest.fixture
def tools(prices: Prices, database: Database) -> list[BaseTool]:
    records = Records(database)
    return [*price_tools(prices), *portfolio_tools(prices, records.holdings, records.watched)]


@pytest.fixture
def do(tools: list[BaseTool], turn: Turn) -> Callable[..., Awaitable[str]]:
    """Use a tool by its name, and get its sentence."""

    async def run(name: str, /, **arguments: Any) -> str:
        tool = next(tool for tool in tools if tool.name == name)
        message = await tool.ainvoke(
            {"type": "tool_call", "id": "call-1", "name": name, "args": {**arguments, "turn": turn}}
        )
        assert isinstance(message, ToolMessage)
        return str(message.text)

    return run
