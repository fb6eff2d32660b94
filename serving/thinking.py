"""How long a model may think, and what to send when it has thought long enough.

SGLang keeps a budget itself only when started with --enable-strict-thinking (or where a grammar is in
force), vLLM by `thinking_token_budget`. Where a server lets its model go on, the client ends the request
and asks again with the thinking so far, closed: `continue_final_message` puts the text of the last
assistant message behind the template's opening <think>, and the model goes on with its answer. The prompt
and the thoughts are still in the server's prefix cache, so little is computed twice.
"""

from math import ceil
from typing import Any

from langchain_core.messages import AIMessageChunk, BaseMessage

CLOSING = "\n</think>\n\n"
ENOUGH = "\nThat is enough thinking; I answer now."
"""A thought that ends in the middle makes some models go on with it in their answer."""
BYTES_A_TOKEN = 4
"""UTF-8 bytes of thinking that are counted as a token: about right for English, and for Chinese."""
ANSWER_ROOM = 2048
"""Tokens that are left for the answer, whatever the budget."""


def patience(budget: int) -> int:
    """Counted tokens at which the client closes: later than a server that keeps the budget itself."""
    return budget + budget // 4 + 32


def most_tokens(limit: int, budget: int) -> int:
    """The token limit to ask for: room for thinking that is counted up to half too low, and an answer."""
    return max(limit, 2 * patience(budget) + ANSWER_ROOM)


def allow(payload: dict[str, Any], budget: int) -> None:
    """Ask for this budget, in SGLang's words and in vLLM's, and for enough tokens to answer after it."""
    _add_extra(payload, {"custom_params": {"thinking_budget": budget}, "thinking_token_budget": budget})
    for name in ("max_completion_tokens", "max_tokens"):
        if payload.get(name):
            payload[name] = most_tokens(payload[name], budget)


def go_on(payload: dict[str, Any], thought: str) -> None:
    """Ask for the answer after these thoughts, which are closed."""
    end = ENOUGH if thought.strip() else ""
    begun = {"role": "assistant", "content": f"{thought.rstrip()}{end}{CLOSING}"}
    payload["messages"] = [*payload["messages"], begun]
    _add_extra(payload, {"continue_final_message": True})


def thought_in(message: BaseMessage) -> str:
    """The reasoning of a message or of a piece of one."""
    return str(message.additional_kwargs.get("reasoning_content") or "")


class Thinking:
    """Counts the thinking of one answer as it streams by."""

    def __init__(self, budget: int | None) -> None:
        """Without a budget nothing is ever too long."""
        self.budget = budget
        self.text = ""
        self.answering = False
        """A word or a call has come: whatever follows is left alone."""

    @property
    def tokens(self) -> int:
        """The thinking so far, counted by its bytes."""
        return ceil(len(self.text.encode()) / BYTES_A_TOKEN)

    def too_long(self, message: BaseMessage) -> bool:
        """See a piece go by; whether the model has now thought longer than it may."""
        self.text += thought_in(message)
        calls = isinstance(message, AIMessageChunk) and bool(message.tool_call_chunks)
        self.answering = self.answering or bool(message.text.strip()) or calls
        return self.budget is not None and not self.answering and self.tokens > patience(self.budget)


def _add_extra(payload: dict[str, Any], fields: dict[str, Any]) -> None:
    payload["extra_body"] = {**(payload.get("extra_body") or {}), **fields}
