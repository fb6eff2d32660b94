"""The real Joplin, as its terminal app serves it: what our client believes of its Data API is so.

The headless server fills its search index only when it starts, so a note that is written later is found by what
was changed last, as it is within the first seconds with the app on a desktop.
"""

import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
import pytest_asyncio

from passfel.household.errors import NotFoundError, RequestError, SettingsError
from passfel.tests.servers.peers.environments import INSTALL_S, node_folder
from passfel.tools.http import Http, HttpSettings
from passfel.tools.notes.joplin import Joplin, JoplinSettings

TOKEN = "a-token-of-the-tests"
READY_S = 60


@pytest.fixture(scope="module")
def program() -> Path:
    """Joplin's terminal app, with the database driver compiled, which takes minutes once."""
    folder = node_folder("joplin", ["joplin@3.5.1"])
    compiled = folder / ".sqlite3-compiled"
    if not compiled.is_file():
        npm = shutil.which("npm")
        assert npm is not None
        command = [npm, "rebuild", "--prefix", str(folder), "sqlite3"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_S, check=False)
        if done.returncode:
            pytest.skip(f"sqlite3 could not be compiled for Joplin: {done.stderr.strip()[-200:]}")
        compiled.touch()
    return folder / "node_modules" / ".bin" / "joplin"


@pytest.fixture(scope="module")
def server(program: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A running server with one notebook."""
    profile = tmp_path_factory.mktemp("joplin")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    joplin = [str(program), "--profile", str(profile)]
    for command in (["config", "api.token", TOKEN], ["config", "api.port", str(port)], ["mkbook", "Home"]):
        subprocess.run([*joplin, *command], capture_output=True, timeout=120, check=True)
    url = f"http://127.0.0.1:{port}"
    # A session of its own: the program starts others.
    process = subprocess.Popen(
        [*joplin, "server", "start"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _wait_for(url, process)
        yield url
    finally:
        os.killpg(process.pid, 15)
        process.wait(30)


@pytest_asyncio.fixture
async def http(server: str) -> AsyncIterator[Http]:
    async with Http(HttpSettings(allowed_hosts=(urlsplit(server).netloc,))) as client:
        yield client


@pytest.fixture
def joplin(http: Http, server: str) -> Joplin:
    return Joplin(http, JoplinSettings(url=server, token=TOKEN, notebook="Home"))


async def test_it_answers_the_doctor(joplin: Joplin):
    assert (await joplin.check()).startswith("It answers, and has ")


async def test_a_note_under_our_id_is_added_once_and_read_back(joplin: Joplin):
    note_id = uuid4()
    first = await joplin.add("home", note_id, "the boiler takes 1.5 bar", "")
    again = await joplin.add("home", note_id, "the boiler takes 1.5 bar", "")
    assert first.note.id == again.note.id == note_id
    assert (first.note.text, first.note.origin and first.note.origin.calendar) == (
        "the boiler takes 1.5 bar",
        "Home",
    )
    assert again.after is None
    assert [note.id for note in await joplin.latest("home")].count(note_id) == 1


async def test_a_note_is_found_right_after_it_was_written(joplin: Joplin):
    note_id = uuid4()
    await joplin.add("home", note_id, "the gas meter is in the cellar", "")
    assert note_id in {note.id for note in await joplin.find("home", "gas meter")}


async def test_words_are_appended_once_and_taken_back(joplin: Joplin):
    added = await joplin.add("home", uuid4(), "shopping", "")
    first = await joplin.append(added.note, "milk")
    again = await joplin.append(added.note, "milk")
    assert first.note.text == again.note.text == "shopping\nmilk"
    with pytest.raises(RequestError, match="has just been changed in Joplin"):
        await joplin.append(added.note, "bread")
    await joplin.restore(first.before, first.after)
    with pytest.raises(RequestError, match="changed since"):
        await joplin.restore({**(first.before or {}), "body": "x"}, first.after)
    assert "shopping" in {note.text for note in await joplin.latest("home")}


async def test_a_note_goes_to_the_bin_and_comes_back(joplin: Joplin):
    added = await joplin.add("home", uuid4(), "to be thrown away", "")
    removed = await joplin.remove(added.note)
    assert added.note.id not in {note.id for note in await joplin.latest("home")}
    assert (await joplin.remove(added.note)).after is None
    await joplin.restore(removed.before, removed.after)
    assert added.note.id in {note.id for note in await joplin.latest("home")}
    await joplin.restore(added.before, added.after)
    assert added.note.id not in {note.id for note in await joplin.latest("home")}


async def test_the_notebook_of_the_settings_is_made_once(http: Http, server: str):
    made = Joplin(http, JoplinSettings(url=server, token=TOKEN, notebook="From PASSFEL"))
    for text in ("one", "two"):
        written = await made.add("home", uuid4(), text, "")
        assert written.note.origin is not None
        assert written.note.origin.calendar in {"From PASSFEL", ""}
    assert (await Joplin(http, JoplinSettings(url=server, token=TOKEN)).notebooks()).count(
        "From PASSFEL"
    ) <= 1
    with pytest.raises(NotFoundError, match="no notebook called “Garden”"):
        await made.add("home", uuid4(), "three", "Garden")


async def test_more_than_a_page_of_notebooks_is_read(http: Http, server: str):
    joplin = Joplin(http, JoplinSettings(url=server, token=TOKEN, notebook="Home"))
    for number in range(101):
        await joplin._send("POST", "folders", {"title": f"Box {number:03}"})
    assert len([name for name in await joplin._folders(fresh=True) if name]) >= 101


async def test_a_wrong_token_says_where_the_right_one_is(http: Http, server: str):
    with pytest.raises(SettingsError, match="PASSFEL_JOPLIN__TOKEN"):
        await Joplin(http, JoplinSettings(url=server, token="wrong")).check()


def _wait_for(url: str, process: "subprocess.Popen[bytes]") -> None:
    ends_at = time.monotonic() + READY_S
    while time.monotonic() < ends_at and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/ping", timeout=5) as answer:  # noqa: S310 - our own loopback server
                if answer.read() == b"JoplinClipperServer":
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    pytest.fail(f"Joplin did not start in {READY_S} seconds")
