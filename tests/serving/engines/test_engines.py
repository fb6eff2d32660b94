"""What each engine is started with: the exact words, checked against its own parser's list."""

import json
import shlex
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from passfel.household.errors import SettingsError
from passfel.serving.engines.engine import Engine, EngineName, engine_named
from passfel.serving.engines.flags import accepted_flags
from passfel.serving.engines.launch import Container, LaunchPlan
from passfel.serving.engines.units import command_word, word

SGLANG = """
sglang serve --model-path Qwen/Qwen3-Next-80B-A3B-Thinking-FP8 --served-model-name passfel --host 127.0.0.1
--port 30000 --tp-size 1 --reasoning-parser qwen3-thinking --tool-call-parser qwen --grammar-backend xgrammar
--context-length 262144 --mem-fraction-static 0.80 --max-running-requests 4 --max-mamba-cache-size 20
--mamba-radix-cache-strategy extra_buffer --attention-backend flashinfer --chunked-prefill-size 4096
--cuda-graph-max-bs-decode 4 --speculative-algorithm NEXTN --speculative-num-steps 1 --speculative-eagle-topk 1
--speculative-num-draft-tokens 2 --max-queued-requests 8 --enable-priority-scheduling --enable-cache-report
--enable-metrics --stream-response-default-include-usage --constrained-json-disable-any-whitespace
"""
VLLM = """
vllm serve Qwen/Qwen3-Next-80B-A3B-Thinking-FP8 --served-model-name passfel --host 127.0.0.1 --port 30000
--tensor-parallel-size 1 --reasoning-parser deepseek_r1 --enable-auto-tool-choice --tool-call-parser qwen3_json
--speculative-config '{"method": "mtp", "num_speculative_tokens": 1}' --gpu-memory-utilization 0.80
--max-model-len 262144 --max-num-seqs 4 --max-num-batched-tokens 4096 --attention-backend FLASHINFER
--enable-prefix-caching --max-num-queued-reqs 8 --scheduling-policy priority --enable-prompt-tokens-details
"""
FULL = LaunchPlan(
    draft_token_map=Path("/m/tokens.pt"), strict_thinking=True, kv_dtype="fp8_e4m3", quantization="fp8",
    moe_config_dir=Path("/m/moe"),
)  # fmt: skip
LLAMA = LaunchPlan(
    model="nvidia/Llama-3_3-Nemotron-Super-49B-v1_5-FP8", reasoning_format="none", tool_format="hermes",
    max_mamba_cache_size=None, draft_steps=0,
)  # fmt: skip


def test_sglang_is_started_with_exactly_these_words():
    engine = engine_named("sglang")
    assert engine.command(LaunchPlan()) == shlex.split(SGLANG)
    assert engine.environment(replace(LaunchPlan(), moe_config_dir=Path("/m/moe"))) == {
        "HF_HUB_DISABLE_TELEMETRY": "1", "DO_NOT_TRACK": "1", "HF_HUB_OFFLINE": "1",
        "SGLANG_REQ_WAITING_TIMEOUT": "60", "SGLANG_REQ_RUNNING_TIMEOUT": "900", "SGLANG_TOOL_STRICT_LEVEL": "2",
        "SGLANG_MOE_CONFIG_DIR": "/m/moe",
    }  # fmt: skip


def test_vllm_is_started_with_exactly_these_words():
    assert engine_named("vllm").command(LaunchPlan()) == shlex.split(VLLM)


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_each_draft_depth_verifies_one_token_more(depth: int):
    command = engine_named("sglang").command(LaunchPlan(draft_steps=depth))
    at = command.index("--speculative-num-draft-tokens")
    top = ["--speculative-eagle-topk", "1"]
    assert command[at - 3 : at + 2] == [str(depth), *top, "--speculative-num-draft-tokens", str(depth + 1)]


def test_a_model_without_drafting_thinking_or_linear_attention_gets_none_of_their_flags():
    words = " ".join(engine_named("sglang").command(LLAMA))
    assert not any(part in words for part in ("speculative", "mamba", "reasoning-parser"))


