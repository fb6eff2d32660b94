"""The planner against figures that were computed or reported elsewhere, to the printed digits."""

import json
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passfel.serving.architecture import Architecture, Attention, DeltaNet, Dense, Experts
from passfel.serving.caches import (
    kv_bytes_a_token,
    mtp_kv_bytes_a_token,
    pooled_bytes_a_token,
    recurrent_bytes,
    slot_bytes,
)
from passfel.serving.catalogue import Box, Build, Model, load_catalogue
from passfel.serving.envelope import envelope
from passfel.serving.planner import NoPlan, Plan, Wish, activation_bytes, plan, plans
from passfel.serving.pool import ServerFlags, pool, slots_per_request
from passfel.serving.roofline import Reads, distinct_experts
from passfel.serving.weights import GIB, active_parameters, bytes_by_class, parameters, weight_bytes

CATALOGUE = load_catalogue()
CHOSEN = CATALOGUE.chosen
FP8 = CHOSEN.build("FP8")
GX10 = CATALOGUE.box("gx10")
BUILDS = [(model, build) for model in CATALOGUE.models for build in model.builds]
IDS = [f"{model.name}-{build.quant}" for model, build in BUILDS]


def _of(model: Model) -> Architecture:
    assert model.architecture is not None
    return model.architecture


QWEN = _of(CHOSEN)
READS = Reads(QWEN, FP8, CATALOGUE.precisions)


def _plan(model: Model = CHOSEN, build: Build = FP8, box: Box = GX10, wish: Wish | None = None) -> Plan:
    made = plan(CATALOGUE, model, build, box, wish)
    assert isinstance(made, Plan)
    return made


def test_parameters_of_the_chosen_model_to_the_last_one():
    assert parameters(QWEN) == 79_674_391_296
    assert parameters(QWEN, mtp=True) == 1_650_471_424
    assert active_parameters(QWEN) == 3_563_764_480


def test_fp8_weights_to_the_printed_digits():
    main = weight_bytes(QWEN, FP8, CATALOGUE.precisions, mtp=False)
    whole = weight_bytes(QWEN, FP8, CATALOGUE.precisions, mtp=True)
    assert f"{main / GIB:.2f} {whole / GIB:.2f}" == "74.84 76.39"
    assert f"{main / 1e9:.2f} {(whole - main) / 1e9:.2f} {whole / 1e9:.2f}" == "80.36 1.66 82.02"


def test_fp8_weights_agree_with_what_a_real_server_loaded():
    main = weight_bytes(QWEN, FP8, CATALOGUE.precisions, mtp=False)
    assert main / GIB == pytest.approx(74.88, rel=0.001)  # vLLM on a GB10, without the MTP head


def test_tensor_classes_add_up_and_experts_are_nearly_everything():
    classes = bytes_by_class(QWEN, FP8, CATALOGUE.precisions)
    assert sum(classes.values()) == weight_bytes(QWEN, FP8, CATALOGUE.precisions, mtp=False)
    assert classes["experts"] / sum(classes.values()) > 0.95
    assert classes["embedding"] == classes["lm_head"] == 151_936 * 2048 * 2


def test_state_and_cache_of_the_chosen_model_to_the_byte():
    assert slot_bytes(QWEN) == 77_266_944
    assert f"{slot_bytes(QWEN) / 2**20:.2f}" == "73.69"
    assert recurrent_bytes(QWEN) == 36 * 32 * 128 * 128 * 4
    assert (kv_bytes_a_token(QWEN), mtp_kv_bytes_a_token(QWEN)) == (24_576, 2048)
    assert kv_bytes_a_token(QWEN, 8) == 12_288
    assert pooled_bytes_a_token(QWEN, speculative=True) == 26_624


