"""The chat model client for SGLang, vLLM and other servers that speak OpenAI's protocol.

Importing this module takes seconds (the OpenAI client), so nothing else in the room imports it at its top.
"""

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any, Self
from urllib.parse import urlsplit

import httpx2
import openai
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_openai import ChatOpenAI
from pydantic import Field, SecretStr

from passfel.household.errors import SettingsError
from passfel.serving.failures import broken, household_errors
from passfel.serving.settings import LlmSettings

PROVIDER = "sglang"
"""Anything but "openai", whose translator in LangChain hides reasoning."""
MALFORMED = (AttributeError, IndexError, KeyError, TypeError, ValueError)


class SGLangChat(ChatOpenAI):
    """ChatOpenAI that keeps reasoning, takes no part of an answer for the whole, and never retries blindly.

    Reasoning lies in `additional_kwargs["reasoning_content"]`. Failures are `ProviderError`s. Calls take
    `thinking=N` (a budget in tokens, enforced by servers with --enable-strict-thinking) and ignore `turn`.
    """

    max_retries: int | None = 0
    stream_usage: bool | None = True
    health_deadline_s: float = Field(default=3.0, exclude=True)

    @classmethod
    def from_settings(cls, settings: LlmSettings) -> Self:
        """Make the client that the settings describe; no connection is opened yet."""
        if not settings.base_url:
            raise SettingsError("llm.base_url is empty: there is no language model server to talk to.")
        timeout = httpx2.Timeout(settings.read_deadline_s, connect=settings.connect_deadline_s)
        return cls(
            base_url=settings.base_url,
            model=settings.model,
            api_key=settings.api_key or SecretStr("none"),
            temperature=settings.temperature,
            top_p=settings.top_p,
            max_completion_tokens=settings.max_tokens,
            extra_body={"top_k": settings.top_k},
            timeout=timeout,
            # The read timeout above bounds the gaps. LangChain's own bound would swallow a cancellation that
            # meets a chunk on Python 3.11 (asyncio.wait_for).
            stream_chunk_timeout=None,
            # Our own pools: LangChain's default is shared by every client of the process, and asks the
            # environment for proxies that a server in the house does not want.
            http_async_client=httpx2.AsyncClient(timeout=timeout, trust_env=False),
            http_client=httpx2.Client(timeout=timeout, trust_env=False),
            openai_proxy=None,
            health_deadline_s=settings.health_deadline_s,
        )

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

    async def check(self) -> str:
        """Ask the server for its models; says how it is, or raises a `ProviderError`."""
        with household_errors(self.server):
            page = await self.root_async_client.models.list(timeout=self.health_deadline_s)
            names = [model.id for model in page.data or []]
        if self.model_name in names:
            return f"The language model {self.model_name} answers at {self.server}."
        offered = ", ".join(names) or "no model"
        return f"The server at {self.server} answers, but offers {offered} in place of {self.model_name}."

    async def aclose(self) -> None:
        """Close the connections."""
        await self.root_async_client.close()
        if self.root_client is not None:
            self.root_client.close()

    def _get_request_payload(
        self, input_: LanguageModelInput, *, stop: list[str] | None = None, **kwargs: Any
    ) -> dict[str, Any]:
        kwargs.pop("turn", None)
        thinking = kwargs.pop("thinking", None)
        messages = self._convert_input(input_).to_messages()
        payload = super()._get_request_payload(messages, stop=stop, **kwargs)
        if thinking is not None:
            budget = {"custom_params": {"thinking_budget": thinking}}
            payload["extra_body"] = {**(payload.get("extra_body") or {}), **budget}
        people = [index for index, message in enumerate(messages) if isinstance(message, HumanMessage)]
        loop = people[-1] + 1 if people else 0
        for message, sent in zip(messages[loop:], payload["messages"][loop:], strict=True):
            reasoning = message.additional_kwargs.get("reasoning_content")
            if isinstance(message, AIMessage) and reasoning:
                sent["reasoning_content"] = reasoning
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
        except MALFORMED as error:
            raise broken(f"The language model at {self.server} sent something that can't be read.") from error
        (result.llm_output or {}).update(model_provider=PROVIDER)
        for made in result.generations:
            message = made.message
            if isinstance(message.content, str):
                message.content = message.content.lstrip("\n")
            whole = _Whole(self.server)
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
        with household_errors(self.server):
            return super()._generate(messages, stop, run_manager, **kwargs)

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        with household_errors(self.server):
            return await super()._agenerate(messages, stop, run_manager, **kwargs)

    def _stream(self, *args: Any, **kwargs: Any) -> Iterator[ChatGenerationChunk]:
        whole = _Whole(self.server)
        with household_errors(self.server):
            for chunk in super()._stream(*args, **kwargs):
                yield whole.pass_on(chunk)
        whole.end()

    async def _astream(self, *args: Any, **kwargs: Any) -> AsyncIterator[ChatGenerationChunk]:
        whole = _Whole(self.server)
        with household_errors(self.server):
            async for chunk in super()._astream(*args, **kwargs):
                yield whole.pass_on(chunk)
        whole.end()


