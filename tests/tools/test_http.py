"""The outgoing client against a server that fails in every way."""

import asyncio
import socket
import threading
from datetime import timedelta
from importlib.metadata import version

import pytest

from passfel.household.errors import BrokenAnswerError, LimitedError, ProviderError, UnreachableError
from passfel.household.sharing import Rate
from passfel.tests.servers.open_meteo import Fault, OpenMeteoWorld
from passfel.tools.guard import Resolver
from passfel.tools.http import Http, HttpSettings
from passfel.tools.http_failures import StatusError
from passfel.tools.limits import MemoryCache, TokenBuckets

LISBON = {"name": "Lisbon"}
SHORT = timedelta(seconds=0.3)


@pytest.fixture
def search(world: OpenMeteoWorld) -> str:
    return world.geocoding_url


async def test_an_answer_arrives_and_the_service_learns_who_asks(
    http: Http, search: str, world: OpenMeteoWorld
):
    answer = await http.get_json(search, LISBON, source="Open-Meteo")
    assert answer["results"][0]["country"] == "Portugal"
    assert world.requests[0].headers["User-Agent"] == f"PASSFEL/{version('passfel')} (ana@example.org)"


def test_the_user_agent_names_page_and_contact():
    settings = HttpSettings(project_url="https://example.org/passfel", contact="ana@example.org")
    assert settings.user_agent.endswith(" (+https://example.org/passfel; ana@example.org)")
    assert HttpSettings().user_agent == f"PASSFEL/{version('passfel')}"


async def test_an_exact_request_is_asked_once_in_its_lifetime(http: Http, search: str, world: OpenMeteoWorld):
    hour = timedelta(hours=1)
    first = await http.get_json(search, LISBON, source="Open-Meteo", lifetime=hour)
    first["results"].clear()  # what a caller does with its answer is not remembered
    assert (await http.get_json(search, LISBON, source="Open-Meteo", lifetime=hour))["results"]
    assert len(world.requests) == 1
    await http.get_json(search, {"name": "Rome"}, source="Open-Meteo", lifetime=hour)
    await http.get_json(search, LISBON, source="Open-Meteo")
    assert len(world.requests) == 3


async def test_a_failure_is_not_remembered(http: Http, search: str, world: OpenMeteoWorld):
    world.fail("nan", times=1)
    with pytest.raises(BrokenAnswerError):
        await http.get_json(search, LISBON, source="Open-Meteo", lifetime=timedelta(hours=1))
    assert await http.get_json(search, LISBON, source="Open-Meteo", lifetime=timedelta(hours=1))


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_passing_failure_is_tried_again(http: Http, search: str, world: OpenMeteoWorld, status: int):
    world.fail("status", times=2, status=status, headers={"Retry-After": "0"})
    assert await http.get_json(search, LISBON, source="Open-Meteo")
    assert len(world.requests) == 3


async def test_a_body_that_was_cut_is_asked_for_again(http: Http, search: str, world: OpenMeteoWorld):
    world.fail("cut", times=1)
    assert await http.get_json(search, LISBON, source="Open-Meteo")
    assert len(world.requests) == 2


async def test_a_refusal_is_not_repeated_and_keeps_its_status(http: Http, search: str, world: OpenMeteoWorld):
    world.fail("status", status=403)
    with pytest.raises(StatusError, match=r"Open-Meteo refused the request \(HTTP 403\)\.") as caught:
        await http.get_json(search, LISBON, source="Open-Meteo")
    assert (caught.value.status, len(world.requests)) == (403, 1)


async def test_what_may_change_the_world_is_sent_once(http: Http, world: OpenMeteoWorld):
    world.fail("status", status=503)
    with pytest.raises(UnreachableError):
        await http.request("POST", world.forecast_url, source="Open-Meteo", accept=("application/json",))
    assert len(world.requests) == 1


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        ("status", UnreachableError, "Open-Meteo is out of order (HTTP 503)."),
        ("cut", UnreachableError, "Open-Meteo could not be reached."),
        ("html", BrokenAnswerError, "Open-Meteo gave an answer that is no JSON."),
        ("nan", BrokenAnswerError, "Open-Meteo gave an answer that makes no sense."),
        ("huge", BrokenAnswerError, "Open-Meteo gave an answer of more than 5 MB, which was not read."),
    ],
)
async def test_every_failure_is_one_sentence_that_names_the_source(
    http: Http, search: str, world: OpenMeteoWorld, fault: Fault, kind: type[ProviderError], words: str
):
    world.fail(fault, status=503)
    with pytest.raises(kind) as caught:
        await http.get_json(search, LISBON, source="Open-Meteo")
    assert (str(caught.value), caught.value.source) == (words, "Open-Meteo")


