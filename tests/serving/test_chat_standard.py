"""The client passes LangChain's own suite for chat models."""

from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_tests.unit_tests import ChatModelUnitTests
from typing_extensions import override

from passfel.serving.chat import SGLangChat


class TestSGLangChat(ChatModelUnitTests):
    """Text and tools; no images."""

    @property
    @override
    def chat_model_class(self) -> type[BaseChatModel]:
        return SGLangChat

    @property
    @override
    def chat_model_params(self) -> dict[str, Any]:
        return {"base_url": "http://127.0.0.1:1/v1", "model": "passfel", "api_key": "none"}
