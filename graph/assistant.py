"""The assistant, for embedding: `async with open_assistant(settings) as assistant`."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import asdict
from typing import Any, Literal, cast
from uuid import uuid4

from langchain_core.messages import HumanMessage, ToolMessage, convert_to_messages
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.serde.types import RESUME
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Command, StateSnapshot, StreamMode

from passfel.graph.build import House, build_graph, derivable
from passfel.graph.documents import keeping_up
from passfel.graph.facts import remembering
from passfel.graph.house import build_house
from passfel.graph.priming import primed
from passfel.graph.settings import AssistantSettings
from passfel.graph.turns import Clock, system_clock
from passfel.household.errors import MemoryUnavailableError, RequestError
from passfel.memory.checkpoints import TurnSaver
from passfel.memory.facts import Facts
from passfel.memory.postgres import Database
from passfel.memory.store import HouseholdStore
from passfel.nodes.requests import speaker_of, stamp
from passfel.nodes.state import Context, Input, State
from passfel.nodes.turn import unanswered
from passfel.serving.maintenance import Maintenance

log = logging.getLogger(__name__)

Graph = CompiledStateGraph[State, Context, Input, State]
Request = str | Input | Command[Any]
"""What can be said to the assistant: a sentence, messages, or the answer to an interrupt."""

LONGEST_THREAD = 200
STOPPED = "I was stopped before this was finished."
STREAMED: tuple[StreamMode, ...] = ("messages", "updates", "custom")


class Assistant:
    """One conversation a thread; turns of a thread wait for each other."""

    def __init__(self, graph: Graph, saver: TurnSaver, house: House, database: Database) -> None:
        """Take a graph compiled with `saver`, and the house it was built of."""
        self.graph = graph
        self.saver = saver
        self.house = house
        self.database = database
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._checked: set[str] = set()

    async def ainvoke(
        self, request: Request, *, thread: str = "default", context: Context | None = None
    ) -> dict[str, Any]:
        """Run one turn and return the state; an interrupt is under `__interrupt__`.

        Raises:
            PassfelError: memory is gone, or the context names what doesn't exist.
        """
        async with self._turn(thread):
            await self._finish(thread)
            async with self.database.answering():
                result = await self.graph.ainvoke(
                    self._input(request, context),
                    config_of(thread),
                    context=context or Context(),
                    durability="sync",
                )
            return cast("dict[str, Any]", result)

    async def astream(
        self,
        request: Request,
        *,
        thread: str = "default",
        context: Context | None = None,
        stream_mode: Sequence[StreamMode] = STREAMED,
    ) -> AsyncIterator[tuple[str, Any]]:
        """Run one turn and yield (mode, event) as LangGraph streams them."""
        async with self._turn(thread):
            async for event in self._finishing(thread, stream_mode):
                yield event
            async for event in self._run(self._input(request, context), thread, context, stream_mode):
                yield event

    def _input(self, request: Request, context: Context | None) -> Any:
        """Messages with an id, their time and speaker: a turn that is replayed comes out the same."""
        if isinstance(request, Command):
            return request
        said = (
            [HumanMessage(request)] if isinstance(request, str) else convert_to_messages(request["messages"])
        )
        for message in said:
            message.id = message.id or str(uuid4())
        speaker = {name: value for name, value in asdict(context or Context()).items() if value}
        return {"messages": stamp(said, self.house.make_turn(context).now, speaker)}

    async def pending(self, thread: str) -> list[dict[str, Any]]:
        """The questions that the thread waits for an answer to."""
        return _questions(await self._snapshot(thread))

    @asynccontextmanager
    async def _turn(self, thread: str) -> AsyncIterator[None]:
        """Have the thread to ourselves; a turn that is stopped on purpose is ended, not gone on with later."""
        if not thread.isprintable() or not 0 < len(thread) <= LONGEST_THREAD:
            raise RequestError(f"A conversation's name is 1 to {LONGEST_THREAD} printable characters.")
        async with self._turns[thread], self.database.exclusive(f"thread {thread}"):
            try:
                yield
            except (asyncio.CancelledError, GeneratorExit):
                await self._stop(thread)
                raise

    async def _stop(self, thread: str) -> None:
        """Leave a thread at the end of a turn, with an answer to every call, unless it waits for a yes."""
        await self.saver.store_held({"configurable": {"thread_id": thread, "checkpoint_ns": ""}})
        snapshot = await self._snapshot(thread)
        if not snapshot.next or _questions(snapshot):
            return
        message = unanswered(snapshot.values.get("messages", []))
        stopped = []
        for call in message.tool_calls if message else []:
            done = await self.house.ledger.done(thread, str(call["id"]))
            status: Literal["success", "error"] = "success" if done else "error"
            stopped.append(
                ToolMessage(done or STOPPED, tool_call_id=str(call["id"]), name=call["name"], status=status)
            )
        await self.graph.aupdate_state(snapshot.config, {"messages": stopped}, as_node="remember")

    async def _snapshot(self, thread: str) -> StateSnapshot:
        async with self.database.answering():
            return await self.graph.aget_state(config_of(thread))

    async def _interrupted(self, thread: str) -> bool:
        """Whether the thread's last run was cut off; looked up once for each thread of this process."""
        if thread in self._checked:
            return False
        self._checked.add(thread)
        snapshot = await self._snapshot(thread)
        return bool(snapshot.next) and (not _questions(snapshot) or await self._answered(thread))

    async def _answered(self, thread: str) -> bool:
        """Whether the question that the thread waits at has had its answer: the run died after it."""
        async with self.database.answering():
            stored = await self.saver.aget_tuple(config_of(thread))
        return stored is not None and any(write[1] == RESUME for write in stored.pending_writes or [])

    async def _finish(self, thread: str) -> None:
        async for _ in self._finishing(thread, ["updates"]):
            pass

    async def _finishing(
        self, thread: str, stream_mode: Sequence[StreamMode]
    ) -> AsyncIterator[tuple[str, Any]]:
        """Go on with a turn that a crash cut off, from its last checkpoint, before anything new is begun.

        It runs for the one who spoke then. A turn that can't be gone on with is ended, so that it doesn't
        stand in the way of every turn after it.
        """
        if not await self._interrupted(thread):
            return
        log.info("finishing the interrupted turn of thread %s", thread)
        if "custom" in stream_mode:
            yield "custom", {"type": "resumed", "thread": thread}
        speaker = Context(**speaker_of((await self._snapshot(thread)).values.get("messages", [])))
        try:
            async for event in self._run(None, thread, speaker, stream_mode):
                yield event
        except MemoryUnavailableError:
            self._checked.discard(thread)
            raise
        except Exception:
            log.exception("the interrupted turn of thread %s could not be finished, and was ended", thread)
            await self._stop(thread)

    async def _run(
        self, request: Any, thread: str, context: Context | None, stream_mode: Sequence[StreamMode]
    ) -> AsyncIterator[tuple[str, Any]]:
        """Every step is stored before the next begins: what was cut off can be gone on with."""
        events: AsyncIterator[Any] = self.graph.astream(
            request,
            config_of(thread),
            context=context or Context(),
            stream_mode=list(stream_mode),
            durability="sync",
        )
        async with self.database.answering(), aclosing(cast("AsyncGenerator[Any]", events)):
            async for event in events:
                yield event


