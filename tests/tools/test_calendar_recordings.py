"""What real calendar servers sent, read by the real client code: a row for every file says what was found in it."""

import json
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from passfel.household.errors import LimitedError, PassfelError, SettingsError
from passfel.household.origin import Origin
from passfel.tests.servers.google_calendar import REFRESH, GoogleWorld, google_calendar
from passfel.tests.servers.loopback import serve
from passfel.tools.calendar.google_api import GoogleApi
from passfel.tools.calendar.google_text import as_texts
from passfel.tools.dav.client import CalDavAccount, CalDavClient, ChangedElsewhereError, read_collection
from passfel.tools.dav.multistatus import CALDAV, DAV, read_multistatus
from passfel.tools.google.settings import GoogleSettings
from passfel.tools.google.sign_in import SignIn
from passfel.tools.http import Http, HttpSettings
from passfel.tools.http_failures import StatusError
from passfel.tools.ical.reading import UNREADABLE, Place, moment, occurrences_in, parse
from passfel.tools.ical.tasks import is_over, task_in

ZONE = ZoneInfo("Europe/Lisbon")
PLACE = Place("home", Origin(account="a", calendar="c", collection="c", reference="r"))


def _recordings() -> Path | None:
    for folder in Path(__file__).resolve().parents:
        found = folder.parent / "shared" / "recordings"
        if (folder / "pyproject.toml").is_file() and (found / "caldav").is_dir():
            return found
    return None


def _rows(folder: str) -> dict[str, str]:
    """The table's rows of a folder."""
    lines = (
        Path(__file__).with_suffix("").with_name("calendar_recordings.txt").read_text("utf-8").splitlines()
    )
    rows = (line.split(" | ") for line in lines if line.startswith(f"{folder}/"))
    return {name.partition("/")[2]: expected for name, expected in rows}


RECORDINGS = _recordings()
CALDAV_ROWS, ICS_ROWS, GOOGLE_ROWS = (_rows(folder) for folder in ("caldav", "ics", "google-calendar"))
pytestmark = pytest.mark.skipif(RECORDINGS is None, reason="no recordings beside the repository")


def files(folder: str, *endings: str) -> dict[str, Path]:
    if RECORDINGS is None:
        return {}
    base = RECORDINGS / folder
    found = sorted(path for path in base.rglob("*") if path.is_file())
    return {str(path.relative_to(base)): path for path in found if not endings or path.suffix in endings}


def first_day(text: bytes) -> date:
    """When the earliest entry begins, as far as it can be read."""
    days = []
    try:
        calendars = parse(text)
    except ValueError:
        calendars = []
    for calendar in calendars:
        for component in calendar.walk("VEVENT"):
            try:
                days.append(moment(component["DTSTART"].dt, UTC).date())
            except UNREADABLE:
                continue
    return min(days, default=date(2024, 1, 1))


def in_year(text: bytes) -> str:
    """What a year from the first entry holds."""
    begin = datetime.combine(first_day(text), datetime.min.time(), ZONE)
    found, broken = occurrences_in(text, begin, begin + timedelta(days=366), PLACE)
    titles = {occurrence.event.title for occurrence in found}
    said = f"{len(found)} of {len(titles)}"
    return f"{said}, {broken} broken" if broken else said


def multistatus(name: str, body: bytes) -> str:
    """What an answer of a CalDAV server holds."""
    answer = read_multistatus(body, "https://cal.example.org/dav/", name)
    parts = [f"{len(answer.responses)} responses"]
    for what in (f"{DAV}current-user-principal", f"{CALDAV}calendar-home-set"):
        found = [address for response in answer.responses for address in response.addresses(what)]
        parts += [address.removeprefix("https://cal.example.org") for address in found]
    collections = [one for response in answer.responses if (one := read_collection(response))]
    parts += [
        f"{one.name} ({'+'.join(sorted(one.components))}{'' if one.writable else ', read only'})"
        for one in collections
    ]
    texts = [text for response in answer.responses if (text := response.text(f"{CALDAV}calendar-data"))]
    begin = datetime(1990, 1, 1, tzinfo=ZONE)
    counted = [occurrences_in(text, begin, begin + timedelta(days=366 * 45), PLACE) for text in texts]
    tasks = [task for text in texts if (task := task_in(text, ZONE, PLACE))]
    if texts:
        parts.append(
            f"{len(texts)} entries, {sum(bool(found) for found, _ in counted)} events, {len(tasks)} tasks"
        )
    gone = sum(response.status == "404" for response in answer.responses)
    parts += [f"{gone} gone"] if gone else []
    parts += [f"token {answer.sync_token[-12:]}"] if answer.sync_token else []
    return "; ".join(parts)


