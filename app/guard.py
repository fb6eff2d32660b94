"""Keep web pages out: a page that the household looks at may not talk to its assistant.

The server answers on loopback without a password, so a browser must not become a way in: not by a
form or a script of another site (the Origin says whose it is), and not by a name that somebody else
points at this machine (DNS rebinding: the Host says which name was asked for).
"""

import ipaddress
import socket

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

STUDIO = frozenset({"https://smith.langchain.com"})
"""LangGraph Studio's page, which may use LangGraph's own routes and none of ours."""
OURS = ("/chat", "/health")
FOREIGN_HOST = "This server answers to this machine's own names and addresses only."
FOREIGN_ORIGIN = "Web pages of other sites may not talk to this assistant."


class OwnHouseOnly:
    """ASGI middleware over every route, ours and LangGraph's."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap `app`; this machine's names are looked up once."""
        self._app = app
        name = socket.gethostname().casefold()
        self._names = frozenset({"localhost", name, name.split(".")[0], f"{name.split('.')[0]}.local"})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is ours; answer 403 with a sentence to the rest."""
        sentence = self._refusal(scope)
        if sentence:
            await JSONResponse({"sentence": sentence}, 403)(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _refusal(self, scope: Scope) -> str:
        # LangGraph's calls to itself come with this root path, which no request from outside can set.
        if scope["type"] not in {"http", "websocket"} or scope.get("root_path") == "/noauth":
            return ""
        headers = Headers(scope=scope)
        host, origins = headers.get("host", ""), headers.getlist("origin")
        if not self._is_ours(host):
            return FOREIGN_HOST
        allowed = {f"http://{host}", f"https://{host}"}
        if not scope["path"].startswith(OURS):
            allowed |= STUDIO
        return "" if allowed.issuperset(origins) else FOREIGN_ORIGIN

    def _is_ours(self, host: str) -> bool:
        name = _without_port(host).casefold()
        return name in self._names or name.endswith(".localhost") or _is_address(name)


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.rpartition(":")[0] if ":" in host else host


def _is_address(name: str) -> bool:
    """A bare address is safe: rebinding needs a name."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
