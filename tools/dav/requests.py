"""What is sent to a CalDAV server: the bodies of its reports and questions."""

from collections.abc import Iterable
from datetime import UTC, datetime
from xml.sax.saxutils import escape

_HEAD = '<?xml version="1.0" encoding="utf-8"?>\n'
_SPACES = 'xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:S="http://calendarserver.org/ns/"'

ENTRY = "<D:prop><D:getetag/><C:calendar-data/></D:prop>"


def properties(*names: str) -> bytes:
    """Ask for properties, such as D:displayname."""
    asked = "".join(f"<{name}/>" for name in names)
    return _body(f"<D:propfind {_SPACES}><D:prop>{asked}</D:prop></D:propfind>")


def query(component: str, begin: datetime | None = None, end: datetime | None = None) -> bytes:
    """Ask for the entries of a kind, all or those that touch a window. Series come whole: we expand them."""
    window = ""
    if begin is not None and end is not None:
        window = f'<C:time-range start="{_utc(begin)}" end="{_utc(end)}"/>'
    inner = f'<C:comp-filter name="{component}">{window}</C:comp-filter>'
    return _body(
        f'<C:calendar-query {_SPACES}>{ENTRY}<C:filter><C:comp-filter name="VCALENDAR">{inner}</C:comp-filter>'
        "</C:filter></C:calendar-query>"
    )


def multiget(paths: Iterable[str]) -> bytes:
    """Ask for these entries."""
    hrefs = "".join(f"<D:href>{escape(path)}</D:href>" for path in paths)
    return _body(f"<C:calendar-multiget {_SPACES}>{ENTRY}{hrefs}</C:calendar-multiget>")


def sync(token: str) -> bytes:
    """Ask what has changed since a token (RFC 6578)."""
    return _body(
        f"<D:sync-collection {_SPACES}><D:sync-token>{escape(token)}</D:sync-token>"
        "<D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop></D:sync-collection>"
    )


def _body(text: str) -> bytes:
    return (_HEAD + text).encode()


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"
