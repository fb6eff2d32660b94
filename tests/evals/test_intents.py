"""Domains of anybody's sentences: what goes in, what comes out, and that the figures count what they say."""

import json
from pathlib import Path

import pytest

from passfel.evals.intents import Judged, domains_of, figures, gold_of, judge, main, read
from passfel.household.errors import RequestError
from passfel.household.understanding import Understanding


def judged(gold: str, *domains: str) -> Judged:
    return Judged("1", domains, 0.9, 1.0, gold_of(gold))


def test_each_sentence_gives_a_line_and_labels_give_figures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    file = tmp_path / "sentences.jsonl"
    rows = [
        {"id": "a", "text": "will it rain tomorrow", "domain": "weather"},
        {"id": "b", "text": "add milk to the shopping list", "domain": "calendar"},
        {"id": "c", "text": "what is the weather in Porto"},
    ]
    file.write_text("\n".join(json.dumps(row) for row in rows), "utf-8")
    assert main(file) == 0
    captured = capsys.readouterr()
    lines = [json.loads(line) for line in captured.out.splitlines()]
    assert [(line["id"], line["domain"], line["reject"]) for line in lines] == [
        ("a", "weather", False),
        ("b", "calendar", False),
        ("c", "weather", False),
    ]
    assert set(lines[0]) == {"id", "domain", "domains", "confidence", "reject"}
    assert "strict" in captured.err


def test_several_domains_at_once_are_all_told():
    row = {"id": "1", "text": "add milk to the shopping list and what is the weather", "domain": None}
    assert set(next(iter(judge([row]))).domains) == {"calendar", "weather"}


@pytest.mark.parametrize("line", ["not json", "[]", '{"id": 1}', '"text"'])
def test_a_line_that_is_no_sentence_is_named(tmp_path: Path, line: str):
    file = tmp_path / "sentences.jsonl"
    file.write_text(f'{{"text": "hello"}}\n{line}\n', "utf-8")
    with pytest.raises(RequestError, match="Line 2 of"):
        read(file)


def test_a_missing_file_is_named(tmp_path: Path):
    with pytest.raises(RequestError, match=r"nothing\.jsonl can't be read"):
        read(tmp_path / "nothing.jsonl")


def test_the_figures_count_what_they_say():
    found = figures(
        [
            judged("weather", "weather"),
            judged("weather", "news"),
            judged("oos", "reject"),
            judged("oos", "calendar"),
        ]
    )
    assert (found["strict"], found["reject_recall"], found["false_rejects"]) == (0.5, 0.5, 0.0)
    assert found["recall"] == {"reject": 0.5, "weather": 0.5}


@pytest.mark.parametrize(
    ("intents", "domains"),
    [
        (("reject", "calendar"), ("reject",)),
        (("reminders", "tasks"), ("calendar",)),
        (("home", "chat"), ("home", "chat")),
        (("clock",), ("knowledge",)),
        ((), ("chat",)),
    ],
)
def test_our_domains_have_the_names_of_the_seven(intents: tuple[str, ...], domains: tuple[str, ...]):
    assert domains_of(Understanding(intents)) == domains
