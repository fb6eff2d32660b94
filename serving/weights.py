"""A model's tensors by class: how many parameters, how many bytes, and how many of them one token reads.

Pure functions. Bytes unless a name says GiB. The shapes are those of the models' own code (transformers'
`modeling_qwen3_next.py`, `modeling_llama.py`, `modeling_deepseek_v2.py`).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from math import ceil
from typing import assert_never

from passfel.serving.architecture import (
    Architecture,
    Attention,
    DeltaNet,
    Dense,
    Experts,
    FeedForward,
    LatentAttention,
    Mixer,
    Mtp,
    NoAttention,
    TensorClass,
)
from passfel.serving.catalogue import Build, Precision

GIB = 2**30


@dataclass(frozen=True)
class Tensor:
    """`copies` matrices of rows × columns; `read` of them are read for one token (all, but for experts)."""

    kind: TensorClass
    rows: int
    columns: int
    copies: int = 1
    read: int = 1
    mtp: bool = False

    @property
    def parameters(self) -> int:
        """How many numbers it holds."""
        return self.rows * self.columns * self.copies


def tensors(architecture: Architecture) -> tuple[Tensor, ...]:
    """Every tensor of a model: the main part, then the MTP head (`mtp` is True)."""
    hidden = architecture.hidden
    embedding = Tensor("embedding", architecture.vocabulary, hidden, read=0)
    ends = (embedding, Tensor("lm_head", architecture.vocabulary, hidden), _vector("norms", hidden))
    mixers = (tensor for mixer in architecture.mixers for tensor in _mixer(mixer, hidden))
    networks = (tensor for network in architecture.feedforwards for tensor in _network(network, hidden))
    head = _mtp(architecture.mtp, hidden) if architecture.mtp else ()
    return (*ends, *mixers, *networks, *head)


def parameters(architecture: Architecture, *, mtp: bool = False) -> int:
    """Parameters of the main part, or of the MTP head."""
    return sum(tensor.parameters for tensor in tensors(architecture) if tensor.mtp is mtp)


def active_parameters(architecture: Architecture) -> int:
    """Parameters read for one token without speculation: lm_head included, the embedding's one row not."""
    return sum(
        tensor.rows * tensor.columns * tensor.read for tensor in tensors(architecture) if not tensor.mtp
    )


def stored_bytes(tensor: Tensor, precision: Precision, copies: int | None = None) -> float:
    """Bytes of a tensor (of `copies` of its matrices): the weights, and one scale for each group of them."""
    count = tensor.copies if copies is None else copies
    weights = tensor.rows * tensor.columns * precision.bits
    groups = ceil(tensor.rows / (precision.group_rows or tensor.rows)) * ceil(
        tensor.columns / (precision.group_columns or tensor.columns)
    )
    return count * (weights + groups * precision.scale_bits) / 8


def precision_of(tensor: Tensor, build: Build, precisions: Mapping[str, Precision]) -> Precision:
    """How a build stores a tensor."""
    if tensor.mtp and build.keep_mtp:
        return precisions[build.keep_mtp]
    return precisions[build.keep.get(tensor.kind, build.precision)]


def bytes_by_class(
    architecture: Architecture, build: Build, precisions: Mapping[str, Precision], *, mtp: bool = False
) -> dict[TensorClass, float]:
    """Bytes of each tensor class of the main part, or of the MTP head."""
    sums: dict[TensorClass, float] = {}
    for tensor in tensors(architecture):
        if tensor.mtp is mtp:
            stored = stored_bytes(tensor, precision_of(tensor, build, precisions))
            sums[tensor.kind] = sums.get(tensor.kind, 0) + stored
    return sums


def weight_bytes(
    architecture: Architecture, build: Build, precisions: Mapping[str, Precision], *, mtp: bool
) -> float:
    """Bytes of the whole checkpoint; `mtp` says whether the MTP head is loaded too."""
    main = sum(bytes_by_class(architecture, build, precisions).values())
    return main + (sum(bytes_by_class(architecture, build, precisions, mtp=True).values()) if mtp else 0)


def _vector(kind: TensorClass, length: int, copies: int = 1) -> Tensor:
    return Tensor(kind, 1, length, copies, copies)


