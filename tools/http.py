"""The one outgoing HTTP client: deadlines, retries, rates, size limit, cache, and no private addresses."""

import asyncio
import hashlib
import json
import logging
import random
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from typing import Any, NoReturn

import httpx2
from pydantic import BaseModel, ConfigDict, Field

from passfel.household.errors import BrokenAnswerError, LimitedError, ProviderError, UnreachableError
from passfel.household.wording import say_count
from passfel.tools.guard import GuardedBackend, GuardedTransport, PrivateAddressError, Resolver
from passfel.tools.limits import Cache, Limiter, MemoryCache, Rate, TokenBuckets

log = logging.getLogger(__name__)
# It writes every address with its query, and a query may hold a service's key.
logging.getLogger("httpx2").setLevel(logging.WARNING)

Params = Mapping[str, str | int | float]

SAFE_METHODS = frozenset({"GET", "HEAD"})
BUSY = frozenset({429, 500, 502, 503, 504})
DEFAULT_RATE = Rate(10)
MOST_REDIRECTS = 5
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 2.0
BLOCK_S = 60.0
"""How long a source that says "too many requests" is left alone where it doesn't say for how long."""


class HttpSettings(BaseModel):
    """How PASSFEL talks to services outside."""

    model_config = ConfigDict(frozen=True)

    connect_s: float = Field(3.0, gt=0, description="Seconds to find and open a connection.")
    read_s: float = Field(10.0, gt=0, description="Seconds of silence until an answer counts as lost.")
    deadline_s: float = Field(4.5, gt=0, description="Seconds for one request in all, retries included.")
    max_bytes: int = Field(5_000_000, gt=0, description="The largest answer that is read.")
    tries: int = Field(3, ge=1, le=10, description="How often a request that only reads is tried.")
    contact: str = Field(
        "", description="Who runs this household's PASSFEL: a mail address or page, for services."
    )
    project_url: str = Field("", description="A page about this PASSFEL, named to services.")
    allowed_hosts: tuple[str, ...] = Field(
        (), description='Private hosts that may be reached, each "host" or "host:port".'
    )

    @property
    def user_agent(self) -> str:
        """Who we are, as Wikimedia's and NWS's etiquette want it."""
        about = "; ".join(filter(None, (self.project_url and f"+{self.project_url}", self.contact)))
        return f"PASSFEL/{version('passfel')}" + (f" ({about})" if about else "")


class StatusError(BrokenAnswerError):
    """The service answered with an HTTP status that is no success; providers may know what it means."""

    def __init__(self, source: str, status: int, body: bytes) -> None:
        """Keep the status and the body: they are for the provider, never for the person."""
        super().__init__(source, f"{source} refused the request (HTTP {status}).")
        self.status = status
        self.body = body


