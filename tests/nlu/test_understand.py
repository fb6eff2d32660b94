"""What sentences are understood as: a table, and what holds for all of it."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passfel.household.turn import Turn
from passfel.household.understanding import Call, Understanding
from passfel.nlu.grammar import Grammar, Match
from passfel.nlu.language import grammars, load
from passfel.nlu.normalize import normalize
from passfel.nlu.understand import MOST_RUNS, Understander

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


def test_what_a_model_writes_better_is_left_to_it_and_done_without_one(understander: Understander):
    understood = understander.understand("summarise the second one", TURN)
    assert (understood.calls, understood.effort, understood.intents) == ((), "long_form", ("news",))
    lenient = understander.understand_leniently("summarise the second one", TURN)
    assert lenient.calls == (Call("get_article", {"number": 2}),)


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
        ("how does a heat pump work", "knowledge"),
        ("are my shares a good investment", "finance"),
        ("anything in the papers worth knowing", "news"),
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


class CountingGrammar(Grammar):
    """The same grammar; it also counts how often it is asked, and about how many letters."""

    runs = 0
    letters = 0

    def matches(self, text: str, turn: Turn) -> Iterator[Match]:
        self.runs += 1
        self.letters += len(text)
        return super().matches(text, turn)


@pytest.mark.parametrize(
    "text",
    [
        ("add lunch on friday at 3 and " * 30)[:990],
        ("add lunch on friday at 3 and " * 8)[:209],
        "move a to friday and " * 15,
        "to friday at 3 to monday at 5 " * 13,
        "and then, " * 60,
        "add milk, eggs, bread, butter, jam, tea and salt on friday and remind me at 5",
        "remind me at 5 to " * 20,
    ],
)
def test_the_work_of_understanding_is_bounded(text: str):
    grammar = CountingGrammar("en")
    Understander("en", grammar).understand(text, TURN)
    assert grammar.runs <= MOST_RUNS
    assert grammar.letters <= MOST_RUNS * 400


@pytest.mark.parametrize("sentence", [sentence for sentence, expected in rows() if " & " in expected])
def test_no_part_of_a_compound_request_is_read_twice(sentence: str):
    grammar = CountingGrammar("en")
    Understander("en", grammar).understand_leniently(sentence, TURN)
    assert grammar.runs <= 12


def test_a_long_note_is_taken_whole(understander: Understander):
    words = "the boiler man comes on friday at 3 and then cancel the dentist " * 12
    understood = understander.understand(f"note that {words}", TURN)
    assert [(call.name, call.arguments["text"]) for call in understood.calls] == [("add_note", words.strip())]


@pytest.mark.parametrize(
    ("locale", "start"),
    [
        ("en-GB", "2026-12-11T00:00:00+00:00"),
        ("en-US", "2026-11-12T00:00:00+00:00"),
        ("en_US", "2026-11-12T00:00:00+00:00"),
    ],
)
def test_the_month_stands_first_where_people_write_so(understander: Understander, locale: str, start: str):
    understood = understander.understand("add dinner on 11/12/2026", replace(TURN, locale=locale))
    assert [call.arguments["start"] for call in understood.calls] == [start]


@pytest.mark.parametrize(
    ("said", "plain"),
    [
        ("add \x1b[31mswim\x1b[0m to the list", "add swim to the list"),
        ("add \x1b]0;title\x07swim to the list", "add swim to the list"),
        ("add \u202eswim\u202c to\u200b the list\x00\x07", "add swim to the list"),
        ("add swim\nto\tthe\u2028list", "add swim to the list"),
        ("add \U0001f469\u200d\U0001f4bb day to the list", "add \U0001f469\u200d\U0001f4bb day to the list"),
    ],
)
def test_control_characters_are_cut_and_joined_emoji_kept(said: str, plain: str):
    assert normalize(said, "en") == plain


@pytest.mark.parametrize(
    "sentence",
    [
        "if it rains, cancel the dentist",
        "Ana said it is off and cancel the dentist",
        "remember that Ana called and cancel the dentist",
        "maybe the doctor is ill, delete the meeting tomorrow",
    ],
)
def test_a_doubtful_part_keeps_the_embedded_model_from_acting(understander: Understander, sentence: str):
    calls = understander.understand_leniently(sentence, TURN).calls
    assert not any(call.name == "cancel_event" for call in calls)


def test_an_answer_to_when_completes_the_request(understander: Understander):
    understood = understander.understand("schedule a meeting tomorrow at 9", TURN)
    assert dict(understood.calls[0].arguments) == {"title": "meeting", "start": "2026-11-24T09:00:00+00:00"}


def test_every_rule_and_list_of_the_grammars_is_used():
    texts = "\n".join(
        files("passfel.nlu").joinpath("sentences", "en", f"{name}.yaml").read_text("utf-8")
        for name in grammars("en")
    )
    for name in grammars("en"):
        for rule in load("en", name).get("expansion_rules", {}):
            assert f"<{rule}>" in texts
        for slot in load("en", name).get("lists", {}):
            assert re.search(rf"\{{{slot}[:}}]", texts)


def test_every_word_of_the_word_lists_is_text():
    for words in load("en", "words").values():
        assert all(isinstance(word, str) for word in words)
