"""Signing in with a browser: OAuth for installed apps, with a loopback redirect, PKCE and state (RFC 8252, 7636)."""

import asyncio
import base64
import hashlib
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, urlencode, urlsplit

from passfel.household.errors import RequestError, SettingsError
from passfel.tools.google.sign_in import SignIn

SCOPES = (
    "https://www.googleapis.com/auth/calendar.events",
    "https://www.googleapis.com/auth/calendar.readonly",
)
LONGEST_S = 300.0
"""How long a person may take in the browser."""
LONGEST_LINE = 8192
PAGE = (
    "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nConnection: close\r\n\r\n"
    "<!doctype html><title>PASSFEL</title><p>{text}</p>"
)


class Login:
    """One attempt: the address to open, and the end of it."""

    def __init__(self, sign_in: SignIn, port: int = 0) -> None:
        """Listen on a free port of this machine, or on `port`, where it is forwarded from another one."""
        if not sign_in.settings.client_id:
            raise SettingsError(
                "Set PASSFEL_GOOGLE__CLIENT_ID and PASSFEL_GOOGLE__CLIENT_SECRET first: an OAuth client of the kind"
                " “Desktop app”, made at https://console.cloud.google.com/apis/credentials with the Google Calendar"
                " API enabled."
            )
        self._sign_in = sign_in
        self._port = port
        self._verifier = secrets.token_urlsafe(64)
        self._state = secrets.token_urlsafe(32)
        self._answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[str]:
        """Listen for the browser, on this machine only; gives the address to open in it."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", self._port, limit=LONGEST_LINE)
        self._port = server.sockets[0].getsockname()[1]
        async with server:
            yield self._address()

    async def finish(self) -> None:
        """Wait for the person's yes, and keep the sign-in.

        Raises:
            RequestError: they said no, or took too long.
        """
        try:
            code = await asyncio.wait_for(self._answer, LONGEST_S)
        except TimeoutError:
            raise RequestError("Nobody finished signing in within five minutes. Try again.") from None
        answer = await self._sign_in.ask(
            {
                "grant_type": "authorization_code",
                "code": code,
                "code_verifier": self._verifier,
                "redirect_uri": self._redirect(),
            }
        )
        await asyncio.to_thread(self._sign_in.keep, answer)

    def _redirect(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def _address(self) -> str:
        digest = hashlib.sha256(self._verifier.encode()).digest()
        query = {
            "client_id": self._sign_in.settings.client_id,
            "redirect_uri": self._redirect(),
            "response_type": "code",
            "scope": " ".join(SCOPES),
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
            "state": self._state,
            "access_type": "offline",
            "prompt": "consent",
        }
        return f"{self._sign_in.settings.auth_url}?{urlencode(query)}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(10):
                line = (await reader.readline()).decode("latin-1").split()
                while (await reader.readline()).strip():
                    pass
                status, text = self._take(line[1] if len(line) > 1 else "")
                writer.write(PAGE.format(status=status, text=text).encode())
                await writer.drain()
        except (TimeoutError, ValueError, ConnectionError):
            pass  # not a browser, or it has gone: the person can open the address again
        finally:
            writer.close()

    def _take(self, target: str) -> tuple[str, str]:
        """What the browser brings back; only an answer to our own question counts."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(target).query).items()}
        if not secrets.compare_digest(query.get("state", "").encode(), self._state.encode()):
            return "400 Bad Request", "This is not the answer that PASSFEL waits for."
        if self._answer.done():
            return "200 OK", "PASSFEL has had its answer already."
        if "code" not in query:
            self._answer.set_exception(RequestError("Google was not given a yes, so nothing was set up."))
            return "200 OK", "All right, PASSFEL was not let in. You can close this page."
        self._answer.set_result(query["code"])
        return "200 OK", "PASSFEL has what it needs. You can close this page."
