"""Does a model fit a box, with which pool, and how fast can it be? Pure functions over the catalogue.

Two answers on memory, because there are two questions. `Need` counts what this household wants (users ×
context) tensor by tensor. `Pool` is what SGLang will really divide up from its flags, whatever one wanted.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields

from passfel.serving.architecture import Architecture, Attention, DeltaNet, Experts, FeedForward, Mixer
from passfel.serving.caches import deltanet_layers, kv_bytes_a_token, mtp_kv_bytes_a_token, slot_bytes
from passfel.serving.catalogue import Box, Build, Catalogue, Model
from passfel.serving.pool import RUNTIME_GIB, Pool, ServerFlags, pool, slots_per_request
from passfel.serving.roofline import Reads
from passfel.serving.weights import GIB, weight_bytes

CONTEXT = 32_768
USERS = 4
CHUNK = 4096
"""Tokens of a prompt that are computed together (--chunked-prefill-size)."""
ACCEPTED = (1.5, 2.0, 2.5, 3.0, 3.5)
DEPTHS = (1, 2, 3)


@dataclass(frozen=True)
class Need:
    """What is wanted of the memory, in bytes."""

    weights: float
    mtp: float
    kv: float
    states: float
    """Every running request's slots of DeltaNet state, and the padding slot."""
    draft_states: float
    """Snapshots of the state for each token of a verification."""
    activations: float
    runtime: float
    """CUDA's context and kernels."""
    reserve: float
    """What stays with the operating system and the household's other programs."""

    @property
    def parts(self) -> dict[str, float]:
        """Each part by its name."""
        return {part.name: getattr(self, part.name) for part in fields(self)}

    @property
    def total(self) -> float:
        """Everything together."""
        return sum(self.parts.values())


@dataclass(frozen=True)
class Ceiling:
    """The most tokens a second of all requests together, by bandwidth alone."""

    depth: int
    accepted: float
    requests: int
    tokens_per_second: float


@dataclass(frozen=True)
class Wish:
    """What the household wants of the model server."""

    context: int = CONTEXT
    users: int = USERS
    depth: int = 1
    """Draft steps, where the model can draft. One is the better start on 273 GB/s."""
    kv_bits: int = 16
    mem_fraction_static: float = 0.80


@dataclass(frozen=True)
class Plan:
    """One model, one build, one box."""

    model: Model
    build: Build
    box: Box
    wish: Wish
    architecture: Architecture
    need: Need
    flags: ServerFlags
    pool: Pool | None
    """None where SGLang does not run on the box."""
    ceilings: tuple[Ceiling, ...]

    @property
    def spare(self) -> float:
        """Bytes left over; negative: so many are missing."""
        return self.box.memory_gib.value * GIB - self.need.total

    @property
    def fits(self) -> bool:
        """Whether the wish fits into the box."""
        return self.spare >= 0

    @property
    def pool_suffices(self) -> bool:
        """Whether SGLang's pool holds every user's whole context at once; True where there is no pool."""
        wanted = self.wish.users * self.wish.context
        return self.pool is None or self.pool.tokens >= wanted

    @property
    def too_long(self) -> bool:
        """Whether the wish asks for more context than the model was made for."""
        return self.model.context is not None and self.wish.context > self.model.context.value

    def ceiling(self, depth: int = 0, accepted: float = 1.0, requests: int = 1) -> float | None:
        """One of the ceilings, in tokens a second."""
        wanted = (depth, accepted, requests)
        found = (c.tokens_per_second for c in self.ceilings if (c.depth, c.accepted, c.requests) == wanted)
        return next(found, None)


@dataclass(frozen=True)
class NoPlan:
    """A model that can't be planned, and why."""

    model: Model
    why: str


def plan(
    catalogue: Catalogue, model: Model, build: Build, box: Box, wish: Wish | None = None
) -> Plan | NoPlan:
    """Plan one build of a model on a box."""
    wish = wish or Wish()
    architecture = model.architecture
    if architecture is None:
        return NoPlan(model, model.why_no_plan)
    drafts = wish.depth + 1 if architecture.mtp and wish.depth else 0
    flags = _flags(architecture, wish, drafts)
    need = _need(catalogue, architecture, build, box, wish, drafts)
    taken = RUNTIME_GIB if box.unified else 0.0
    weights = need.weights + need.mtp
    served = pool(architecture, weights, box.boot_gib.value, flags, taken) if box.sglang else None
    reads = Reads(architecture, build, catalogue.precisions, wish.kv_bits)
    ceilings = tuple(_ceilings(reads, box, wish.users))
    return Plan(model, build, box, wish, architecture, need, flags, served, ceilings)


