"""CoinGecko (coingecko.com): prices of coins, without an account or with a key. Data provided by CoinGecko."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from passfel.household.errors import BrokenAnswerError, LimitedError, NotFoundError, SettingsError
from passfel.household.quote import Instrument, Point, PriceHistory, Quote
from passfel.household.sharing import Rate
from passfel.tools.finance.figures import number, wording
from passfel.tools.http import Http
from passfel.tools.http_failures import StatusError

SOURCE = "CoinGecko"
SOURCE_URL = "https://www.coingecko.com/"
KEYLESS = Rate(5, timedelta(minutes=1))
KEYED = Rate(30, timedelta(minutes=1))
PRICES_STAY = timedelta(minutes=1)
HISTORY_STAYS = timedelta(minutes=30)
NAMES_STAY = timedelta(days=1)
MOST_DAYS = 365
"""Without a paid plan, prices of the last year only."""
_TOLD_IN = (
    "USD AED ARS AUD BDT BHD BMD BRL CAD CHF CLP CNY CZK DKK EUR GBP GEL HKD HUF IDR ILS INR JPY KRW "
    "KWD LKR MMK MXN MYR NGN NOK NZD PHP PKR PLN RUB SAR SEK SGD THB TRY TWD UAH VND ZAR"
)
CURRENCIES = frozenset(_TOLD_IN.split())
"""What prices can be told in (simple/supported_vs_currencies)."""
Plan = Literal["demo", "pro"]
Params = dict[str, str | int | float]


class CoinGeckoSettings(BaseModel):
    """How CoinGecko is asked; the defaults need no account."""

    model_config = ConfigDict(frozen=True)

    api_key: SecretStr | None = Field(
        None,
        description="Not needed; a free one allows more questions: coingecko.com, developer's dashboard.",
    )
    plan: Plan = Field("demo", description="The key's plan: demo (free) or pro (paid).")
    url: str = Field("https://api.coingecko.com/api/v3", description="Where it is asked without a paid plan.")
    pro_url: str = Field(
        "https://pro-api.coingecko.com/api/v3", description="Where it is asked with a paid plan."
    )


class CoinGecko:
    """Asks CoinGecko; rates between currencies too, by what each gives for a bitcoin."""

    source = SOURCE

    def __init__(
        self,
        http: Http,
        settings: CoinGeckoSettings | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Ask through `http`; history is asked for in days before the clock's."""
        self._http = http
        self._clock = clock
        self._settings = settings or CoinGeckoSettings()
        pro = self._settings.api_key is not None and self._settings.plan == "pro"
        self._url = (self._settings.pro_url if pro else self._settings.url).rstrip("/")
        self._rate = KEYED if self._settings.api_key else KEYLESS

    def prices(self, instrument: Instrument, currency: str, *, past: bool = False) -> bool:
        """Coins in many currencies; currencies only as they are now."""
        if currency not in CURRENCIES:
            return False
        return instrument.kind == "coin" or (
            instrument.kind == "currency" and not past and instrument.symbol in CURRENCIES
        )

    async def check(self) -> str:
        """Ask for its greeting, with the key where there is one."""
        answer = await self._ask("ping", {}, timedelta(0))
        if not isinstance(answer, dict) or "gecko_says" not in answer:
            raise _broken()
        return "It answers, with your key." if self._settings.api_key else "It answers, without a key."

    async def find(self, name: str) -> Instrument | None:
        """A coin by its very name, ticker or id: many coins share a ticker, and the largest is meant."""
        answer = await self._ask("search", {"query": name[:60]}, NAMES_STAY)
        wanted = name.casefold().strip()
        fitting = [
            hit
            for hit in read_hits(answer)
            if wanted in {hit.name.casefold(), hit.symbol.casefold(), hit.code.casefold()}
        ]
        return fitting[0] if fitting else None

    async def quotes(self, instruments: Sequence[Instrument], currency: str) -> list[Quote]:
        """The latest prices, all coins in one request."""
        if instruments and instruments[0].kind == "currency":
            return await self._currencies(instruments, currency)
        params: Params = {
            "ids": ",".join(sorted({instrument.symbol for instrument in instruments})),
            "vs_currencies": currency.lower(),
            "include_24hr_change": "true",
            "include_last_updated_at": "true",
        }
        return list(read_prices(await self._ask("simple/price", params, PRICES_STAY), instruments, currency))

    async def _currencies(self, instruments: Sequence[Instrument], currency: str) -> list[Quote]:
        rates = read_exchange_rates(await self._ask("exchange_rates", {}, PRICES_STAY))
        target = rates.get(currency)
        return [
            Quote(
                instrument=instrument,
                price=Decimal(f"{target / rates[instrument.symbol]:.6g}"),
                currency=currency,
                at=datetime.now(UTC),
                market="always",
                source=SOURCE,
                source_url=SOURCE_URL,
            )
            for instrument in instruments
            if target is not None and instrument.symbol in rates
        ]

    async def history(self, instrument: Instrument, currency: str, first: date, last: date) -> PriceHistory:
        """The price of a coin day by day, at most of the last year."""
        today = self._clock().astimezone(UTC).date()
        days = max(1, min(MOST_DAYS, (today - first).days + 1))
        params: Params = {"vs_currency": currency.lower(), "days": days}
        answer = await self._ask(f"coins/{instrument.symbol}/market_chart", params, HISTORY_STAYS)
        points = tuple(point for point in read_chart(answer) if first <= point.day <= last)
        if not points:
            raise NotFoundError(f"{SOURCE} has no prices of {instrument.name} in those days.")
        return PriceHistory(
            instrument=instrument, currency=currency, points=points, source=SOURCE, source_url=SOURCE_URL
        )

    async def _ask(self, path: str, params: Params, lifetime: timedelta) -> Any:
        key = self._settings.api_key
        headers = {f"x-cg-{self._settings.plan}-api-key": key.get_secret_value()} if key else {}
        try:
            return await self._http.get_json(
                f"{self._url}/{path}",
                params,
                source=SOURCE,
                headers=headers,
                lifetime=lifetime,
                rate=self._rate,
                parse_float=Decimal,
            )
        except StatusError as error:
            raise _meaning(error) from error