class Http:
    """One client for all providers; open once, close at the end."""

    def __init__(
        self,
        settings: HttpSettings | None = None,
        *,
        limiter: Limiter | None = None,
        cache: Cache | None = None,
        resolver: Resolver | None = None,
    ) -> None:
        """Nothing is opened until the first request."""
        self.settings = settings or HttpSettings()
        self._limiter = limiter or TokenBuckets()
        self._cache = cache or MemoryCache()
        self._backend = GuardedBackend(self.settings.allowed_hosts, resolver)
        self._client: httpx2.AsyncClient | None = None
        self._opening = asyncio.Lock()

    async def __aenter__(self) -> "Http":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close every connection."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def get_json(
        self,
        url: str,
        params: Params | None = None,
        *,
        source: str,
        lifetime: timedelta = timedelta(0),
        deadline: timedelta | None = None,
        rate: Rate = DEFAULT_RATE,
    ) -> Any:
        """Ask `source` for JSON; a ProviderError names it in a full sentence.

        Args:
            url: where to ask.
            params: the query.
            source: the service's name, as the person knows it.
            lifetime: how long an answer stays true; zero means it is not remembered.
            deadline: the time for everything, retries and waiting included.
            rate: how often the service may be called.
        """
        key = _key(url, params)
        body = await self._cache.get(key) if lifetime else None
        if body is not None:
            return _parsed(body, source)
        body = await self.request(
            "GET", url, params=params, source=source, deadline=deadline, rate=rate, accept="application/json"
        )
        answer = _parsed(body, source)
        if lifetime:
            await self._cache.put(key, body, lifetime)
        return answer

    async def request(
        self,
        method: str,
        url: str,
        *,
        source: str,
        accept: str,
        params: Params | None = None,
        deadline: timedelta | None = None,
        rate: Rate = DEFAULT_RATE,
    ) -> bytes:
        """Send a request, and read its answer's body; `accept` is the media type that it must have."""
        seconds = deadline.total_seconds() if deadline is not None else self.settings.deadline_s
        ends_at = time.monotonic() + seconds
        tries = self.settings.tries if method in SAFE_METHODS else 1
        async with within(source, seconds):
            for number in range(1, tries + 1):
                await self._wait_for_place(source, rate, ends_at)
                try:
                    return await self._send(method, url, params, source, accept)
                except _TryAgainError as failure:
                    pause = failure.pause_s if failure.pause_s is not None else _backoff(number)
                    if number == tries or time.monotonic() + pause >= ends_at:
                        await self._give_up(failure)
                    log.debug("%s: %s, trying again", source, failure.error)
                    await asyncio.sleep(pause)
        raise AssertionError("unreachable: the last try returns or raises")

    async def _wait_for_place(self, source: str, rate: Rate, ends_at: float) -> None:
        while wait := await self._limiter.admit(source, rate):
            if time.monotonic() + wait >= ends_at:
                raise _limited(source, wait)
            await asyncio.sleep(wait)

    async def _give_up(self, failure: "_TryAgainError") -> NoReturn:
        error = failure.error
        if isinstance(error, LimitedError):
            # Left alone for a while: every further question would only make it longer.
            pause = failure.pause_s if failure.pause_s is not None else BLOCK_S
            await self._limiter.block(error.source, min(pause, 3600.0))
        raise error from failure

    async def _send(self, method: str, url: str, params: Params | None, source: str, accept: str) -> bytes:
        client = await self._opened()
        try:
            async with client.stream(method, url, params=params, headers={"Accept": accept}) as response:
                return await self._read(response, source, accept)
        except PrivateAddressError as error:
            raise UnreachableError(source, _private(source, error)) from error
        except (httpx2.TooManyRedirects, httpx2.UnsupportedProtocol, httpx2.DecodingError) as error:
            raise BrokenAnswerError(source, f"{source} gave an answer that can't be read.") from error
        except (httpx2.ReadTimeout, httpx2.PoolTimeout) as error:
            raise UnreachableError(source, f"{source} did not answer in time.") from error
        except httpx2.ConnectTimeout as error:  # most of the deadline is gone, and another try won't cure it
            raise UnreachableError(source, f"{source} could not be reached.") from error
        except httpx2.TransportError as error:
            raise _TryAgainError(UnreachableError(source, f"{source} could not be reached.")) from error
        except httpx2.InvalidURL as error:
            raise BrokenAnswerError(source, f"{source} has no valid address.") from error

    async def _read(self, response: httpx2.Response, source: str, accept: str) -> bytes:
        if response.status_code in BUSY:
            raise _TryAgainError(_busy(response, source), _retry_after(response))
        body = await self._body(response, source)
        if not response.is_success:
            raise StatusError(source, response.status_code, body)
        kind: str = response.headers.get("Content-Type", "").partition(";")[0].strip().casefold()
        if kind != accept and not kind.endswith("+" + accept.rpartition("/")[2]):
            raise BrokenAnswerError(source, f"{source} gave an answer that is no {_noun(accept)}.")
        return body

    async def _body(self, response: httpx2.Response, source: str) -> bytes:
        body = bytearray()
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > self.settings.max_bytes:
                size = f"{self.settings.max_bytes / 1e6:g} MB"
                raise BrokenAnswerError(
                    source, f"{source} gave an answer of more than {size}, which was not read."
                )
        return bytes(body)

    async def _opened(self) -> httpx2.AsyncClient:
        async with self._opening:
            if self._client is None:
                # In a thread: reading the system's certificates takes a tenth of a second.
                transport = await asyncio.to_thread(GuardedTransport, self._backend)
                settings = self.settings
                self._client = httpx2.AsyncClient(
                    transport=transport,
                    headers={"User-Agent": settings.user_agent},
                    timeout=httpx2.Timeout(settings.read_s, connect=settings.connect_s),
                    follow_redirects=True,
                    max_redirects=MOST_REDIRECTS,
                    trust_env=False,
                )
            return self._client


class _TryAgainError(Exception):
    """A failure that may pass: what the person is told if it doesn't, and how long to wait."""

    def __init__(self, error: ProviderError, pause_s: float | None = None) -> None:
        super().__init__(str(error))
        self.error = error
        self.pause_s = pause_s


@asynccontextmanager
async def within(source: str, seconds: float) -> AsyncIterator[None]:
    """Give what is done with `source` inside so many seconds, and say so when they are over."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise UnreachableError(source, f"{source} could not be reached.") from error


def _key(url: str, params: Params | None) -> str:
    """Name an exact request; hashed, for a query may hold a key, and the cache may be shared."""
    return hashlib.sha256(json.dumps([url, dict(params or {})], sort_keys=True).encode()).hexdigest()


def _parsed(body: bytes, source: str) -> Any:
    try:
        return json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise BrokenAnswerError(source, f"{source} gave an answer that makes no sense.") from error


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _noun(accept: str) -> str:
    return accept.rpartition("/")[2].upper()


def _backoff(number: int) -> float:
    """Half of a doubling pause, and up to another half by chance, so that callers don't come back together."""
    pause = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** (number - 1))
    return pause / 2 + random.uniform(0, pause / 2)  # noqa: S311 - jitter, no secret


def _busy(response: httpx2.Response, source: str) -> ProviderError:
    if response.status_code == 429:
        return _limited(source, _retry_after(response))
    return UnreachableError(source, f"{source} is out of order (HTTP {response.status_code}).")


def _limited(source: str, seconds: float | None) -> LimitedError:
    if seconds is None:
        return LimitedError(source, f"{source} takes no more requests for now.")
    minutes = max(1, round(seconds / 60))
    when = f"{say_count(minutes, 'minute')}" if seconds > 50 else "a few seconds"
    return LimitedError(
        source, f"{source} takes no more requests for now; try again in {when}.", timedelta(seconds=seconds)
    )


def _retry_after(response: httpx2.Response) -> float | None:
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


def _private(source: str, error: PrivateAddressError) -> str:
    return (
        f"{source} was not contacted: {error.host} leads to the private address {error.address}, "
        "and only hosts named in the settings may be private."
    )
