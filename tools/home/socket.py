"""One WebSocket connection to Home Assistant: who we are, commands and their results, subscriptions."""

import asyncio
import contextlib
import json
import logging
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from passfel.household.errors import BrokenAnswerError, ProviderError, SettingsError, UnreachableError

log = logging.getLogger(__name__)

SOURCE = "Home Assistant"
LARGEST = 32_000_000
"""Bytes of one message: all states and registries of a very large home come in one each."""
HEARTBEAT_S = 30.0
ANSWER_S = 8.0
HOW_TO_GET_IN = (
    "make a long-lived access token there (your profile, Security, at the bottom of the page)"
    " and set PASSFEL_HOME_ASSISTANT__TOKEN to it."
)
OnEvent = Callable[[Mapping[str, Any]], None]


class CommandError(ProviderError):
    """Home Assistant refused a command; `code` is its own word for why."""

    def __init__(self, code: str, message: str) -> None:
        """Say it in a sentence; the server's own words are data, and cut."""
        super().__init__(SOURCE, f"{SOURCE} refused: {message[:200].rstrip('.') or code}.")
        self.code = code


class _Connect(connect):
    def process_redirect(self, exc: Exception) -> Exception | str:
        """A token goes to the household's own server and nowhere else."""
        return exc


class Socket:
    """An open connection that has been let in."""

    def __init__(self, connection: ClientConnection) -> None:
        """Begin to listen; use `open_socket`."""
        self._connection = connection
        self._ids = count(1)
        self._results: dict[int, asyncio.Future[Any]] = {}
        self._handlers: dict[int, OnEvent] = {}
        self._listener = asyncio.create_task(self._listen())

    async def ask(self, kind: str, seconds: float = ANSWER_S, **fields: Any) -> Any:
        """Send a command and return its result.

        Raises:
            CommandError: it was refused.
            ProviderError: the connection is gone, or no answer came in time.
        """
        return await self._ask(next(self._ids), {"type": kind, **fields}, seconds)

    async def subscribe(self, on_event: OnEvent, kind: str, **fields: Any) -> None:
        """Have `on_event` called for every event of this subscription, some of them before this returns."""
        number = next(self._ids)
        self._handlers[number] = on_event
        await self._ask(number, {"type": kind, **fields}, ANSWER_S)

    async def until_closed(self) -> None:
        """Return when the connection has ended, for whatever reason."""
        await asyncio.wait([self._listener])

    async def close(self) -> None:
        """Close the connection."""
        self._listener.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._listener
        await self._connection.close()

    async def _ask(self, number: int, message: Mapping[str, Any], seconds: float) -> Any:
        if self._listener.done():
            raise lost()
        future = self._results[number] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(seconds):
                await self._connection.send(json.dumps({"id": number, **message}))
                return await future
        except TimeoutError as error:
            raise UnreachableError(SOURCE, f"{SOURCE} did not answer in time.") from error
        except WebSocketException as error:
            raise lost() from error
        finally:
            self._results.pop(number, None)

    async def _listen(self) -> None:
        reason: ProviderError = lost()
        try:
            async for frame in self._connection:
                parsed = json.loads(frame)
                for message in parsed if isinstance(parsed, list) else [parsed]:
                    self._take(message)
        except WebSocketException as error:
            log.debug("the connection to Home Assistant ended: %s", error)
        except (ValueError, TypeError, KeyError, AttributeError):
            reason = BrokenAnswerError(SOURCE, f"{SOURCE} sent something that makes no sense.")
            log.warning("a message of Home Assistant could not be read; connecting anew")
            await self._connection.close()
        finally:
            for future in self._results.values():
                if not future.done():
                    future.set_exception(reason)

    def _take(self, message: Mapping[str, Any]) -> None:
        number = message["id"]
        if message["type"] == "event":
            handler = self._handlers.get(number)
            if handler is not None:
                handler(message["event"])
            return
        future = self._results.get(number)
        if future is None or future.done():
            return
        if message.get("success", True):
            future.set_result(message.get("result"))
        else:
            error = message.get("error") or {}
            future.set_exception(CommandError(str(error.get("code", "")), str(error.get("message", ""))))


async def open_socket(url: str, token: str, *, seconds: float, agent: str) -> Socket:
    """Connect to the server at `url` (http or https) and be let in.

    Raises:
        SettingsError: it doesn't take the token.
        ProviderError: it can't be reached, or is no Home Assistant.
    """
    where = url.rstrip("/").replace("http", "ws", 1) + "/api/websocket"
    try:
        async with asyncio.timeout(seconds):
            connection = await _Connect(
                where,
                proxy=None,
                compression=None,
                max_size=LARGEST,
                ping_interval=HEARTBEAT_S,
                user_agent_header=agent,
            )
            try:
                await _be_let_in(connection, token)
            except BaseException:
                await connection.close()
                raise
    except (OSError, WebSocketException) as error:  # TimeoutError is an OSError
        raise UnreachableError(SOURCE, f"{SOURCE} could not be reached at {url}.") from error
    return Socket(connection)


async def _be_let_in(connection: ClientConnection, token: str) -> None:
    try:
        await _expect(connection, "auth_required")
        await connection.send(json.dumps({"type": "auth", "access_token": token}))
        answer = await _expect(connection, "auth_ok", "auth_invalid")
    except (ValueError, TypeError, KeyError) as error:
        raise BrokenAnswerError(SOURCE, f"What answers there is no {SOURCE}.") from error
    if answer == "auth_invalid":
        raise SettingsError(f"{SOURCE} does not take the token: {HOW_TO_GET_IN}")


async def _expect(connection: ClientConnection, *kinds: str) -> str:
    kind = str(json.loads(await connection.recv())["type"])
    if kind not in kinds:
        raise ValueError(f"expected {kinds}")
    return kind


def lost() -> UnreachableError:
    """The error of a connection that is gone."""
    return UnreachableError(SOURCE, f"The connection to {SOURCE} was lost.")