def _matrix(kind: TensorClass, rows: int, columns: int, layers: int) -> Tensor:
    return Tensor(kind, rows, columns, layers, layers)


def _mixer(mixer: Mixer, hidden: int) -> Iterator[Tensor]:
    match mixer:
        case Attention():
            yield from _attention(mixer, hidden)
        case LatentAttention():
            yield from _latent(mixer, hidden)
        case DeltaNet():
            yield from _deltanet(mixer, hidden)
        case NoAttention():
            pass
        case _:
            assert_never(mixer)


def _attention(mixer: Attention, hidden: int) -> Iterator[Tensor]:
    layers, inner, cached = mixer.layers, mixer.heads * mixer.head_dim, mixer.kv_heads * mixer.head_dim
    yield _vector("norms", hidden, layers)
    yield _matrix("attention", inner * (2 if mixer.output_gate else 1), hidden, layers)
    yield _matrix("attention", cached, hidden, 2 * layers)
    yield _matrix("attention", hidden, inner, layers)
    if mixer.qk_norm:
        yield _vector("norms", mixer.head_dim, 2 * layers)
    if mixer.qkv_bias:
        yield _vector("norms", inner + 2 * cached, layers)


def _latent(mixer: LatentAttention, hidden: int) -> Iterator[Tensor]:
    layers, query_dim = mixer.layers, mixer.nope_dim + mixer.rope_dim
    yield _vector("norms", hidden + mixer.query_rank + mixer.kv_rank, layers)
    yield _matrix("attention", mixer.query_rank, hidden, layers)
    yield _matrix("attention", mixer.heads * query_dim, mixer.query_rank, layers)
    yield _matrix("attention", mixer.kv_rank + mixer.rope_dim, hidden, layers)
    yield _matrix("attention", mixer.heads * (mixer.nope_dim + mixer.value_dim), mixer.kv_rank, layers)
    yield _matrix("attention", hidden, mixer.heads * mixer.value_dim, layers)


def _deltanet(mixer: DeltaNet, hidden: int) -> Iterator[Tensor]:
    layers, keys, values = mixer.layers, mixer.key_heads * mixer.head_dim, mixer.value_heads * mixer.head_dim
    yield _vector("norms", hidden, layers)
    yield _matrix("deltanet", 2 * keys + 2 * values, hidden, layers)
    yield _matrix("deltanet", hidden, values, layers)
    yield _matrix("convolution", 2 * keys + values, mixer.kernel, layers)
    yield _matrix("gates", 2 * mixer.value_heads, hidden, layers)
    yield _vector("gates", 2 * mixer.value_heads, layers)
    yield _vector("norms", mixer.head_dim, layers)


def _network(network: FeedForward, hidden: int) -> Iterator[Tensor]:
    layers = network.layers
    yield _vector("norms", hidden, layers)
    match network:
        case Dense():
            yield from _gated("dense", network.intermediate, hidden, layers)
        case Experts():
            yield _matrix("router", network.experts, hidden, layers)
            for tensor in _gated("experts", network.intermediate, hidden, layers):
                count = tensor.copies
                yield replace(tensor, copies=count * network.experts, read=count * network.per_token)
            if network.shared_intermediate:
                yield from _gated("shared_expert", network.shared_intermediate, hidden, layers)
            if network.shared_gate:
                yield _matrix("gates", 1, hidden, layers)
        case _:
            assert_never(network)


def _gated(kind: TensorClass, intermediate: int, hidden: int, layers: int) -> Iterator[Tensor]:
    """Gate and up projections, then down."""
    yield _matrix(kind, intermediate, hidden, 2 * layers)
    yield _matrix(kind, hidden, intermediate, layers)


def _mtp(mtp: Mtp, hidden: int) -> Iterable[Tensor]:
    """A projection of (embedding, hidden) to hidden, norms of both and of the end, and one block."""
    block = (*_attention(mtp.attention, hidden), *_network(mtp.feedforward, hidden))
    own = (_matrix("mtp_projection", hidden, 2 * hidden, 1), _vector("norms", hidden, 3))
    return (replace(tensor, mtp=True) for tensor in (*own, *block))
