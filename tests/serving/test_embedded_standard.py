"""The embedded model passes LangChain's own suite for chat models."""

from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_tests.unit_tests import ChatModelUnitTests
from typing_extensions import override

from passfel.household.understanding import Understanding
from passfel.serving.embedded import EmbeddedChat


class TestEmbeddedChat(ChatModelUnitTests):
    """Tools, but no choice of them, no structured output, no images, and no other model in its place."""

    @property
    @override
    def chat_model_class(self) -> type[BaseChatModel]:
        return EmbeddedChat

    @property
    @override
    def chat_model_params(self) -> dict[str, Any]:
        return {"understand": lambda text, turn: Understanding(())}

    @property
    @override
    def has_tool_choice(self) -> bool:
        return False

    @property
    @override
    def has_structured_output(self) -> bool:
        return False

    @property
    @override
    def supports_model_override(self) -> bool:
        return False
