"""`passfel plan`: the tables, the details of one model, plain data, and what is said about wrong input."""

import importlib.util
import json
from pathlib import Path

import pytest

from passfel.app.plan import plan
from passfel.household.errors import NotFoundError, RequestError, SettingsError

DRAWS = importlib.util.find_spec("matplotlib") is not None


def test_all_models_on_the_box_with_the_chosen_one_marked(capsys: pytest.CaptureFixture[str]):
    assert plan() == 0
    told = capsys.readouterr().out
    for part in (
        "ASUS Ascent GX10",
        "A3B-Thinking *",
        "76.39",
        "+24.0",
        "won't start",
        "Qwen3-Max: closed weights",
    ):
        assert part in told
    assert "82.02 GB = 76.39 GiB" in told


def test_details_of_a_model_hold_its_tensors_ceilings_pool_and_sources(capsys: pytest.CaptureFixture[str]):
    assert plan(model="thinking") == 0
    told = " ".join(capsys.readouterr().out.split())
    for part in ("with 24.0 GiB to spare", "77,318.8", "66.9", "382,299 tokens", "BFCL v3: 72", "Apache-2.0"):
        assert part in told


def test_a_model_that_does_not_fit_says_how_much_is_missing(capsys: pytest.CaptureFixture[str]):
    assert plan(model="ultra", quant="int4") == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "does not fit: 64.2 GiB are missing" in told
    assert "the weights alone are larger than the free memory" in told
    assert "Not verified: groups of 128" in told


def test_a_context_beyond_the_models_own_is_said(capsys: pytest.CaptureFixture[str]):
    plan(model="mixtral", quant="NVFP4", context=100_000)
    told = " ".join(capsys.readouterr().out.split())
    assert "made for 65,536 tokens at most" in told
    assert "less than the 400,000 tokens asked for" in told


def test_closed_weights_have_no_plan_and_say_so(capsys: pytest.CaptureFixture[str]):
    assert plan(model="qwen3-max") == 0
    assert "closed" in capsys.readouterr().out


def test_a_box_without_sglang_gets_a_fit_and_no_pool(capsys: pytest.CaptureFixture[str]):
    plan(model="thinking", quant="NVFP4", box="m4max")
    assert "SGLang does not run on this box" in capsys.readouterr().out


def test_plain_data_is_one_object_a_line(capsys: pytest.CaptureFixture[str]):
    assert plan(quant="FP8", as_json=True) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {row.get("quant", "none") for row in rows} == {"FP8", "none"}
    assert rows[0]["pool"]["tokens"] == 382_299
    assert sum(rows[0]["need_bytes"].values()) == pytest.approx(95.69 * 2**30, rel=1e-4)


@pytest.mark.parametrize(
    ("wrong", "error", "words"),
    [
        ({"model": "gpt-5"}, NotFoundError, "does not name one model"),
        ({"box": "toaster"}, NotFoundError, "does not name one box"),
        ({"quant": "Q8"}, NotFoundError, "no Q8 build"),
        ({"model": "thinking", "quant": "Q8"}, NotFoundError, "no Q8 build"),
        ({"users": 0}, RequestError, "at least one"),
        ({"context": 0}, RequestError, "at least one"),
    ],
)
def test_wrong_input_is_told_in_a_sentence(wrong: dict[str, object], error: type[Exception], words: str):
    with pytest.raises(error, match=words):
        plan(**wrong)  # type: ignore[arg-type]


@pytest.mark.skipif(DRAWS, reason="matplotlib is installed here")
def test_without_matplotlib_a_picture_names_the_extra(tmp_path: Path):
    with pytest.raises(SettingsError, match="extra plots"):
        plan(plot=str(tmp_path / "plan.png"))


@pytest.mark.skipif(not DRAWS, reason="the extra plots is not installed")
@pytest.mark.parametrize("model", ["", "thinking", "mixtral"])
def test_a_picture_is_drawn(model: str, tmp_path: Path):
    path = tmp_path / "plan.png"
    assert plan(model=model, plot=str(path)) == 0
    assert path.read_bytes().startswith(b"\x89PNG")


@pytest.mark.skipif(not DRAWS, reason="the extra plots is not installed")
@pytest.mark.parametrize("name", ["missing/plan.png", "plan.jpeg2"])
def test_a_picture_that_can_not_be_written_is_told(name: str, tmp_path: Path):
    with pytest.raises(SettingsError, match="can't be written"):
        plan(model="thinking", plot=str(tmp_path / name))


def test_there_is_no_picture_of_closed_weights(tmp_path: Path):
    with pytest.raises(SettingsError, match="nothing to draw"):
        plan(model="qwen3-max", plot=str(tmp_path / "plan.png"))
