"""The planned pool beside what SGLang 0.5.17 wrote into its log on an H200 (docs/measurements.md)."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from passfel.serving.catalogue import load_catalogue
from passfel.serving.planner import Plan, Wish, plan
from passfel.serving.pool import ServerFlags, pool
from passfel.serving.weights import weight_bytes

CATALOGUE = load_catalogue()
MODEL, BOX = CATALOGUE.model("Qwen3-Next-80B-A3B-Thinking"), CATALOGUE.box("h200")
BUILD = MODEL.build("FP8")
FREE_GIB = 139.03
"""Load weight begin. avail mem=139.03 GB"""


@dataclass(frozen=True)
class Logged:
    """max_total_num_tokens and max_mamba_cache_size of one boot, and its flags."""

    tokens: int
    slots: int
    depth: int
    fraction: float = 0.80
    pinned: int | None = 20

    @property
    def flags(self) -> ServerFlags:
        """The flags it was booted with."""
        return ServerFlags(
            mem_fraction_static=self.fraction,
            max_running_requests=4,
            max_mamba_cache_size=self.pinned,
            speculative_num_draft_tokens=self.depth + 1 if self.depth else 0,
        )


LOGGED = [
    Logged(993_575, 283, 0, 0.85, None),
    Logged(1_367_088, 20, 1),
    Logged(989_808, 135, 2, pinned=None),
    Logged(1_335_648, 20, 3),
]


@pytest.mark.parametrize("logged", LOGGED)
def test_the_pool_from_the_catalogue_alone_is_within_five_per_cent_of_the_log(logged: Logged):
    assert MODEL.architecture is not None
    weights = weight_bytes(MODEL.architecture, BUILD, CATALOGUE.precisions, mtp=logged.depth > 0)
    made = pool(MODEL.architecture, weights, BOX.boot_gib.value, logged.flags, runtime_gib=0.0)
    assert made.tokens == pytest.approx(logged.tokens, rel=0.05)
    assert made.slots == pytest.approx(logged.slots, rel=0.05)
    assert made.requests == 4


@pytest.mark.parametrize("logged", LOGGED)
def test_by_the_rules_of_the_release_that_ran_it_is_within_one_per_cent(logged: Logged):
    assert MODEL.architecture is not None
    weights = weight_bytes(MODEL.architecture, BUILD, CATALOGUE.precisions, mtp=logged.depth > 0)
    made = pool(MODEL.architecture, weights, FREE_GIB, logged.flags, 0.0, release="0.5.17")
    assert made.tokens == pytest.approx(logged.tokens, rel=0.01)
    assert made.slots == pytest.approx(logged.slots, rel=0.01)


def test_a_plan_takes_cudas_own_memory_from_the_hosts_and_not_from_a_cards():
    card = plan(CATALOGUE, MODEL, BUILD, BOX, Wish())
    same = plan(CATALOGUE, MODEL, BUILD, BOX.model_copy(update={"unified": True}), Wish())
    assert isinstance(card, Plan)
    assert isinstance(same, Plan)
    assert card.pool is not None
    assert same.pool is not None
    assert card.pool.tokens == pytest.approx(1_367_088, rel=0.05)
    assert (card.pool.tokens - same.pool.tokens) * 26_624 == pytest.approx(1.5 * 2**30, rel=0.001)


def test_the_measurements_quote_the_same_log():
    page = (Path(__file__).parents[2] / "docs" / "measurements.md").read_text(encoding="utf-8")
    assert all(f"{logged.tokens:,}" in page for logged in LOGGED)
