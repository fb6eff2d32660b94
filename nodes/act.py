"""Carry tool calls out: ask first where that is due, each effect once, failures as sentences."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from langchain_core.messages import HumanMessage, ToolCall, ToolMessage
from langchain_core.tools import BaseTool
from langgraph.runtime import Runtime
from pydantic import ValidationError

from passfel.household.errors import PassfelError
from passfel.household.turn import Turn
from passfel.memory.effects import EffectsLedger
from passfel.nodes.approval import ask, needs_yes
from passfel.nodes.concerns import find_concerns
from passfel.nodes.state import Context, State
from passfel.nodes.turn import MakeTurn, latest_request, thread_of, turn_at, unanswered
from passfel.tools.contract import Outcome, annotations_of, taints, takes_turn

log = logging.getLogger(__name__)

DEADLINE_S = 20.0
"""For one tool call."""


async def act(
    state: State,
    runtime: Runtime[Context],
    *,
    tools: Mapping[str, BaseTool],
    ledger: EffectsLedger,
    make_turn: MakeTurn,
) -> State:
    """Run the calls of the latest message. Approval comes first: an interrupt runs this step again from its top."""
    message = unanswered(state["messages"])
    if message is None:
        return {"messages": []}
    request = latest_request(state["messages"])
    turn = _turn(state, runtime, make_turn, request)
    concerns = state.get("concerns", {})
    if not state.get("approved"):
        new = [call for call in message.tool_calls if call["id"] not in concerns]
        found = await find_concerns(new, tools, turn, ledger)
        if found:
            # Kept before they are asked about: a run that goes on after the answer finds the same question.
            return {"messages": [], "concerns": {**concerns, **found}}
    asking = [
        call for call in message.tool_calls if not state.get("approved") and needs_yes(call, tools, state)
    ]
    refused = ask(asking, tools, turn, concerns) if asking else set()
    work = _Work(tools, ledger, turn, runtime)
    results = await work.run([call for call in message.tool_calls if call["id"] not in refused])
    left = [_not_done(call) for call in message.tool_calls if call["id"] in refused]
    return {"messages": [*results, *left], "tainted": state.get("tainted", False) or _tainted(results, tools)}


class _Work:
    """The calls of one message."""

    def __init__(
        self, tools: Mapping[str, BaseTool], ledger: EffectsLedger, turn: Turn, runtime: Runtime[Context]
    ) -> None:
        self._tools = tools
        self._ledger = ledger
        self._turn = turn
        self._write = runtime.stream_writer

    async def run(self, calls: Sequence[ToolCall]) -> list[ToolMessage]:
        """In the order they were asked for; neighbours that only read run in parallel."""
        results: list[ToolMessage] = []
        for reading, group in groupby(calls, key=self._reads):
            if reading:
                results += await asyncio.gather(*(self._one(call) for call in group))
            else:
                results += [await self._one(call) for call in group]
        return results

    def _reads(self, call: ToolCall) -> bool:
        tool = self._tools.get(call["name"])
        return tool is None or annotations_of(tool).read_only

    async def _one(self, call: ToolCall) -> ToolMessage:
        """One call's answer, whatever happens: a failure is an answer too."""
        self._write({"type": "tool_started", "id": call["id"], "name": call["name"]})
        try:
            async with asyncio.timeout(DEADLINE_S):
                content, outcome = await self._answer(call)
            self._write({"type": "tool_result", "id": call["id"], "name": call["name"], **outcome})
            message = _told(call, content, outcome)
        except TimeoutError:
            message = _failed(call, f"I stopped {_plain(call['name'])} after {DEADLINE_S:.0f} seconds.")
        except ValidationError as error:
            message = _failed(call, _say_invalid(call, error))
        except PassfelError as error:
            message = _failed(call, error.sentence)
        except Exception:
            log.exception("the tool %s failed", call["name"])
            message = _failed(
                call, f"Something went wrong inside {_plain(call['name'])}; the details are in the log."
            )
        self._write(
            {"type": "tool_finished", "id": call["id"], "name": call["name"], "status": message.status}
        )
        for receipt in (message.artifact or {}).get("receipts", []):
            self._write({"type": "receipt", **receipt})
        return message

    async def _answer(self, call: ToolCall) -> tuple[str, dict[str, Any]]:
        tool = self._tools.get(call["name"])
        if tool is None:
            return f"There is no tool called {call['name']}.", {}
        annotations = annotations_of(tool)

        async def run() -> tuple[str, dict[str, Any]]:
            return await _invoke(tool, call, self._turn)

        if annotations.read_only:
            return await run()
        return await self._ledger.once(
            thread=self._turn.thread,
            call=str(call["id"]),
            person=self._turn.person,
            tool=call["name"],
            arguments=call["args"],
            run=run,
            local=annotations.local,
            resumable=annotations.idempotent,
        )


async def _invoke(tool: BaseTool, call: ToolCall, turn: Turn) -> tuple[str, dict[str, Any]]:
    """Run a LangChain tool: its sentences, and its artifact as JSON."""
    arguments = dict(call["args"])
    if takes_turn(tool):
        arguments["turn"] = turn.with_call(str(call["id"]))
    message = await tool.ainvoke({**call, "args": arguments, "type": "tool_call"})
    artifact = getattr(message, "artifact", None)
    outcome = artifact.model_dump(mode="json") if isinstance(artifact, Outcome) else {}
    return str(getattr(message, "text", message)), outcome


def _turn(state: State, runtime: Runtime[Context], make_turn: MakeTurn, request: HumanMessage) -> Turn:
    turn = turn_at(make_turn(runtime.context), state.get("said_at"))
    return replace(turn, thread=thread_of(runtime), id=str(request.id), said=request.text)


def _told(call: ToolCall, content: str, outcome: dict[str, Any]) -> ToolMessage:
    """The sentence for the history; the typed result goes to whoever listens, and is not kept with it."""
    kept = {name: outcome[name] for name in ("receipts", "sources") if outcome.get(name)}
    return ToolMessage(
        content=content, artifact=kept or None, tool_call_id=str(call["id"]), name=call["name"]
    )


def _failed(call: ToolCall, sentence: str) -> ToolMessage:
    return ToolMessage(content=sentence, tool_call_id=str(call["id"]), name=call["name"], status="error")


def _not_done(call: ToolCall) -> ToolMessage:
    return ToolMessage(
        content="All right, I left it as it was.",
        tool_call_id=str(call["id"]),
        name=call["name"],
        status="error",
    )


def _tainted(results: Sequence[ToolMessage], tools: Mapping[str, BaseTool]) -> bool:
    return any(taints(annotations_of(tools[str(result.name)])) for result in results if result.name in tools)


def _plain(name: str) -> str:
    return name.replace("_", " ")


def _say_invalid(call: ToolCall, error: ValidationError) -> str:
    details = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()[:3])
    return f"{_plain(call['name'])} can't be done with these arguments ({details})."
