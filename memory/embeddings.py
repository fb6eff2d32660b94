"""Embeddings: texts as vectors, by the model that is shipped with the package or by any other of LangChain's."""

import asyncio
import importlib
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import as_file, files
from importlib.resources.abc import Traversable
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from langchain_core.embeddings import Embeddings
from pydantic import BaseModel, Field, SecretStr

from passfel.household.errors import MemoryUnavailableError, SettingsError
from passfel.memory.embeddings_wordpiece import WordPiece

if TYPE_CHECKING:
    import numpy.typing as npt

SHIPPED = "all-MiniLM-L6-v2"
SHIPPED_DIMENSION = 384
SHIPPED_SHA256 = "39788b6999b61214300957cdae36e76127791912b8fbe00437d5e18002fca666"
"""Of the file in `weights/`, as scripts/build_embeddings.py prints it."""
SHIPPED_NEAR = 0.38
"""The cosine from which two texts are of the same thing; chosen on evals/data/documents.txt."""
QUESTION_DEADLINE_S = 5.0
BATCH_DEADLINE_S = 60.0
REMEMBERED = 256
"""Questions whose vectors are kept: the sources of a turn all ask about the same words."""


class EmbeddingSettings(BaseModel):
    """How texts become vectors. Another model makes another space: everything is embedded anew, in the background."""

    base_url: str = Field(
        default="",
        description="An OpenAI-compatible server with an embedding model (http://127.0.0.1:30001/v1), which then "
        "reads all documents; empty takes the model that is shipped.",
    )
    model: str = Field(default="", description="The model's name at that server.")
    api_key: SecretStr | None = Field(default=None, description="That server's key, where it wants one.")
    class_name: str = Field(
        default="",
        description="A LangChain embedding class in place of a server: langchain_huggingface.HuggingFaceEmbeddings.",
    )
    arguments: dict[str, Any] = Field(default_factory=dict, description="What that class is made with.")
    near: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="For another model than the shipped one: the cosine from which a text answers a question.",
    )


@dataclass(frozen=True, slots=True)
class Space:
    """What vectors can be compared in: those of the same model, to the byte."""

    name: str
    dimension: int
    digest: str


class MiniLm(Embeddings):
    """The shipped all-MiniLM-L6-v2, on one thread of its own; loaded at the first text."""

    def __init__(self, path: Path | None = None) -> None:
        """Load nothing yet; another file of the same form can be named."""
        self._path = path
        self._worker = ThreadPoolExecutor(1, "embeddings")
        self._known: OrderedDict[str, list[float]] = OrderedDict()

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """The vectors of many texts."""
        return [self._vector(text).tolist() for text in texts]

    def embed_query(self, text: str) -> list[float]:
        """The vector of one text; the latest ones are remembered."""
        if text not in self._known:
            self._known[text] = self._vector(text).tolist()
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return self._known[text]

    async def aembed_documents(self, texts: list[str]) -> list[list[float]]:
        """The vectors of many texts: one by one, so that a question never waits for more than one of them."""
        loop = asyncio.get_running_loop()
        return [(await loop.run_in_executor(self._worker, self._vector, text)).tolist() for text in texts]

    async def aembed_query(self, text: str) -> list[float]:
        """The vector of one text, computed beside the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self._worker, self.embed_query, text)

    def told(self) -> dict[str, str]:
        """What the file says of itself: name, kind, licence, vocabulary."""
        return dict(self._loaded()[0].get_modelmeta().custom_metadata_map)

    def prepare(self) -> None:
        """Begin to load, beside whatever goes on; a text that comes earlier waits for it."""
        self._worker.submit(self._loaded)

    def layers(self, text: str) -> "npt.NDArray[Any]":
        """What the upper layers make of a text, for classifiers: the mean and the highest of each.

        Raises:
            MemoryUnavailableError: this machine can't run the model.
        """
        return self._run(text, "layers")

    def _vector(self, text: str) -> "npt.NDArray[Any]":
        return self._run(text, "embedding")

    def _run(self, text: str, output: str) -> "npt.NDArray[Any]":
        import numpy as np

        session, tokenizer, longest = self._loaded()
        ids = np.array([tokenizer.ids(text, longest)], np.int64)
        vector: npt.NDArray[Any] = session.run([output], {"ids": ids})[0][0]
        return vector

    def _loaded(self) -> tuple[Any, WordPiece, int]:
        with _LOADING:
            return _opened(self._path)


class Embedder:
    """An embedding model with the space that its vectors are in."""

    def __init__(
        self, embeddings: Embeddings, name: str, space: Space | None = None, *, near: float = 0.5
    ) -> None:
        """Take a model under a name; its space is looked up at the first use where it isn't known."""
        self.near = near
        self.embeddings = embeddings
        self._name = name
        self._space = space
        self._asking = asyncio.Lock()

    async def aclose(self) -> None:
        """Let go of connections, where the model has some."""
        served = getattr(getattr(self.embeddings, "async_client", None), "_client", None)
        if served is not None:
            await served.close()

    @property
    def is_shipped(self) -> bool:
        """Whether it is the model of the package."""
        return isinstance(self.embeddings, MiniLm)

    async def space(self) -> Space:
        """The space; of a model that isn't ours, its name and the length of a vector tell it."""
        async with self._asking:
            if self._space is None:
                dimension = len(await self.one("dimension"))
                self._space = Space(self._name, dimension, sha256(self._name.encode()).hexdigest())
            return self._space

    async def one(self, text: str) -> list[float]:
        """The vector of one text.

        Raises:
            MemoryUnavailableError: the model does not answer.
        """
        return (await self._asked([text], question=True))[0]

    async def many(self, texts: Sequence[str]) -> list[list[float]]:
        """The vectors of many texts.

        Raises:
            MemoryUnavailableError: the model does not answer.
        """
        return await self._asked(list(texts), question=False)

    async def _asked(self, texts: list[str], *, question: bool) -> list[list[float]]:
        try:
            if question:
                async with asyncio.timeout(QUESTION_DEADLINE_S):
                    return [await self.embeddings.aembed_query(text=texts[0])]
            return await self.embeddings.aembed_documents(texts=texts)
        except (MemoryUnavailableError, SettingsError):
            raise
        except Exception as error:
            # Models of other packages fail in their own ways.
            raise MemoryUnavailableError(
                f"The embedding model {self._name} gives no answer ({type(error).__name__}), so documents are found "
                "by their words only. Look at the settings under embeddings."
            ) from error


