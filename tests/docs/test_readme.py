"""What the README says works as it stands there."""

import os
import re
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from passfel.household.turn import Turn
from passfel.nlu.understand import Understander

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
TURN = Turn(now=datetime(2026, 11, 23, 10, 0, tzinfo=ZoneInfo("Europe/Lisbon")))
UNDERSTANDER = Understander("en-GB")


def block(heading: str) -> str:
    """The first fenced block under a heading."""
    found = re.search(rf"## {heading}\n.*?```\w*\n(.*?)```", README, re.DOTALL)
    assert found is not None, heading
    return found[1]


@pytest.mark.parametrize("sentence", [text for text in re.split(r"\s{2,}|\n", block("What to say")) if text])
def test_every_sentence_to_say_is_understood_whole(sentence: str):
    understood = UNDERSTANDER.understand(sentence, TURN)
    assert understood.whole
    assert understood.calls


@pytest.mark.slow
def test_the_python_example_runs_as_written(tmp_path: Path):
    surroundings = {**os.environ, "HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path / "data")}
    ran = subprocess.run(
        [sys.executable, "-c", block("From Python")],
        env=surroundings,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.stdout.startswith("Added yoga, "), ran.stderr


def test_every_page_that_is_linked_is_there():
    root = Path(__file__).parents[2]
    links = re.findall(r"\]\(((?!https?:)[^)#]+)", README)
    assert [link for link in links if not (root / link).exists()] == []