def plans(catalogue: Catalogue, box: Box, wish: Wish | None = None) -> list[Plan | NoPlan]:
    """Every build of every model on a box, in the catalogue's order."""
    made: list[Plan | NoPlan] = []
    for model in catalogue.models:
        if model.architecture is None:
            made.append(NoPlan(model, model.why_no_plan))
        made += [plan(catalogue, model, build, box, wish) for build in model.builds]
    return made


def activation_bytes(architecture: Architecture, chunk: int = CHUNK) -> float:
    """An estimate of the largest layer's live tensors for one chunk of a prompt, in bfloat16.

    Twice the residual, what the widest mixer projects to, and the gate, up and down results of every expert
    that a token visits. The logits of the last token are small beside it.
    """
    mixer = max(_projected(mixer) for mixer in architecture.mixers)
    network = max(_expanded(network, architecture.hidden) for network in architecture.feedforwards)
    return chunk * 2.0 * (2 * architecture.hidden + max(mixer, network))


def _need(
    catalogue: Catalogue, architecture: Architecture, build: Build, box: Box, wish: Wish, drafts: int
) -> Need:
    main = weight_bytes(architecture, build, catalogue.precisions, mtp=False)
    whole = weight_bytes(architecture, build, catalogue.precisions, mtp=drafts > 0)
    a_token = kv_bytes_a_token(architecture, wish.kv_bits)
    a_token += mtp_kv_bytes_a_token(architecture, wish.kv_bits) if drafts else 0
    slot = slot_bytes(architecture)
    slots = wish.users * slots_per_request(ServerFlags()) + 1
    return Need(
        weights=main,
        mtp=whole - main,
        kv=float(a_token * wish.context * wish.users),
        states=float(slot * slots),
        draft_states=float(slot * (wish.users + 1) * drafts),
        activations=activation_bytes(architecture),
        runtime=RUNTIME_GIB * GIB,
        reserve=box.reserve_gib.value * GIB,
    )


def _flags(architecture: Architecture, wish: Wish, drafts: int) -> ServerFlags:
    """Requests and states pinned to the users: left to itself SGLang gives the states nearly half."""
    slots = wish.users * slots_per_request(ServerFlags())
    return ServerFlags(
        mem_fraction_static=wish.mem_fraction_static,
        max_running_requests=wish.users,
        max_mamba_cache_size=slots if deltanet_layers(architecture) else None,
        speculative_num_draft_tokens=drafts,
        kv_cache_bits=wish.kv_bits,
    )


def _ceilings(reads: Reads, box: Box, users: int) -> Iterator[Ceiling]:
    depths = DEPTHS if reads.architecture.mtp else ()
    for requests in sorted({1, users}):
        rate = reads.ceiling(box.bandwidth_gbs.value, requests=requests)
        yield Ceiling(0, 1.0, requests, rate)
        for depth in depths:
            for accepted in (value for value in ACCEPTED if value <= depth + 1):
                rate = reads.ceiling(
                    box.bandwidth_gbs.value, depth=depth, accepted=accepted, requests=requests
                )
                yield Ceiling(depth, accepted, requests, rate)


def _projected(mixer: Mixer) -> int:
    match mixer:
        case Attention():
            return ((2 if mixer.output_gate else 1) * mixer.heads + 2 * mixer.kv_heads) * mixer.head_dim
        case DeltaNet():
            return 2 * (mixer.key_heads + mixer.value_heads) * mixer.head_dim
        case _:
            return 0 if mixer.kind == "none" else mixer.heads * (mixer.nope_dim * 2 + mixer.rope_dim)


def _expanded(network: FeedForward, hidden: int) -> int:
    if isinstance(network, Experts):
        return network.per_token * (3 * network.intermediate + hidden) + 3 * network.shared_intermediate
    return 3 * network.intermediate
