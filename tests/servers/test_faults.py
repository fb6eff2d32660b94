"""The door before a stand-in: it lets through what is right, and each of its faults is what it says."""

import asyncio

import httpx2
import pytest

from passfel.tests.servers.faults import faulty, refused, unheard
from passfel.tests.servers.open_meteo import open_meteo


async def test_a_door_lets_requests_through_and_then_fails_as_it_is_told():
    with open_meteo() as world, faulty(world.url) as door:
        async with httpx2.AsyncClient(trust_env=False) as client:
            told = await client.get(f"{door.url}/v1/search?name=Lisbon")
            assert told.json()["results"][0]["name"] == "Lisbon"
            door.fault = "429 with Retry-After"
            limited = await client.get(f"{door.url}/v1/search?name=Lisbon")
            assert (limited.status_code, limited.headers["Retry-After"]) == (429, "120")
            door.fault = "truncated body"
            with pytest.raises(httpx2.RemoteProtocolError):
                await client.get(f"{door.url}/v1/search?name=Lisbon")


async def test_an_address_that_refuses_and_one_that_never_answers():
    with refused() as closed, unheard() as silent:
        async with httpx2.AsyncClient(trust_env=False) as client, asyncio.timeout(20):
            with pytest.raises(httpx2.ConnectError):
                await client.get(closed)
            with pytest.raises(httpx2.ConnectTimeout):
                await client.get(silent, timeout=0.3)
