"""The one outgoing HTTP client: deadlines, retries, rates, size limit, cache, and no private addresses."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from importlib.metadata import version
from typing import Any, NoReturn

import httpx2
from pydantic import BaseModel, ConfigDict, Field

from passfel.household.errors import BrokenAnswerError, LimitedError, UnreachableError
from passfel.household.sharing import Cache, Limiter, Rate
from passfel.tools.guard import GuardedBackend, GuardedTransport, PrivateAddressError, Resolver
from passfel.tools.http_failures import BUSY, StatusError, TryAgainError, backoff, busy, limited, retry_after
from passfel.tools.http_messages import Params, Reply, Sent
from passfel.tools.limits import MemoryCache, TokenBuckets

log = logging.getLogger(__name__)
# It writes every address with its query, and a query may hold a service's key.
logging.getLogger("httpx2").setLevel(logging.WARNING)

JSON = ("application/json",)
NOT_MODIFIED = 304
SAFE_METHODS = frozenset({"GET", "HEAD"})
DEFAULT_RATE = Rate(10)
MOST_REDIRECTS = 5
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
        headers: Mapping[str, str] | None = None,
        lifetime: timedelta = timedelta(0),
        deadline: timedelta | None = None,
        rate: Rate = DEFAULT_RATE,
        parse_float: Callable[[str], Any] = float,
    ) -> Any:
        """Ask `source` for JSON; `parse_float=Decimal` keeps money exact. The rest is as in `request`."""
        sent = Sent("GET", url, source, JSON, params, dict(headers or {}), None)
        reply = await self._remembered(sent, lifetime) or await self._ask(
            sent, rate, deadline, reads_only=True
        )
        answer = reply.json(parse_float)
        await self._remember(sent, reply, lifetime)
        return answer

    async def request(
        self,
        method: str,
        url: str,
        *,
        source: str,
        accept: Sequence[str] = (),
        params: Params | None = None,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        lifetime: timedelta = timedelta(0),
        deadline: timedelta | None = None,
        rate: Rate = DEFAULT_RATE,
        reads_only: bool | None = None,
        follow: bool = True,
    ) -> Reply:
        """Send a request and read its answer; a ProviderError names `source` in a full sentence.

        Args:
            method: HTTP's method.
            url: where to ask; private addresses are refused unless the settings name their host.
            source: the service's name, as the person knows it.
            accept: the media types that the answer may have; none means any.
            params: the query.
            headers: more headers; what they hold is never logged nor told.
            content: the body to send.
            lifetime: how long an answer stays true; zero means it is not remembered.
            deadline: the time for everything, retries and waiting included.
            rate: how often the service may be called.
            reads_only: whether sending it twice does no harm; left out, it goes by the method.
            follow: whether to go where a redirect leads; otherwise it is the answer.

        Raises:
            StatusError: an HTTP status that is neither success nor 304.
            ProviderError: any other failure.
        """
        sent = Sent(method, url, source, tuple(accept), params, dict(headers or {}), content, follow)
        safe = reads_only if reads_only is not None else method in SAFE_METHODS
        reply = await self._remembered(sent, lifetime) or await self._ask(
            sent, rate, deadline, reads_only=safe
        )
        await self._remember(sent, reply, lifetime)
        return reply

    async def _remembered(self, sent: Sent, lifetime: timedelta) -> Reply | None:
        body = await self._cache.get(sent.key) if lifetime else None
        return Reply.from_bytes(sent.source, body) if body is not None else None

    async def _remember(self, sent: Sent, reply: Reply, lifetime: timedelta) -> None:
        if lifetime and reply.status == 200 and not reply.remembered:
            await self._cache.put(sent.key, reply.as_bytes(), lifetime)

    async def _ask(self, sent: Sent, rate: Rate, deadline: timedelta | None, *, reads_only: bool) -> Reply:
        seconds = deadline.total_seconds() if deadline is not None else self.settings.deadline_s
        tries = self.settings.tries if reads_only else 1
        async with within(sent.source, seconds):
            return await self._try(sent, rate, time.monotonic() + seconds, tries)

    async def _try(self, sent: Sent, rate: Rate, ends_at: float, tries: int) -> Reply:
        failed: TryAgainError | None = None
        for number in range(1, tries + 1):
            try:
                await self._wait_for_place(sent.source, rate, ends_at)
            except LimitedError:
                if failed is not None:  # our own rate leaves no time for another try
                    await self._give_up(failed)
                raise
            try:
                return await self._send(sent)
            except TryAgainError as failure:
                failed = failure
                pause = failure.pause_s if failure.pause_s is not None else backoff(number)
                if number == tries or time.monotonic() + pause >= ends_at:
                    await self._give_up(failure)
                log.debug("%s: %s, trying again", sent.source, failure.error)
                await asyncio.sleep(pause)
        raise AssertionError("unreachable: the last try returns or raises")

    async def _wait_for_place(self, source: str, rate: Rate, ends_at: float) -> None:
        while wait := await self._limiter.admit(source, rate):
            if time.monotonic() + wait >= ends_at:
                raise limited(source, wait)
            await asyncio.sleep(wait)

    async def _give_up(self, failure: TryAgainError) -> NoReturn:
        error = failure.error
        if isinstance(error, LimitedError):
            # Left alone for a while: every further question would only make it longer.
            pause = failure.pause_s if failure.pause_s is not None else BLOCK_S
            await self._limiter.block(error.source, min(pause, 3600.0))
        raise error from failure

    async def _send(self, sent: Sent) -> Reply:
        client, source = await self._opened(), sent.source
        try:
            async with client.stream(
                sent.method,
                sent.url,
                params=sent.params,
                headers=sent.all_headers(),
                content=sent.content,
                follow_redirects=sent.follow,
            ) as response:
                return await self._read(response, sent)
        except PrivateAddressError as error:
            raise UnreachableError(source, _private(source, error)) from error
        except (httpx2.TooManyRedirects, httpx2.UnsupportedProtocol, httpx2.DecodingError) as error:
            raise BrokenAnswerError(source, f"{source} gave an answer that can't be read.") from error
        except (httpx2.ReadTimeout, httpx2.PoolTimeout) as error:
            raise UnreachableError(source, f"{source} did not answer in time.") from error
        except httpx2.ConnectTimeout as error:  # most of the deadline is gone, and another try won't cure it
            raise UnreachableError(source, f"{source} could not be reached.") from error
        except httpx2.TransportError as error:
            raise TryAgainError(UnreachableError(source, f"{source} could not be reached.")) from error
        except httpx2.InvalidURL as error:
            raise BrokenAnswerError(source, f"{source} has no valid address.") from error

    async def _read(self, response: httpx2.Response, sent: Sent) -> Reply:
        source = sent.source
        if response.status_code in BUSY:
            raise TryAgainError(busy(response, source), retry_after(response))
        body = await self._body(response, source)
        reply = Reply(source, response.status_code, str(response.url), dict(response.headers), body)
        expected = response.status_code == NOT_MODIFIED or (
            response.has_redirect_location and not sent.follow
        )
        if not response.is_success and not expected:
            raise StatusError(source, response.status_code, body)
        if body and sent.accept and response.is_success and not _fits(reply.kind, sent.accept):
            raise BrokenAnswerError(source, f"{source} gave an answer that is no {_noun(sent.accept)}.")
        return reply

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


@asynccontextmanager
async def within(source: str, seconds: float) -> AsyncIterator[None]:
    """Give what is done with `source` inside so many seconds, and say so when they are over."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise UnreachableError(source, f"{source} could not be reached.") from error


def _fits(kind: str, accept: Sequence[str]) -> bool:
    """Whether a media type is one of these, or built on one: application/geo+json is JSON."""
    return any(kind == wanted or kind.endswith("+" + wanted.rpartition("/")[2]) for wanted in accept)


def _noun(accept: Sequence[str]) -> str:
    return accept[0].rpartition("/")[2].upper()


def _private(source: str, error: PrivateAddressError) -> str:
    return (
        f"{source} was not contacted: {error.host} leads to the private address {error.address}, "
        "and only hosts named in the settings may be private."
    )
