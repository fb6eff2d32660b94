"""Frankfurter (frankfurter.dev): the European Central Bank's reference rates, without an account."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field

from passfel.household.errors import BrokenAnswerError, NotFoundError
from passfel.household.quote import Instrument, Point, PriceHistory, Quote
from passfel.household.sharing import Rate
from passfel.tools.finance.figures import number, wording
from passfel.tools.http import Http
from passfel.tools.http_failures import StatusError

SOURCE = "Frankfurter"
SOURCE_URL = "https://frankfurter.dev/"
RATE = Rate(5)
LATEST_STAYS = timedelta(hours=1)
PAST_STAYS = timedelta(days=365)
"""A past day's rate never changes."""
FIXED = (time(16), ZoneInfo("Europe/Berlin"))
"""When the European Central Bank publishes a day's rates."""
_PUBLISHED = (
    "AUD BRL CAD CHF CNY CZK DKK EUR GBP HKD HUF IDR ILS INR ISK JPY KRW MXN MYR NOK NZD PHP PLN RON "
    "SEK SGD THB TRY USD ZAR"
)
KNOWN = frozenset(_PUBLISHED.split())
"""What the European Central Bank publishes rates of."""
PIVOT = "EUR"


class FrankfurterSettings(BaseModel):
    """Where Frankfurter is: a free service, or one of your own, for it is open source."""

    model_config = ConfigDict(frozen=True)

    url: str = Field("https://api.frankfurter.dev/v1", description="Frankfurter's API, version 1.")


class Frankfurter:
    """Asks Frankfurter, always against the euro, so that one answer serves every pair and nothing is rounded twice."""

    source = SOURCE

    def __init__(self, http: Http, settings: FrankfurterSettings | None = None) -> None:
        """Ask through `http`."""
        self._http = http
        self._url = (settings or FrankfurterSettings()).url.rstrip("/")

    def prices(self, instrument: Instrument, currency: str, *, past: bool = False) -> bool:
        """Currencies against each other, now and in the past."""
        return instrument.kind == "currency" and {instrument.symbol, currency} <= KNOWN

    async def check(self) -> str:
        """Ask what a euro is."""
        euro = Instrument(kind="currency", symbol="EUR", name="euro")
        found = await self.quotes([euro], "USD")
        if not found:
            raise _broken()
        return f"It answers: €1 is ${found[0].price} on {found[0].day}."

    async def find(self, name: str) -> Instrument | None:
        """Nothing: every currency is well known."""
        return None

    async def quotes(self, instruments: Sequence[Instrument], currency: str) -> list[Quote]:
        """The latest rates of currencies; one request for all of them."""
        day, rates = await self._table("latest", LATEST_STAYS)
        return [
            _quote(instrument, currency, day, price)
            for instrument in instruments
            if (price := _cross(rates, instrument.symbol, currency)) is not None
        ]

    async def rate_on(self, instrument: Instrument, currency: str, day: date) -> Quote:
        """The rate of a past day, or of the last day before it that had one.

        Raises:
            NotFoundError: there is none for that day.
        """
        told, rates = await self._table(day.isoformat(), PAST_STAYS)
        price = _cross(rates, instrument.symbol, currency)
        if price is None:
            raise NotFoundError(f"{SOURCE} has no rate of that pair on {day:%-d %B %Y}.")
        return _quote(instrument, currency, told, price)

    async def history(self, instrument: Instrument, currency: str, first: date, last: date) -> PriceHistory:
        """The rates of a span; weekends and holidays have none."""
        symbols = sorted({instrument.symbol, currency} - {PIVOT})
        days: dict[date, dict[str, Decimal]] = {}
        for day, base, quote, rate in read_rates(
            await self._ask(f"{first}..{last}", {"base": PIVOT, "symbols": ",".join(symbols)}, LATEST_STAYS)
        ):
            days.setdefault(day, {base: Decimal(1)})[quote] = rate
        points = [
            Point(day=day, price=price)
            for day, rates in sorted(days.items())
            # A span may begin on the working day before.
            if first <= day <= last and (price := _cross(rates, instrument.symbol, currency)) is not None
        ]
        if not points:
            raise NotFoundError(f"{SOURCE} has no rates of those days.")
        return PriceHistory(
            instrument=instrument,
            currency=currency,
            points=tuple(points),
            source=SOURCE,
            source_url=SOURCE_URL,
        )

    async def _table(self, path: str, lifetime: timedelta) -> tuple[date, dict[str, Decimal]]:
        rows = list(read_rates(await self._ask(path, {"base": PIVOT}, lifetime)))
        if not rows:
            raise _broken()
        return rows[0][0], {PIVOT: Decimal(1)} | {quote: rate for _, _, quote, rate in rows}

    async def _ask(self, path: str, params: dict[str, str | int | float], lifetime: timedelta) -> Any:
        try:
            return await self._http.get_json(
                f"{self._url}/{path}",
                params,
                source=SOURCE,
                lifetime=lifetime,
                rate=RATE,
                parse_float=Decimal,
            )
        except StatusError as error:
            if error.status in {404, 422}:
                raise NotFoundError(f"{SOURCE} has no rates of that day or currency.") from error
            raise


def read_rates(answer: Any) -> Iterator[tuple[date, str, str, Decimal]]:
    """Read day, base, quote and rate of one unit out of any of Frankfurter's answers.

    Version 1 gives an object for one day, or for a span; version 2 (of a mirror) a flat list.

    Raises:
        BrokenAnswerError: it is none of them.
    """
    with wording(SOURCE):
        yield from _rows(answer)


def _rows(answer: Any) -> Iterator[tuple[date, str, str, Decimal]]:
    if isinstance(answer, list):
        for row in answer:
            yield (
                date.fromisoformat(row["date"]),
                row["base"],
                row["quote"],
                number(row["rate"], positive=True),
            )
        return
    amount = number(answer["amount"], positive=True)
    by_day = answer["rates"] if "start_date" in answer else {answer["date"]: answer["rates"]}
    for day, rates in by_day.items():
        for quote, rate in rates.items():
            yield date.fromisoformat(day), answer["base"], quote, number(rate, positive=True) / amount


def _cross(rates: dict[str, Decimal], base: str, quote: str) -> Decimal | None:
    if base not in rates or quote not in rates:
        return None
    # Five digits count in what the central bank publishes.
    return rates[quote] / rates[base] if base == PIVOT else _digits(rates[quote] / rates[base])


def _digits(rate: Decimal) -> Decimal:
    return Decimal(f"{rate:.6g}") if rate else rate


def _quote(instrument: Instrument, currency: str, day: date, price: Decimal) -> Quote:
    clock, zone = FIXED
    published = datetime.combine(day, clock, tzinfo=zone)
    return Quote(
        instrument=instrument,
        price=price,
        currency=currency,
        at=published.astimezone(UTC),
        day=day,
        market="daily",
        source=SOURCE,
        source_url=SOURCE_URL,
    )


def _broken() -> BrokenAnswerError:
    return BrokenAnswerError(SOURCE, f"{SOURCE} gave an answer that makes no sense.")
