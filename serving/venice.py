"""Venice.ai, the rung outside the house: OpenAI's protocol, without SGLang's own fields."""

from typing import Any, Self

from langchain_core.language_models import LanguageModelInput
from pydantic import SecretStr
from typing_extensions import override

from passfel.serving.chat import SGLangChat
from passfel.serving.settings import LlmSettings, VeniceSettings

OURS_ALONE = {"venice_parameters": {"include_venice_system_prompt": False}}
"""Venice puts a system prompt of its own before ours unless told otherwise."""


class VeniceChat(SGLangChat):
    """The client for Venice.ai. It has no thinking budget to set: `thinking` is ignored."""

    @classmethod
    def from_venice(cls, venice: VeniceSettings, llm: LlmSettings) -> Self:
        """Make the client: Venice's address, key and model, with the deadlines and sampling of `llm`."""
        ours = {"base_url": venice.base_url, "model": venice.model, "max_tokens": venice.max_tokens}
        settings = llm.model_copy(update={**ours, "api_key": venice.api_key or SecretStr("none")})
        return cls.from_settings(
            settings, extra_body=OURS_ALONE, settings_group="venice", keeps_budgets=False
        )

    @override
    def _get_request_payload(
        self, input_: LanguageModelInput, *, stop: list[str] | None = None, **kwargs: Any
    ) -> dict[str, Any]:
        payload = super()._get_request_payload(input_, stop=stop, **kwargs)
        for message in payload["messages"]:
            message.pop("reasoning_content", None)
        return payload