def read_prices(answer: Any, instruments: Sequence[Instrument], currency: str) -> Iterator[Quote]:
    """Read simple/price; a coin that CoinGecko doesn't know is absent from it."""
    for instrument in instruments:
        row = _mapping(answer).get(instrument.symbol)
        vs = currency.lower()
        if row is None or _mapping(row).get(vs) is None:
            continue
        with wording(SOURCE):
            change = row.get(f"{vs}_24h_change")
            told = row.get("last_updated_at")
            yield Quote(
                instrument=instrument,
                price=number(row[vs], positive=True),
                currency=currency,
                at=datetime.fromtimestamp(int(told), UTC) if told is not None else datetime.now(UTC),
                change_percent=number(change) if change is not None else None,
                market="always",
                source=SOURCE,
                source_url=f"{SOURCE_URL}en/coins/{instrument.symbol}",
            )


def read_hits(answer: Any) -> list[Instrument]:
    """Read coins out of search, coins/list or coins/markets; of those that share a ticker, the largest first."""
    rows = answer if isinstance(answer, list) else _mapping(answer).get("coins")
    if not isinstance(rows, list):
        raise _broken()
    with wording(SOURCE):
        coins = [row.get("item", row) for row in rows]
        coins.sort(key=lambda row: row.get("market_cap_rank") or 10**9)
        return [
            Instrument(
                kind="coin",
                symbol=str(row["id"]),
                name=str(row["name"])[:60],
                ticker=str(row["symbol"]).upper()[:12],
            )
            for row in coins
        ]


def read_chart(answer: Any) -> list[Point]:
    """Read market_chart or ohlc: the last price of each day, by UTC."""
    rows = answer if isinstance(answer, list) else _mapping(answer).get("prices")
    if not isinstance(rows, list):
        raise _broken()
    with wording(SOURCE):
        by_day = {
            datetime.fromtimestamp(int(row[0]) / 1000, UTC).date(): number(row[-1], positive=True)
            for row in rows
            if row[-1] is not None
        }
    return [Point(day=day, price=price) for day, price in sorted(by_day.items())]


def read_exchange_rates(answer: Any) -> dict[str, Decimal]:
    """Read exchange_rates: what a bitcoin is in each currency."""
    rates = _mapping(answer).get("rates")
    with wording(SOURCE):
        return {code.upper(): number(row["value"], positive=True) for code, row in _mapping(rates).items()}


def _mapping(answer: Any) -> Mapping[str, Any]:
    if not isinstance(answer, dict):
        raise _broken()
    return answer


def _meaning(error: StatusError) -> Exception:
    """What a refusal means: CoinGecko's own codes are in the body."""
    body = error.body
    if error.status in {401, 403} or any(code in body for code in (b"10002", b"10010", b"10011", b"10005")):
        return SettingsError(
            f"{SOURCE} refused the key: set PASSFEL_COINGECKO__API_KEY to a key of coingecko.com's developer's"
            " dashboard and PASSFEL_COINGECKO__PLAN to its plan (demo or pro), or leave both out."
        )
    if b"exceeded the Rate Limit" in body:
        return LimitedError(SOURCE, f"{SOURCE} takes no more requests for now.")
    if error.status == 404:
        return NotFoundError(f"{SOURCE} knows no such coin.")
    return error


def _broken() -> BrokenAnswerError:
    return BrokenAnswerError(SOURCE, f"{SOURCE} gave an answer that makes no sense.")
