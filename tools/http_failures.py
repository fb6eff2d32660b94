"""What a failed try over HTTP means: whether to try again, when, and what the person is told."""

import random
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx2

from passfel.household.errors import BrokenAnswerError, LimitedError, ProviderError, UnreachableError
from passfel.household.wording import say_count

BUSY = frozenset({429, 500, 502, 503, 504})
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 2.0


class StatusError(BrokenAnswerError):
    """The service answered with an HTTP status that is no success; providers may know what it means."""

    def __init__(self, source: str, status: int, body: bytes) -> None:
        """Keep the status and the body: they are for the provider, never for the person."""
        super().__init__(source, f"{source} refused the request (HTTP {status}).")
        self.status = status
        self.body = body


class TryAgainError(Exception):
    """A failure that may pass: what the person is told if it doesn't, and how long to wait."""

    def __init__(self, error: ProviderError, pause_s: float | None = None) -> None:
        """Keep both."""
        super().__init__(str(error))
        self.error = error
        self.pause_s = pause_s


def backoff(number: int) -> float:
    """Half of a doubling pause, and up to another half by chance, so that callers don't come back together."""
    pause = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** (number - 1))
    return pause / 2 + random.uniform(0, pause / 2)  # noqa: S311 - jitter, no secret


def busy(response: httpx2.Response, source: str) -> ProviderError:
    """What a status means that may pass by itself."""
    if response.status_code == 429:
        return limited(source, retry_after(response))
    return UnreachableError(source, f"{source} is out of order (HTTP {response.status_code}).")


def limited(source: str, seconds: float | None) -> LimitedError:
    """The source wants no more requests, for so many seconds if it said so."""
    if seconds is None:
        return LimitedError(source, f"{source} takes no more requests for now.")
    minutes = max(1, round(seconds / 60))
    when = f"{say_count(minutes, 'minute')}" if seconds > 50 else "a few seconds"
    return LimitedError(
        source, f"{source} takes no more requests for now; try again in {when}.", timedelta(seconds=seconds)
    )


def retry_after(response: httpx2.Response) -> float | None:
    """Read Retry-After: seconds, or an HTTP date."""
    value: str = response.headers.get("Retry-After", "").strip()
    if value.isdecimal():
        return min(float(value), 86_400.0)
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    wait: timedelta = at - datetime.now(UTC)
    return max(0.0, wait.total_seconds())
