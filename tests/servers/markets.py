"""The prices of the stand-ins' world: made up, the same at every run, a little different every day."""

from datetime import date, timedelta
from decimal import Decimal

TODAY = date(2026, 11, 23)
"""A Monday."""
LAST_CLOSE = date(2026, 11, 20)
PER_EURO = {
    "AUD": "1.7704",
    "BRL": "6.4498",
    "CAD": "1.6165",
    "CHF": "0.9332",
    "CNY": "8.2569",
    "CZK": "24.346",
    "DKK": "7.4718",
    "GBP": "0.8785",
    "HUF": "387.15",
    "INR": "105.93",
    "JPY": "182.38",
    "NOK": "11.742",
    "PLN": "4.2188",
    "SEK": "10.991",
    "TRY": "50.12",
    "USD": "1.1722",
    "ZAR": "19.64",
}
COINS = {
    # CoinGecko's id: name, ticker, rank, euros
    "bitcoin": ("Bitcoin", "BTC", 1, "82450"),
    "ethereum": ("Ethereum", "ETH", 2, "2710.5"),
    "solana": ("Solana", "SOL", 6, "131.25"),
    "dogecoin": ("Dogecoin", "DOGE", 9, "0.1432"),
    "shiba-inu": ("Shiba Inu", "SHIB", 20, "0.0000098"),
    "pudgy-penguins": ("Pudgy Penguins", "PENGU", 90, "0.0121"),
    "pengu-copy": ("Pengu Copy", "PENGU", None, "0.0000001"),
}
SHARES = {
    # symbol: name, currency, exchange's zone, price
    "AAPL": ("Apple Inc.", "USD", "America/New_York", "244.80"),
    "MSFT": ("Microsoft Corporation", "USD", "America/New_York", "408.20"),
    "TSLA": ("Tesla, Inc.", "USD", "America/New_York", "351.40"),
    "OCDO.L": ("Ocado Group plc", "GBp", "Europe/London", "305.30"),
    "EDP.LS": ("EDP", "EUR", "Europe/Lisbon", "3.412"),
    "^GSPC": ("S&P 500", "USD", "America/New_York", "6012.45"),
    "GC=F": ("Gold Feb 27", "USD", "America/New_York", "2948.60"),
    "BTC-EUR": ("Bitcoin EUR", "EUR", "UTC", "82450"),
    "EURUSD=X": ("EUR/USD", "USD", "Europe/London", "1.1722"),
    "MNTN.L": ("The Schiehallion Fund Limited", "USD", "Europe/London", "1.31"),
}


def wave(day: date) -> Decimal:
    """How far above or below its usual value everything is on a day."""
    return 1 + Decimal((day.toordinal() * 7) % 11 - (TODAY.toordinal() * 7) % 11) / 1000


def business_days(first: date, last: date) -> list[date]:
    """Monday to Friday."""
    days = [first + timedelta(days=count) for count in range((last - first).days + 1)]
    return [day for day in days if day.weekday() < 5]
