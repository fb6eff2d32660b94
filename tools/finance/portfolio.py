"""The tools for what a person watches and owns: rows of our own, priced when they are asked about."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Literal, TypeVar

from langchain_core.tools import BaseTool

from passfel.household.errors import NotFoundError, ProviderError, RequestError, SettingsError
from passfel.household.listings import known_instrument
from passfel.household.quote import Instrument, Portfolio, Position, Quote
from passfel.household.rows import Holding, Watched
from passfel.household.turn import Turn
from passfel.household.wording import capital, say_list
from passfel.tools.contract import READS_WORLD, WRITES, Answer, InTurn, Outcome, tool
from passfel.tools.finance.prices import Prices
from passfel.tools.finance.sentences import say_holding, say_origin, say_portfolio, say_short, source_of
from passfel.tools.receipts import changed
from passfel.tools.records import RecordTable, read_back

R = TypeVar("R", bound=Watched)
Trade = Literal["own", "bought", "sold"]
MOST = 50
"""Things that one person watches, or owns."""


class PortfolioTools:
    """The watchlist and the holdings, as tools."""

    def __init__(self, prices: Prices, holdings: RecordTable[Holding], watched: RecordTable[Watched]) -> None:
        """Keep the services and the tables."""
        self._prices = prices
        self._holdings = holdings
        self._watched = watched

    def tools(self) -> list[BaseTool]:
        """All of them, in a fixed order."""
        return [
            tool(self.get_watchlist, domain="finance", annotations=READS_WORLD),
            tool(self.add_to_watchlist, domain="finance", annotations=WRITES),
            tool(self.remove_from_watchlist, domain="finance", annotations=WRITES),
            tool(self.get_portfolio, domain="finance", annotations=READS_WORLD),
            tool(self.record_holding, domain="finance", annotations=WRITES),
            tool(self.remove_holding, domain="finance", annotations=WRITES),
        ]

    async def get_watchlist(self, turn: InTurn) -> Answer:
        """Get the prices of everything on the person's watchlist.

        Args:
            turn: the turn.
        """
        rows = await self._watched.all(turn.person)
        if not rows:
            return "Your watchlist is empty. Say “add Apple to my watchlist”.", Outcome()
        instruments = [row.instrument for row in reversed(rows)]
        quotes, failed = await self._prices.quotes(instruments)
        told = [quotes[instrument] for instrument in instruments if instrument in quotes]
        untold = [instrument.name for instrument in instruments if instrument not in quotes]
        return _say_watchlist(told, untold, failed, turn), Outcome(
            result=list(told), sources=tuple(dict.fromkeys(source_of(quote) for quote in told))
        )

    async def add_to_watchlist(self, turn: InTurn, name: str) -> Answer:
        """Put a share, coin or currency on the person's watchlist.

        Args:
            turn: the turn.
            name: what it is called, or its symbol.
        """
        instrument = await self._prices.find(name)
        await self._watched.hold(turn.person)
        rows = await self._watched.all(turn.person)
        if any(_same(row, instrument) for row in rows):
            raise RequestError(f"{capital(instrument.name)} is on your watchlist already.")
        _check_room(rows, "watchlist")
        added = await self._watched.add(turn.person, **instrument.model_dump())
        row = await read_back(self._watched, added.id)
        return changed(row, "added", f"Added {_named(row)} to your watchlist.")

    async def remove_from_watchlist(self, turn: InTurn, name: str) -> Answer:
        """Take something off the person's watchlist.

        Args:
            turn: the turn.
            name: what it is called, or its symbol.
        """
        row = _of(name, await self._watched.all(turn.person), "is not on your watchlist")
        await self._watched.remove(row.id)
        return changed(row, "removed", f"Removed {_named(row)} from your watchlist.")

    async def get_portfolio(self, turn: InTurn, name: str = "") -> Answer:
        """Get what the person owns in shares and coins, and what it is worth now.

        Args:
            turn: the turn.
            name: only this one; left out, everything.
        """
        rows = list(reversed(await self._holdings.all(turn.person)))
        if not rows:
            return "I know of nothing that you own. Say “I own 10 Apple shares”.", Outcome()
        if name:
            rows = [_of(name, rows, "is not in your portfolio")]
        quotes, failed = await self._prices.quotes([row.instrument for row in rows])
        positions = [await self._position(row, quotes.get(row.instrument), failed) for row in rows]
        portfolio = Portfolio(
            currency=self._prices.currency,
            positions=tuple(positions),
            total=sum((position.value for position in positions if position.value is not None), Decimal(0)),
        )
        told = [position.quote for position in positions if position.quote is not None]
        sentence = " ".join([say_portfolio(portfolio, turn, whole=not name), *dict.fromkeys(failed)])
        return sentence, Outcome(
            result=portfolio, sources=tuple(dict.fromkeys(source_of(quote) for quote in told))
        )

    async def _position(self, row: Holding, quote: Quote | None, failed: list[str]) -> Position:
        value: Decimal | None = None
        if quote is not None:
            try:
                value = await self._prices.worth(quote, row.quantity)
            except (ProviderError, NotFoundError, SettingsError) as error:
                failed.append(error.sentence)
        return Position(instrument=row.instrument, quantity=row.quantity, quote=quote, value=value)

    async def record_holding(
        self, turn: InTurn, name: str, quantity: Decimal, trade: Trade = "own"
    ) -> Answer:
        """Keep in mind how many shares or coins the person owns; nothing is bought or sold by this.

        Args:
            turn: the turn.
            name: what it is called, or its symbol.
            quantity: how many.
            trade: own, where that is all they have; bought or sold, where it changes what they had.
        """
        if not quantity.is_finite() or not 0 < quantity < Decimal(10) ** 15:
            raise RequestError("How many do you own? Say, for example, “I own 10 Apple shares”.")
        instrument = await self._prices.find(name)
        if instrument.kind == "currency":
            raise RequestError("I keep shares and coins in your portfolio, not cash.")
        await self._holdings.hold(turn.person)
        rows = await self._holdings.all(turn.person)
        had = next((row for row in rows if _same(row, instrument)), None)
        total = _after(had, quantity, trade, instrument)
        if had is not None and total == 0:
            await self._holdings.remove(had.id)
            return changed(had, "removed", f"You own no more {instrument.name}; it is off your portfolio.")
        if had is None:
            _check_room(rows, "portfolio")
            written = await self._holdings.add(turn.person, **instrument.model_dump(), quantity=total)
        else:
            written = await self._holdings.change(had.id, quantity=total)
        row = await read_back(self._holdings, written.id)
        sentence = f"Noted: you own {say_holding(row.instrument, row.quantity)}{_code(row)}."
        return changed(row, "noted", sentence)

    async def remove_holding(self, turn: InTurn, name: str) -> Answer:
        """Take something out of the person's portfolio, because they no longer own it.

        Args:
            turn: the turn.
            name: what it is called, or its symbol.
        """
        row = _of(name, await self._holdings.all(turn.person), "is not in your portfolio")
        await self._holdings.remove(row.id)
        sentence = f"Removed {say_holding(row.instrument, row.quantity)} from your portfolio."
        return changed(row, "removed", sentence)


def portfolio_tools(
    prices: Prices, holdings: RecordTable[Holding], watched: RecordTable[Watched]
) -> list[BaseTool]:
    """The tools for what a person watches and owns, over the services and the tables."""
    return PortfolioTools(prices, holdings, watched).tools()


def _say_watchlist(told: Sequence[Quote], untold: Sequence[str], failed: Sequence[str], turn: Turn) -> str:
    parts = []
    if told:
        origins = dict.fromkeys(say_origin(quote, turn) for quote in told)
        parts.append(f"{capital('; '.join(say_short(quote) for quote in told))} ({'; '.join(origins)}).")
    if untold:
        parts.append(f"I have no price of {say_list(untold)}.")
    return " ".join([*parts, *dict.fromkeys(failed)])


def _after(had: Holding | None, quantity: Decimal, trade: Trade, instrument: Instrument) -> Decimal:
    owned = had.quantity if had is not None else Decimal(0)
    if trade == "own":
        return quantity
    if trade == "bought":
        return owned + quantity
    if quantity > owned:
        raise RequestError(
            f"I know of only {say_holding(instrument, owned)} of yours."
            if owned
            else f"I did not know that you owned any {instrument.name}."
        )
    return owned - quantity


def _of(name: str, rows: Sequence[R], missing: str) -> R:
    wanted = " ".join(name.casefold().split())
    known = known_instrument(name)
    for row in rows:
        if wanted in {row.name.casefold(), row.symbol.casefold(), row.ticker.casefold()}:
            return row
        if known is not None and _same(row, known):
            return row
    raise NotFoundError(f"{capital(known.name if known else name.strip())} {missing}.")


def _same(row: Watched, instrument: Instrument) -> bool:
    return (row.kind, row.symbol) == (instrument.kind, instrument.symbol)


def _check_room(rows: Sequence[Watched], where: str) -> None:
    if len(rows) >= MOST:
        raise RequestError(f"Your {where} is full: it holds {MOST}.")


def _named(row: Watched) -> str:
    return f"{row.name}{_code(row)}"


def _code(row: Watched) -> str:
    code = row.instrument.code
    return "" if code.casefold() == row.name.casefold() else f" ({code})"
