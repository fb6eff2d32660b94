"""A request as it goes out over HTTP, and the answer as it came, whole."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.message import Message
from typing import Any, NoReturn

from passfel.household.errors import BrokenAnswerError

Params = Mapping[str, str | int | float]

KEPT = ("content-type", "etag", "last-modified", "date")
"""What a cache keeps of an answer's head."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, whole."""

    source: str
    status: int
    url: str
    """Where it came from in the end, after redirects."""
    headers: Mapping[str, str]
    """By names in lower case."""
    body: bytes
    remembered: bool = False
    """Whether it was not asked for just now, but had been kept."""

    @property
    def kind(self) -> str:
        """Its media type, such as text/html, without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().casefold()

    @property
    def charset(self) -> str | None:
        """The charset that its header names."""
        message = Message()
        message["content-type"] = self.headers.get("content-type", "")
        return message.get_content_charset()

    def json(self, parse_float: Callable[[str], Any] = float) -> Any:
        """The body as JSON; BrokenAnswerError where it is none."""
        try:
            return json.loads(self.body, parse_constant=_no_constant, parse_float=parse_float)
        except (ValueError, ArithmeticError, RecursionError) as error:
            raise BrokenAnswerError(
                self.source, f"{self.source} gave an answer that makes no sense."
            ) from error

    def as_bytes(self) -> bytes:
        """For a cache: the body, and of the head what `from_bytes` can use."""
        kept = {name: self.headers[name] for name in KEPT if name in self.headers}
        return json.dumps([self.url, kept]).encode() + b"\n" + self.body

    @classmethod
    def from_bytes(cls, source: str, remembered: bytes) -> "Reply":
        """An answer as a cache gives it back."""
        head, _, body = remembered.partition(b"\n")
        url, headers = json.loads(head)
        return cls(source, 200, url, headers, body, remembered=True)


@dataclass(frozen=True, slots=True)
class Sent:
    """A request as it goes out."""

    method: str
    url: str
    source: str
    accept: tuple[str, ...]
    params: Params | None
    headers: dict[str, str]
    content: bytes | None
    follow: bool = True

    @property
    def key(self) -> str:
        """Name this exact request; hashed, for it may hold a key, and the cache may be shared."""
        parts = [self.method, self.url, dict(self.params or {}), self.headers, (self.content or b"").hex()]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def all_headers(self) -> dict[str, str]:
        """What is sent beside the client's own headers."""
        return {"Accept": ", ".join(self.accept) or "*/*", **self.headers}


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