@pytest.mark.parametrize("plan", [LaunchPlan(), FULL, LLAMA], ids=["default", "everything", "dense"])
@pytest.mark.parametrize("name", ["sglang", "vllm"])
def test_the_engines_own_parser_accepts_every_flag_as_it_stands(name: EngineName, plan: LaunchPlan):
    engine, known = engine_named(name), accepted_flags(name)
    assert known is not None
    assert (known.engine, known.version) == (engine.name, engine.version)
    assert {one.verdict for one in known.verdicts(engine.command(plan))} == {"accepted"}


@pytest.mark.parametrize("calls", ["hermes", "llama3", "mistral"])
def test_sglang_has_a_parser_for_each_form_of_tool_call(calls: str):
    known = accepted_flags("sglang")
    assert known is not None
    plan = replace(LLAMA, tool_format=calls)  # type: ignore[arg-type]
    assert {one.verdict for one in known.verdicts(engine_named("sglang").command(plan))} == {"accepted"}


def test_a_typo_an_abbreviation_an_old_flag_and_a_wrong_value_are_told_apart():
    known = accepted_flags("sglang")
    assert known is not None
    argv = [
        "--enable-metrcs", "--speculative-algo", "NEXTN", "--disable-cuda-graph", "--tool-call-parser", "qwn",
        "--cuda-graph-max-bs", "4", "--mamba-scheduler-strategy", "auto", "--tool-call-parser=qwen",
    ]  # fmt: skip
    assert [one.verdict for one in known.verdicts(argv)] == [
        "unknown", "abbreviation", "deprecated", "wrong value", "abbreviation", "unknown", "accepted",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["sglang", "vllm"])
def test_no_parser_is_ever_left_to_the_engine_to_guess(name: EngineName):
    assert "auto" not in engine_named(name).command(LaunchPlan())


def test_tensorrt_llm_refuses_the_model_and_says_why():
    engine = engine_named("tensorrt-llm")
    for ask in (engine.command, engine.container, engine.unit):
        with pytest.raises(
            SettingsError, match=r"does not serve Qwen3-Next on a GB10.*issue 12230.*Use SGLang"
        ):
            ask(LaunchPlan())
    words = engine.command(LLAMA)
    assert words[:3] == ["trtllm-serve", "serve", LLAMA.model]
    assert words[words.index("--tensor_parallel_size") :][:2] == ["--tensor_parallel_size", "1"]


def test_the_container_is_pinned_small_and_open_to_this_machine_only():
    engine = engine_named("sglang")
    plan = replace(
        LaunchPlan(), container=Container(image="lmsysorg/sglang@sha256:abc"), models_dir=Path("/hf")
    )
    line = engine.container(plan)
    assert line[:6] == ["docker", "run", "--rm", "--init", "--name", "passfel-llm"]
    at = line.index("lmsysorg/sglang@sha256:abc")
    before, after = line[:at], line[at + 1 :]
    text = shlex.join(before)
    for part in (
        "--gpus all", "--shm-size 10g", "--ulimit memlock=-1", "--publish 127.0.0.1:30000:30000",
        "--volume /hf:/root/.cache/huggingface", "--env SGLANG_TOOL_STRICT_LEVEL=2", "--entrypoint sglang",
    ):  # fmt: skip
        assert part in text
    assert "--memory" not in text
    inside = engine.command(replace(plan, host="0.0.0.0"))  # noqa: S104
    assert after == inside[1:]


def test_a_model_folder_and_tuned_kernels_are_mounted_read_only_where_they_are():
    line = engine_named("vllm").container(
        replace(FULL, model="/models/qwen", container=Container(runtime="podman"))
    )
    assert line[0] == "podman"
    assert "nvidia.com/gpu=all" in line
    mounts = [line[at + 1] for at, part in enumerate(line) if part == "--volume"]
    assert mounts == ["/models/qwen:/models/qwen:ro", "/m/moe:/m/moe:ro", "/m/tokens.pt:/m/tokens.pt:ro"]


