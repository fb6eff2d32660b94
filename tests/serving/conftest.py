"""A stand-in SGLang server for the whole run, and the real client that talks to it."""

from collections.abc import AsyncIterator, Iterator

import pytest

from passfel.serving.chat import SGLangChat
from passfel.serving.settings import LlmSettings
from passfel.tests.servers.sglang import SGLang, sglang


@pytest.fixture(scope="session")
def running_server() -> Iterator[SGLang]:
    with sglang() as server:
        yield server


@pytest.fixture
def server(running_server: SGLang) -> SGLang:
    running_server.forget()
    return running_server


@pytest.fixture
async def chat(server: SGLang) -> AsyncIterator[SGLangChat]:
    client = SGLangChat.from_settings(LlmSettings(base_url=server.url))
    yield client
    await client.aclose()
