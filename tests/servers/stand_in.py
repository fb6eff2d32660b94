"""What stand-ins have in common: the requests that came, and an answer that a test puts in the place of theirs."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

Answer = Callable[[Request], Response | None]


@dataclass
class StandIn:
    """A stand-in's memory. `instead` answers first; where it gives None, the stand-in does."""

    instead: Answer | None = None
    requests: list[Request] = field(default_factory=list)
    url: str = ""

    @property
    def host(self) -> str:
        """Host and port, as a household would allow it."""
        return self.url.removeprefix("http://")

    def forget(self) -> None:
        """Work again, and forget what was asked."""
        self.instead = None
        self.requests.clear()

    def endpoint(
        self, answer: Callable[[Request, dict[str, str]], Response]
    ) -> Callable[[Request], Awaitable[Response]]:
        """An endpoint that is handed the query and the form as one."""

        async def respond(request: Request) -> Response:
            self.requests.append(request)
            said = {**request.query_params, **dict(parse_qsl((await request.body()).decode()))}
            return (self.instead(request) if self.instead else None) or answer(request, said)

        return respond