def shipped() -> Embedder:
    """The model of the package."""
    return Embedder(MiniLm(), SHIPPED, Space(SHIPPED, SHIPPED_DIMENSION, SHIPPED_SHA256), near=SHIPPED_NEAR)


def embedder(settings: EmbeddingSettings) -> Embedder:
    """The household's embedding model.

    Raises:
        SettingsError: there is no such class, or it can't be made so.
    """
    if settings.class_name:
        named = f"{settings.class_name} {sorted(settings.arguments.items())}" if settings.arguments else ""
        return Embedder(_made(settings), named or settings.class_name, near=settings.near)
    if not settings.base_url:
        return shipped()
    import httpx2
    from langchain_openai import OpenAIEmbeddings

    key = settings.api_key or SecretStr("none")
    served = OpenAIEmbeddings(
        openai_api_base=settings.base_url,
        model=settings.model or "default",
        openai_api_key=key,
        check_embedding_ctx_length=False,  # that would send token numbers of OpenAI's own vocabulary
        # Our own pools: the default asks the environment for proxies that a server in the house does not want.
        http_async_client=httpx2.AsyncClient(timeout=BATCH_DEADLINE_S, trust_env=False),
        http_client=httpx2.Client(timeout=BATCH_DEADLINE_S, trust_env=False),
        request_timeout=BATCH_DEADLINE_S,
        max_retries=1,
    )
    return Embedder(served, settings.model or settings.base_url, near=settings.near)


def _made(settings: EmbeddingSettings) -> Embeddings:
    module, _, name = settings.class_name.replace(":", ".").rpartition(".")
    try:
        made = getattr(importlib.import_module(module), name)(**settings.arguments)
    except Exception as error:
        raise SettingsError(
            f"PASSFEL_EMBEDDINGS__CLASS_NAME names {settings.class_name}, which can't be made "
            f"({type(error).__name__}: {error}). Install its package, or mend PASSFEL_EMBEDDINGS__ARGUMENTS."
        ) from error
    if not isinstance(made, Embeddings):
        raise SettingsError(
            f"PASSFEL_EMBEDDINGS__CLASS_NAME: {settings.class_name} is no LangChain embedding."
        )
    return made


def shipped_file() -> Traversable:
    """The model's file in the package."""
    return files("passfel.memory") / "weights" / f"{SHIPPED}.onnx"


_LOADING = Lock()


@cache
def _opened(path: Path | None) -> tuple[Any, WordPiece, int]:
    """A file's session, its tokenizer and the longest text it reads: a process holds each file once."""
    session = _open_session(path)
    told = session.get_modelmeta().custom_metadata_map
    return session, WordPiece(told["vocabulary"]), int(told["longest"])


def _open_session(path: Path | None) -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise MemoryUnavailableError(
            "The shipped embedding model needs onnxruntime, which this machine has no build of: documents are found "
            "by their words only. PASSFEL_EMBEDDINGS__BASE_URL can name a server with an embedding model."
        ) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    with nullcontext(path) if path else as_file(shipped_file()) as file:
        return onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
