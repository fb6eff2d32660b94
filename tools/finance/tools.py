"""The tools for prices and rates of exchange."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TypeVar

from langchain_core.tools import BaseTool
from pydantic import AwareDatetime

from passfel.household.errors import NotFoundError, RequestError
from passfel.household.turn import Turn
from passfel.household.wording import say_day, say_window
from passfel.tools.contract import READS_WORLD, Answer, InTurn, Outcome, tool
from passfel.tools.finance.prices import Prices
from passfel.tools.finance.sentences import say_conversion, say_day_of, say_history, say_quote, source_of

PRICES_LAST = timedelta(minutes=1)
RATES_LAST = timedelta(hours=1)
MONTH = timedelta(days=30)
MOST_DAYS = 3660
WEEK = timedelta(days=7)
D = TypeVar("D", date, datetime)


class PriceTools:
    """Prices and rates, as tools."""

    def __init__(self, prices: Prices) -> None:
        """Keep the services."""
        self._prices = prices

    def tools(self) -> list[BaseTool]:
        """All of them, in a fixed order."""
        return [
            tool(self.get_price, domain="finance", annotations=READS_WORLD, lifetime=PRICES_LAST),
            tool(self.get_price_history, domain="finance", annotations=READS_WORLD, lifetime=RATES_LAST),
            tool(self.convert_currency, domain="finance", annotations=READS_WORLD, lifetime=RATES_LAST),
        ]

    async def get_price(self, turn: InTurn, name: str, currency: str = "") -> Answer:
        """Get the price now of a share, fund, index, metal, coin or currency, and its change.

        Args:
            turn: the turn.
            name: what it is called, or its symbol: "Apple", "AAPL", "bitcoin", "gold", "EUR".
            currency: ISO 4217 code of the currency to tell it in; leave out for the usual one.
        """
        instrument = await self._prices.find(name)
        quote = await self._prices.quote(instrument, _code(currency))
        return say_quote(quote, turn), Outcome(result=quote, sources=(source_of(quote),))

    async def get_price_history(
        self,
        turn: InTurn,
        name: str,
        start: AwareDatetime | None = None,
        end: AwareDatetime | None = None,
        days: int | None = None,
        currency: str = "",
    ) -> Answer:
        """Get how a price went over days: the change, lowest, highest, and a small chart.

        Args:
            turn: the turn.
            name: what it is called, or its symbol.
            start: the first day; left out, 30 days ago.
            end: the day after the last one; left out, up to now.
            days: so many days up to now, in the place of start and end.
            currency: ISO 4217 code to tell it in; leave out for the usual one.
        """
        if days is not None:
            start, end = turn.now - timedelta(days=max(1, min(days, MOST_DAYS))), None
        first, last, window = _span(start, end, turn)
        instrument = await self._prices.find(name)
        if first == last == turn.now.date() and not currency:
            return await self.get_price(turn, name)
        # One day may have had no trading: the last one before it is told, against the one before that.
        asked = first - WEEK if first == last else first
        history = await self._prices.history(instrument, asked, last, _code(currency))
        if first == last:
            return say_day_of(history, turn), Outcome(result=history, sources=(source_of(history),))
        return say_history(history, window, turn), Outcome(result=history, sources=(source_of(history),))

    async def convert_currency(
        self, turn: InTurn, amount: Decimal, source: str, target: str = "", on: date | None = None
    ) -> Answer:
        """Convert an amount of money into another currency or coin.

        Args:
            turn: the turn.
            amount: how much.
            source: the currency it is in: an ISO 4217 code, a name, or a coin.
            target: the currency wanted; left out, the household's.
            on: the day whose rate counts, in the past; leave out for the latest.
        """
        if not amount.is_finite() or abs(amount) > Decimal(10) ** 15:
            raise RequestError("That is no amount of money.")
        today = turn.now.date()
        if on is not None and on > today:  # "on 3 March" means the last one
            on = _year_before(on)
        target = target.strip() or self._usual(source)
        conversion = await self._prices.convert(amount, source, target, on if on != today else None)
        return say_conversion(conversion, turn), Outcome(
            result=conversion, sources=(source_of(conversion.rate),)
        )

    def _usual(self, source: str) -> str:
        """What a currency is told in: the household's; its own in dollars, or euros."""
        if source.strip().upper() != self._prices.currency:
            return self._prices.currency
        return "USD" if self._prices.currency != "USD" else "EUR"


def price_tools(prices: Prices) -> list[BaseTool]:
    """The tools for prices, over the services."""
    return PriceTools(prices).tools()


def _span(start: datetime | None, end: datetime | None, turn: Turn) -> tuple[date, date, str]:
    """The first and last day, and its words. Prices are of the past: "since June" means the last one."""
    now = turn.now
    begin = start.astimezone(turn.zone) if start else now - MONTH
    finish = end.astimezone(turn.zone) if end else now
    if begin > now:
        back = WEEK if begin - now <= WEEK else timedelta(days=365)
        begin = begin - back if back == WEEK else _year_before(begin)
        finish = finish - back if back == WEEK else _year_before(finish)
    if begin > now:
        raise NotFoundError("Nobody knows prices of days to come.")
    if finish <= begin or finish > now:
        finish = now
    midnight = datetime.combine(finish.date(), time.min, tzinfo=turn.zone)
    last = (
        finish.date() - timedelta(days=1)
        if finish == midnight and finish.date() > begin.date()
        else finish.date()
    )
    open_end = finish == now
    window = (
        f"since {say_day(begin.date(), now.date())}"
        if open_end
        else say_window(begin, finish, now, locale=turn.locale)
    )
    return begin.date(), last, window


def _year_before(day: D) -> D:
    leap = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year - 1, day=28 if leap else day.day)


def _code(currency: str) -> str:
    return currency.strip().upper()