def test_a_real_servers_cache_has_the_predicted_size():
    recorded = next(
        (
            folder.parent / "shared" / "recordings" / "llm" / "sglang-0.5.23" / "server_info.txt"
            for folder in Path(__file__).resolve().parents
            if (folder / "pyproject.toml").is_file()
        ),
        Path("nowhere"),
    )
    if not recorded.is_file():
        pytest.skip("no recordings beside the repository")
    memory = re.search(r'"memory_usage":(\{.*?\}\s*\})', recorded.read_text("utf-8"), re.DOTALL)
    assert memory
    told = json.loads(memory[1])
    tiny = Architecture(  # the recorded server's own model: one dense layer
        hidden=128,
        vocabulary=151_936,
        mixers=(Attention(layers=1, heads=4, kv_heads=2, head_dim=32, qk_norm=True),),
        feedforwards=(Dense(layers=1, intermediate=128),),
        source="the recording",
    )
    predicted = told["token_capacity"] * pooled_bytes_a_token(tiny, speculative=False) / GIB
    assert round(predicted, 3) == told["kvcache"]


def test_the_ceiling_without_speculation():
    assert f"{READS.step() / 1e9:.2f}" == "4.08"
    assert f"{READS.ceiling(273):.1f}" == "66.9"
    assert f"{READS.draft() / 1e9:.2f}" == "0.70"


# Verified tokens, distinct experts, GB a step, and tokens a second at 1.5, 2, 2.5, 3 and 3.5 accepted.
WIDTHS = [
    (2, "19.8", "6.27", [65, 87]),
    (3, "29.4", "8.42", [49, 65, 81, 97]),
    (4, "38.8", "10.55", [39, 52, 65, 78, 91]),
]


@pytest.mark.parametrize(("width", "experts", "gigabytes", "rates"), WIDTHS)
def test_the_table_of_verify_widths(width: int, experts: str, gigabytes: str, rates: list[int]):
    (network,) = (network for network in QWEN.feedforwards if isinstance(network, Experts))
    depth = width - 1
    assert f"{distinct_experts(network, width):.1f}" == experts
    assert f"{(READS.step(width) + depth * READS.draft()) / 1e9:.2f}" == gigabytes
    accepted = [value for value in (1.5, 2, 2.5, 3, 3.5) if value <= width]
    assert [round(READS.ceiling(273, depth=depth, accepted=a)) for a in accepted] == rates


def test_three_drafts_are_worth_it_above_an_acceptance_length_of_about_two_and_a_half():
    assert READS.worth_it_from(3) == pytest.approx(2.58, abs=0.01)
    assert READS.worth_it_from(1) < READS.worth_it_from(2) < READS.worth_it_from(3)


@pytest.mark.parametrize(("depth", "accepted"), [(0, 1.5), (1, 2.5), (3, 0.5)])
def test_more_tokens_than_were_verified_are_no_acceptance_length(depth: int, accepted: float):
    with pytest.raises(ValueError, match="a step of depth"):
        READS.ceiling(273, depth=depth, accepted=accepted)


AUTO = ServerFlags(speculative_num_draft_tokens=4)
PINNED = replace(AUTO, max_running_requests=4, max_mamba_cache_size=20)
COLUMNS = [
    replace(AUTO, mem_fraction_static=0.75),
    AUTO,
    PINNED,
    replace(PINNED, mem_fraction_static=0.85),
]
# GiB free at the start: thousands of tokens and running requests for each of the columns.
POOLS = {
    108: [(76, 1), (189, 5), (224, 4), (442, 4)],
    112: [(142, 3), (249, 8), (353, 4), (579, 4)],
    116: [(196, 6), (323, 10), (482, 4), (716, 4)],
}


@pytest.mark.parametrize("available", POOLS)
def test_the_table_of_pools(available: int):
    weights = weight_bytes(QWEN, FP8, CATALOGUE.precisions, mtp=True)
    made = [pool(QWEN, weights, available, flags) for flags in COLUMNS]
    assert [(round(each.tokens / 1000), each.requests) for each in made] == POOLS[available]


def test_eight_bit_keys_and_values_double_the_pool():
    weights = weight_bytes(QWEN, FP8, CATALOGUE.precisions, mtp=True)
    whole, half = (pool(QWEN, weights, 112, replace(PINNED, kv_cache_bits=bits)) for bits in (16, 8))
    assert half.tokens // 2 == whole.tokens