@asynccontextmanager
async def open_assistant(
    settings: AssistantSettings | None = None, *, clock: Clock = system_clock
) -> AsyncIterator[Assistant]:
    """Open the assistant with memory in Postgres, embedded or by URL.

    Raises:
        MemoryUnavailableError: Postgres can't be started or reached.
    """
    settings = settings or AssistantSettings()
    database = Database(settings.postgres, settings.data_dir)
    house = build_house(settings, database, clock)
    try:
        async with database, open_checkpoints(database, house.facts) as (saver, store):
            graph = build_graph(house).compile(checkpointer=saver, store=store)
            for begin in house.opening:
                begin()
            heads_primed = primed(settings.llm, house.tools, Maintenance(settings.data_dir), house.ladder)
            background = remembering(house.facts, house.episodes)
            async with heads_primed, keeping_up(house.documents), background:
                yield Assistant(graph, saver, house, database)
    finally:
        for close in house.closing:
            await close()


@asynccontextmanager
async def open_checkpoints(
    database: Database, facts: Facts | None = None
) -> AsyncIterator[tuple[TurnSaver, HouseholdStore]]:
    """LangGraph's own saver and store over the household's Postgres, their tables up to date.

    The facts are in the store's tables.
    """
    await database.open()
    facts = facts or Facts(database)
    saver = TurnSaver(database.checkpoints, derivable)
    async with database.alone("checkpoints"):
        await saver.setup()
    await facts.open()
    store = await facts.make_store()
    try:
        yield saver, store
    finally:
        await store.aclose()


def config_of(thread: str) -> RunnableConfig:
    """The run configuration of a conversation."""
    return {"configurable": {"thread_id": thread}}


def _questions(snapshot: StateSnapshot) -> list[dict[str, Any]]:
    return [interrupt.value for interrupt in snapshot.interrupts]
