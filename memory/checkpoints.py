"""LangGraph's Postgres saver, writing only the checkpoints that a crash could need.

A step whose outcome follows from what is stored already needs no checkpoint of its own. Of a fast-path
turn two are enough: the person's message, from which the rules find the same calls again (under
the same ids, by which the effects ledger knows what was done), and the finished turn.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    WRITES_IDX_MAP,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    get_checkpoint_id,
)
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver

from passfel.memory.postgres import Pool

Derivable = Callable[[Mapping[str, Any]], bool]
"""Whether a step that leaves these channel values can be derived again from the turn's message."""


class _Held:
    """A checkpoint that waits for a later one to take its place, or for a reason to be stored."""

    def __init__(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new: ChannelVersions,
    ) -> None:
        self.parent = config
        self.checkpoint = checkpoint
        self.metadata = metadata
        self.new = new

    def followed_by(
        self, checkpoint: Checkpoint, metadata: CheckpointMetadata, new: ChannelVersions
    ) -> "_Held":
        """The later checkpoint in this one's place, with what both of them changed."""
        return _Held(self.parent, checkpoint, metadata, {**self.new, **new})


class TurnSaver(AsyncPostgresSaver):
    """Holds derivable checkpoints back until the turn is finished, interrupted or failed."""

    def __init__(self, pool: Pool, derivable: Derivable) -> None:
        """Save through `pool`; `derivable` is the graph's own knowledge of its steps."""
        super().__init__(pool)
        self._derivable = derivable
        self._held: dict[tuple[str, str], _Held] = {}

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Store the checkpoint, or hold it when it can be derived."""
        key = _key(config)
        held = self._held.pop(key, None)
        if metadata.get("source") != "loop":
            held = None
        if held is None:
            held = _Held(config, checkpoint, metadata, new_versions)
        else:
            held = held.followed_by(checkpoint, metadata, new_versions)
        if metadata.get("source") in {"input", "loop"} and self._derivable(checkpoint["channel_values"]):
            self._held[key] = held
            return _config_of(key, checkpoint["id"])
        return await super().aput(held.parent, checkpoint, metadata, held.new)

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Store interrupts, errors and answers at once; what a derivable step wrote can wait."""
        special = any(channel in WRITES_IDX_MAP for channel, _ in writes)
        if not special and (self._is_held(config) or self._derivable(dict(writes))):
            return
        await self.store_held(config)
        await super().aput_writes(config, writes, task_id, task_path)

    def _is_held(self, config: RunnableConfig) -> bool:
        held = self._held.get(_key(config))
        return held is not None and held.checkpoint["id"] == get_checkpoint_id(config)

    async def store_held(self, config: RunnableConfig) -> None:
        """Store what is held back of a thread, for a run that won't go on."""
        held = self._held.pop(_key(config), None)
        if held is not None:
            await super().aput(held.parent, held.checkpoint, held.metadata, held.new)


def _key(config: RunnableConfig) -> tuple[str, str]:
    configurable = config["configurable"]
    return str(configurable["thread_id"]), str(configurable.get("checkpoint_ns", ""))


def _config_of(key: tuple[str, str], checkpoint_id: str) -> RunnableConfig:
    return {"configurable": {"thread_id": key[0], "checkpoint_ns": key[1], "checkpoint_id": checkpoint_id}}