@pytest.mark.parametrize(
    ("flags", "slots"),
    [
        (ServerFlags(), 5),
        (ServerFlags(mamba_radix_cache_strategy="extra_buffer_lazy"), 4),
        (ServerFlags(disable_overlap_schedule=True), 4),
        (ServerFlags(mamba_radix_cache_strategy="no_buffer"), 3),
        (ServerFlags(disable_radix_cache=True), 1),
    ],
)
def test_slots_of_a_running_request_follow_the_radix_strategy(flags: ServerFlags, slots: int):
    assert slots_per_request(flags) == slots


def test_running_requests_are_capped_by_the_slots():
    capped = pool(QWEN, 0, 112, replace(PINNED, max_running_requests=50, max_mamba_cache_size=24))
    assert (capped.requests, capped.slots) == (4, 24)
    assert capped.draft_state_bytes == 77_266_944 * 5 * 4


def test_the_pool_keeps_to_pages_and_to_a_limit_of_the_household():
    paged = pool(QWEN, 0, 112, replace(PINNED, page_size=64))
    assert paged.tokens % 64 == 0
    assert pool(QWEN, 0, 112, replace(PINNED, max_total_tokens=5000)).tokens == 5000


def test_a_prompt_may_be_as_long_as_pool_and_context_allow_with_room_for_the_answer():
    served = pool(QWEN, weight_bytes(QWEN, FP8, CATALOGUE.precisions, mtp=True), 108, PINNED)
    assert served.largest_prompt(262_144, 16_384) == served.tokens - 16_384
    assert served.largest_prompt(32_768, 4096) == 28_672
    assert served.largest_prompt(100, 4096) == 0


@pytest.mark.parametrize(
    ("weights", "flags", "why"),
    [
        (130 * GIB, PINNED, "larger than the free memory"),
        (100 * GIB, PINNED, "nothing for the cache"),
        (88 * GIB, AUTO, "no memory is left for the states"),
        (0, replace(PINNED, max_mamba_cache_size=4), "too small for a single request"),
    ],
)
def test_a_server_that_would_not_start_says_why(weights: float, flags: ServerFlags, why: str):
    refused = pool(QWEN, weights, 112, flags)
    assert why in refused.shortage
    assert refused.tokens == refused.requests == 0


def test_the_chosen_model_fits_its_box_and_dense_models_of_its_size_are_slow_there():
    chosen = _plan()
    assert chosen.fits
    assert chosen.spare / GIB == pytest.approx(24.0, abs=0.1)
    dense = _plan(CATALOGUE.model("Qwen2.5-72B"), CATALOGUE.model("Qwen2.5-72B").build("FP8"))
    slow, fast = dense.ceiling(), chosen.ceiling()
    assert slow is not None
    assert fast is not None
    assert 2.7 < slow < 4
    assert fast > 15 * slow


def test_what_does_not_fit_says_by_how_much():
    ultra = CATALOGUE.model("Ultra")
    made = _plan(ultra, ultra.build("INT4"))
    assert not made.fits
    assert made.spare == made.box.memory_gib.value * GIB - made.need.total
    assert made.pool is not None
    assert "larger than the free memory" in made.pool.shortage


def test_no_plan_for_closed_weights_and_no_pool_where_sglang_does_not_run():
    rows = plans(CATALOGUE, CATALOGUE.box("m4max"))
    assert [row.model.name for row in rows if isinstance(row, NoPlan)] == ["Qwen3-Max"]
    assert all(row.pool is None for row in rows if isinstance(row, Plan))


@pytest.mark.parametrize("box", [box.name for box in CATALOGUE.boxes])
def test_every_build_plans_on_every_box(box: str):
    rows = plans(CATALOGUE, CATALOGUE.box(box))
    assert len(rows) == len(BUILDS) + 1
    for row in rows:
        if isinstance(row, Plan):
            assert row.need.total > 0
            assert all(ceiling.tokens_per_second > 0 for ceiling in row.ceilings)
            assert row.pool is None or row.pool.shortage or row.pool.tokens > 0
            assert envelope(row)


