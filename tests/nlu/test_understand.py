"""What sentences are understood as: a table, and what holds for all of it."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passfel.household.turn import Turn
from passfel.household.understanding import Call, Understanding
from passfel.nlu.grammar import Grammar
from passfel.nlu.normalize import normalize
from passfel.nlu.understand import Understander

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=ZoneInfo("Europe/Lisbon"))
TURN = Turn(now=NOW)
TABLE = Path(__file__).parent / "sentences.txt"


GRAMMAR = Grammar("en")
UNDERSTANDER = Understander("en-GB")


@pytest.fixture(scope="module")
def understander() -> Understander:
    return UNDERSTANDER


def rows() -> Iterator[tuple[str, str]]:
    for line in TABLE.read_text("utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            sentence, _, expected = line.partition(" | ")
            yield sentence.strip(), expected.strip()


def written(understood: Understanding) -> str:
    """An understanding as the table writes it."""
    if not understood.whole:
        return "-"
    if not understood.calls:
        return f"= {understood.reply}"
    return " & ".join(_written(call) for call in understood.calls)


def _written(call: Call) -> str:
    arguments = json.dumps(dict(call.arguments), ensure_ascii=False)
    return f"{call.name} {arguments}" if call.arguments else call.name


@pytest.mark.parametrize(("sentence", "expected"), list(rows()))
def test_a_sentence_gives_its_calls(understander: Understander, sentence: str, expected: str):
    assert written(understander.understand(sentence, TURN)) == expected


@pytest.mark.parametrize("politeness", ["{}?", "please {}", "Hey PASSFEL, could you {} please", "{} thanks!"])
@pytest.mark.parametrize("sentence", ["add milk to the shopping list", "what is on this week", "undo that"])
def test_politeness_changes_nothing(understander: Understander, sentence: str, politeness: str):
    plain = understander.understand(sentence, TURN)
    assert plain.whole
    assert understander.understand(politeness.format(sentence), TURN).calls == plain.calls


@pytest.mark.parametrize("sentence", [sentence for sentence, expected in rows() if " & " not in expected])
def test_no_sentence_belongs_to_two_tools(sentence: str):
    text = normalize(sentence, "en")
    readings = [match for match in GRAMMAR.matches(text, TURN) if match.call is not None]
    best = min((match.free for match in readings), default=0)
    assert len({match.call.name for match in readings if match.call and match.free == best}) <= 1


@pytest.mark.parametrize(
    ("sentence", "words"),
    [
        ("add meeting on 31 february", "There is no 31 February."),
        ("add talk on friday from 5pm to 3pm", "The end comes before the start."),
        ("remind me at 25:00 to sleep", "25:00 is not a time of day."),
    ],
)
def test_what_can_not_be_is_said(understander: Understander, sentence: str, words: str):
    understood = understander.understand(sentence, TURN)
    assert (understood.calls, understood.reply) == ((), words)


def test_a_compound_request_of_which_one_part_is_known_names_the_other(understander: Understander):
    sentence = "turn off the lamp and remind me at six to call Ana"
    assert not understander.understand(sentence, TURN).whole
    lenient = understander.understand_leniently(sentence, TURN)
    assert [call.name for call in lenient.calls] == ["set_reminder"]
    assert lenient.left_over == "turn off the lamp"


@pytest.mark.parametrize(
    ("sentence", "domain"),
    [
        ("switch the light on in the hall", "home"),
        ("what is the capital of Portugal", "knowledge"),
        ("how is the stock market doing", "finance"),
        ("give me the latest headlines", "news"),
        ("reserve a table for four", "reject"),
    ],
)
def test_what_no_grammar_knows_is_given_a_domain(understander: Understander, sentence: str, domain: str):
    understood = understander.understand(sentence, TURN)
    assert (understood.whole, understood.intents[0]) == (False, domain)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300))
def test_any_text_at_all_is_taken_without_an_error(text: str):
    understood = UNDERSTANDER.understand(text, TURN)
    assert 0.0 <= understood.confidence <= 1.0


def test_a_long_text_is_left_to_the_model(understander: Understander):
    assert understander.understand("word " * 5_000, TURN).effort == "long_form"
