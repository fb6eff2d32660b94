"""What a real Joplin answered is read by the real code, where it is at hand: every recording of it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from passfel.household.errors import PassfelError
from passfel.tests.servers.loopback import serve
from passfel.tools.http import Http, HttpSettings
from passfel.tools.notes.joplin import Joplin, JoplinSettings
from passfel.tools.notes.joplin_answers import read_note, read_page


def _recordings() -> Path | None:
    for folder in Path(__file__).resolve().parents:
        found = folder.parent / "shared" / "recordings" / "joplin"
        if (folder / "pyproject.toml").is_file() and found.is_dir():
            return found
    return None


ROOT = _recordings()
pytestmark = pytest.mark.skipif(ROOT is None, reason="no recordings beside the repository")
FILES = sorted(ROOT.iterdir()) if ROOT else []
EXTRACTED: dict[str, str] = json.loads((Path(__file__).parent / "extracted.json").read_text("utf-8"))
"""What the real code makes of each: names of a list, a note, or the error that a person is told."""


@pytest.fixture(scope="module")
def replay() -> Iterator[str]:
    """Answers every path with the recording that it names, with the status it had."""

    async def answer(request: Request) -> Response:
        path = next(file for file in FILES if file.stem == request.path_params["name"])
        kind = "text/plain" if path.suffix == ".txt" else "application/json"
        return Response(path.read_bytes(), int(path.stem.rpartition("_")[2]), media_type=kind)

    with serve(Starlette(routes=[Route("/{name}", answer), Route("/notes/{name}", answer)])) as url:
        yield url


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
async def test_every_recorded_answer_is_read_or_becomes_the_right_error(path: Path, replay: str):
    async with Http(HttpSettings(allowed_hosts=(urlsplit(replay).netloc,), tries=1)) as http:
        joplin = Joplin(http, JoplinSettings(url=replay, token="t"))
        try:
            told = _read(await joplin._ask(path.stem, {}))
        except PassfelError as error:
            told = f"{type(error).__name__}: {error.sentence}"
    assert told == EXTRACTED[path.stem]


def _read(answer: Any) -> str:
    if isinstance(answer, dict) and answer.get("type_") == 1:
        return read_note(answer, "home", {"ef815109b28e458da245fe0ab2bff79d": "Projects"}).model_dump_json(
            include={"title": True, "text": True, "origin": {"calendar"}}
        )
    items, more = read_page(answer)
    names = ", ".join(str(item.get("title", "?")) for item in items[:3]) or "nothing"
    rest = f", and {len(items) - 3} more" if len(items) > 3 else ""
    return names + rest + (", and another page" if more else "")