def test_a_wish_beyond_the_models_context_is_noticed():
    assert _plan(wish=Wish(context=300_000)).too_long
    assert not _plan(wish=Wish(context=262_144)).too_long


def test_where_round_figures_differ_is_said_with_the_numbers():
    told = envelope(_plan())
    for part in (
        "80 GB",
        "82.02 GB = 76.39 GiB",
        "24,576 bytes",
        "12 of 48 layers",
        "73.69 MiB",
        "66.9 tokens",
    ):
        assert part in told


WISHES = st.builds(
    Wish,
    context=st.integers(1, 1_000_000),
    users=st.integers(1, 64),
    depth=st.integers(0, 3),
    kv_bits=st.sampled_from([8, 16]),
)


@given(entry=st.sampled_from(BUILDS), wish=WISHES, more=st.integers(0, 100_000), people=st.integers(0, 8))
def test_more_context_or_users_never_need_less(
    entry: tuple[Model, Build], wish: Wish, more: int, people: int
):
    model, build = entry
    larger = replace(wish, context=wish.context + more, users=wish.users + people)
    assert _plan(model, build, wish=larger).need.total >= _plan(model, build, wish=wish).need.total


@given(model=st.sampled_from([model for model in CATALOGUE.models if model.builds]), wish=WISHES)
def test_fewer_bits_never_need_more(model: Model, wish: Wish):
    bits = {build.quant: CATALOGUE.precisions[build.precision].bits for build in model.builds}
    needs = sorted((bits[b.quant], _plan(model, b, wish=wish).need.total) for b in model.builds)
    for fewer, more in pairwise(needs):
        assert fewer[0] == more[0] or fewer[1] <= more[1]
    halved = replace(wish, kv_bits=8)
    for build in model.builds:
        assert _plan(model, build, wish=halved).need.total <= _plan(model, build, wish=wish).need.total


@given(
    available=st.floats(1, 500),
    weights=st.floats(0, 400),
    fraction=st.floats(0.1, 0.95),
    drafts=st.integers(0, 8),
    requests=st.none() | st.integers(1, 100),
    slots=st.none() | st.integers(1, 500),
)
def test_a_pool_never_spends_more_than_its_share(
    available: float, weights: float, fraction: float, drafts: int, requests: int | None, slots: int | None
):
    flags = ServerFlags(
        mem_fraction_static=fraction,
        speculative_num_draft_tokens=drafts,
        max_running_requests=requests,
        max_mamba_cache_size=slots,
    )
    made = pool(QWEN, weights * GIB, available, flags)
    if not made.shortage:
        spent = made.tokens * made.bytes_a_token + made.state_bytes + made.draft_state_bytes
        assert weights * GIB + spent <= available * fraction * GIB
        assert made.requests * slots_per_request(flags) <= made.slots


@given(tokens=st.integers(1, 4096), requests=st.integers(1, 8), context=st.integers(0, 262_144))
def test_a_step_reads_more_with_more_tokens_but_never_an_expert_twice(
    tokens: int, requests: int, context: int
):
    one, many = READS.step(tokens, requests, context), READS.step(tokens + 1, requests, context)
    assert one <= many
    weights = weight_bytes(QWEN, FP8, CATALOGUE.precisions, mtp=False)
    caches = requests * (2 * recurrent_bytes(QWEN) + context * kv_bytes_a_token(QWEN))
    assert many <= weights + caches


@given(kernel=st.integers(2, 8), layers=st.integers(1, 100), heads=st.integers(1, 64))
def test_states_grow_with_layers_and_heads_and_never_with_context(kernel: int, layers: int, heads: int):
    mixer = DeltaNet(layers=layers, key_heads=heads, value_heads=heads, head_dim=128, kernel=kernel)
    model = QWEN.model_copy(update={"mixers": (mixer,)})
    assert slot_bytes(model) == layers * (heads * 128 * 128 * 4 + 3 * heads * 128 * (kernel - 1) * 2)
    assert kv_bytes_a_token(model) == 0
    assert activation_bytes(model) > 0
