"""One session with one MCP server, kept open: a new process for each call would cost more than a second.

A session is opened and closed by one task of its own (its cancel scopes demand it); callers wait for it, each for
no longer than their deadline. A server that is gone is tried again at growing intervals, or at once by a call.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from anyio import BrokenResourceError, ClosedResourceError, EndOfStream

from passfel.household.errors import BrokenAnswerError, ProviderError, SettingsError, UnreachableError
from passfel.tools.mcp.catalogue import Listing, Shelf, line, listing_of
from passfel.tools.mcp.settings import McpServerSettings

if TYPE_CHECKING:
    from mcp import ClientSession
    from mcp.types import CallToolResult

log = logging.getLogger(__name__)
# It writes every address with its query, and a query may hold a server's key.
logging.getLogger("httpx").setLevel(logging.WARNING)

T = TypeVar("T")
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 300.0
OPEN_S = 20.0
CLOSE_S = 0.5
LIST_S = 10.0
MOST_PAGES = 10
CLOSED = -32000
TIMED_OUT = 408


class McpServer:
    """A household's MCP server."""

    def __init__(self, name: str, settings: McpServerSettings, shelf: Shelf) -> None:
        """Nothing is started until `start` or the first call."""
        self.name = name
        self.source = f"the MCP server “{name}”"
        self.settings = settings
        self._shelf = shelf
        self._session: ClientSession | None = None
        self._error: ProviderError | SettingsError | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closing = False
        self._changed = asyncio.Condition()
        self._lost = asyncio.Event()
        self._wanted = asyncio.Event()

    def start(self) -> None:
        """Begin to keep a session open, in the background of the running loop."""
        loop = asyncio.get_running_loop()
        if self._keeper is None or self._keeper.done() or self._loop is not loop:
            self._loop = loop
            self._changed, self._lost, self._wanted = asyncio.Condition(), asyncio.Event(), asyncio.Event()
            self._session, self._error, self._closing = None, None, False
            self._keeper = loop.create_task(self._keep(), name=f"mcp-{self.name}")

    async def aclose(self) -> None:
        """End the session, and the server's process if it is ours."""
        keeper, self._closing = self._keeper, True
        if keeper is not None and not keeper.done():
            self._wanted.set()
            self._lost.set()
            # A session that is being opened may swallow a cancellation: it is told twice.
            for _ in range(3):
                await asyncio.wait({keeper}, timeout=CLOSE_S)
                keeper.cancel()
        self._keeper = None

    async def listing(self) -> Listing:
        """Ask which tools there are, and keep the list.

        Raises:
            ProviderError: the server does not answer.
            SettingsError: the extra is not installed.
        """
        async with self._within(OPEN_S):
            return await self._ask(self._list)

    async def call(self, tool: str, arguments: dict[str, Any], *, reads_only: bool) -> "CallToolResult":
        """Call a tool; what only reads is tried again where the session had been lost.

        Raises:
            ProviderError: the server does not answer, or refuses the call.
        """

        async def call(session: "ClientSession") -> "CallToolResult":
            return await session.call_tool(
                tool, arguments, read_timeout_seconds=timedelta(seconds=self.settings.deadline_s)
            )

        async with self._within(self.settings.deadline_s):
            if (
                not reads_only
            ):  # a session that was lost is opened anew before something changes, never after it
                await self._ask(lambda session: session.send_ping())
            return await self._ask(call, again=reads_only)

    async def check(self) -> str:
        """Ask for its tools."""
        count = len((await self.listing()).tools)
        return f"It answers, with {count} tools." if count != 1 else "It answers, with 1 tool."

    async def _ask(self, question: "Callable[[ClientSession], Awaitable[T]]", *, again: bool = True) -> T:
        from mcp import McpError

        session, lost = await self._opened()
        try:
            return await _unless(lost, question(session))
        except McpError as error:
            if error.error.code == TIMED_OUT:
                self._lose_silent(lost)
                raise self._silent() from error
            if error.error.code != CLOSED:
                raise BrokenAnswerError(
                    self.source, f"{self._subject} refused: {line(str(error), 200)}"
                ) from error
        except (ConnectionError, ClosedResourceError, BrokenResourceError, EndOfStream) as error:
            log.debug("%s was lost: %s", self.source, type(error).__name__)
        lost.set()
        if not again:
            raise self._half_done()
        await asyncio.sleep(0)  # the keeper hears of it
        return await self._ask(question, again=False)

    def _lose_silent(self, lost: asyncio.Event) -> None:
        # Over HTTP a dead server looks like a slow one.
        if self.settings.url:
            lost.set()

    async def _opened(self) -> "tuple[ClientSession, asyncio.Event]":
        self.start()
        tried = self._error
        if self._session is None or self._lost.is_set():
            self._wanted.set()
        async with self._changed:
            await self._changed.wait_for(lambda: self._is_open() or self._error is not tried)
        if self._session is None:
            raise self._error or self._unreachable()
        return self._session, self._lost

    def _is_open(self) -> bool:
        return self._session is not None and not self._lost.is_set()

    async def _keep(self) -> None:
        """Open a session, again and again, until this task is cancelled."""
        pause = FIRST_PAUSE_S
        while not self._closing:
            lost = asyncio.Event()
            try:
                async with self._connected() as session:
                    pause = FIRST_PAUSE_S
                    await self._tell(session, lost, None)
                    if not self._closing:
                        await lost.wait()
            except ImportError:
                await self._tell(None, lost, _not_installed())
                return
            except Exception as error:  # noqa: BLE001 - a stranger's program fails in any way it likes
                log.info(
                    "%s can't be reached (%s); next try in %.0f s", self.source, type(error).__name__, pause
                )
                self._wanted.clear()
                await self._tell(None, lost, self._unreachable())
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._wanted.wait(), pause)
                pause = min(LONGEST_PAUSE_S, pause * 2)
            finally:
                self._session = None
                lost.set()

    async def _tell(
        self,
        session: "ClientSession | None",
        lost: asyncio.Event,
        error: ProviderError | SettingsError | None,
    ) -> None:
        async with self._changed:
            self._session, self._lost, self._error = session, lost, error
            self._changed.notify_all()

    @contextlib.asynccontextmanager
    async def _connected(self) -> "AsyncIterator[ClientSession]":
        async with contextlib.AsyncExitStack() as stack:
            async with asyncio.timeout(OPEN_S):
                session = await stack.enter_async_context(self._transport())
                await session.initialize()
                await self._list(session)
            yield session

    def _transport(self) -> "contextlib.AbstractAsyncContextManager[ClientSession]":
        settings = self.settings
        if settings.command:
            return self._process()
        from langchain_mcp_adapters.sessions import create_session

        headers = {name: value.get_secret_value() for name, value in settings.headers.items()}
        return create_session(
            {"transport": "streamable_http", "url": settings.url, "headers": headers, "timeout": OPEN_S}
        )

    @contextlib.asynccontextmanager
    async def _process(self) -> "AsyncIterator[ClientSession]":
        # Not by the adapters' own session: that one writes the program's complaints into the conversation.
        from mcp import ClientSession, StdioServerParameters
        from mcp.client.stdio import stdio_client

        settings = self.settings
        program = StdioServerParameters(
            command=settings.command,
            args=list(settings.args),
            env={name: value.get_secret_value() for name, value in settings.env.items()},
            cwd=settings.cwd or None,
        )
        with (await asyncio.to_thread(self._shelf.log_of, self.name)).open(
            "w", encoding="utf-8"
        ) as complaints:
            async with (
                stdio_client(program, errlog=complaints) as (reading, writing),
                ClientSession(reading, writing) as session,
            ):
                yield session

    async def _list(self, session: "ClientSession") -> Listing:
        told: list[dict[str, Any]] = []
        cursor: str | None = None
        for _ in range(MOST_PAGES):
            page = await session.list_tools(cursor=cursor)
            told += [tool.model_dump(mode="json") for tool in page.tools]
            cursor = page.nextCursor
            if not cursor:
                break
        listing = listing_of(self.settings, told)
        if await asyncio.to_thread(self._shelf.keep, self.name, listing):
            log.info(
                "%s has %d tools; a changed list counts from the next start", self.source, len(listing.tools)
            )
        return listing

    @contextlib.asynccontextmanager
    async def _within(self, seconds: float) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(seconds + 0.5):
                yield
        except TimeoutError as error:
            raise self._silent() from error

    @property
    def _subject(self) -> str:
        return f"The MCP server “{self.name}”"

    def _silent(self) -> UnreachableError:
        return UnreachableError(self.source, f"{self._subject} did not answer in time.")

    def _unreachable(self) -> UnreachableError:
        how = "start" if self.settings.command else "connect"
        return UnreachableError(self.source, f"{self._subject} can't be reached: it did not {how}.")

    def _half_done(self) -> UnreachableError:
        told = f"{self._subject} was lost during the call: whether it was carried out is not known."
        return UnreachableError(self.source, told)


async def _unless(lost: asyncio.Event, answer: Awaitable[T]) -> T:
    """Wait for an answer, but no longer than the session lasts."""
    asking, losing = asyncio.ensure_future(answer), asyncio.ensure_future(lost.wait())
    try:
        await asyncio.wait({asking, losing}, return_when=asyncio.FIRST_COMPLETED)
        if asking.done():
            return asking.result()
        raise ConnectionError("the session was lost")
    finally:
        asking.cancel()
        losing.cancel()


def _not_installed() -> SettingsError:
    return SettingsError(
        "MCP servers are set up, but their library is not installed: pip install 'passfel[mcp]'."
    )
