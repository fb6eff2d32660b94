"""A start's sizes are the planner's: the states that are kept, and the longest prompt."""

from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest

from passfel.household.errors import NotFoundError
from passfel.serving.catalogue import load_catalogue
from passfel.serving.engines.launch import LaunchPlan, RadixStrategy
from passfel.serving.engines.preflight import FreeMemory, check_pool, free_memory
from passfel.serving.engines.sizing import catalogued, expected_pool, fitted, planned_for, sized
from passfel.serving.engines.watch import POOL_MARGIN
from passfel.serving.planner import Plan, Wish, plan


def test_the_default_start_is_what_the_planner_says_of_the_household_box():
    catalogue = load_catalogue()
    model = catalogue.chosen
    planned = plan(catalogue, model, model.build("FP8"), catalogue.box("gx10"), Wish(context=262_144))
    assert isinstance(planned, Plan)
    start = LaunchPlan()
    assert start.flags == planned.flags
    assert planned_for(start) == planned
    assert sized(start) == start


@pytest.mark.parametrize("requests", [1, 2, 4, 8])
@pytest.mark.parametrize("strategy", get_args(RadixStrategy))
def test_each_running_request_has_its_states_whatever_the_strategy(requests: int, strategy: RadixStrategy):
    start = LaunchPlan(radix_strategy=strategy, max_running_requests=requests, max_mamba_cache_size=None)
    each = {"no_buffer": 3, "extra_buffer_lazy": 4}.get(strategy, 5)
    assert start.slots_needed == each * requests


def test_a_context_that_the_pool_can_not_hold_is_cut_to_the_pool():
    start = LaunchPlan(mem_fraction=0.75)
    planned = planned_for(start)
    assert planned is not None
    assert planned.pool is not None
    assert planned.pool.tokens < 262_144
    assert sized(start).context_length == int(planned.pool.tokens * POOL_MARGIN)
    assert sized(start, "h200").context_length == 262_144


def test_what_is_free_at_the_start_decides_again():
    roomy, narrow = fitted(LaunchPlan(), 116), fitted(LaunchPlan(), 108)
    assert roomy.context_length == 262_144
    assert 200_000 < narrow.context_length < 262_144
    assert fitted(LaunchPlan(), 60) == LaunchPlan()


@pytest.mark.parametrize(("box", "unified"), [("gx10", True), ("h200", False)])
def test_the_pool_before_a_start_is_the_planners_pool_on_one_memory_and_on_a_card_of_its_own(
    box: str, unified: bool
):
    start = LaunchPlan()
    planned = planned_for(start, box)
    assert planned is not None
    free = planned.box.boot_gib.value
    assert expected_pool(start, free, unified=unified) == planned.pool
    assert expected_pool(start, free, unified=not unified) != planned.pool


async def test_whose_memory_is_free_is_told_with_it(tmp_path: Path):
    meminfo = tmp_path / "proc/meminfo"
    meminfo.parent.mkdir()
    meminfo.write_text(f"MemAvailable: {112 * 1024**2} kB\n", "ascii")
    assert await free_memory(root=tmp_path, nvidia_smi="no-such-program") == FreeMemory(112.0, unified=True)
    card = tmp_path / "nvidia-smi"
    card.write_text("#!/bin/sh\necho 'NVIDIA H200, 580.159.04, 142336'\n", "utf-8")
    card.chmod(0o755)
    assert await free_memory(root=tmp_path, nvidia_smi=str(card)) == FreeMemory(139.0, unified=False)
    card.write_text("#!/bin/sh\necho 'NVIDIA GB10, 580.95.05, [N/A]'\n", "utf-8")
    assert await free_memory(root=tmp_path, nvidia_smi=str(card)) == FreeMemory(112.0, unified=True)


def test_a_prompt_longer_than_the_pool_is_found_before_the_start():
    [fits] = check_pool(LaunchPlan(), 116)
    assert fits.ok
    [small] = check_pool(LaunchPlan(), 108)
    assert not small.ok
    assert f"use --context {fitted(LaunchPlan(), 108).context_length} or less" in small.advice
    [none] = check_pool(LaunchPlan(), 60)
    assert none.sentence == "SGLang would not start: the weights alone are larger than the free memory."


@pytest.mark.parametrize(
    "model", ["Qwen/Qwen3-Next-80B-A3B-Thinking-FP8", "/opt/models/qwen3-next-80b-a3b-thinking-fp8"]
)
def test_a_repository_or_a_folder_of_its_name_is_known(model: str):
    found = catalogued(load_catalogue(), model)
    assert found is not None
    assert (found[0].chosen, found[1].quant) == (True, "FP8")


def test_a_model_outside_the_catalogue_keeps_what_it_was_given():
    start = replace(LaunchPlan(), model="/opt/models/another")
    assert sized(start) == start
    assert expected_pool(start, 112) is None
    assert check_pool(start, 112) == []


def test_a_model_without_linear_attention_keeps_no_states_and_drafts_nothing():
    start = sized(LaunchPlan(model="nvidia/Llama-3_3-Nemotron-Super-49B-v1_5-FP8", context_length=131_072))
    assert (start.max_mamba_cache_size, start.draft_steps) == (None, 0)


def test_an_unknown_box_is_said():
    with pytest.raises(NotFoundError, match="“toaster” does not name one box"):
        sized(LaunchPlan(), "toaster")


def test_several_gpus_are_not_guessed_at():
    assert expected_pool(replace(LaunchPlan(), tensor_parallel=2), 112) is None


def test_an_eight_bit_cache_holds_more():
    plain: Any = expected_pool(LaunchPlan(), 112)
    small: Any = expected_pool(LaunchPlan(kv_dtype="fp8_e4m3"), 112)
    assert small.tokens > 1.5 * plain.tokens
