"""Recorded answers of real model servers: reading the files, and judging what is in them without our client.

Four kinds of file are read: an exchange as text (`### request`, `### response`), the body of a stream (`.sse`),
a stream's events one a line (`.chunks.txt`, put back into frames here), and a whole answer or error (`.json`,
whose status ends its name).
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from passfel.tests.servers.sglang import Raw

JSON = "application/json"


@dataclass(frozen=True)
class Capture:
    """One answer of the chat endpoint as it was written down."""

    name: str
    streamed: bool
    answer: Raw

    @property
    def kind(self) -> str:
        """How it came: a stream or in one piece, and the status where it isn't 200."""
        how = "stream" if self.streamed else "one piece"
        cut = ", cut off" if self.answer.dropped else ""
        return f"{how}{f', {self.answer.status}' if self.answer.status != 200 else ''}{cut}"

    def fault(self) -> str:
        """Why this is no whole answer; empty where it is one. Read from the bytes alone."""
        if self.answer.status >= 400:
            return "an error status"
        try:
            events = list(_events(self))
        except ValueError:
            return "not readable"
        if any("error" in event for event in events):
            return "an error event"
        return _fault(_Parts(events))

    def cut_short(self) -> bool:
        """Whether it is text that ends where the tokens were used up."""
        return not self.fault() and _Parts(list(_events(self))).finish == "length"


class _Parts:
    """What the events of one answer add up to."""

    def __init__(self, events: list[dict[str, Any]]) -> None:
        self.text, self.finish = "", ""
        self.arguments: dict[Any, str] = {}
        for choice in (choice for event in events for choice in event.get("choices") or []):
            self.finish = choice.get("finish_reason") or self.finish
            part = choice.get("delta") or choice.get("message") or {}
            self.text += _text(part.get("content"))
            for position, call in enumerate(part.get("tool_calls") or []):
                index = call.get("index", position)
                piece = (call.get("function") or {}).get("arguments") or ""
                self.arguments[index] = self.arguments.get(index, "") + piece


def _fault(parts: _Parts) -> str:
    if not parts.finish:
        return "cut off"
    if parts.finish == "abort":
        return "aborted"
    if not all(_is_object(arguments) for arguments in parts.arguments.values()):
        return "half a tool call"
    if parts.finish == "length" and parts.arguments:
        return "out of tokens in a tool call"
    if not parts.text.strip() and not parts.arguments:
        return "nothing said"
    return ""


def captures(folder: Path) -> Iterator[Capture]:
    """Every chat answer under a folder, by name."""
    for path in sorted(folder.rglob("*")):
        found = read(path, str(path.relative_to(folder))) if path.is_file() else None
        if found is not None:
            yield found


def read(path: Path, name: str = "") -> Capture | None:
    """Read one file; None where it holds no answer of the chat endpoint."""
    name = name or path.name
    if name.endswith(".chunks.txt"):
        frames = b"".join(b"data: " + line + b"\n\n" for line in path.read_bytes().splitlines() if line)
        return Capture(name, True, Raw(frames + b"data: [DONE]\n\n"))
    if name.endswith(".sse"):
        return Capture(name, True, Raw(path.read_bytes()))
    if name.endswith(".txt"):
        return _exchange(path.read_bytes(), name)
    return _whole(path.read_bytes(), name) if name.endswith(".json") else None


def _exchange(written: bytes, name: str) -> Capture | None:
    request, _, response = written.partition(b"### response\n")
    if b"POST /v1/chat/completions" not in request or not response.startswith(b"HTTP/1.1 "):
        return None
    response, note, _ = response.partition(b"\n### note:")
    head, _, body = response.partition(b"\n\n")
    content_type = re.search(rb"(?im)^content-type: (.+?)\s*$", head)
    kind = content_type[1].decode() if content_type else JSON
    streamed = b'"stream": true' in request
    cut = bool(note) and b"[DONE]" not in body
    return Capture(name, streamed, Raw(body, int(head.split()[1]), kind, dropped=cut))


def _whole(body: bytes, name: str) -> Capture | None:
    status = re.search(r"_([45]\d\d)(?=[._])", name)
    if not status and '"choices"' not in body.decode():
        return None
    return Capture(name, False, Raw(body, int(status[1]) if status else 200, JSON))


def _events(capture: Capture) -> Iterator[dict[str, Any]]:
    body = capture.answer.body.decode()
    if not capture.streamed:
        yield json.loads(body)
        return
    for line in body.splitlines():
        if line.startswith("data:") and (data := line[5:].strip()) != "[DONE]":
            yield json.loads(data)


def _text(content: Any) -> str:
    if isinstance(content, list):
        return "".join(str(block.get("text") or "") for block in content if block.get("type") == "text")
    return str(content or "")


def _is_object(arguments: str) -> bool:
    try:
        return isinstance(json.loads(arguments or "{}"), dict)
    except json.JSONDecodeError:
        return False
