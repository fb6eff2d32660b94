"""The embedded model: a chat model without weights, for when no language model is there.

It understands what the household's grammar understands, calls the tools for it, and answers with the
tools' own sentences.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LangSmithParams
from langchain_core.language_models.base import LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage, ToolMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import tool_call, tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool

from passfel.household.turn import Turn
from passfel.household.understanding import Call, Understand, Understanding
from passfel.household.wording import say_list

NAME = "embedded"


class EmbeddedChat(BaseChatModel):
    """Answers by rules: tool calls for what it understood, then the tools' sentences.

    Calls take `turn` (the Turn the words were said in; without it, this moment in UTC) and `away` (why a
    better model gave no answer, in a sentence), and ignore `thinking`. Its usage counts words as tokens.
    """

    understand: Understand
    abilities: Sequence[str] = ()
    """What it can do, as the end of "I can help with": "the calendar", "reminders"."""

    @property
    def _llm_type(self) -> str:
        return "passfel-embedded"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model_name": NAME}

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        named = str(kwargs.get("model", NAME))
        return LangSmithParams(ls_provider="passfel", ls_model_name=named, ls_model_type="chat")

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Allow these tools to be called; a `tool_choice` can't be forced on rules, and is ignored."""
        return self.bind(tools=[_tool_name(tool) for tool in tools], **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        away = str(kwargs.get("away") or "")
        message = self._answer(messages, stop or [], kwargs.get("tools") or [], kwargs.get("turn"), away)
        finish = {"finish_reason": "tool_calls" if message.tool_calls else "stop"}
        return ChatResult(generations=[ChatGeneration(message=message, generation_info=finish)])

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return await asyncio.to_thread(self._generate, messages, stop, None, **kwargs)

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        yield from _chunks(self._generate(messages, stop, None, **kwargs))

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        for chunk in _chunks(await self._agenerate(messages, stop, None, **kwargs)):
            yield chunk

    def _answer(
        self, messages: list[BaseMessage], stop: list[str], tools: list[str], turn: Turn | None, away: str
    ) -> AIMessage:
        turn = turn or Turn(now=datetime.now(UTC))
        said, since = _this_turn(messages)
        results = [message for message in since if isinstance(message, ToolMessage)]
        understood = self.understand(said, turn)
        calls = [call for call in understood.calls if call.name in tools]
        undone = _undone(understood, tools)
        if results:
            # What the served model had begun, it may have divided in its own way: then nothing is known to be undone.
            ours = any(message.response_metadata.get("model_name") == NAME for message in since)
            text = _from_tools(results, undone if ours else "")
        elif calls:
            return self._message(messages, "", calls, turn.id)
        elif understood.reply:
            text = " ".join(filter(None, (understood.reply, undone)))
        elif understood.calls:
            text = undone
        else:
            text = self._lost(understood, away)
        return self._message(messages, _until(text, stop))

    def _message(
        self, messages: list[BaseMessage], text: str, calls: Sequence[Call] = (), turn: str = ""
    ) -> AIMessage:
        # The same after a crash, and never that of another turn: the effects ledger goes by it.
        made = [
            tool_call(name=call.name, args=dict(call.arguments), id=f"call_{turn}_{number}")
            for number, call in enumerate(calls, start=1 + _calls_before(messages))
        ]
        return AIMessage(
            content=text,
            tool_calls=made,
            response_metadata={"model_name": NAME, "model_provider": "passfel"},
            usage_metadata=_usage(messages, text, calls),
        )

    def _lost(self, understood: Understanding, away: str) -> str:
        able = f"I can help with {say_list(self.abilities)}" if self.abilities else "I can do little"
        if away:  # the model might have known what rules take for something that nobody here can do
            return f"I did not understand that. {away} Without it {able}."
        if understood.intents[:1] == ("reject",):
            return f"That is not something I can do; {able}."
        return f"I did not understand that: no language model is connected, and without one {able}."


def _tool_name(tool: dict[str, Any] | type | Callable[..., Any] | BaseTool) -> str:
    if isinstance(tool, BaseTool):
        return tool.name
    return str(convert_to_openai_tool(tool)["function"]["name"])


def _this_turn(messages: list[BaseMessage]) -> tuple[str, list[BaseMessage]]:
    """The person's last words, and what has happened since."""
    for index in range(len(messages) - 1, -1, -1):
        if isinstance(messages[index], HumanMessage):
            said = messages[index].additional_kwargs.get("said")  # without the context put before it
            return str(said or messages[index].text), messages[index + 1 :]
    return "", []


def _undone(understood: Understanding, tools: list[str]) -> str:
    parts = [call.name.replace("_", " ") for call in understood.calls if call.name not in tools]
    parts += [understood.left_over.strip(" .")] if understood.left_over.strip(" .") else []
    return f"I could not do this part: {say_list(parts)}." if parts else ""


def _from_tools(results: list[ToolMessage], undone: str) -> str:
    told = [str(result.text).strip() for result in results]
    return "\n".join(filter(None, (*told, undone))) or "The tools gave no answer."


def _until(text: str, stop: list[str]) -> str:
    ends = [text.find(word) for word in stop if word and word in text]
    return text[: min(ends)] if ends else text


def _calls_before(messages: list[BaseMessage]) -> int:
    return sum(len(message.tool_calls) for message in messages if isinstance(message, AIMessage))


def _usage(messages: list[BaseMessage], text: str, calls: Sequence[Call]) -> UsageMetadata:
    read = sum(len(str(message.text).split()) for message in messages)
    written = len(text.split()) + len(calls)
    return UsageMetadata(input_tokens=read, output_tokens=written, total_tokens=read + written)


def _chunks(result: ChatResult) -> Iterator[ChatGenerationChunk]:
    """The answer word by word; what would double when chunks are added up comes once, on the last."""
    message = result.generations[0].message
    assert isinstance(message, AIMessage)  # noqa: S101 - it is our own
    for word in re.findall(r"\s*\S+\s*", str(message.text)):
        yield ChatGenerationChunk(message=AIMessageChunk(content=word))
    calls = [
        tool_call_chunk(name=call["name"], args=json.dumps(call["args"]), id=call["id"], index=index)
        for index, call in enumerate(message.tool_calls)
    ]
    last = AIMessageChunk(
        content="",
        tool_call_chunks=calls,
        response_metadata=message.response_metadata,
        usage_metadata=message.usage_metadata,
        chunk_position="last",
    )
    yield ChatGenerationChunk(message=last, generation_info=result.generations[0].generation_info)
