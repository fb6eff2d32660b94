"""Our own routes on the LangGraph server, and the memory that server uses: ours.

Turns on `/chat` come straight from the graph; LangGraph's `/threads/…/runs` go through its queue.
Both write the same checkpoints, so one thread id is one conversation whichever way it is used.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from langgraph.store.postgres.aio import AsyncPostgresStore
from psycopg import OperationalError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from passfel.app.chat import describe, read_request, thread_id, turn_events
from passfel.app.guard import OwnHouseOnly
from passfel.app.sse import EventStreams
from passfel.app.studio import household
from passfel.graph.assistant import Assistant, config_of
from passfel.graph.build import build_graph
from passfel.graph.priming import primed
from passfel.household.errors import MemoryUnavailableError, PassfelError, RequestError
from passfel.memory.postgres import GONE
from passfel.serving.maintenance import Maintenance
from passfel.tools.calculator.units import registry

MOST_BYTES = 2 * 1024 * 1024
HEALTH_DEADLINE_S = 2.0


@asynccontextmanager
async def checkpointer() -> AsyncIterator[AsyncPostgresSaver]:
    """The saver that langgraph.json names."""
    async with household.memory() as (saver, _):
        yield saver


@asynccontextmanager
async def store() -> AsyncIterator[AsyncPostgresStore]:
    """The store that langgraph.json names."""
    async with household.memory() as (_, kept):
        yield kept


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    """Open the assistant of our routes; the unit definitions load meanwhile, for a turn must not wait for them.

    The model's prompt heads are primed here for both ways in: LangGraph's own runs use the same house.
    """
    units = asyncio.create_task(asyncio.to_thread(registry))
    async with household.memory() as (saver, kept):
        graph = build_graph(household.house).compile(checkpointer=saver, store=kept)
        app.state.assistant = Assistant(graph, saver, household.house, household.database)
        streams = app.state.streams = EventStreams()
        await units
        try:
            settings = household.settings
            with streams.ended_by_signals():
                house, maintenance = household.house, Maintenance(settings.data_dir)
                async with primed(settings.llm, house.tools, maintenance, house.ladder):
                    yield
        finally:
            await streams.stop()


async def chat(request: Request) -> Response:
    """`POST /chat`: one turn, as Server-Sent Events."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().casefold()
    if kind != "application/json":
        return _refuse(415, "Send JSON, with the header Content-Type: application/json.")
    try:
        asked = read_request(await _body(request))
        assistant: Assistant = request.app.state.assistant
        assistant.house.make_turn(asked.surroundings)
        if asked.resume is not None and not await assistant.pending(asked.thread):
            return _refuse(409, "Nothing in this conversation waits for an answer.")
    except RequestError as error:
        return _refuse(422, error.sentence)
    streams: EventStreams = request.app.state.streams
    return streams.respond(turn_events(assistant, asked))


async def history(request: Request) -> Response:
    """`GET /chat/{thread}`: the conversation so far, and the questions it waits with."""
    try:
        thread = thread_id(request.path_params["thread"])
    except ValueError as error:
        return _refuse(422, f"{error}.".capitalize())
    snapshot = await request.app.state.assistant.graph.aget_state(config_of(thread))
    if not snapshot.values:
        return _refuse(404, "There is no such conversation yet.")
    messages = [describe(message) for message in snapshot.values["messages"]]
    waiting = [interrupt.value for interrupt in snapshot.interrupts]
    return JSONResponse({"thread": thread, "messages": messages, "waiting": waiting})


async def health(request: Request) -> Response:
    """`GET /health`: alive; and whether memory answers."""
    assistant: Assistant = request.app.state.assistant
    try:
        async with asyncio.timeout(HEALTH_DEADLINE_S), assistant.database.connection() as connection:
            await connection.execute("SELECT 1")
    except (TimeoutError, PassfelError):
        return JSONResponse({"status": "degraded", "postgres": False, "sentence": GONE}, 503)
    return JSONResponse({"status": "ok", "postgres": True})


async def _body(request: Request) -> bytes:
    """The body, as long as it is no longer than anybody would write."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise HTTPException(413, "That is more than 2 MB; please send the part that matters.")
    return bytes(body)


def _refuse(status: int, sentence: str) -> JSONResponse:
    return JSONResponse({"sentence": sentence}, status)


async def _too_long(_: Request, error: Exception) -> Response:
    return _refuse(413, str(getattr(error, "detail", error)))


async def _no_memory(_: Request, __: Exception) -> Response:
    return _refuse(503, GONE)


app = Starlette(
    routes=[
        Route("/chat", chat, methods=["POST"], include_in_schema=False),
        Route("/chat/{thread:path}", history, methods=["GET"], include_in_schema=False),
        Route("/health", health, methods=["GET"], include_in_schema=False),
    ],
    middleware=[Middleware(OwnHouseOnly)],
    exception_handlers={413: _too_long, OperationalError: _no_memory, MemoryUnavailableError: _no_memory},
    lifespan=lifespan,
)
