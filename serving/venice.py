"""Venice.ai, the rung outside the house: OpenAI's protocol, without SGLang's own fields."""

from difflib import get_close_matches
from typing import Any, Self

from langchain_core.language_models import LanguageModelInput
from pydantic import SecretStr
from typing_extensions import override

from passfel.serving.chat import SGLangChat
from passfel.serving.errors import RefusedError
from passfel.serving.settings import LlmSettings, VeniceSettings

OURS_ALONE = {"venice_parameters": {"include_venice_system_prompt": False}}
"""Venice puts a system prompt of its own before ours unless told otherwise."""


class VeniceChat(SGLangChat):
    """The client for Venice.ai. It has no thinking budget to set: `thinking` is ignored."""

    @classmethod
    def from_venice(cls, venice: VeniceSettings, llm: LlmSettings) -> Self:
        """Make the client: Venice's address, key and model, with the deadlines and sampling of `llm`."""
        names = ("base_url", "model", "max_tokens", "strict_tools")
        ours = {name: getattr(venice, name) for name in names}
        settings = llm.model_copy(update={**ours, "api_key": venice.api_key or SecretStr("none")})
        return cls.from_settings(
            settings, extra_body=OURS_ALONE, settings_group="venice", keeps_budgets=False
        )

    @override
    async def check(self) -> str:
        """Look the model up in Venice.ai's list, whose names come and go; raises a `ProviderError` where it isn't."""
        names = await self.offered()
        if self.model_name in names:
            return f"Venice.ai answers at {self.server}, and its list has the model {self.model_name}."
        near = get_close_matches(self.model_name, names, n=3, cutoff=0.3) or names[:3]
        instead = f"; its names that come nearest are {', '.join(near)}" if near else ""
        raise RefusedError(
            f"Venice.ai answers at {self.server}, but its list has no model {self.model_name}{instead}: "
            "set venice.model."
        )

    @override
    def _get_request_payload(
        self, input_: LanguageModelInput, *, stop: list[str] | None = None, **kwargs: Any
    ) -> dict[str, Any]:
        payload = super()._get_request_payload(input_, stop=stop, **kwargs)
        for message in payload["messages"]:
            message.pop("reasoning_content", None)
        return payload