def google_items(name: str, body: bytes) -> str:
    """What an answer of Google's holds."""
    answer = json.loads(body)
    items = answer.get("items", [answer] if "start" in answer else [])
    titles: list[str] = []
    for _, text in as_texts([item for item in items if "id" in item], answer.get("timeZone", "UTC")):
        begin = datetime.combine(first_day(text.encode()), datetime.min.time(), ZONE)
        found, broken = occurrences_in(text, begin, begin + timedelta(days=366), PLACE)
        assert not broken
        titles += [occurrence.event.title for occurrence in found]
    return f"{len(items)} items, {len(titles)} times"


@pytest.mark.parametrize(("name", "expected"), CALDAV_ROWS.items())
def test_every_answer_of_a_caldav_server_is_read(name: str, expected: str):
    assert multistatus(name, files("caldav")[name].read_bytes()) == expected


@pytest.mark.filterwarnings("ignore:Timezone .* is a globally unique TZID")
@pytest.mark.parametrize(("name", "expected"), ICS_ROWS.items())
def test_every_icalendar_text_is_read_and_only_its_broken_entries_are_left_out(name: str, expected: str):
    assert in_year(files("ics")[name].read_bytes()) == expected


@pytest.mark.parametrize(("name", "expected"), GOOGLE_ROWS.items())
def test_every_answer_of_google_is_read(name: str, expected: str):
    assert google_items(name, files("google-calendar")[name].read_bytes()) == expected


def test_no_recording_is_left_out():
    assert set(files("caldav")) == {*CALDAV_ROWS, *STORED, *REFUSED, *TAKEN}
    assert set(files("ics")) == set(ICS_ROWS)
    assert set(files("google-calendar")) == set(GOOGLE_ROWS)


STORED = {
    f"{server}_{what}_200.ics": said
    for server in ("radicale", "xandikos")
    for what, said in (("get_event", "5 of 2"), ("report_free_busy", "0 of 0"))
}


@pytest.mark.parametrize(("name", "expected"), STORED.items())
def test_every_stored_event_is_read(name: str, expected: str):
    assert in_year(files("caldav")[name].read_bytes()) == expected


class Replay:
    """A server that answers everything with one recording."""

    def __init__(self) -> None:
        self.status, self.body = 200, b""

    async def answer(self, request: Request) -> Response:
        return Response(self.body, self.status, media_type="application/xml")


@pytest.fixture
def replay() -> Iterator[tuple[Replay, str]]:
    replay = Replay()
    methods = ["GET", "PUT", "DELETE", "PROPFIND", "REPORT", "OPTIONS"]
    with serve(Starlette(routes=[Route("/{path:path}", replay.answer, methods=methods)])) as base:
        yield replay, base


REFUSED: dict[str, tuple[int, str, type[Exception] | None]] = {
    "radicale_get_missing_404.txt": (404, "get", None),
    "radicale_propfind_malformed_body_400.txt": (400, "marks", StatusError),
    "radicale_put_if_none_match_exists_412.txt": (412, "create", ChangedElsewhereError),
    "radicale_put_not_ical_400.txt": (400, "create", StatusError),
    "radicale_put_wrong_etag_412.txt": (412, "put", ChangedElsewhereError),
    "radicale_report_sync_bad_token_403.xml": (403, "sync", None),
    "xandikos_get_missing_404.txt": (404, "get", None),
    "xandikos_propfind_malformed_body_400.txt": (400, "marks", StatusError),
    "xandikos_put_if_none_match_exists_412.empty.txt": (412, "create", ChangedElsewhereError),
    "xandikos_put_not_ical_412.xml": (412, "create", ChangedElsewhereError),
    "xandikos_put_wrong_etag_412.empty.txt": (412, "put", ChangedElsewhereError),
}
TAKEN: dict[str, tuple[int, str]] = {
    "radicale_delete_200.xml": (200, "delete"),
    "radicale_mkcalendar_201.empty.txt": (201, "put"),
    "radicale_options_200.empty.txt": (200, "put"),
    "radicale_put_new_201.empty.txt": (201, "create"),
    "xandikos_delete_204.empty.txt": (204, "delete"),
    "xandikos_options_200.empty.txt": (200, "put"),
    "xandikos_put_update_204.empty.txt": (204, "put"),
}


