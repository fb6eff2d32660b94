"""Amounts of money as finished words, from exact decimals."""

from decimal import ROUND_HALF_UP, Decimal

SIGNS = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥", "INR": "₹", "KRW": "₩", "ILS": "₪"}
WHOLE = frozenset({"JPY", "KRW", "HUF", "IDR", "ISK", "VND", "CLP"})
"""Currencies whose hundredth nobody names."""
NAMES = {
    "AUD": "Australian dollar",
    "BRL": "Brazilian real",
    "CAD": "Canadian dollar",
    "CHF": "Swiss franc",
    "CNY": "Chinese yuan",
    "CZK": "Czech koruna",
    "DKK": "Danish krone",
    "EUR": "euro",
    "GBP": "pound",
    "HKD": "Hong Kong dollar",
    "HUF": "Hungarian forint",
    "IDR": "Indonesian rupiah",
    "ILS": "Israeli shekel",
    "INR": "Indian rupee",
    "ISK": "Icelandic króna",
    "JPY": "yen",
    "KRW": "Korean won",
    "MXN": "Mexican peso",
    "MYR": "Malaysian ringgit",
    "NOK": "Norwegian krone",
    "NZD": "New Zealand dollar",
    "PHP": "Philippine peso",
    "PLN": "Polish zloty",
    "RON": "Romanian leu",
    "SEK": "Swedish krona",
    "SGD": "Singapore dollar",
    "THB": "Thai baht",
    "TRY": "Turkish lira",
    "UAH": "Ukrainian hryvnia",
    "USD": "US dollar",
    "ZAR": "South African rand",
}
SMALL_DIGITS = 4
RATE_DIGITS = 5


def say_money(value: Decimal, currency: str) -> str:
    """Say an amount: "€182.38", "¥18,238", "12.50 CHF"; small ones keep four digits that count: "$0.00001234"."""
    return _signed(_rounded(value, currency), currency)


def say_rate(value: Decimal, currency: str) -> str:
    """Say a rate of exchange, with the digits that central banks publish: "$1.0712"."""
    if value == 0:
        return _signed(Decimal(0), currency)
    digits = max(0 if abs(value) >= 10_000 else 2, RATE_DIGITS - 1 - value.adjusted())
    return _signed(value.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP), currency)


def say_percent(value: Decimal) -> str:
    """Say a change without its sign: "1.3%"; less than a tenth keeps two digits."""
    digits = 1 if abs(value) >= Decimal("0.1") else 2
    return f"{abs(value).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)}%"


def say_quantity(value: Decimal) -> str:
    """Say how many: "10", "0.5", without trailing zeros."""
    plain = f"{value:,f}"
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def name_of_currency(code: str) -> str:
    """What people call it; its code where we have no name for it."""
    return NAMES.get(code, code)


def _rounded(value: Decimal, currency: str) -> Decimal:
    small = abs(value) < 1 and value != 0
    digits = 0 if currency in WHOLE and abs(value) >= 100 else 2
    if small:
        digits = max(2, SMALL_DIGITS - 1 - value.adjusted())
    rounded = value.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    return _trimmed(rounded) if small else rounded


def _trimmed(value: Decimal) -> Decimal:
    """No zeros behind the second digit after the point."""
    whole, _, digits = f"{value:f}".partition(".")
    return Decimal(f"{whole}.{digits.rstrip('0').ljust(2, '0')}")


def _signed(value: Decimal, currency: str) -> str:
    minus = "-" if value < 0 else ""
    sign = SIGNS.get(currency)
    return f"{minus}{sign}{abs(value):,f}" if sign else f"{value:,f} {currency}"