@pytest.mark.parametrize(
    ("plan", "start"),
    [
        (LaunchPlan(environment_dir=Path("/opt/sglang")), ()),
        (replace(LaunchPlan(), container=Container()), ()),
        (
            LaunchPlan(),
            ("/opt/passfel/bin/passfel", "serve-model", "sglang", "--model", 'a 100% $odd "name"'),
        ),
    ],
    ids=["environment", "container", "supervised"],
)
def test_the_unit_is_one_that_systemd_reads(plan: LaunchPlan, start: tuple[str, ...], tmp_path: Path):
    text = engine_named("sglang").unit(plan, start)
    for part in ("Restart=always", "LimitMEMLOCK=infinity", "drop_caches", "StartLimitIntervalSec=0"):
        assert part in text
    assert ("Environment=SGLANG_TOOL_STRICT_LEVEL=2" in text) == (not start and plan.container is None)
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze here")
    # Programs that are not installed here are no fault of the text.
    lines = [f"ExecStart=/bin/true {line.split(' ', 1)[1]}" if line.startswith("ExecStart=") else line
             for line in text.splitlines() if not line.startswith(("ExecStopPost", "ExecStartPre=-"))]  # fmt: skip
    unit = tmp_path / "passfel-llm.service"
    unit.write_text("\n".join(lines) + "\n")
    said = subprocess.run(
        ["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False
    )
    newer = ("RestartSteps", "RestartMaxDelaySec")  # systemd 254; an older one says so and goes on
    told = [line for line in said.stderr.splitlines() if unit.name in line]
    assert [line for line in told if not any(key in line for key in newer)] == []


def test_a_container_that_was_left_over_is_taken_away_by_its_unit():
    text = engine_named("sglang").unit(replace(LaunchPlan(), container=Container()), drop_caches=False)
    assert "drop_caches" not in text
    assert text.count("rm --force passfel-llm") == 2


def test_words_of_a_unit_are_quoted_as_systemd_reads_them():
    assert [word("a=b"), word("50%"), word('say "hi"'), command_word("$HOME x")] == [
        "a=b", "50%%", '"say \\"hi\\""', '"$$HOME x"',
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"port": 70000}, "70000 is no port"),
        ({"mem_fraction": 1.0}, "between 0 and 1"),
        ({"queue_limit": 0}, "must be at least 1"),
        ({"draft_steps": -1}, "can't be below 0"),
        ({"max_running_requests": 5}, "5 requests at once need 25 linear attention states"),
    ],
)
def test_a_plan_that_would_be_made_less_of_is_refused(wrong: dict[str, int], told: str):
    with pytest.raises(SettingsError, match=told):
        LaunchPlan(**wrong)  # type: ignore[arg-type]


def test_the_speculative_settings_of_vllm_are_json():
    command = engine_named("vllm").command(LaunchPlan(draft_steps=2))
    assert json.loads(command[command.index("--speculative-config") + 1])["num_speculative_tokens"] == 2


def test_an_engine_comes_from_the_environment_that_is_named_and_in_a_container_from_the_image():
    plan = LaunchPlan(environment_dir=Path("/opt/sglang"))
    engine: Engine = engine_named("sglang")
    assert engine.command(plan)[0] == "/opt/sglang/bin/sglang"
    assert "sglang" in engine.container(replace(plan, container=Container()))


@pytest.mark.parametrize(
    ("host", "url"),
    [("127.0.0.1", "http://127.0.0.1:30000"), ("0.0.0.0", "http://127.0.0.1:30000"), ("::1", "http://[::1]:30000"),  # noqa: S104
     ("::", "http://[::1]:30000")],
)  # fmt: skip
def test_the_server_is_asked_where_it_can_be_reached(host: str, url: str):
    assert LaunchPlan(host=host).url == url
