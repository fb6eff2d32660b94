"""The two designs that PASSFEL is measured against: one agent with every tool, and three model calls a turn."""

from collections.abc import Sequence
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import BaseTool, StructuredTool
from langgraph.checkpoint.memory import InMemorySaver

from passfel.graph.assistant import config_of
from passfel.household.errors import PassfelError, SettingsError
from passfel.household.turn import Turn
from passfel.nodes.prompt import HEAD
from passfel.nodes.turn import messages_of_turn
from passfel.tests.servers.obliging import CLASSIFY
from passfel.tools.contract import domain_of


def plain_tools(tools: Sequence[BaseTool], turn: Turn) -> list[BaseTool]:
    """The same tools with their hidden argument filled and failures as sentences, as any agent can call them."""
    return [_plain(tool, turn) for tool in tools]


def _plain(tool: BaseTool, turn: Turn) -> BaseTool:
    async def run(**arguments: Any) -> str:
        try:
            content, _ = await tool.coroutine(turn=turn, **arguments)  # type: ignore[attr-defined]
        except PassfelError as error:
            return error.sentence
        return str(content)

    return StructuredTool.from_function(
        coroutine=run,
        name=tool.name,
        description=tool.description,
        args_schema=tool.tool_call_schema,
        metadata=tool.metadata,
    )


def system_prompt(turn: Turn) -> str:
    """PASSFEL's own head, with the time that its turns carry in their messages."""
    return f"{HEAD}\n\nIt is {turn.now:%A %d %B %Y, %H:%M} ({turn.zone.key}). Units: {turn.units}."


class CreateAgent:
    """langchain's `create_agent` with every tool bound."""

    def __init__(self, model: BaseChatModel, tools: Sequence[BaseTool], turn: Turn) -> None:
        """Build the agent.

        Raises:
            SettingsError: langchain isn't installed; the assistant itself doesn't need it.
        """
        try:
            from langchain.agents import create_agent
        except ImportError as error:
            raise SettingsError(
                "The comparison needs langchain: install it with “uv sync --group dev”."
            ) from error
        prompt = system_prompt(turn)
        self._agent: Any = create_agent(
            model, list(tools), system_prompt=prompt, checkpointer=InMemorySaver()
        )

    async def turn(self, said: str, thread: str) -> list[str]:
        """One turn; gives the names of the tools that were called."""
        state = await self._agent.ainvoke({"messages": [HumanMessage(said)]}, config_of(thread))
        return called(messages_of_turn(state["messages"]))


class ThreeCalls:
    """Classify by the model, select a tool by the model, respond by the model.

    Without a domain that has tools the second call is left out.
    """

    def __init__(self, model: BaseChatModel, tools: Sequence[BaseTool], turn: Turn) -> None:
        """Keep the model and the tools."""
        self._model = model
        self._tools = list(tools)
        self._prompt = SystemMessage(system_prompt(turn))
        domains = ", ".join(dict.fromkeys(domain_of(tool) for tool in tools))
        self._classify = SystemMessage(f"{CLASSIFY}, of these: {domains}, chat. Answer with the names alone.")
        self._histories: dict[str, list[BaseMessage]] = {}

    async def turn(self, said: str, thread: str) -> list[str]:
        """One turn; gives the names of the tools that were called."""
        history = self._histories.setdefault(thread, [])
        labels = (await self._model.ainvoke([self._classify, HumanMessage(said)])).text.split()
        history.append(HumanMessage(said))
        offered = [tool for tool in self._tools if domain_of(tool) in labels]
        if offered:
            chosen = await self._model.bind_tools(offered).ainvoke([self._prompt, *history])
            if chosen.tool_calls:
                history.append(chosen)
                history.extend([await _run(call, offered) for call in chosen.tool_calls])
        history.append(await self._model.ainvoke([self._prompt, *history]))
        return called(messages_of_turn(history))  # type: ignore[arg-type]


async def _run(call: Any, tools: Sequence[BaseTool]) -> ToolMessage:
    tool = next(tool for tool in tools if tool.name == call["name"])
    message = await tool.ainvoke({**call, "type": "tool_call"})
    return ToolMessage(str(message.text), tool_call_id=call["id"], name=call["name"])


def called(messages: Sequence[BaseMessage]) -> list[str]:
    """The names of the tools that these messages call."""
    return [
        call["name"] for message in messages if isinstance(message, AIMessage) for call in message.tool_calls
    ]
