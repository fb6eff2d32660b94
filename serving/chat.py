"""The chat model client for SGLang, vLLM and other servers that speak OpenAI's protocol.

Importing this module takes seconds (the OpenAI client), so nothing else in the room imports it at its top.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, aclosing
from typing import Any, Self, cast
from urllib.parse import urlsplit

import httpx2
import openai
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_openai import ChatOpenAI
from pydantic import Field, PrivateAttr, SecretStr
from typing_extensions import override

from passfel.household.errors import SettingsError
from passfel.serving import thinking
from passfel.serving.failures import broken, household_errors, too_long
from passfel.serving.prompt_size import Marks, PromptSizes, marks_of
from passfel.serving.server_facts import ServerInquiry
from passfel.serving.settings import BudgetKeeper, LlmSettings, StrictTools
from passfel.serving.strict import rules_at, strict_tool
from passfel.serving.thinking import Thinking
from passfel.serving.usage import ASKED, keep_speculation
from passfel.serving.whole import Whole

PROVIDER = "sglang"
"""Anything but "openai", whose translator in LangChain hides reasoning."""
MALFORMED = (AttributeError, IndexError, KeyError, TypeError, ValueError)


class SGLangChat(ChatOpenAI):
    """ChatOpenAI that keeps reasoning, takes no part of an answer for the whole, and never retries blindly.

    Reasoning lies in `additional_kwargs["reasoning_content"]`. Failures are `ProviderError`s. Calls take
    `thinking=N`, a budget in tokens, and ignore `turn`. A stream that thinks past its budget is closed here
    and goes on with the answer (`serving.thinking`); `response_metadata["thinking_closed"]` then counts it.
    """

    max_retries: int | None = 0
    stream_usage: bool | None = True
    health_deadline_s: float = Field(default=3.0, exclude=True)
    settings_group: str = Field(default="llm", exclude=True)
    """Where a refusal tells the person to look."""
    keeps_budgets: bool = Field(default=True, exclude=True)
    """Whether thinking budgets are asked for, and kept here where the server doesn't."""

    strict_tools: StrictTools = Field(default="grammar", exclude=True)
    """Whose rules the tools' schemas keep (`serving.strict`)."""
    budget_keeper: BudgetKeeper = Field(default="auto", exclude=True)
    """Who ends thinking that is too long (`LlmSettings.thinking_kept_by`)."""
    _inquiry: ServerInquiry | None = PrivateAttr(None)
    _sizes: PromptSizes = PrivateAttr(default_factory=PromptSizes)

    @classmethod
    def from_settings(cls, settings: LlmSettings, **other: Any) -> Self:
        """Make the client that the settings describe, with `other` fields; no connection is opened yet."""
        if not settings.base_url:
            raise SettingsError("llm.base_url is empty: there is no language model server to talk to.")
        timeout = httpx2.Timeout(settings.read_deadline_s, connect=settings.connect_deadline_s)
        extra = {"extra_body": {"top_k": settings.top_k, **ASKED}} | other
        client = httpx2.AsyncClient(timeout=timeout, trust_env=False)
        made = cls(
            base_url=settings.base_url,
            model=settings.model,
            api_key=settings.api_key or SecretStr("none"),
            temperature=settings.temperature,
            top_p=settings.top_p,
            max_completion_tokens=settings.max_tokens,
            timeout=timeout,
            # The read timeout above bounds the gaps. LangChain's own bound would swallow a cancellation that
            # meets a chunk on Python 3.11 (asyncio.wait_for).
            stream_chunk_timeout=None,
            # Our own pools: LangChain's default is shared by every client of the process, and asks the
            # environment for proxies that a server in the house does not want.
            http_async_client=client,
            http_client=httpx2.Client(timeout=timeout, trust_env=False),
            openai_proxy=None,
            health_deadline_s=settings.health_deadline_s,
            strict_tools=rules_at(settings.base_url, settings.strict_tools),
            budget_keeper=settings.thinking_kept_by,
            **extra,
        )
        if made.keeps_budgets:
            key = settings.api_key.get_secret_value() if settings.api_key else ""
            made._inquiry = ServerInquiry(client, settings.base_url, key, settings.health_deadline_s)
        return made

    @property
    def server(self) -> str:
        """The server's host and port, as sentences name it."""
        return urlsplit(self.openai_api_base or "").netloc or "api.openai.com"

    @property
    def _llm_type(self) -> str:
        return "passfel-sglang"

    @classmethod
    def is_lc_serializable(cls) -> bool:
        """No: it is made from settings, never loaded from a file."""
        return False

    async def offered(self) -> list[str]:
        """The names of the server's models.

        Raises:
            ProviderError: it gave no list.
        """
        with self._household_errors():
            page = await self.root_async_client.models.list(timeout=self.health_deadline_s)
            return [model.id for model in page.data or []]

    async def check(self) -> str:
        """Ask the server for its models; says how it is, or raises a `ProviderError`."""
        names = await self.offered()
        if self.model_name in names:
            return f"The language model {self.model_name} answers at {self.server}."
        offered = ", ".join(names[:5]) + (" and others" if len(names) > 5 else "") or "no model"
        return f"The server at {self.server} answers, but offers {offered} in place of {self.model_name}."

    async def learn(self) -> None:
        """Ask the server for what it tells of itself, before a turn needs it; failures are no matter."""
        if self._inquiry is not None:
            await self._inquiry.learn()

    async def aclose(self) -> None:
        """Close the connections."""
        if self._inquiry is not None:
            await self._inquiry.aclose()
        await self.root_async_client.close()
        if self.root_client is not None:
            self.root_client.close()

    @override
    def bind_tools(
        self, tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool], **kwargs: Any
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Offer these tools, strictly where their schemas allow it; `strict` leaves that to LangChain."""
        bound = super().bind_tools(tools, **kwargs)
        if kwargs.get("strict") is not None:
            return bound
        given = cast("Any", bound).kwargs
        return self.bind(
            **{**given, "tools": [strict_tool(tool, self.strict_tools) for tool in given["tools"]]}
        )

    def _budget(self, thinking: int | None) -> int | None:
        return thinking if self.keeps_budgets else None

    @property
    def _closes(self) -> bool:
        """Whether thinking that is too long is closed here.

        A server with strict thinking takes what was closed here for thoughts that still go on: it then lets
        neither a tool call nor the end of the answer through.
        """
        if self.budget_keeper != "auto":
            return self.budget_keeper == "client"
        return self._inquiry is None or not self._inquiry.facts.strict_thinking

    def _measured(self, payload: dict[str, Any]) -> Marks:
        """The prompt's size, to be calibrated by the answer; raises where it can't fit into the server's pool."""
        marks = marks_of(payload)
        most = self._inquiry.facts.longest_prompt if self._inquiry is not None else None
        if most is None or self._sizes.at_least(marks) <= most:
            return marks
        if self._sizes.at_least(marks_of(payload, squeezed=True)) > most:
            raise too_long()
        return marks

    def _ask_about_server(self) -> None:
        if self._inquiry is not None:
            self._inquiry.begin()

    def _household_errors(self) -> AbstractContextManager[None]:
        return household_errors(self.server, self.settings_group)

    def _get_request_payload(
        self, input_: LanguageModelInput, *, stop: list[str] | None = None, **kwargs: Any
    ) -> dict[str, Any]:
        kwargs.pop("turn", None)
        marks: list[Marks] | None = kwargs.pop("marks", None)
        budget, thought = self._budget(kwargs.pop("thinking", None)), kwargs.pop("closed_thought", None)
        messages = self._convert_input(input_).to_messages()
        payload = super()._get_request_payload(messages, stop=stop, **kwargs)
        if budget is not None:
            thinking.allow(payload, budget)
        people = [index for index, message in enumerate(messages) if isinstance(message, HumanMessage)]
        loop = people[-1] + 1 if people else 0
        for message, sent in zip(messages[loop:], payload["messages"][loop:], strict=True):
            reasoning = thinking.thought_in(message)
            if isinstance(message, AIMessage) and reasoning:
                sent["reasoning_content"] = reasoning
        if thought is not None:
            thinking.go_on(payload, thought)
        if marks is not None:
            marks.append(self._measured(payload))
        return payload

    def _convert_chunk_to_generation_chunk(
        self, chunk: dict[str, Any], default_chunk_class: type, base_generation_info: dict[str, Any] | None
    ) -> ChatGenerationChunk | None:
        try:
            made = super()._convert_chunk_to_generation_chunk(
                chunk, default_chunk_class, base_generation_info
            )
            delta = chunk["choices"][0]["delta"] if chunk.get("choices") else None
        except MALFORMED as error:
            raise broken(f"The language model at {self.server} sent something that can't be read.") from error
        if made is not None:
            _keep_reasoning(made.message, delta or {})
            made.message.response_metadata["model_provider"] = PROVIDER
            keep_speculation(made.message, chunk)
        return made

    def _create_chat_result(
        self, response: dict[str, Any] | openai.BaseModel, generation_info: dict[str, Any] | None = None
    ) -> ChatResult:
        try:
            result = super()._create_chat_result(response, generation_info)
            answer = response if isinstance(response, dict) else response.model_dump(warnings=False)
            for made, choice in zip(result.generations, answer["choices"], strict=True):
                _keep_reasoning(made.message, choice["message"])
                made.message.response_metadata["model_provider"] = PROVIDER
                keep_speculation(made.message, answer)
        except MALFORMED as error:
            raise broken(f"The language model at {self.server} sent something that can't be read.") from error
        (result.llm_output or {}).update(model_provider=PROVIDER)
        for made in result.generations:
            message = made.message
            if isinstance(message.content, str):
                message.content = message.content.lstrip("\n")
            whole = Whole(self.server)
            whole.see(message, (made.generation_info or {}).get("finish_reason"))
            whole.end()
        return result

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        with self._household_errors():
            return super()._generate(messages, stop, run_manager, **kwargs)

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        self._ask_about_server()
        with self._household_errors():
            return await super()._agenerate(messages, stop, run_manager, marks=[], **kwargs)

    def _stream(self, *args: Any, **kwargs: Any) -> Iterator[ChatGenerationChunk]:
        whole = Whole(self.server)
        with self._household_errors():
            for chunk in super()._stream(*args, **kwargs):
                yield whole.pass_on(chunk)
        whole.end()

    @override
    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        watch, whole = Thinking(self._budget(kwargs.get("thinking"))), Whole(self.server)
        if watch.budget != 0 or not self._closes:
            async with aclosing(self._pieces(whole, messages, stop, run_manager, **kwargs)) as pieces:
                async for chunk in pieces:
                    over = watch.too_long(chunk.message) or (watch.budget and whole.starved)
                    if over and self._closes:
                        break
                    yield chunk
                else:
                    whole.end()
                    return
            yield _note({"thinking_closed": watch.tokens})
        closed = {**kwargs, "thinking": None, "closed_thought": watch.text}
        again, whole = Thinking(watch.budget), Whole(self.server)
        async with aclosing(self._pieces(whole, messages, stop, run_manager, **closed)) as pieces:
            async for chunk in pieces:
                if again.too_long(chunk.message):
                    raise broken("The language model would not stop thinking, and came to no answer.")
                yield chunk
        whole.end()

    async def _pieces(
        self, whole: Whole, messages: Sequence[BaseMessage], stop: list[str] | None, *args: Any, **kwargs: Any
    ) -> AsyncGenerator[ChatGenerationChunk]:
        """One request's pieces; leaving early ends the request on the server too."""
        self._ask_about_server()
        marks: list[Marks] = []
        stream = super()._astream(list(messages), stop, *args, marks=marks, **kwargs)
        with self._household_errors():
            async with aclosing(cast("AsyncGenerator[ChatGenerationChunk]", stream)) as pieces:
                async for chunk in pieces:
                    usage = getattr(chunk.message, "usage_metadata", None)
                    if usage and usage["input_tokens"] and marks:
                        self._sizes.counted(marks[-1], usage["input_tokens"])
                    yield whole.pass_on(chunk)


def _note(metadata: dict[str, Any]) -> ChatGenerationChunk:
    return ChatGenerationChunk(message=AIMessageChunk(content="", response_metadata=metadata))


def _keep_reasoning(message: BaseMessage, fields: dict[str, Any]) -> None:
    # SGLang and DeepSeek say reasoning_content, vLLM says reasoning; either may be an explicit null.
    if reasoning := fields.get("reasoning_content") or fields.get("reasoning"):
        message.additional_kwargs["reasoning_content"] = reasoning