async def test_a_slow_drip_ends_at_the_deadline(http: Http, search: str, world: OpenMeteoWorld):
    world.fail("drip")
    async with asyncio.timeout(20):
        with pytest.raises(UnreachableError, match=r"Open-Meteo could not be reached\."):
            await http.get_json(search, LISBON, source="Open-Meteo", deadline=SHORT)


async def test_nobody_listening_is_said(world: OpenMeteoWorld):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    async with Http(HttpSettings(allowed_hosts=("127.0.0.1",))) as http:
        with pytest.raises(UnreachableError, match=r"Open-Meteo could not be reached\."):
            await http.get_json(f"http://127.0.0.1:{port}/", source="Open-Meteo")


async def test_a_name_that_no_server_knows_is_said():
    def unknown(host: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    async with Http(resolver=Resolver(unknown)) as http:
        with pytest.raises(UnreachableError, match=r"Open-Meteo could not be reached\."):
            await http.get_json("http://api.example/", source="Open-Meteo")


async def test_a_name_look_up_that_hangs_holds_up_nothing():
    answer = threading.Event()
    looked_up: list[str] = []

    def hanging(host: str, port: int) -> list[str]:
        looked_up.append(host)
        answer.wait(30)
        return ["127.0.0.1"]

    async with Http(resolver=Resolver(hanging)) as http, asyncio.timeout(20):
        for _ in range(3):
            with pytest.raises(UnreachableError, match=r"Open-Meteo could not be reached\."):
                await http.get_json("http://api.example/", source="Open-Meteo", deadline=SHORT)
        assert looked_up == ["api.example"]  # later questions wait for the look-up that is under way
        assert all(thread.daemon for thread in threading.enumerate() if thread.name == "dns")
        answer.set()


async def test_a_source_that_asks_to_wait_is_left_alone(http: Http, search: str, world: OpenMeteoWorld):
    world.fail("status", times=1, status=429, headers={"Retry-After": "120"})
    for _ in range(2):
        with pytest.raises(
            LimitedError, match=r"takes no more requests for now; try again in 2 minutes\."
        ) as caught:
            await http.get_json(search, LISBON, source="Open-Meteo")
        assert caught.value.retry_after is not None
        assert caught.value.retry_after > timedelta(seconds=60)
    assert len(world.requests) == 1
    assert await http.get_json(search, LISBON, source="Another")


async def test_a_date_in_retry_after_is_read(http: Http, search: str, world: OpenMeteoWorld):
    world.fail("status", times=1, status=503, headers={"Retry-After": "Mon, 23 Nov 2015 10:00:00 GMT"})
    assert await http.get_json(search, LISBON, source="Open-Meteo")


async def test_a_rate_is_kept_for_each_source(http: Http, search: str, world: OpenMeteoWorld):
    rate = Rate(2, timedelta(hours=1))
    for _ in range(2):
        await http.get_json(search, LISBON, source="Slow", rate=rate)
    with pytest.raises(LimitedError, match=r"Slow takes no more requests for now"):
        await http.get_json(search, LISBON, source="Slow", rate=rate)
    assert len(world.requests) == 2


async def test_a_place_that_comes_free_in_time_is_waited_for(http: Http, search: str, world: OpenMeteoWorld):
    for _ in range(3):
        await http.get_json(search, LISBON, source="Quick", rate=Rate(1, timedelta(milliseconds=20)))
    assert len(world.requests) == 3


async def test_a_redirect_is_followed_but_not_for_ever(http: Http, world: OpenMeteoWorld):
    world.fail("redirect", times=1, location=f"{world.url}/v1/search?name=Rome")
    answer = await http.get_json(world.forecast_url, source="Open-Meteo")
    assert answer["results"][0]["name"] == "Rome"
    world.fail("redirect", location=world.geocoding_url)
    with pytest.raises(BrokenAnswerError):
        await http.get_json(world.geocoding_url, source="Open-Meteo")


async def test_the_cache_drops_the_oldest_when_it_is_full_and_the_stale():
    cache = MemoryCache(max_bytes=100)
    for key in ("a", "b", "c"):
        await cache.put(key, b"x" * 40, timedelta(hours=1))
    assert [await cache.get(key) is not None for key in ("a", "b", "c")] == [False, True, True]
    await cache.put("too large", b"x" * 101, timedelta(hours=1))
    assert await cache.get("too large") is None
    await cache.put("stale", b"x", timedelta(0))
    assert await cache.get("stale") is None


async def test_a_bucket_refills_and_a_block_is_kept():
    buckets = TokenBuckets()
    rate = Rate(2, timedelta(hours=1))
    assert [await buckets.admit("a", rate) > 0 for _ in range(3)] == [False, False, True]
    assert await buckets.admit("b", rate) == 0
    await buckets.block("b", 3600)
    assert await buckets.admit("b", rate) > 3000
