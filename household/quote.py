"""What something costs: shares, coins and currencies, as typed values. Money is Decimal, never float."""

from datetime import date
from decimal import Decimal
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict

Kind = Literal["share", "coin", "currency"]
"""A share is whatever is traded under a symbol: shares, funds, indexes, metals."""
Market = Literal["open", "closed", "always", "daily"]
"""Whether trading goes on now; coins are traded always, and central banks tell a rate once a day."""


class Instrument(BaseModel):
    """Something that has a price."""

    model_config = ConfigDict(frozen=True)

    kind: Kind
    symbol: str
    """What the services know it by: AAPL, bitcoin (CoinGecko's id), EUR (ISO 4217)."""
    name: str
    """As a person says it."""
    ticker: str = ""
    """The short name of a coin: BTC."""

    @property
    def code(self) -> str:
        """The short name that people write: AAPL, BTC, EUR."""
        return self.ticker or self.symbol


class Quote(BaseModel):
    """The price of something now, or as lately as the source knows."""

    model_config = ConfigDict(frozen=True)

    instrument: Instrument
    price: Decimal
    currency: str
    at: AwareDatetime
    """When it was so."""
    day: date | None = None
    """For a rate of a whole day: which."""
    change_percent: Decimal | None = None
    market: Market = "closed"
    source: str
    source_url: str = ""


class Point(BaseModel):
    """The price at the end of one day."""

    model_config = ConfigDict(frozen=True)

    day: date
    price: Decimal


class PriceHistory(BaseModel):
    """Prices day by day, the oldest first; days without trading are absent."""

    model_config = ConfigDict(frozen=True)

    instrument: Instrument
    currency: str
    points: tuple[Point, ...]
    source: str
    source_url: str = ""


class Conversion(BaseModel):
    """An amount of money in another currency."""

    model_config = ConfigDict(frozen=True)

    amount: Decimal
    source_currency: str
    result: Decimal
    target_currency: str
    rate: Quote


class Position(BaseModel):
    """Something the person owns, and what it is worth."""

    model_config = ConfigDict(frozen=True)

    instrument: Instrument
    quantity: Decimal
    quote: Quote | None = None
    value: Decimal | None = None
    """In the portfolio's currency; None where it could not be told."""


class Portfolio(BaseModel):
    """All positions, and what is known of their worth."""

    model_config = ConfigDict(frozen=True)

    currency: str
    positions: tuple[Position, ...]
    total: Decimal
