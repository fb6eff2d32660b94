"""Reading SGLang's log on the borrowed GPU, and the planner's figures beside it."""

import json
from pathlib import Path

from passfel.evals.gpu.model_files import TRAINED, configuration, write_model
from passfel.evals.gpu.on_machine import RUNS
from passfel.evals.gpu.report import beside, rows_table, table
from passfel.evals.gpu.server_log import Load, read_log

STAMP = "[2026-11-23 22:30:00]"
LOG = f"""\
{STAMP} Init torch distributed ends. elapsed=0.31 s, mem usage=0.08 GB
{STAMP} Load weight begin. avail mem=138.00 GB
{STAMP} Load weight end. elapsed=20.11 s, type=Qwen3NextForCausalLM, quant=fp8, \
avail mem=63.00 GB, mem usage=75.00 GB.
{STAMP} Load weight begin. avail mem=62.50 GB
{STAMP} Load weight end. elapsed=1.02 s, type=Qwen3NextForCausalLMMTP, quant=fp8, \
avail mem=60.50 GB, mem usage=2.00 GB.
{STAMP} Mamba Cache is allocated. max_mamba_cache_size: 20, conv_state size: 0.03GB, ssm_state size: 1.48GB \
intermediate_ssm_state_cache size: 0.70GB intermediate_conv_window_cache size: 0.02GB
{STAMP} KV Cache is allocated. dtype: torch.bfloat16, #tokens: 1250000, K size: 14.30 GB, V size: 14.30 GB
{STAMP} KV Cache is allocated. dtype: torch.bfloat16, #tokens: 1250000, K size: 1.19 GB, V size: 1.19 GB
{STAMP} max_total_num_tokens=1250000, chunked_prefill_size=4096, max_prefill_tokens=16384, max_running_requests=4, \
context_len=32768, available_gpu_mem=26.50 GB
"""


def test_weights_are_counted_from_the_first_load_to_the_last():
    log = read_log(LOG)
    assert log.loads == [
        Load("Qwen3NextForCausalLM", 138.0, 63.0, 75.0),
        Load("Qwen3NextForCausalLMMTP", 62.5, 60.5, 2.0),
    ]
    assert log.weights == 77.5


def test_caches_states_and_the_pool_are_read():
    log = read_log(LOG)
    assert log.caches == [(1_250_000, 28.6), (1_250_000, 2.38)]
    assert (log.slots, log.states, log.snapshots) == (20, 1.51, 0.72)
    assert (log.tokens, log.requests, log.free_at_the_end) == (1_250_000, 4, 26.5)


def test_without_speculation_there_are_no_snapshots():
    line = "Mamba Cache is allocated. max_mamba_cache_size: 274, conv_state size: 0.44GB, ssm_state size: 19.34GB \n"
    log = read_log(line)
    assert (log.slots, log.snapshots, log.tokens) == (274, None, None)


def test_an_empty_log_says_nothing():
    log = read_log("")
    assert (log.weights, log.kv, log.tokens) == (0.0, 0.0, None)


def test_the_planner_stands_beside_the_log():
    rows = {what: rest for _, what, *rest in beside(RUNS["main"], read_log(LOG))}
    assert rows["weights, GiB"][0] == "76.39"
    assert rows["slots"] == ["20", "20", "20", "+0.0 %", "+0.0 %"]
    assert rows["tokens in the pool"][2] == "1,250,000"


def test_tables_leave_out_what_is_empty_and_keep_pipes_apart():
    assert rows_table([{"a": 1, "b": ""}, {"a": 2.5, "b": None}]) == "| a |\n| --- |\n| 1 |\n| 2.50 |\n"
    assert "x\\|y" in table(["t"], [["x|y"]])


def test_the_models_configuration_is_the_published_one():
    config = configuration()
    assert config["layer_types"].count("full_attention") == 12
    assert config["num_hidden_layers"] == 48
    assert "model.layers.0.linear_attn.in_proj_ba" in config["quantization_config"]["modules_to_not_convert"]
    assert (
        "model.layers.3.linear_attn.in_proj_ba" not in config["quantization_config"]["modules_to_not_convert"]
    )


def test_the_tokenizer_has_the_true_size_and_the_true_special_ids(tmp_path: Path):
    write_model(tmp_path, layers=4)
    tokenizer = json.loads((tmp_path / "tokenizer.json").read_text())
    vocabulary = tokenizer["model"]["vocab"]
    assert sorted(vocabulary.values()) == list(range(TRAINED))
    assert all("".join(pair) in vocabulary for pair in tokenizer["model"]["merges"])
    added = {token["content"]: token["id"] for token in tokenizer["added_tokens"]}
    assert (added["<|im_end|>"], added["<tool_call>"], added["<think>"], added["</think>"]) == (
        151645, 151657, 151667, 151668,
    )  # fmt: skip
