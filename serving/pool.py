"""The pool of cached tokens that SGLang will really get, by its own formula. Pure functions; bytes and GiB.

Source: SGLang 0.5.23, `mem_cache/kv_cache_configurator.py` (`_profile_available_bytes`,
`_handle_max_mamba_cache`, `_calculate_mamba_ratio`, `resolve_max_num_reqs`). Left out: more than one GPU,
images, and the floor of 10 GiB under the slack, which a fraction above 0.9 would meet.
"""

from dataclasses import dataclass
from typing import Literal

from passfel.serving.architecture import Architecture
from passfel.serving.caches import pooled_bytes_a_token, slot_bytes
from passfel.serving.weights import GIB

RUNTIME_GIB = 1.5
"""What CUDA's context and the loaded kernels take beside the weights where the free memory is the host's, as on a
GB10. A card with memory of its own tells what is free without them."""
UNLIMITED_REQUESTS = 2048
SPECULATIVE_REQUESTS = 48
"""What --max-running-requests becomes where nobody sets it: the second with speculation."""
BASE_SLOTS = 3

Release = Literal["0.5.17", "0.5.23"]
"""0.5.17 sizes the pool without the MTP layer's cache, which it allocates all the same, and while the head still
holds its own embedding and output layer; read off its log on an H200. 0.5.23: read in its source."""
RadixStrategy = Literal["extra_buffer", "extra_buffer_lazy", "no_buffer"]


@dataclass(frozen=True)
class ServerFlags:
    """The flags of SGLang that decide about the pool; the names are its own, None is its default."""

    mem_fraction_static: float = 0.80
    max_running_requests: int | None = None
    max_mamba_cache_size: int | None = None
    mamba_full_memory_ratio: float = 0.9
    mamba_radix_cache_strategy: RadixStrategy = "extra_buffer"
    disable_radix_cache: bool = False
    disable_overlap_schedule: bool = False
    speculative_num_draft_tokens: int = 0
    """0: no speculation. Otherwise the drafts of a step and the token before them: steps + 1."""
    kv_cache_bits: int = 16
    page_size: int = 1
    max_total_tokens: int | None = None


@dataclass(frozen=True)
class Pool:
    """What the server will have: tokens in the cache, requests at once, slots of DeltaNet state."""

    tokens: int
    requests: int
    slots: int
    bytes_a_token: int
    state_bytes: float
    """All slots, and the padding slot."""
    draft_state_bytes: float
    """The snapshots that a verification keeps for each token of each running request."""
    shortage: str = ""
    """Why the server would not start; empty where it does."""

    def largest_prompt(self, context: int, answer: int = 0) -> int:
        """The longest prompt that can be accepted; a longer one than the pool would stall the server."""
        return max(0, min(self.tokens, context) - answer)


def draft_copies(architecture: Architecture) -> float:
    """Bytes of the embedding and the output layer that the MTP head loads for itself, in bfloat16, and soon drops."""
    return 2.0 * 2 * architecture.vocabulary * architecture.hidden if architecture.mtp else 0.0


def slots_per_request(flags: ServerFlags) -> int:
    """Slots of DeltaNet state that one running request may hold."""
    if flags.disable_radix_cache:
        return 1
    tracking = {
        "no_buffer": 0,
        "extra_buffer_lazy": 1,
        "extra_buffer": 1 if flags.disable_overlap_schedule else 2,
    }
    return BASE_SLOTS + tracking[flags.mamba_radix_cache_strategy]


def pool(
    architecture: Architecture,
    weights: float,
    available_gib: float,
    flags: ServerFlags,
    runtime_gib: float = RUNTIME_GIB,
    release: Release = "0.5.23",
) -> Pool:
    """The pool on a box with `available_gib` free at the start and `weights` bytes to load.

    rest = available after loading - available before × (1 - mem_fraction_static); from it go the states and
    their snapshots, and what is left is divided by the bytes of a token.
    """
    drafts, old = flags.speculative_num_draft_tokens > 0, release == "0.5.17"
    weights += draft_copies(architecture) if drafts and old else 0.0
    after_load = available_gib * GIB - weights - runtime_gib * GIB
    rest = after_load - available_gib * GIB * (1 - flags.mem_fraction_static)
    slot = slot_bytes(architecture)
    slots = _slots(rest, slot, flags) if slot else 0
    requests = _wanted_requests(flags)
    if slot:
        requests = min(requests, slots // slots_per_request(flags))
    state = (slots + 1) * slot if slot else 0.0
    snapshots = float(slot * (requests + 1) * flags.speculative_num_draft_tokens)
    left = rest - state - snapshots
    cell = pooled_bytes_a_token(architecture, flags.kv_cache_bits, speculative=drafts and not old)
    tokens = _tokens(left, cell, flags)
    requests = min(requests, tokens // 2)
    shortage = _shortage(left, slots if slot else 1, requests, after_load / GIB / available_gib)
    if shortage:
        return Pool(0, 0, max(slots, 0), cell, max(state, 0.0), max(snapshots, 0.0), shortage)
    return Pool(tokens, requests, slots, cell, state, snapshots)


def _slots(rest: float, slot: int, flags: ServerFlags) -> int:
    if flags.max_mamba_cache_size is not None:
        return flags.max_mamba_cache_size
    if flags.disable_radix_cache and flags.max_running_requests is not None:
        return max(1, flags.max_running_requests)
    drafts = flags.speculative_num_draft_tokens
    budget = rest * flags.mamba_full_memory_ratio / (1 + flags.mamba_full_memory_ratio)
    return max(0, int((budget - slot * (1 + drafts)) // (slot * (1 + drafts / slots_per_request(flags)))))


def _wanted_requests(flags: ServerFlags) -> int:
    if flags.max_running_requests is not None:
        return max(1, flags.max_running_requests)
    return SPECULATIVE_REQUESTS if flags.speculative_num_draft_tokens else UNLIMITED_REQUESTS


def _tokens(left: float, cell: int, flags: ServerFlags) -> int:
    if left <= 0:
        return 0
    tokens = int(left) // cell
    if flags.max_total_tokens is not None:
        tokens = min(tokens, flags.max_total_tokens)
    return tokens // flags.page_size * flags.page_size


def _shortage(left: float, slots: int, requests: int, free_share: float) -> str:
    """SGLang's own reasons to refuse the start."""
    if free_share <= 0:
        return "the weights alone are larger than the free memory"
    if slots <= 0:
        return "no memory is left for the states of the DeltaNet layers"
    if left <= 0:
        return f"the weights and states leave nothing for the cache at --mem-fraction-static up to {1 - free_share:.2f}"
    if requests <= 0:
        return "the state cache is too small for a single request"
    return ""
