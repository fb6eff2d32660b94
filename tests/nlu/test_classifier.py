"""Domains of what no grammar takes: with the embedding model and without, declined requests, several at once."""

from pathlib import Path
from typing import Never

import numpy as np
import pytest

from passfel.graph.understanding import SentenceEncoder, sentence_encoder
from passfel.household.errors import MemoryUnavailableError
from passfel.memory.embeddings import MiniLm
from passfel.nlu.classifier import REJECT, SEVERAL, Classifier, decide
from passfel.nlu.features import SIZE, WORDS, said

ROOT = Path(__file__).parents[2]
ENCODE = sentence_encoder()
WITH = Classifier("en", ENCODE)
WITHOUT = Classifier("en")
PLAIN = [
    ("is it going to pour down over the weekend do you reckon", "weather"),
    ("how badly did my shares do over the summer", "finance"),
    ("who was it that discovered penicillin back then", "knowledge"),
    ("I feel a bit low today, talk to me", "chat"),
    ("would you make the bedroom a little warmer", "home"),
]


@pytest.mark.parametrize(("text", "domain"), PLAIN)
def test_a_sentence_gets_its_domain_with_the_embedding_model(text: str, domain: str):
    understood = WITH.classify(text)
    assert understood.intents[0] == domain
    assert 0 < understood.confidence <= 1


def test_most_sentences_get_their_domain_by_words_and_letters_alone():
    assert sum(WITHOUT.classify(text).intents[0] == domain for text, domain in PLAIN) >= 4


@pytest.mark.parametrize(
    "text",
    [
        "get us a table for four at the Thai place tonight",
        "move three hundred over to my savings account",
        "send my sister a message that the train is late",
    ],
)
def test_what_no_tool_serves_is_declined(text: str):
    assert WITH.classify(text).intents == (REJECT,)


def test_a_typo_and_a_name_that_nobody_knows_do_not_matter():
    assert WITH.classify("wil it be suny in Qwxlhaven tomorow").intents[0] == "weather"


@pytest.mark.parametrize("text", ["", "?", "🙂🙂", "字" * 400, "word " * 900])
def test_anything_at_all_gets_a_domain(text: str):
    for classifier in (WITH, WITHOUT):
        understood = classifier.classify(text)
        assert understood.intents
        assert np.isfinite(understood.confidence)


def test_a_second_domain_stands_beside_the_first_only_where_several_are_heard():
    labels = ("chat", "home", REJECT, "weather", SEVERAL)
    margins = np.array([-0.5, 0.4, -0.9, 0.3, 0.2], np.float32)
    assert decide(margins, labels, 3.0, 0.0)[0] == ("home", "weather")
    assert decide(margins, labels, 3.0, 0.5)[0] == ("home",)


def test_the_first_domain_is_never_what_tells_that_there_are_several():
    margins = np.array([-0.5, 0.1, 0.9], np.float32)
    assert decide(margins, ("chat", "home", SEVERAL), 3.0, 2.0)[0] == ("home",)


def test_words_and_letters_have_the_same_length_whatever_is_said():
    rarity = np.ones(SIZE, np.float32)
    for text in ("rain", "will it rain in Porto Covo on the day after tomorrow"):
        places, weights = said(text, rarity)
        for kind in (places < WORDS, places >= WORDS):
            assert np.linalg.norm(weights[kind]) == pytest.approx(1, abs=1e-5)


def test_a_machine_without_the_embedding_model_judges_by_words_and_letters():
    class Missing(MiniLm):
        """Of a machine that has no build of onnxruntime."""

        def layers(self, text: str) -> Never:
            raise MemoryUnavailableError("There is no onnxruntime here.")

    classifier = Classifier("en", SentenceEncoder(Missing()))
    for _ in range(2):
        assert classifier.classify(PLAIN[0][0]) == WITHOUT.classify(PLAIN[0][0])


def test_the_weights_are_small():
    assert (ROOT / "nlu" / "weights" / "intents_en.npz").stat().st_size < 4_000_000


def test_no_sentence_that_is_learned_from_judges_too():
    import json

    from passfel.nlu.normalize import normalize

    judging = (ROOT / "evals" / "data" / "intents_en.jsonl").read_text("utf-8").splitlines()
    seen = {normalize(json.loads(line)["text"], "en").casefold() for line in judging}
    for path in (ROOT / "nlu" / "data" / "intents" / "en").glob("*.txt"):
        lines = [line.split(" | ", 1)[-1] for line in path.read_text("utf-8").splitlines()]
        assert not {line for line in lines if normalize(line, "en").casefold() in seen}, path.name
