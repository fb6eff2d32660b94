"""The services of prices put together, in the order they are preferred."""

from collections.abc import Sequence
from dataclasses import dataclass

from langchain_core.tools import BaseTool

from passfel.graph.settings import AssistantSettings
from passfel.graph.turns import Clock
from passfel.memory.records import Records
from passfel.tools.finance.coingecko import CoinGecko
from passfel.tools.finance.frankfurter import Frankfurter
from passfel.tools.finance.portfolio import portfolio_tools
from passfel.tools.finance.prices import Prices
from passfel.tools.finance.provider import FinanceProvider
from passfel.tools.finance.tools import price_tools
from passfel.tools.finance.yahoo import Yahoo
from passfel.tools.finance.yahoo_browser import YFinanceSession
from passfel.tools.http import Http


@dataclass(frozen=True, slots=True)
class Finance:
    """The tools of money, and the services behind them."""

    tools: Sequence[BaseTool]
    providers: tuple[FinanceProvider, ...]


def build_finance(http: Http, settings: AssistantSettings, records: Records, clock: Clock) -> Finance:
    """Rates from Frankfurter, coins from CoinGecko, shares from Yahoo where the household wants it."""
    rates = Frankfurter(http, settings.frankfurter)
    coins = CoinGecko(http, settings.coingecko, clock)
    shares = Yahoo(http, settings.yahoo, YFinanceSession(settings.data_dir / "yfinance"))
    providers = (rates, coins, shares)
    prices = Prices(providers, rates, settings.finance)
    tools = (*price_tools(prices), *portfolio_tools(prices, records.holdings, records.watched))
    return Finance(tools, providers)