class _Whole:
    """Watches an answer go by, and refuses to call it whole when it is not."""

    def __init__(self, server: str) -> None:
        self.server = server
        self.finish = ""
        self.text = ""
        self.arguments: dict[Any, str] = {}

    def pass_on(self, chunk: ChatGenerationChunk) -> ChatGenerationChunk:
        """See a chunk of a stream; SGLang's line breaks before the first word are dropped."""
        if not self.text and isinstance(chunk.message.content, str) and chunk.message.content[:1] == "\n":
            trimmed = chunk.message.model_copy(update={"content": chunk.message.content.lstrip("\n")})
            chunk = ChatGenerationChunk(message=trimmed, generation_info=chunk.generation_info)
        self.see(chunk.message, (chunk.generation_info or {}).get("finish_reason"))
        return chunk

    def see(self, message: BaseMessage, finish: str | None) -> None:
        """Take note of a message or of a piece of one."""
        self.finish = finish or self.finish
        if self.finish == "abort":
            raise broken(f"The language model at {self.server} broke its answer off.")
        self.text += str(message.text)
        if isinstance(message, AIMessageChunk):
            for piece in message.tool_call_chunks:
                self.arguments[piece["index"]] = self.arguments.get(piece["index"], "") + (
                    piece["args"] or ""
                )
        elif isinstance(message, AIMessage):
            calls = [json.dumps(call["args"]) for call in message.tool_calls]
            calls += [call["args"] or "" for call in message.invalid_tool_calls]
            self.arguments = dict(enumerate(calls))

    def end(self) -> None:
        """Raise unless what went by was a whole answer."""
        if not self.finish:
            raise broken(f"The answer of the language model at {self.server} was cut off.")
        if self.finish == "length" and (self.arguments or not self.text.strip()):
            raise broken("The language model used up all its tokens before it came to an answer.")
        if not self.arguments and not self.text.strip():
            raise broken("The language model answered with nothing.")
        # LangChain completes half a JSON object by guessing: "minutes": 1 might have been 15.
        if not all(_is_object(arguments) for arguments in self.arguments.values()):
            raise broken("The language model wrote a tool call that can't be read.")


def _is_object(arguments: str) -> bool:
    try:
        return isinstance(json.loads(arguments or "{}"), dict)
    except json.JSONDecodeError:
        return False


def _keep_reasoning(message: BaseMessage, fields: dict[str, Any]) -> None:
    # SGLang and DeepSeek say reasoning_content, vLLM says reasoning; either may be an explicit null.
    if reasoning := fields.get("reasoning_content") or fields.get("reasoning"):
        message.additional_kwargs["reasoning_content"] = reasoning
