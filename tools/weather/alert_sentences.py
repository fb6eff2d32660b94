"""Warnings as finished sentences, and the sentence where nobody warns."""

from passfel.household.alert import AlertReport, WeatherAlert
from passfel.household.errors import NotFoundError
from passfel.household.turn import Place, Turn
from passfel.household.wording import plain_text, say_count, say_moment, say_time

MOST = 5
LONGEST_ADVICE = 300


def say_alerts(report: AlertReport, place: Place, turn: Turn) -> str:
    """Say the warnings, the worst first, each with its end and, where there is only one, its advice."""
    tag = f"({report.source}, {say_time(report.asked_at.astimezone(turn.now.tzinfo), turn.locale)})"
    if not report.alerts:
        return f"There are no weather alerts for {place.name} {tag}."
    told = "; ".join(_one(alert, turn) for alert in report.alerts[:MOST])
    left = len(report.alerts) - MOST
    more = f"; and {left} more" if left > 0 else ""
    advice = _advice(report.alerts[0]) if len(report.alerts) == 1 else ""
    return f"{say_count(len(report.alerts), 'weather alert')} for {place.name}: {told}{more} {tag}.{advice}"


def _one(alert: WeatherAlert, turn: Turn) -> str:
    event = _line(alert.event)[:80]
    until = f" until {say_moment(alert.ends_at, turn.now, turn.locale)}" if alert.ends_at else ""
    begins = alert.starts_at
    since = f" from {say_moment(begins, turn.now, turn.locale)}" if begins and begins > turn.now else ""
    return f"{event}{_rank(alert)}{since}{until}"


def _rank(alert: WeatherAlert) -> str:
    return f" ({alert.severity})" if alert.severity != "unknown" else ""


def _advice(alert: WeatherAlert) -> str:
    words = _line(alert.instruction)
    if not words:
        return ""
    cut = words if len(words) <= LONGEST_ADVICE else words[:LONGEST_ADVICE].rsplit(" ", 1)[0] + " …"
    return f" It advises: “{cut}”"


def _line(text: str) -> str:
    return " ".join(plain_text(text).split())


def no_alerts_source(place: Place) -> NotFoundError:
    """Nobody who was set up warns there: that is not the same as no danger."""
    return NotFoundError(
        f"I have no source of weather alerts for {place.name}: the one that is set up, NOAA/NWS, is for the United "
        "States. Ask your national weather service."
    )
