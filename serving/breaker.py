"""A breaker: a server that failed is passed over for a while, then one caller tries it again."""

import time
from collections.abc import Callable
from typing import Literal

from passfel.household.errors import LimitedError, ProviderError, UnreachableError
from passfel.serving.errors import EmptyAccountError

BreakerState = Literal["closed", "open", "half-open"]
Clock = Callable[[], float]
EMPTY_ACCOUNT_S = 900.0
"""How long an account without money is left alone: each try costs a turn its time, and none helps."""


class Breaker:
    """Closed: calls go through. Open: none. Half-open: exactly one goes through, and its fate decides."""

    def __init__(self, open_s: float, patience: int = 2, clock: Clock = time.monotonic) -> None:
        """Stay open for `open_s` seconds; `patience` failures in a row open it where one does not."""
        self._open_s = open_s
        self._patience = patience
        self._clock = clock
        self._failures = 0
        self._opened_at: float | None = None
        self._until_s = open_s
        self._probe: object | None = None
        self.reason = ""
        """The sentence of the last failure."""

    @property
    def state(self) -> BreakerState:
        """What would happen to a call now."""
        if self._opened_at is None:
            return "closed"
        waited = self._clock() - self._opened_at >= self._until_s
        return "half-open" if waited else "open"

    def admits(self, call: object) -> bool:
        """Whether this call may go through; a yes in the half-open state makes it the probe."""
        if self.state == "half-open" and self._probe is None:
            self._probe = call
            return True
        return self.state == "closed"

    def answered(self, *, whole: bool) -> None:
        """A call got an answer: its first token, or the `whole` of it."""
        self._opened_at = self._probe = None
        if whole:
            self._failures = 0

    def failed(self, reason: str, *, at_once: bool, for_s: float = 0) -> None:
        """A call failed; `at_once` opens without patience, `for_s` is how long the server asked us to wait."""
        self.reason = reason
        self._failures += 1
        self._until_s = max(self._open_s, for_s)
        if at_once or for_s or self._opened_at is not None or self._failures >= self._patience:
            self._opened_at = self._clock()
        self._probe = None

    def note(self, error: ProviderError) -> None:
        """Take a failed call: a dead server opens at once, a busy or confused one gets a second chance."""
        empty = isinstance(error, EmptyAccountError)
        wait = error.retry_after if isinstance(error, LimitedError) else None
        for_s = EMPTY_ACCOUNT_S if empty else wait.total_seconds() if wait else 0
        self.failed(error.sentence, at_once=isinstance(error, UnreachableError), for_s=for_s)

    def ended(self, call: object) -> None:
        """This call is over. Where it was a probe that showed nothing (cancelled), the next call may probe."""
        if self._probe is call:
            self._probe = None
