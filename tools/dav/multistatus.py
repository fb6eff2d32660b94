"""WebDAV's answers: many responses in one XML text, as servers really write them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote, urljoin, urlsplit
from xml.etree import ElementTree as ET

from passfel.household.errors import BrokenAnswerError

DAV = "{DAV:}"
CALDAV = "{urn:ietf:params:xml:ns:caldav}"
SERVER = "{http://calendarserver.org/ns/}"
OK = frozenset({"200", ""})
"""Some servers leave the status out where all is well."""


@dataclass(frozen=True, slots=True)
class Response:
    """What an answer says of one address."""

    href: str
    """Its path, without escapes: servers write the same one in several ways."""
    address: str
    """The whole address, as it has to be asked for."""
    status: str
    """HTTP's number, where it is said of the address as a whole."""
    properties: dict[str, ET.Element] = field(default_factory=dict)
    """What was found, by its full name."""

    def text(self, name: str) -> str:
        """A property's words; empty where it isn't there."""
        element = self.properties.get(name)
        return "".join(element.itertext()).strip() if element is not None else ""

    def addresses(self, name: str) -> list[str]:
        """The addresses in a property, such as several home sets."""
        element = self.properties.get(name)
        if element is None:
            return []
        found = ("".join(href.itertext()).strip() for href in element.iter(f"{DAV}href"))
        return [urljoin(self.address, href) for href in found if href]


@dataclass(frozen=True, slots=True)
class Multistatus:
    """A whole answer."""

    responses: list[Response]
    sync_token: str = ""


def read_multistatus(body: bytes, base: str, source: str) -> Multistatus:
    """Read an answer; doubled responses for one address become one.

    Raises:
        BrokenAnswerError: it is no XML, or wants to define entities.
    """
    if re.search(rb"<!(?:DOCTYPE|ENTITY)", body[:2000], re.IGNORECASE):
        raise BrokenAnswerError(source, f"{source} gave an answer that makes no sense.")
    try:
        root = ET.fromstring(body.strip())  # noqa: S314 - no document type, so nothing to expand
    except ET.ParseError as error:
        raise BrokenAnswerError(source, f"{source} gave an answer that makes no sense.") from error
    found: dict[str, Response] = {}
    for element in root.iter(f"{DAV}response"):
        for response in _responses(element, base):
            known = found.get(response.href)
            if known is None:
                found[response.href] = response
            else:
                known.properties.update(response.properties)
    return Multistatus(list(found.values()), (root.findtext(f"{DAV}sync-token") or "").strip())


def path_of(address: str) -> str:
    """The part of an address that tells things on one server apart."""
    return unquote(urlsplit(address).path)


def _responses(element: ET.Element, base: str) -> Iterator[Response]:
    properties = {}
    for propstat in element.findall(f"{DAV}propstat"):
        if _number(propstat.findtext(f"{DAV}status")) in OK:
            properties.update({inner.tag: inner for inner in propstat.findall(f"{DAV}prop/*")})
    status = _number(element.findtext(f"{DAV}status"))
    for href in element.findall(f"{DAV}href"):
        address = urljoin(base, "".join(href.itertext()).strip())
        yield Response(path_of(address), address, status, properties)


def _number(status: str | None) -> str:
    """The number in "HTTP/1.1 200 OK"."""
    found = re.search(r"\b(\d{3})\b", status or "")
    return found[1] if found else ""
