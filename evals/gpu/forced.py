"""PASSFEL's own chat client, made to call a tool first: random weights would never choose one by themselves.

For the borrowed GPU only. What a model with real weights decides, the server's grammar decides here: the
first answer of a turn must be a call of one named tool, with arguments that keep to its schema; the answer
after the tool's result is free. Everything else is the client as it is.
"""

from typing import Any

from langchain_core.language_models import LanguageModelInput
from pydantic import Field

from passfel.serving.chat import SGLangChat
from passfel.serving.thinking import CLOSING

END = "</tool_call>"
"""Random weights don't end by themselves either: the call ends here."""


class ForcedChat(SGLangChat):
    """SGLangChat whose first answer of a turn is a call of the tool `forced`."""

    forced: str = Field(exclude=True)
    narrowed: dict[str, Any] = Field(default_factory=dict, exclude=True)
    """Schemas in place of the tool's own for some arguments: a random string would have no end."""
    answer_tokens: int = Field(default=256, exclude=True)
    """Where an answer of random words is cut; SGLangChat itself leaves them room for a whole one."""

    def _get_request_payload(
        self, input_: LanguageModelInput, *, stop: list[str] | None = None, **kwargs: Any
    ) -> dict[str, Any]:
        budget, thought = kwargs.get("thinking") or 0, kwargs.get("closed_thought")
        payload = super()._get_request_payload(input_, stop=stop, **kwargs)
        payload["max_completion_tokens"] = 2 * budget + self.answer_tokens
        said = payload["messages"][: None if thought is None else -1]
        if said[-1]["role"] == "user" and payload.get("tools"):
            force(payload, self.forced, self.narrowed)
            if thought is not None:
                leave_closing_to_the_server(payload)
        return payload


def force(payload: dict[str, Any], name: str, narrowed: dict[str, Any]) -> None:
    """Ask for a call of this tool and nothing else."""
    tools = [tool["function"] for tool in payload["tools"] if tool["function"]["name"] == name]
    if not tools:
        return
    properties = {**tools[0]["parameters"]["properties"], **narrowed}
    properties = {key: schema for key, schema in properties.items() if not narrowed or key in narrowed}
    parameters = {
        "type": "object", "properties": properties, "required": list(properties), "additionalProperties": False,
    }  # fmt: skip
    strict = {**tools[0], "strict": True, "parameters": parameters}
    # Every tool that is offered stays open to the grammar of 0.5.17, also where one is named.
    payload["tools"] = [{"type": "function", "function": strict}]
    payload["tool_choice"] = {"type": "function", "function": {"name": name}}
    # A stop string is looked for in as many tokens as it has, here one; random weights also spell it by letters.
    payload["extra_body"] = {**payload.get("extra_body", {}), "stop_regex": [END], "no_stop_trim": True}


def leave_closing_to_the_server(payload: dict[str, Any]) -> None:
    """Let the server write </think> itself: its grammar begins only after one that it has generated."""
    last = payload["messages"][-1]
    last["content"] = last["content"].removesuffix(CLOSING)
    payload["extra_body"] = {**payload["extra_body"], "custom_params": {"thinking_budget": 0}}