async def _do(client: CalDavClient, base: str, what: str) -> Any:
    url = f"{base}/cal/a.ics"
    asked: dict[str, Callable[[], Awaitable[Any]]] = {
        "get": lambda: client.get(url),
        "marks": lambda: client.marks(f"{base}/cal/"),
        "create": lambda: client.put(url, b"x", None),
        "put": lambda: client.put(url, b"x", '"1"'),
        "delete": lambda: client.delete(url, '"1"'),
        "sync": lambda: client.sync(f"{base}/cal/", "token"),
    }
    return await asked[what]()


@pytest.mark.parametrize("name", [*REFUSED, *TAKEN])
async def test_every_refusal_becomes_the_right_error_and_every_yes_is_taken(
    replay: tuple[Replay, str], name: str
):
    server, base = replay
    status, what, error = REFUSED[name] if name in REFUSED else (*TAKEN[name], None)
    server.status, server.body = status, files("caldav")[name].read_bytes()
    async with Http(HttpSettings(allowed_hosts=(base.removeprefix("http://"),))) as http:
        account = CalDavAccount(url=base, username="ana", password=SecretStr("secret"))
        client = CalDavClient(http, "home", account)
        if error is None:
            assert await _do(client, base, what) is None
        else:
            with pytest.raises(error) as told:
                await _do(client, base, what)
            assert "secret" not in str(told.value)


GOOGLE_ERRORS: dict[str, tuple[int, type[PassfelError], str]] = {
    "error_403_dailyLimitExceededUnreg.json": (403, SettingsError, "does not have the Calendar API"),
    "error_403_quotaExceeded.json": (403, LimitedError, "takes no more requests for now"),
    "events_insert_400.json": (400, StatusError, "refused the request"),
    "from-docs/error_400_timeRangeEmpty.json": (400, StatusError, "refused the request"),
    "from-docs/error_401_authError.json": (401, SettingsError, "passfel login google"),
    "from-docs/error_403_userRateLimitExceeded.json": (403, LimitedError, "takes no more requests for now"),
}


@pytest.fixture
async def google(tmp_path: Path) -> Any:
    with google_calendar() as world:
        async with Http(HttpSettings(allowed_hosts=(world.host,))) as http:
            settings = GoogleSettings(
                client_id="c", calendar_url=f"{world.base}/calendar/v3", token_url=f"{world.base}/token"
            )
            sign_in = SignIn(http, settings, tmp_path)
            sign_in.keep({"access_token": "key-0", "expires_in": 3600, "refresh_token": REFRESH})
            yield world, GoogleApi(http, sign_in)


@pytest.mark.parametrize("name", GOOGLE_ERRORS)
async def test_every_refusal_of_google_becomes_the_right_error(
    google: tuple[GoogleWorld, GoogleApi], name: str
):
    world, api = google
    status, kind, words = GOOGLE_ERRORS[name]
    world.failures = [(status, json.loads(files("google-calendar")[name].read_bytes()))] * 2
    with pytest.raises(kind, match=words):
        await api.calendars()


async def test_googles_expired_sync_token_means_all_anew(google: tuple[GoogleWorld, GoogleApi]):
    world, api = google
    body = files("google-calendar")["error_410_fullSyncRequired.json"].read_bytes()
    world.failures = [(410, json.loads(body))]
    assert await api.changes("ana@example.org", "old") is None


def test_a_recorded_recurring_task_is_a_task():
    body = files("caldav")["sabredav_report_recurring_task.xml"].read_bytes()
    [response] = read_multistatus(body, "https://cal.example.org/", "SabreDAV").responses
    text = response.text(f"{CALDAV}calendar-data")
    task = task_in(text, ZONE, PLACE)
    assert task is not None
    assert not is_over(text)
