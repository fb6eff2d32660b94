"""Where the outgoing client may connect to: public addresses, and the hosts that the household configured.

A name is resolved once, every address is checked, and the connection is made to a checked address: a name
that answers differently the second time (DNS rebinding) gains nothing. Redirects open connections too, so
they pass here like everything else.
"""

import asyncio
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import Future
from functools import cache
from typing import Any

import httpcore2
import httpx2

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], list[str]]
"""A blocking look-up of a host's addresses; it runs in a thread of its own."""

NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
MOST_ADDRESSES = 4


class PrivateAddressError(Exception):
    """A host led to an address that is not on the public internet."""

    def __init__(self, host: str, address: str) -> None:
        """Keep both for the sentence."""
        super().__init__(f"{host} leads to {address}")
        self.host = host
        self.address = address


def is_public(text: str) -> bool:
    """Whether an address is on the public internet, seen through every way of writing IPv4 in IPv6."""
    address: Address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        inner = _ipv4_within(address)
        if inner is not None:
            return is_public(str(inner))
        if address.is_site_local:
            return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def _ipv4_within(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)


def system_resolve(host: str, port: int) -> list[str]:
    """Ask the system for a host's addresses, without doubles, in its order of preference."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Resolver:
    """Looks names up in daemon threads.

    A look-up into a dead network can hang for half a minute and can't be cancelled. In asyncio's own pool a
    few of them would hold up every other thread's work, and the program's end; here they hold up nothing,
    and there is at most one for each name.
    """

    def __init__(self, resolve: Resolve = system_resolve) -> None:
        """Use another `resolve` where names must mean something else."""
        self._resolve = resolve
        self._under_way: dict[tuple[str, int], Future[list[str]]] = {}

    async def addresses(self, host: str, port: int) -> list[str]:
        """Return the addresses of `host`; raises OSError where it has none."""
        key = (host, port)
        future = self._under_way.get(key)
        if future is None or future.done():
            future = self._under_way[key] = self._start(key)
        return await asyncio.wrap_future(future)

    def _start(self, key: tuple[str, int]) -> Future[list[str]]:
        future: Future[list[str]] = Future()
        future.set_running_or_notify_cancel()  # one waiter's deadline must not cancel it for the others
        threading.Thread(target=self._look_up, args=(key, future), daemon=True, name="dns").start()
        return future

    def _look_up(self, key: tuple[str, int], future: "Future[list[str]]") -> None:
        try:
            addresses = self._resolve(*key)
        except (OSError, UnicodeError) as error:
            self._under_way.pop(key, None)
            future.set_exception(error if isinstance(error, OSError) else OSError(str(error)))
        else:
            self._under_way.pop(key, None)
            future.set_result(addresses)


class GuardedBackend(httpcore2.AsyncNetworkBackend):
    """Opens TCP connections to checked addresses only."""

    def __init__(self, allowed_hosts: Collection[str] = (), resolver: Resolver | None = None) -> None:
        """`allowed_hosts`, each "host" or "host:port", may be private."""
        self._allowed = {entry.casefold().strip("[]") for entry in allowed_hosts}
        self._resolver = resolver or Resolver()
        self._network = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's own signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Resolve, check, and connect to the first address that answers."""
        ends_at = time.monotonic() + (timeout if timeout is not None else 60.0)
        addresses = await self._checked_addresses(host, port, timeout)
        for place, address in enumerate(addresses):
            # A dead first address (IPv6 without a route) must leave time for the next.
            share = (ends_at - time.monotonic()) / (len(addresses) - place)
            try:
                return await self._network.connect_tcp(
                    address, port, max(share, 0.01), local_address, socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                if place == len(addresses) - 1:
                    raise
        raise httpcore2.ConnectError(f"{host} has no address")

    async def _checked_addresses(self, host: str, port: int, seconds: float | None) -> list[str]:
        try:
            async with asyncio.timeout(seconds):
                addresses = (await self._resolver.addresses(host, port))[:MOST_ADDRESSES]
        except TimeoutError as error:
            raise httpcore2.ConnectTimeout(f"no address for {host} in time") from error
        except OSError as error:
            raise httpcore2.ConnectError(f"no address for {host}") from error
        if not self._is_allowed(host, port):
            for address in addresses:
                if not is_public(address):
                    raise PrivateAddressError(host, address)
        return addresses

    def _is_allowed(self, host: str, port: int) -> bool:
        name = host.casefold().strip("[]")
        return name in self._allowed or f"{name}:{port}" in self._allowed

    async def sleep(self, seconds: float) -> None:
        """Wait, for httpcore's own pauses."""
        await asyncio.sleep(seconds)


@cache
def _tls() -> ssl.SSLContext:
    """Read the system's certificates, once."""
    return httpx2.create_ssl_context(trust_env=False)


class GuardedTransport(httpx2.AsyncHTTPTransport):
    """httpx2's transport with a connection pool whose every connection the guard opens."""

    def __init__(self, backend: GuardedBackend) -> None:
        """Proxies of the environment are not used: they would connect in our place, unchecked."""
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=_tls(),
            max_connections=20,
            max_keepalive_connections=10,
            keepalive_expiry=30.0,
            network_backend=backend,
        )
