"""A stand-in for Joplin's Data API, with its quirks: a token in the query, pages, a bin, and an index that lags."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from passfel.tests.servers.loopback import serve

TOKEN = "a-token-of-the-stand-in"
NOTE = {"body": "", "is_todo": 0, "todo_completed": 0, "encryption_applied": 0}
STACK = "\n\nError: it\n    at Api.route (/opt/joplin/node_modules/@joplin/lib/services/rest/Api.js:151:37)"
MOST = 100


class RefusedError(Exception):
    """An answer of Joplin that is an error."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


@dataclass
class JoplinWorld:
    """What it holds, what was asked, and what shall go wrong."""

    url: str = ""
    folders: dict[str, dict[str, Any]] = field(default_factory=dict)
    notes: dict[str, dict[str, Any]] = field(default_factory=dict)
    indexed: set[str] = field(default_factory=set)
    """What its search knows; filled by `index`, as Joplin fills it seconds later."""
    requests: list[Request] = field(default_factory=list)
    drops: int = 0
    """So many writes are carried out, and then answered by a failure."""
    clock: int = 1795409690000

    def forget(self) -> None:
        """One notebook, no notes."""
        self.folders.clear()
        self.notes.clear()
        self.indexed.clear()
        self.requests.clear()
        self.drops = 0
        self.folder("Home", "a" * 32)

    def folder(self, title: str, folder_id: str) -> None:
        """Add a notebook."""
        self.folders[folder_id] = {"id": folder_id, "title": title, "parent_id": "", "deleted_time": 0}

    def note(self, note_id: str, title: str, body: str, **more: Any) -> dict[str, Any]:
        """Add a note, or put another in its place."""
        now = self.tick()
        row = {"id": note_id, "title": title, "parent_id": "a" * 32, "deleted_time": 0, **NOTE, "body": body}
        row |= {"user_created_time": now, "user_updated_time": now, "updated_time": now, "created_time": now}
        self.notes[note_id] = {**row, **more}
        return self.notes[note_id]

    def tick(self) -> int:
        """The next moment."""
        self.clock += 1000
        return self.clock

    def index(self) -> None:
        """Let search catch up."""
        self.indexed = set(self.notes)


def joplin_app(world: JoplinWorld) -> Starlette:
    """Joplin's Data API, as an application."""
    rest = _Rest(world)

    async def answer(request: Request) -> Response:
        world.requests.append(request)
        path = request.path_params["path"]
        if path == "ping":
            return PlainTextResponse("JoplinClipperServer")
        try:
            given = request.query_params.get("token", "")
            if given != TOKEN:
                raise RefusedError(403, f'{"Invalid" if given else "Missing"} "token" parameter')
            values = await request.json() if await request.body() else {}
            result = rest.answer(request.method, path.split("/"), dict(request.query_params), values)
            if request.method != "GET" and world.drops:
                world.drops -= 1
                raise RefusedError(500, "Internal Server Error: SQLITE_BUSY")
        except RefusedError as error:
            return JSONResponse({"error": f"{error}: {STACK}"}, error.status)
        return PlainTextResponse("") if result is None else JSONResponse(result)

    return Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST", "PUT", "DELETE"])])


@contextmanager
def joplin() -> Iterator[JoplinWorld]:
    """Serve it over loopback."""
    world = JoplinWorld(clock=int(time.time()) * 1000)
    world.forget()
    with serve(joplin_app(world)) as url:
        world.url = url
        yield world


class _Rest:
    """What each path does."""

    def __init__(self, world: JoplinWorld) -> None:
        self._world = world

    def answer(self, method: str, path: list[str], query: dict[str, str], values: dict[str, Any]) -> Any:
        kinds: dict[str, dict[str, dict[str, Any]]] = {
            "notes": self._world.notes,
            "folders": self._world.folders,
        }
        if path == ["search"] and method == "GET":
            return self._search(query)
        rows = kinds.get(path[0])
        if rows is None:
            raise RefusedError(404, "Not Found")
        if len(path) == 1:
            made: dict[str, Callable[[], Any]] = {
                "GET": lambda: _page([row for row in rows.values() if not row["deleted_time"]], query),
                "POST": lambda: self._create(path[0], rows, values),
            }
            return made.get(method, _not_found)()
        return self._one(method, rows, path[1], query, values)

    def _create(self, kind: str, rows: dict[str, dict[str, Any]], values: dict[str, Any]) -> Any:
        if values["id"] in rows:
            raise RefusedError(
                500, f"Internal Server Error: SQLITE_CONSTRAINT: UNIQUE constraint failed: {kind}.id"
            )
        if kind == "folders":
            self._world.folder(values["title"], values["id"])
            return rows[values["id"]]
        more = {name: value for name, value in values.items() if name not in {"id", "title", "body"}}
        return self._world.note(values["id"], values["title"], values["body"], **more)

    def _one(
        self,
        method: str,
        rows: dict[str, dict[str, Any]],
        one: str,
        query: dict[str, str],
        values: dict[str, Any],
    ) -> Any:
        row = rows.get(one)
        if method == "DELETE":  # one that isn't there is no error
            if row is not None:
                row["deleted_time"] = self._world.tick()
            return None
        if row is None:
            raise RefusedError(404, "Not Found")
        if method == "PUT":
            row.update(values, user_updated_time=self._world.tick())
            return row
        return _fields([row], query)[0]

    def _search(self, query: dict[str, str]) -> Any:
        word = query["query"].rstrip("*").casefold()
        found = [
            row
            for one, row in self._world.notes.items()
            if one in self._world.indexed
            and not row["deleted_time"]
            and any(said.startswith(word) for said in f"{row['title']} {row['body']}".casefold().split())
        ]
        return _page(found, query)


def _page(rows: list[dict[str, Any]], query: dict[str, str]) -> Any:
    limit, page = int(query.get("limit", "100")), int(query.get("page", "1"))
    if limit > MOST:
        raise RefusedError(400, f"Limit out of bond: {limit}")
    order = query.get("order_by", "id")
    if rows and order not in rows[0]:
        raise RefusedError(500, f"Internal Server Error: SQLITE_ERROR: no such column: {order}")
    rows = sorted(rows, key=lambda row: row[order], reverse=query.get("order_dir") == "DESC")
    part = rows[(page - 1) * limit : page * limit]
    return {"items": _fields(part, query), "has_more": page * limit < len(rows)}


def _fields(rows: list[dict[str, Any]], query: dict[str, str]) -> list[dict[str, Any]]:
    names = query.get("fields", "id,parent_id,title").split(",")
    for name in names:
        if rows and name not in rows[0]:
            raise RefusedError(500, f"Internal Server Error: SQLITE_ERROR: no such column: {name}")
    return [{name: row[name] for name in names} for row in rows]


def _not_found() -> Any:
    raise RefusedError(404, "Not Found")
