"""What a service of prices must be able to do for the household."""

from collections.abc import Sequence
from datetime import date
from typing import Protocol

from passfel.household.quote import Instrument, PriceHistory, Quote
from passfel.tools.provider import Provider


class FinanceProvider(Provider, Protocol):
    """A service of prices: instruments in, exact decimals out, or one of the errors of `household/errors.py`."""

    def prices(self, instrument: Instrument, currency: str, *, past: bool = False) -> bool:
        """Whether it can tell this price in this currency; `past`, day by day."""
        ...

    async def find(self, name: str) -> Instrument | None:
        """What it knows under a name or symbol that is not well known."""
        ...

    async def quotes(self, instruments: Sequence[Instrument], currency: str) -> list[Quote]:
        """The prices now, in one request where the service can; what it doesn't know is left out.

        A share's price is in the currency it is traded in, whatever was asked for.
        """
        ...

    async def history(self, instrument: Instrument, currency: str, first: date, last: date) -> PriceHistory:
        """The prices day by day; NotFoundError where it knows none."""
        ...
