"""The loopback server starts, answers, and stops at once even under waiting clients."""

import asyncio
import contextlib

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from passfel.tests.servers.loopback import serve


async def hello(request: Request) -> PlainTextResponse:
    return PlainTextResponse(f"hello {request.url.path}")


async def wait_for_ever(request: Request) -> PlainTextResponse:
    await asyncio.Event().wait()
    return PlainTextResponse("never")


APP = Starlette(routes=[Route("/hello", hello), Route("/wait", wait_for_ever)])


async def test_it_answers_while_the_block_lasts_and_refuses_afterwards() -> None:
    async with httpx2.AsyncClient() as client:
        with serve(APP) as url:
            assert (await client.get(f"{url}/hello")).text == "hello /hello"
        with pytest.raises(httpx2.ConnectError):
            await client.get(f"{url}/hello")


async def test_it_stops_although_a_client_still_waits() -> None:
    async with httpx2.AsyncClient(timeout=30) as client:
        with serve(APP) as url:
            waiting = asyncio.create_task(client.get(f"{url}/wait"))
            await client.get(f"{url}/hello")
        with contextlib.suppress(httpx2.HTTPError):
            await waiting


def test_two_servers_live_side_by_side() -> None:
    with serve(APP) as one, serve(APP) as other:
        assert one != other
        assert httpx2.get(f"{one}/hello").text == httpx2.get(f"{other}/hello").text
