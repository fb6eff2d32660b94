"""The shipped embedding model: its file, its pieces, its vectors, and other models in its place."""

import asyncio
import random
from hashlib import sha256
from importlib.resources import files

import numpy as np
import pytest
from langchain_core.embeddings import DeterministicFakeEmbedding, Embeddings
from pydantic import SecretStr
from tokenizers import Tokenizer
from tokenizers.models import WordPiece as Reference
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer

from passfel.household.errors import MemoryUnavailableError, SettingsError
from passfel.memory.embeddings import (
    SHIPPED_SHA256,
    Embedder,
    EmbeddingSettings,
    MiniLm,
    Space,
    embedder,
    shipped,
)
from passfel.tests.servers.embeddings import DIMENSION, embedding_server, vector

TEXTS = (
    "what does the boiler manual say about error 5?",
    "Crème brûlée à la façon d’İstanbul, ΟΔΟΣ ΣΟΦΙΑΣ, Straße, Москва ёлка, ½ ﬁn — “quote” …",
    "東京タワーは高い。 한국어 문장입니다. עברית שלום العربية مرحبا हिन्दी नमस्ते ไทย",
    "tabs\tand\nlines\r\nand\u00a0hard\u2009spaces, zero\u200bwidth, soft\u00adhyphen, \ufffd, \x07, \x0b",
    "a_b c-d e/f g'h 3.14 1,000 $5 €6 #7 @8 ^~`|<> x=y*z emoji 🙂👍🏽 " + "x" * 101 + " y",
    "",
    "   ",
)


@pytest.fixture(scope="module")
def model() -> MiniLm:
    made = MiniLm()
    made.embed_query("loaded")
    return made


@pytest.fixture(scope="module")
def reference(model: MiniLm) -> Tokenizer:
    vocabulary = model.told()["vocabulary"].splitlines()
    numbers = {piece: number for number, piece in enumerate(vocabulary)}
    tokenizer = Tokenizer(Reference(numbers, unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.normalizer = BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = BertPreTokenizer()
    return tokenizer


def test_the_file_is_the_one_that_the_script_prints_and_small():
    raw = (files("passfel.memory") / "weights" / "all-MiniLM-L6-v2.onnx").read_bytes()
    assert sha256(raw).hexdigest() == SHIPPED_SHA256
    assert len(raw) < 25_000_000


def test_pieces_are_those_of_the_tokenizers_package(model: MiniLm, reference: Tokenizer):
    ours = model._loaded()[1]
    chance = random.Random(5)  # noqa: S311 - the same signs every time
    ranges = [(32, 0x250), (0x386, 0x3CE), (0x410, 0x451), (0x5D0, 0x5EA), (0x3041, 0x30FF), (0x4E00, 0x5200)]
    signs = [chr(sign) for first, last in ranges for sign in range(first, last + 1)] + [" "] * 300
    made = ("".join(chance.choices(signs, k=80)) for _ in range(300))
    for text in (*TEXTS, *made):
        expected = [101, *reference.encode(text).ids, 102]
        assert ours.ids(text, 10_000) == expected, text


def test_what_stands_in_a_text_is_never_a_special_piece(model: MiniLm):
    assert model._loaded()[1].ids("[SEP] [CLS] [PAD]", 100)[1:-1].count(102) == 0


async def test_meaning_is_nearer_than_words(model: MiniLm):
    question, near, far = await model.aembed_documents(
        ["when is the rubbish collected", "Bins are emptied on Tuesdays", "Stamps collected by my uncle"]
    )
    assert np.dot(question, near) > np.dot(question, far)
    assert np.linalg.norm(question) == pytest.approx(1, abs=1e-5)


async def test_a_long_text_and_none_at_all_have_a_vector(model: MiniLm):
    for text in ("", "word " * 5_000, "字" * 3_000):
        assert np.isfinite(await model.aembed_query(text)).all()


async def test_a_question_does_not_wait_for_a_pile_of_documents(model: MiniLm):
    pile = asyncio.create_task(model.aembed_documents(["a long text of many words " * 30] * 40))
    await asyncio.sleep(0)
    await model.aembed_query("a short question")
    assert not pile.done()
    pile.cancel()


async def test_many_at_once_come_out_as_alone(model: MiniLm):
    texts = [f"text number {number}" for number in range(20)]
    at_once = await asyncio.gather(*(model.aembed_query(text) for text in texts))
    assert np.allclose(at_once, [model.embed_documents([text])[0] for text in texts])


async def test_another_model_is_another_space():
    ours = await shipped().space()
    other = await Embedder(DeterministicFakeEmbedding(size=8), "other").space()
    assert other.dimension == 8
    assert ours != other


async def test_any_langchain_embedding_can_be_named():
    settings = EmbeddingSettings(
        class_name="langchain_core.embeddings.DeterministicFakeEmbedding", arguments={"size": 16}
    )
    found = embedder(settings)
    assert len(await found.one("a text")) == 16
    assert (await found.space()).name.startswith("langchain_core")


@pytest.mark.parametrize(
    "name", ["no.such.Class", "langchain_core.embeddings.DeterministicFakeEmbedding", "json.loads"]
)
def test_a_class_that_cannot_be_made_is_told_with_its_setting(name: str):
    with pytest.raises(SettingsError, match="PASSFEL_EMBEDDINGS__CLASS_NAME"):
        embedder(EmbeddingSettings(class_name=name))


async def test_an_embedding_model_on_a_server_is_asked_in_openais_own_way():
    with embedding_server() as server:
        found = embedder(
            EmbeddingSettings(base_url=server.url, model="bge-small", api_key=SecretStr("sesame"), near=0.3)
        )
        assert await found.many(["one text", "another"]) == [
            pytest.approx(vector("one text"), abs=1e-6),
            pytest.approx(vector("another"), abs=1e-6),
        ]
        assert (await found.space()) == Space("bge-small", DIMENSION, sha256(b"bge-small").hexdigest())
        assert (server.asked[0]["model"], server.keys) == ("bge-small", {"Bearer sesame"})
        server.broken = True
        with pytest.raises(MemoryUnavailableError, match="bge-small gives no answer"):
            await found.one("a question")
        await found.aclose()


async def test_a_model_that_fails_is_told_in_words():
    class Broken(Embeddings):
        def embed_query(self, text: str) -> list[float]:
            raise RuntimeError("secret detail")

        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            raise RuntimeError("secret detail")

    with pytest.raises(MemoryUnavailableError, match="gives no answer") as told:
        await Embedder(Broken(), "broken").one("x")
    assert "secret" not in str(told.value)
