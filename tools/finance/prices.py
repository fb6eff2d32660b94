"""All services of prices as one: who is asked for what, what a name means, and sums in one currency."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field

from passfel.household.errors import NotFoundError, ProviderError, RequestError, SettingsError
from passfel.household.listings import known_instrument
from passfel.household.money import NAMES, name_of_currency
from passfel.household.quote import Conversion, Instrument, PriceHistory, Quote
from passfel.household.wording import say_list
from passfel.tools.finance.frankfurter import Frankfurter
from passfel.tools.finance.provider import FinanceProvider
from passfel.tools.provider import Chain

CODE_LETTERS = 3
T = TypeVar("T")


class FinanceSettings(BaseModel):
    """How money is told."""

    model_config = ConfigDict(frozen=True)

    currency: str = Field(
        "EUR",
        pattern="^[A-Z]{3}$",
        description="The household's currency (ISO 4217): what coins, portfolios and rates are told in.",
    )


class Prices:
    """Asks the service that knows, and the next where it fails."""

    def __init__(
        self,
        providers: Sequence[FinanceProvider],
        rates: Frankfurter,
        settings: FinanceSettings | None = None,
    ) -> None:
        """Keep the services in the order they are preferred; `rates` knows those of past days."""
        self._providers = tuple(providers)
        self._chain: Chain[FinanceProvider] = Chain(providers)
        self._rates = rates
        self.currency = (settings or FinanceSettings()).currency

    async def find(self, name: str) -> Instrument:
        """What a person means: a currency, a well-known name, or what a service finds.

        Raises:
            NotFoundError: nothing is called so.
            SettingsError: it may be a share, and the service of shares is off.
        """
        known = known_instrument(name) or currency_named(name)
        return known or await self._searched(name.strip())

    async def _searched(self, name: str) -> Instrument:
        if not name:
            raise RequestError("The price of what?")
        failed: ProviderError | None = None
        off: SettingsError | None = None
        for provider in self._providers:
            try:
                found = await provider.find(name)
            except NotFoundError:
                continue
            except SettingsError as error:
                off = off or error
            except ProviderError as error:
                failed = failed or error
            else:
                if found is not None:
                    return found
        if failed is not None:
            raise failed
        told = f"I know no share, coin or currency called “{name[:60]}”."
        raise NotFoundError(f"{told} {off.sentence}" if off is not None else told)

    async def quote(self, instrument: Instrument, currency: str = "") -> Quote:
        """The price now; a share's in its own currency unless another is wanted.

        Raises:
            NotFoundError: no service knows it.
        """
        quote = await self._raw(instrument, currency or self._natural(instrument))
        if currency and quote.currency != currency:
            rate = await self._rate(quote.currency, currency)
            quote = quote.model_copy(update={"price": quote.price * rate.price, "currency": currency})
        return quote

    async def _raw(self, instrument: Instrument, currency: str) -> Quote:
        return (await self._asked([instrument], currency))[0]

    async def quotes(self, instruments: Sequence[Instrument]) -> tuple[dict[Instrument, Quote], list[str]]:
        """The prices of many, each kind asked at once; and the sentences of what failed."""
        kinds: dict[tuple[str, str], list[Instrument]] = defaultdict(list)
        for instrument in instruments:
            kinds[instrument.kind, self._natural(instrument)].append(instrument)
        found: dict[Instrument, Quote] = {}
        failed: list[str] = []
        for (_, wanted), group in kinds.items():
            try:
                told = await self._asked(group, wanted)
                found.update({quote.instrument: quote for quote in told})
            except (ProviderError, SettingsError, NotFoundError) as error:
                failed.append(error.sentence)
        return found, failed

    async def history(
        self, instrument: Instrument, first: date, last: date, currency: str = ""
    ) -> PriceHistory:
        """The prices day by day, in a share's own currency."""
        wanted = currency or self._natural(instrument)
        among = [provider for provider in self._providers if provider.prices(instrument, wanted, past=True)]
        if not among:
            raise NotFoundError(f"None of the services knows past prices of {instrument.name} in {wanted}.")
        return await self._ask(
            lambda provider: provider.history(instrument, wanted, first, last), among, instrument.name
        )

    async def convert(self, amount: Decimal, source: str, target: str, on: date | None = None) -> Conversion:
        """An amount in another currency; coins count as currencies."""
        base, quote = await self.find(source), await self.find(target)
        if quote.kind == "share" or base.kind == "share":
            raise RequestError("Amounts of money are converted between currencies and coins.")
        turned = quote.kind == "coin" and base.kind == "currency"
        rate = await self._pair(quote, base, on) if turned else await self._pair(base, quote, on)
        result = amount / rate.price if turned else amount * rate.price
        return Conversion(
            amount=amount,
            source_currency=base.code,
            result=result,
            target_currency=quote.code,
            rate=rate,
        )

    async def _pair(self, base: Instrument, quote: Instrument, on: date | None) -> Quote:
        if base.code == quote.code:
            raise RequestError(f"That is {base.name} already.")
        if quote.kind == "coin":  # one coin in another, by way of the household's currency
            first, second = await self.quote(base, self.currency), await self.quote(quote, self.currency)
            return first.model_copy(update={"price": first.price / second.price, "currency": quote.code})
        if on is None:
            return await self.quote(base, quote.code)
        if base.kind == "currency" and self._rates.prices(base, quote.code):
            return await self._rates.rate_on(base, quote.code, on)
        past = await self.history(base, on, on, quote.code)
        return Quote(
            instrument=base,
            price=past.points[-1].price,
            currency=quote.code,
            at=(await self.quote(base, quote.code)).at,
            day=past.points[-1].day,
            source=past.source,
            source_url=past.source_url,
        )

    async def worth(self, quote: Quote, quantity: Decimal) -> Decimal:
        """So many of it, in the household's currency."""
        if quote.currency == self.currency:
            return quote.price * quantity
        rate = await self._rate(quote.currency, self.currency)
        return quote.price * quantity * rate.price

    async def _rate(self, source: str, target: str) -> Quote:
        return await self._raw(currency(source), target)

    async def _asked(self, instruments: Sequence[Instrument], wanted: str) -> list[Quote]:
        among = [provider for provider in self._providers if provider.prices(instruments[0], wanted)]
        if not among:
            raise NotFoundError(f"None of the services knows {instruments[0].name} in {wanted}.")
        names = say_list([instrument.name for instrument in instruments], "or")
        return await self._ask(lambda provider: provider.quotes(instruments, wanted), among, names)

    async def _ask(
        self,
        question: Callable[[FinanceProvider], Awaitable[T]],
        among: Sequence[FinanceProvider],
        names: str,
    ) -> T:
        """Go from one to the next; where the last ones know nothing, the failure before them is what is told."""
        failed: list[ProviderError] = []
        left = list(among)

        async def ask(provider: FinanceProvider) -> tuple[FinanceProvider, T]:
            try:
                return provider, await question(provider)
            except ProviderError as error:
                failed.append(error)
                raise

        while left:
            try:
                provider, answer = await self._chain.ask(ask, among=left)
            except NotFoundError:
                if failed:
                    raise failed[0] from None
                raise
            if answer:
                return answer
            left.remove(provider)
        if failed:
            raise failed[0]
        raise NotFoundError(f"{say_list([provider.source for provider in among])} told no price of {names}.")

    def _natural(self, instrument: Instrument) -> str:
        """What a price is told in where nobody says: the household's currency, its own against the dollar."""
        if instrument.symbol != self.currency:
            return self.currency
        return "USD" if self.currency != "USD" else "EUR"


def currency(code: str) -> Instrument:
    """A currency by its ISO 4217 code."""
    return Instrument(kind="currency", symbol=code, name=name_of_currency(code))


def currency_named(name: str) -> Instrument | None:
    """A currency by its code or by what people call it."""
    plain = name.strip().casefold().removeprefix("the ")
    for code, known in NAMES.items():
        if plain in {code.casefold(), known.casefold(), f"{known.casefold()}s"}:
            return currency(code)
    short = {"dollar": "USD", "dollars": "USD", "franc": "CHF", "francs": "CHF"}
    if plain in short:
        return currency(short[plain])
    bare = name.strip()
    return currency(bare) if len(bare) == CODE_LETTERS and bare.isalpha() and bare in _CODES else None


_OTHERS = "AED ARS BDT BHD BGN CLP COP EGP GEL KWD LKR MAD MMK NGN PKR QAR RUB SAR TWD VND"
_CODES = frozenset(_OTHERS.split())
"""Currencies that the services know and that have no name here."""
