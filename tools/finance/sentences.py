"""Finished sentences of prices: the figure, how it changed, where it is from and how old it is."""

from datetime import date
from decimal import Decimal

from passfel.household.money import name_of_currency, say_money, say_percent, say_quantity, say_rate
from passfel.household.quote import Conversion, Instrument, Point, Portfolio, Position, PriceHistory, Quote
from passfel.household.turn import Turn
from passfel.household.wording import capital, say_day, say_list, say_moment
from passfel.tools.contract import Source

BARS = "▁▂▃▄▅▆▇█"
WIDEST = 24
"""Bars of a line of them."""
SAME = Decimal("0.005")
"""Percent; less is no change."""


def say_quote(quote: Quote, turn: Turn) -> str:
    """Say one price: "Apple is at $244.87, up 1.3% since the last close (Yahoo Finance, ...)."."""
    if quote.instrument.kind == "currency":
        price = say_rate(quote.price, quote.currency)
        return f"One {quote.instrument.name} is {price} ({say_origin(quote, turn)})."
    price = say_money(quote.price, quote.currency)
    name = capital(quote.instrument.name)
    return f"{name} is at {price}{_change(quote)} ({say_origin(quote, turn)})."


def say_short(quote: Quote) -> str:
    """Say one price of several: "Apple at $244.87, up 1.3%"."""
    price = say_money(quote.price, quote.currency)
    if quote.change_percent is None:
        return f"{quote.instrument.name} at {price}"
    return f"{quote.instrument.name} at {price}, {_up_or_down(quote.change_percent)}"


def say_origin(quote: Quote, turn: Turn) -> str:
    """Say where a price is from and how old it is."""
    if quote.day is not None:
        return f"rate of {say_day(quote.day, turn.now.date())}, from {quote.source}"
    told = f"{quote.source}, {say_moment(quote.at, turn.now, turn.locale)}"
    return f"{told}; the market is closed" if quote.market == "closed" else told


def say_conversion(conversion: Conversion, turn: Turn) -> str:
    """Say an amount in another currency, with the rate it was counted by."""
    given = _amount(conversion.amount, conversion.source_currency)
    result = _amount(conversion.result, conversion.target_currency)
    rate = conversion.rate
    told = (
        f"one {rate.instrument.name} is {say_rate(rate.price, rate.currency)}, {say_origin(rate, turn)}"
        if conversion.amount != 1 or rate.instrument.code != conversion.source_currency
        else say_origin(rate, turn)
    )
    if conversion.amount == 1:
        single = rate.instrument.name if rate.instrument.code == conversion.source_currency else ""
        given = f"One {single or name_of_currency(conversion.source_currency)}"
        if single:
            result = say_rate(conversion.result, conversion.target_currency)
    return f"{given} is {result} ({told})."


def say_history(history: PriceHistory, window: str, turn: Turn) -> str:
    """Say how a price went: the change, its ends, its range, and a line of bars."""
    points, today = history.points, turn.now.date()
    first, last = points[0], points[-1]
    if len(points) == 1:
        return say_day_of(history, turn)
    low = min(points, key=lambda point: point.price)
    high = max(points, key=lambda point: point.price)
    change = (last.price - first.price) / first.price * 100
    moved = "stayed the same" if abs(change) < SAME else f"{_went(change)} {say_percent(change)}"
    told = [
        f"{_price(history, point)} ({_short_day(point.day, today)})" for point in (first, last, low, high)
    ]
    return (
        f"{_named(history.instrument)} {moved} {window}, from {told[0]} to {told[1]}; lowest {told[2]},"
        f" highest {told[3]}.\n{sparkline([point.price for point in points])}"
        f" ({len(points)} daily prices from {history.source})"
    )


