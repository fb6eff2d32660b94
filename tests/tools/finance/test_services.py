"""The services of prices over loopback: exact figures, few requests, and the right error for every refusal."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from passfel.household.errors import LimitedError, NotFoundError, ProviderError, SettingsError
from passfel.household.listings import known_instrument
from passfel.household.quote import Instrument
from passfel.tests.servers.finance import NOW, Markets
from passfel.tools.finance.coingecko import CoinGecko, CoinGeckoSettings
from passfel.tools.finance.frankfurter import Frankfurter
from passfel.tools.finance.prices import Prices, currency
from passfel.tools.finance.yahoo import Yahoo, YahooSettings
from passfel.tools.finance.yahoo_browser import YFinanceSession
from passfel.tools.http import Http

BITCOIN = Instrument(kind="coin", symbol="bitcoin", name="Bitcoin", ticker="BTC")
APPLE = Instrument(kind="share", symbol="AAPL", name="Apple")


async def test_a_rate_is_exact_and_says_its_day(rates: Frankfurter):
    (euro,) = await rates.quotes([currency("EUR")], "JPY")
    assert (euro.price, euro.day, euro.market) == (Decimal("182.38"), date(2026, 11, 20), "daily")


async def test_one_request_serves_every_pair(rates: Frankfurter, markets: Markets):
    for pair in (("USD", "JPY"), ("GBP", "CHF"), ("EUR", "TRY")):
        assert await rates.quotes([currency(pair[0])], pair[1])
    assert len(markets.frankfurter.requests) == 1


async def test_weekends_have_no_rates_and_the_day_before_is_not_taken_for_them(rates: Frankfurter):
    history = await rates.history(currency("USD"), "EUR", date(2026, 11, 14), date(2026, 11, 18))
    assert [point.day.day for point in history.points] == [16, 17, 18]


async def test_the_rate_of_a_sunday_is_of_the_friday_before(rates: Frankfurter):
    assert (await rates.rate_on(currency("USD"), "EUR", date(2026, 11, 15))).day == date(2026, 11, 13)


async def test_many_coins_are_one_request_and_an_unknown_one_is_left_out(coins: CoinGecko, markets: Markets):
    unknown = Instrument(kind="coin", symbol="no-such-coin", name="Nothing")
    ether = known_instrument("ethereum")
    assert ether is not None
    quotes = await coins.quotes([BITCOIN, unknown, ether], "EUR")
    assert [quote.instrument.name for quote in quotes] == ["Bitcoin", "Ethereum"]
    assert len(markets.coingecko.requests) == 1


async def test_of_coins_with_one_ticker_the_largest_is_meant(coins: CoinGecko):
    found = await coins.find("pengu")
    assert found is not None
    assert found.symbol == "pudgy-penguins"


async def test_a_price_with_eight_digits_behind_the_point_stays_exact(coins: CoinGecko):
    shiba = known_instrument("shiba inu")
    assert shiba is not None
    assert (await coins.quotes([shiba], "EUR"))[0].price == Decimal("0.0000098")


async def test_a_limit_is_told_and_left_alone(coins: CoinGecko, markets: Markets):
    markets.coingecko.limited = True
    for _ in range(3):
        with pytest.raises(
            LimitedError, match="CoinGecko takes no more requests for now; try again in 2 minutes"
        ):
            await coins.quotes([BITCOIN], "EUR")
    assert len(markets.coingecko.requests) == 1


async def test_the_key_goes_in_its_header_and_a_wrong_one_says_which_setting(http: Http, markets: Markets):
    markets.coingecko.key = "CG-right"
    good = CoinGecko(http, CoinGeckoSettings(url=markets.coingecko.url, api_key="CG-right"))
    assert await good.check() == "It answers, with your key."
    assert "right" not in str(markets.coingecko.requests[-1].url)
    bad = CoinGecko(http, CoinGeckoSettings(url=markets.coingecko.url, api_key="CG-wrong"))
    with pytest.raises(SettingsError, match="PASSFEL_COINGECKO__API_KEY") as caught:
        await bad.check()
    assert "CG-wrong" not in str(caught.value)


async def test_a_paid_key_goes_to_the_paid_host(http: Http, markets: Markets):
    settings = CoinGeckoSettings(
        url="http://127.0.0.1:9/nowhere", pro_url=markets.coingecko.url, api_key="k", plan="pro"
    )
    await CoinGecko(http, settings).check()
    assert markets.coingecko.requests[-1].headers["x-cg-pro-api-key"] == "k"


async def test_a_price_in_pence_is_told_in_pounds(shares: Yahoo):
    ocado = known_instrument("ocado")
    assert ocado is not None
    (quote,) = await shares.quotes([ocado], "EUR")
    assert (quote.price, quote.currency, quote.market) == (Decimal("3.053"), "GBP", "closed")


async def test_a_limit_of_yahoo_is_one(shares: Yahoo, markets: Markets):
    markets.yahoo.limited = True
    with pytest.raises(LimitedError):
        await shares.quotes([APPLE], "USD")


async def test_shares_say_how_to_turn_them_on(http: Http, markets: Markets):
    with pytest.raises(SettingsError, match=r"passfel\[finance\].*PASSFEL_YAHOO__ENABLED"):
        await Yahoo(http, YahooSettings(url=markets.yahoo.url)).check()
    assert not markets.yahoo.requests


async def test_through_yfinance_the_same_answers_come(http: Http, markets: Markets, tmp_path: Path):
    yfinance = pytest.importorskip("yfinance", reason="the extra finance is not installed")
    # Its cookies would come from Yahoo's own hosts: this way nothing leaves the machine.
    yfinance.config.network.proxy = {"https": "http://127.0.0.1:9"}
    session = YFinanceSession(tmp_path)
    yahoo = Yahoo(http, YahooSettings(enabled=True, url=markets.yahoo.url), session)
    assert await yahoo.check() == "It answers: Apple is at $244.80."
    with pytest.raises(NotFoundError):
        await yahoo.history(
            Instrument(kind="share", symbol="NOPE", name="Nope"), "USD", date(2026, 11, 1), NOW.date()
        )


async def test_where_frankfurter_fails_coingecko_tells_the_rate(prices: Prices, markets: Markets):
    markets.frankfurter.status = 500
    quote = await prices.quote(currency("EUR"), "JPY")
    assert (quote.source, quote.price) == ("CoinGecko", Decimal("182.38"))


async def test_where_coingecko_fails_yahoo_tells_the_price(prices: Prices, markets: Markets):
    markets.coingecko.limited = True
    assert (await prices.quote(BITCOIN)).source == "Yahoo Finance"


async def test_what_the_last_service_does_not_know_is_told_as_the_failure_before(
    prices: Prices, markets: Markets
):
    markets.coingecko.limited = True
    solana = known_instrument("solana")
    assert solana is not None
    with pytest.raises(ProviderError, match="CoinGecko"):
        await prices.quote(solana)
