"""Tells a whole answer from one that was cut short, aborted, empty or malformed."""

import json
from typing import Any

from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk

from passfel.serving.failures import broken


class Whole:
    """Watches an answer go by, and refuses to call it whole when it is not."""

    def __init__(self, server: str) -> None:
        """Name the server for its sentences."""
        self.server = server
        self.finish = ""
        self.text = ""
        self.arguments: dict[Any, str] = {}

    @property
    def starved(self) -> bool:
        """Whether its tokens ran out while it was still thinking."""
        return self.finish == "length" and not self.arguments and not self.text.strip()

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