def say_day_of(history: PriceHistory, turn: Turn) -> str:
    """Say the last price of a span, against the one before it where there is one."""
    last = history.points[-1]
    day = say_day(last.day, turn.now.date())
    when = day if day in {"today", "yesterday"} else f"on {day}"
    change = ""
    if len(history.points) > 1:
        before = history.points[-2]
        moved = _up_or_down((last.price - before.price) / before.price * 100)
        change = f", {moved} since {_short_day(before.day, turn.now.date())}"
    return f"{_named(history.instrument)} was at {_price(history, last)} {when}{change} ({history.source})."


def _price(history: PriceHistory, point: Point) -> str:
    say = say_rate if history.instrument.kind == "currency" else say_money
    return say(point.price, history.currency)


def _short_day(day: date, today: date) -> str:
    if abs((today - day).days) < 2:
        return say_day(day, today)
    return f"{day.day} {day:%B}" + ("" if day.year == today.year else f" {day.year}")


def say_portfolio(portfolio: Portfolio, turn: Turn, *, whole: bool = True) -> str:
    """Say what everything is worth, each by itself, and what could not be told."""
    told = [position for position in portfolio.positions if position.value is not None]
    untold = [position for position in portfolio.positions if position.value is None]
    missing = f"I have no price of {say_list([_held(position) for position in untold])}." if untold else ""
    if not told:
        return missing
    items = [
        f"{_held(position)}, {say_money(position.value or Decimal(0), portfolio.currency)}"
        for position in told
    ]
    origins = dict.fromkeys(
        say_origin(position.quote, turn) for position in told if position.quote is not None
    )
    total = say_money(portfolio.total, portfolio.currency)
    if not whole:
        return f"Your {_held(told[0])} {'is' if told[0].quantity == 1 else 'are'} worth {total} ({'; '.join(origins)})."
    beginning = "Your portfolio is worth" if not untold else "What I have prices of is worth"
    sentence = f"{beginning} {total}: {'; '.join(items)} ({'; '.join(origins)})."
    return f"{sentence} {missing}".strip()


def say_holding(instrument: Instrument, quantity: Decimal) -> str:
    """Say a number of shares or coins: "10 Apple shares", "0.5 Bitcoin"."""
    number = say_quantity(quantity)
    if instrument.kind == "share":
        return f"{number} {instrument.name} {'share' if quantity == 1 else 'shares'}"
    return f"{number} {instrument.name}"


def sparkline(values: list[Decimal]) -> str:
    """A line of bars, from the lowest to the highest; long spans are drawn by their last price each."""
    count = min(len(values), WIDEST)
    picked = [values[(index + 1) * len(values) // count - 1] for index in range(count)]
    low, high = min(picked), max(picked)
    if low == high:
        return BARS[len(BARS) // 2] * count
    steps = [int((value - low) / (high - low) * (len(BARS) - 1)) for value in picked]
    return "".join(BARS[step] for step in steps)


def source_of(quote: Quote | PriceHistory) -> Source:
    """Where the figures are from, for the answer's sources."""
    at = quote.at if isinstance(quote, Quote) else None
    return Source(name=quote.source, url=quote.source_url, at=at)


def _named(instrument: Instrument) -> str:
    return f"The {instrument.name}" if instrument.kind == "currency" else capital(instrument.name)


def _held(position: Position) -> str:
    return say_holding(position.instrument, position.quantity)


def _change(quote: Quote) -> str:
    if quote.change_percent is None:
        return ""
    since = "in 24 hours" if quote.market == "always" else "since the close before"
    return f", {_up_or_down(quote.change_percent)} {since}"


def _up_or_down(change: Decimal) -> str:
    if abs(change) < SAME:
        return "unchanged"
    return f"{'up' if change > 0 else 'down'} {say_percent(change)}"


def _went(change: Decimal) -> str:
    return "rose" if change > 0 else "fell"


def _amount(value: Decimal, currency: str) -> str:
    known = value.quantize(Decimal("0.00000001")) if currency not in _MONEY else value
    return say_money(value, currency) if currency in _MONEY else f"{say_quantity(known)} {currency}"


_MONEY = frozenset({"EUR", "USD", "GBP", "JPY", "INR", "KRW", "ILS", "CHF", "CNY", "CAD", "AUD"})
