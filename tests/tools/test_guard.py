"""No way in from outside to the household's own network."""

import pytest

from passfel.household.errors import BrokenAnswerError, UnreachableError
from passfel.tests.servers.open_meteo import OpenMeteoWorld
from passfel.tools.guard import Resolver, is_public
from passfel.tools.http import Http, HttpSettings


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.215.14", True),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", True),
        ("127.0.0.1", False),
        ("0.0.0.0", False),  # noqa: S104 - an address to refuse
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("240.0.0.1", False),
        ("::", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fec0::1", False),
        ("fd00::1", False),
        ("ff02::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:93.184.215.14", True),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::5db8:d70e", True),
        ("2002:7f00:1::", False),
    ],
)
def test_public_addresses_are_told_from_private_ones(address: str, public: bool):
    assert is_public(address) is public


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]"])
async def test_a_private_host_is_refused_however_it_is_written(world: OpenMeteoWorld, host: str):
    port = world.url.rpartition(":")[2]
    async with Http() as http:
        with pytest.raises(UnreachableError):
            await http.get_json(f"http://{host}:{port}/v1/search", source="The page")
    assert not world.requests


async def test_a_name_that_leads_home_is_refused_with_a_reason(world: OpenMeteoWorld):
    port = world.url.rpartition(":")[2]
    resolver = Resolver(lambda host, port: ["93.184.215.14", "127.0.0.1"])
    async with Http(resolver=resolver) as http:
        with pytest.raises(UnreachableError) as caught:
            await http.get_json(f"http://evil.example:{port}/v1/search", source="The page")
    assert str(caught.value) == (
        "The page was not contacted: evil.example leads to the private address 127.0.0.1, "
        "and only hosts named in the settings may be private."
    )
    assert not world.requests


@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://localhost:1/",
        "http://[::1]:1/",
        "http://192.168.1.1/admin",
        "//127.0.0.1:1/",
    ],
)
async def test_a_redirect_into_the_house_is_refused(http: Http, world: OpenMeteoWorld, location: str):
    world.fail("redirect", location=location)
    with pytest.raises(UnreachableError, match="leads to the private address"):
        await http.get_json(world.geocoding_url, source="The page")
    assert len(world.requests) == 1


async def test_a_redirect_to_another_port_of_an_allowed_host_is_refused(http: Http, world: OpenMeteoWorld):
    world.fail("redirect", location="http://127.0.0.1:1/")
    with pytest.raises(UnreachableError, match="leads to the private address"):
        await http.get_json(world.geocoding_url, source="The page")


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://example.org/", "gopher://example.org/"])
async def test_a_redirect_to_another_protocol_is_refused(http: Http, world: OpenMeteoWorld, location: str):
    world.fail("redirect", location=location)
    with pytest.raises(BrokenAnswerError):
        await http.get_json(world.geocoding_url, source="The page")


async def test_a_name_is_looked_up_once_and_the_connection_goes_to_what_was_checked(world: OpenMeteoWorld):
    port = world.url.rpartition(":")[2]
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])
    settings = HttpSettings(allowed_hosts=(f"Home.Example:{port}",))
    async with Http(settings, resolver=Resolver(lambda host, port: next(answers))) as http:
        assert await http.get_json(f"http://home.example:{port}/v1/search", {"name": "Rome"}, source="Ours")
    assert world.requests[0].headers["Host"] == f"home.example:{port}"
    assert next(answers) == ["10.0.0.1"]


async def test_a_dead_first_address_leaves_time_for_the_next(world: OpenMeteoWorld):
    port = world.url.rpartition(":")[2]
    settings = HttpSettings(allowed_hosts=("home.example",))
    async with Http(settings, resolver=Resolver(lambda host, port: ["127.0.0.99", "127.0.0.1"])) as http:
        assert await http.get_json(f"http://home.example:{port}/v1/search", {"name": "Rome"}, source="Ours")


async def test_proxies_of_the_environment_are_not_used(
    http: Http, world: OpenMeteoWorld, monkeypatch: pytest.MonkeyPatch
):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert await http.get_json(world.geocoding_url, {"name": "Rome"}, source="Ours")
