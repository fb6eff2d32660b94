"""What every provider of an outside service has, and how a domain goes from one to the next."""

import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, Protocol, TypeVar

from passfel.household.errors import BrokenAnswerError, LimitedError, ProviderError, UnreachableError

log = logging.getLogger(__name__)

REST_S = 60.0
"""How long a provider that could not answer is asked last."""
PASSING = (UnreachableError, LimitedError, BrokenAnswerError)


class Provider(Protocol):
    """An outside service; each domain's own protocol adds what it is asked for."""

    source: str
    """The service's name, as the person is told."""

    async def check(self) -> str:
        """Ask the real service one small question, and say what it gave: for `passfel doctor`.

        Raises:
            ProviderError: it did not answer.
            SettingsError: something has to be set first: what, and where to get it.
        """
        ...


P = TypeVar("P", bound=Provider)
T = TypeVar("T")


class Chain(Generic[P]):
    """The providers of one domain in the order they are preferred; those that just failed come last."""

    def __init__(self, providers: Sequence[P], clock: Callable[[], float] = time.monotonic) -> None:
        """Keep the order; nothing is asked."""
        self._providers = tuple(providers)
        self._failed_at: dict[str, float] = {}
        self._clock = clock

    async def ask(self, question: Callable[[P], Awaitable[T]], *, among: Sequence[P] | None = None) -> T:
        """The first answer; what the person asked wrongly (a RequestError) is no reason to go on.

        Args:
            question: asks one provider.
            among: those that can answer this question; left out, all.

        Raises:
            ProviderError: none answered; the error of the first that was asked.
        """
        first: ProviderError | None = None
        for provider in self._in_order(self._providers if among is None else among):
            try:
                answer = await question(provider)
            except PASSING as error:
                log.info("%s failed: %s", provider.source, type(error).__name__)
                self._failed_at[provider.source] = self._clock()
                first = first or error
            else:
                self._failed_at.pop(provider.source, None)
                return answer
        if first is None:
            raise ValueError("a chain of no providers was asked")
        raise first

    def _in_order(self, providers: Sequence[P]) -> list[P]:
        return sorted(providers, key=self._rests)

    def _rests(self, provider: P) -> bool:
        failed_at = self._failed_at.get(provider.source)
        return failed_at is not None and self._clock() - failed_at < REST_S
