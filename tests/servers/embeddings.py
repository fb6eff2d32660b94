"""A stand-in for an OpenAI-compatible server with an embedding model: letters in threes, counted into a vector."""

import base64
import contextlib
import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import sqrt
from typing import Any
from zlib import crc32

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from passfel.tests.servers.loopback import serve

DIMENSION = 64


@dataclass
class EmbeddingServer:
    """Its address, and what it was asked."""

    url: str = ""
    broken: bool = False
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)


def embeddings_app(server: EmbeddingServer) -> Starlette:
    """The routes that a client needs."""

    async def embed(request: Request) -> Response:
        body = json.loads(await request.body())
        server.asked.append(body)
        server.keys.add(request.headers.get("authorization", ""))
        if server.broken:
            return JSONResponse({"error": {"message": "out of memory", "code": 500}}, status_code=500)
        texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
        if not all(isinstance(text, str) for text in texts):
            return JSONResponse({"error": {"message": "only text", "code": 400}}, status_code=400)
        as_bytes = body.get("encoding_format") == "base64"
        rows = [
            {"object": "embedding", "index": number, "embedding": _encoded(vector(text), as_bytes=as_bytes)}
            for number, text in enumerate(texts)
        ]
        usage = {"prompt_tokens": sum(map(len, texts)) // 4, "total_tokens": sum(map(len, texts)) // 4}
        return JSONResponse({"object": "list", "data": rows, "model": body["model"], "usage": usage})

    return Starlette(routes=[Route("/v1/embeddings", embed, methods=["POST"])])


def vector(text: str) -> list[float]:
    """Texts that share letters in threes are near."""
    counts = [0.0] * DIMENSION
    padded = f" {text.casefold()} "
    for begin in range(len(padded) - 2):
        counts[crc32(padded[begin : begin + 3].encode()) % DIMENSION] += 1
    length = sqrt(sum(count * count for count in counts)) or 1.0
    return [count / length for count in counts]


def _encoded(numbers: list[float], *, as_bytes: bool) -> str | list[float]:
    return base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode() if as_bytes else numbers


@contextlib.contextmanager
def embedding_server() -> Iterator[EmbeddingServer]:
    """Serve it over loopback."""
    server = EmbeddingServer()
    with serve(embeddings_app(server)) as url:
        server.url = f"{url}/v1"
        yield server
