"""Recorded answers through the real client: none hangs, crashes or is passed off as whole."""

import json
from pathlib import Path

import pytest

from passfel.evals.captures import captures, read
from passfel.evals.replay import Outcome, main, replay_all
from passfel.household.errors import SettingsError


def _recordings() -> Path | None:
    for folder in Path(__file__).resolve().parents:
        found = folder.parent / "shared" / "recordings" / "llm"
        if (folder / "pyproject.toml").is_file() and found.is_dir():
            return found
    return None


RECORDINGS = _recordings()
recorded = pytest.mark.skipif(RECORDINGS is None, reason="no recordings beside the repository")
ERRORS = {
    "cut_off": {"BrokenAnswerError"},
    "queue_full": {"LimitedError"},
    "_429": {"LimitedError", "RefusedError", "EmptyAccountError"},
    "_401": {"RefusedError"},
    "_400": {"RefusedError"},
    "_500": {"UnreachableError"},
    "abort_api": {"BrokenAnswerError"},
    "killed": {"UnreachableError"},
    "disconnect": {"UnreachableError"},
    "err_bad": {"RefusedError"},
    "err_context": {"RefusedError"},
}
"""What captures with such a name come out as."""


def event(delta: dict[str, object], finish: str | None = None) -> str:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    chunk = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    return f"data: {json.dumps(chunk)}\n\n"


@pytest.fixture(scope="module")
async def outcomes() -> dict[str, Outcome]:
    return {found.name: found for found in await replay_all(RECORDINGS or Path("/nowhere"))}


@recorded
async def test_every_capture_is_whole_or_rightly_refused(outcomes: dict[str, Outcome]):
    assert [found for found in outcomes.values() if not found.good] == []
    assert len(outcomes) >= 100


@recorded
@pytest.mark.parametrize("name", ERRORS)
async def test_a_kind_of_failure_has_its_error(outcomes: dict[str, Outcome], name: str):
    kinds = {found.error for found in outcomes.values() if name in found.name and "health" not in found.name}
    assert kinds
    assert kinds <= ERRORS[name]


@recorded
async def test_reasoning_calls_and_usage_come_out(outcomes: dict[str, Outcome]):
    call = outcomes["sglang-0.5.23/tools_auto_call_stream.txt"]
    assert call.calls == ('get_weather({"city": "Zurich", "unit": "celsius"})',)
    assert call.reasoning
    assert call.usage == "376 (29 cached) → 18 (8 thought)"


@recorded
async def test_no_sentence_names_a_path_of_the_server(outcomes: dict[str, Outcome]):
    for found in outcomes.values():
        assert "/" not in found.sentence.replace("/v1", "")


@pytest.mark.parametrize(
    ("events", "fault"),
    [
        ([event({"content": "Hi."}, "stop")], ""),
        ([event({"content": "Hi."})], "cut off"),
        ([event({"content": "Hi."}, "abort")], "aborted"),
        ([event({"content": ""}, "stop")], "nothing said"),
        (['data: {"error": {"code": 503}}\n\n'], "an error event"),
        (['data: {"choices": [{"del\n\n'], "not readable"),
        (
            [event({"tool_calls": [{"index": 0, "function": {"arguments": '{"a": '}}]}, "tool_calls")],
            "half a tool call",
        ),
    ],
)
def test_what_is_no_whole_answer_is_seen_in_the_bytes(tmp_path: Path, events: list[str], fault: str):
    path = tmp_path / "one.sse"
    path.write_text("".join(events), "utf-8")
    capture = read(path)
    assert capture is not None
    assert capture.fault() == fault


def test_text_up_to_the_token_limit_comes_out_as_cut_short(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "one.sse").write_text(event({"content": "Once upon"}, "length"), "utf-8")
    (tmp_path / "notes.md").write_text("nothing to replay", "utf-8")
    assert [capture.name for capture in captures(tmp_path)] == ["one.sse"]
    assert main(tmp_path, as_json=True) == 0
    assert json.loads(capsys.readouterr().out)["verdict"] == "cut short"
    assert main(tmp_path) == 0
    assert "(cut off at the length limit)" in " ".join(capsys.readouterr().out.replace("│", " ").split())


def test_a_folder_without_captures_is_said(tmp_path: Path):
    with pytest.raises(SettingsError, match="no recorded answers"):
        main(tmp_path / "nowhere")
