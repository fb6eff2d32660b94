"""`passfel serve-model`: what it prints, what it checks, and what it refuses."""

import shlex

import pytest

from passfel.app.serve_model import ModelOptions, serve_model
from passfel.household.errors import SettingsError


def printed(capsys: pytest.CaptureFixture[str], engine: str, what: str, **options: object) -> str:
    assert serve_model(engine, what, ModelOptions(**options)) == 0  # type: ignore[arg-type]
    return capsys.readouterr().out


def test_each_form_of_the_start_is_printed(capsys: pytest.CaptureFixture[str]):
    command = printed(capsys, "sglang", "command", requests=2, draft_steps=3)
    assert "--max-mamba-cache-size 10" in command
    assert shlex.split(command.replace("\\\n", ""))[:2] == ["sglang", "serve"]
    assert "SGLANG_TOOL_STRICT_LEVEL=2" in printed(capsys, "sglang", "env")
    assert "podman run" in printed(capsys, "vllm", "container", runtime="podman")
    assert "--max-model-len 131072" in printed(capsys, "vllm", "command")


def test_the_context_is_no_longer_than_the_planned_pool_unless_it_is_said(capsys: pytest.CaptureFixture[str]):
    small = printed(capsys, "sglang", "command", memory_fraction=0.75)
    assert "--context-length 148629" in small
    assert "--context-length 262144" in printed(capsys, "sglang", "command", memory_fraction=0.75, box="h200")
    assert "--context-length 200000" in printed(
        capsys, "sglang", "command", memory_fraction=0.75, context=200_000
    )
    assert "--box h200" in printed(capsys, "sglang", "unit", box="h200")


def test_the_unit_starts_the_watched_server_with_the_same_options(capsys: pytest.CaptureFixture[str]):
    unit = printed(
        capsys, "sglang", "unit", image="lmsysorg/sglang@sha256:abc", port=30001, extra=("--log-level=info",)
    )
    start = next(line for line in unit.splitlines() if line.startswith("ExecStart="))
    assert "passfel serve-model sglang" in start
    assert "--port 30001" in start
    assert "--image lmsysorg/sglang@sha256:abc --extra=--log-level=info" in start


@pytest.mark.parametrize(
    ("engine", "what", "options", "told"),
    [
        ("llama", "command", {}, "There is no engine “llama”; there are sglang, vllm, tensorrt-llm."),
        ("sglang", "poem", {}, "“poem” can't be printed"),
        ("sglang", "container", {"runtime": "lxc"}, "There is no container runtime “lxc”"),
        ("sglang", "command", {"port": 0}, "0 is no port"),
        ("tensorrt-llm", "unit", {}, "Use SGLang, or vLLM."),
    ],
)
def test_what_makes_no_sense_is_said_in_a_sentence(
    engine: str, what: str, options: dict[str, object], told: str
):
    with pytest.raises(SettingsError, match=told.replace("(", r"\(").replace(".", r"\.")):
        serve_model(engine, what, ModelOptions(**options))  # type: ignore[arg-type]


def test_a_machine_that_could_not_serve_is_told_why_and_nothing_is_started(
    capsys: pytest.CaptureFixture[str],
):
    options = ModelOptions(model="/nowhere/model", extra=("--enable-metrcs",))
    assert serve_model("sglang", None, options, check_only=True) == 1
    told = capsys.readouterr().out
    assert "problem  flags       sglang 0.5.23 does not accept --enable-metrcs (unknown)." in told
    assert "The files of /nowhere/model are not on this machine." in told
    with pytest.raises(SettingsError, match=r"not started because of: flags.*--force starts it all the same"):
        serve_model("sglang", None, options)
