"""The house of the server's process: the graph that LangGraph serves, and what our own routes share with it.

Importing this reads the settings and the grammars; Postgres starts with the first `memory()`.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from langgraph.graph.state import CompiledStateGraph

from passfel.app.settings import load_settings
from passfel.graph.assistant import Graph, open_checkpoints
from passfel.graph.build import build_graph
from passfel.graph.documents import keeping_up
from passfel.graph.facts import remembering
from passfel.graph.house import build_house
from passfel.graph.settings import AssistantSettings
from passfel.household.errors import SettingsError
from passfel.memory.checkpoints import TurnSaver
from passfel.memory.postgres import Database
from passfel.memory.store import HouseholdStore
from passfel.nodes.state import Context, Input, State


class Household:
    """One house over one database; whoever comes first opens it, and the last to go closes it."""

    def __init__(self, settings: AssistantSettings) -> None:
        """Build the rooms; nothing is opened."""
        self.settings = settings
        # Absolute, because the server's working folder is not the caller's.
        self.database = Database(settings.postgres, settings.data_dir.expanduser().absolute())
        self.house = build_house(settings, self.database)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._users = 0

    @asynccontextmanager
    async def memory(self) -> AsyncIterator[tuple[TurnSaver, HouseholdStore]]:
        """A saver and a store of the caller's own over the shared database.

        Raises:
            MemoryUnavailableError: Postgres can't be started or reached.
            SettingsError: a second event loop wants to use the connections of the first.
        """
        self._belongs_to(asyncio.get_running_loop())
        self._users += 1
        try:
            background = remembering(self.house.facts, self.house.episodes)
            checkpoints = open_checkpoints(self.database, self.house.facts)
            async with checkpoints as kept, keeping_up(self.house.documents), background:
                for begin in self.house.opening:
                    begin()
                yield kept
        finally:
            self._users -= 1
            if not self._users:
                await self._close()

    def _belongs_to(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._users and self._loop is not loop:
            raise SettingsError(
                "PASSFEL's connections belong to one event loop: leave BG_JOB_ISOLATED_LOOPS at false."
            )
        self._loop = loop

    async def _close(self) -> None:
        try:
            for close in self.house.closing:
                await close()
        finally:
            await self.database.close()


class SteadyGraph(CompiledStateGraph[State, Context, Input, State]):
    """A compiled graph that stores each step before the next begins, whatever its caller asks for.

    LangGraph's queue starts the runs again that a crash cut off. It goes on from what is stored; where
    nothing is, it begins anew with another message id, and the effects ledger would not know the turn.
    """

    @classmethod
    def of(cls, graph: Graph) -> "SteadyGraph":
        """The same graph, as LangGraph itself copies one."""
        return cls(**vars(graph))

    async def astream(self, *arguments: Any, **options: Any) -> AsyncIterator[Any]:
        """Stream a run."""
        async for event in super().astream(*arguments, **{**options, "durability": "sync"}):
            yield event


household = Household(load_settings())
graph: Graph = SteadyGraph.of(build_graph(household.house).compile())
"""Without checkpointer and store: the server brings its own (`passfel.app.server`)."""
