"""A real Radicale in this process: a CalDAV server with two people, over a loopback socket."""

import base64
import contextlib
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from urllib.parse import urlsplit
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import httpx2

PASSWORD = "beach"
_CLIENT = httpx2.Client(trust_env=False, verify=False)  # reading certificates takes a tenth of a second


@dataclass(frozen=True)
class RunningRadicale:
    """The server, and what a test does to it behind the client's back."""

    url: str

    @property
    def host(self) -> str:
        """Host and port."""
        return urlsplit(self.url).netloc

    def send(
        self, method: str, path: str, body: str = "", user: str = "ana", **headers: str
    ) -> httpx2.Response:
        """A plain request of another program."""
        pair = base64.b64encode(f"{user}:{PASSWORD}".encode()).decode()
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        headers = {"Authorization": f"Basic {pair}", **given}
        return _CLIENT.request(method, f"{self.url}{path}", content=body.encode(), headers=headers)

    def make_calendar(self, path: str, name: str, *components: str) -> None:
        """A calendar for these components."""
        held = "".join(f'<C:comp name="{component}"/>' for component in components or ("VEVENT",))
        body = (
            '<C:mkcalendar xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:set><D:prop>'
            f"<D:displayname>{name}</D:displayname>"
            f"<C:supported-calendar-component-set>{held}</C:supported-calendar-component-set>"
            "</D:prop></D:set></C:mkcalendar>"
        )
        assert self.send("MKCALENDAR", path, body).status_code == 201

    def put(self, path: str, text: str) -> str:
        """Write an entry as another program does; gives its version."""
        answer = self.send("PUT", path, text, Content_Type="text/calendar; charset=utf-8")
        assert answer.status_code in {201, 204}, answer.text
        return str(answer.headers.get("etag", ""))

    def text(self, path: str) -> str:
        """An entry as it is stored."""
        return str(self.send("GET", path).text)

    def entries(self, path: str) -> list[str]:
        """The paths in a calendar."""
        answer = self.send("PROPFIND", path, Depth="1").text
        hrefs = [part.partition("<")[0] for part in answer.split("href>")[1::2]]
        return sorted({href for href in hrefs if href.endswith(".ics")})


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@contextlib.contextmanager
def radicale(folder: Path) -> Iterator[RunningRadicale]:
    """Run a Radicale over an empty folder until the block ends."""
    from radicale import config
    from radicale.app import Application

    users = folder / "users"
    users.write_text(f"ana:{PASSWORD}\nbob:{PASSWORD}\n", "utf-8")
    configuration = config.load()
    configuration.update(
        {
            "auth": {
                "type": "htpasswd",
                "htpasswd_filename": str(users),
                "htpasswd_encryption": "plain",
                "delay": "0",
            },
            "storage": {"filesystem_folder": str(folder / "collections")},
            "logging": {"level": "critical"},
        },
        "test",
        privileged=True,
    )
    server = make_server("127.0.0.1", 0, Application(configuration), _Server, _Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield RunningRadicale(f"http://127.0.0.1:{server.server_port}")
    finally:
        server.shutdown()
        thread.join(timeout=10)
        server.server_close()


@contextlib.contextmanager
def caldav_account() -> Iterator[RunningRadicale]:
    """A Radicale with one calendar and one list, in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="passfel-radicale-") as folder, radicale(Path(folder)) as running:
        running.make_calendar("/ana/family/", "Family", "VEVENT")
        running.make_calendar("/ana/chores/", "Chores", "VTODO")
        yield running
