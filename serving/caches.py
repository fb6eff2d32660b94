"""What a request occupies beside the weights: cached keys and values, and the states of DeltaNet layers. Bytes.

Pure functions. Sources: SGLang 0.5.23, `configs/mamba_utils.py` (a state) and
`model_executor/pool_configurator.py` (a token's cache).
"""

from passfel.serving.architecture import (
    Architecture,
    Attention,
    DeltaNet,
    LatentAttention,
    Mixer,
    NoAttention,
)

STATE_BYTES = 4
"""The recurrent state is kept in float32 unless --mamba-ssm-dtype says otherwise."""
WINDOW_BYTES = 2
"""The convolution's window is kept in bfloat16."""


def kv_bytes_a_token(architecture: Architecture, kv_bits: int = 16) -> int:
    """Keys and values of one token in every layer that attends: layers × 2 × KV heads × head size × bytes.

    A latent (MLA) layer keeps one vector of its rank and the rotary part instead.
    """
    return sum(_cached_numbers(mixer) for mixer in architecture.mixers) * kv_bits // 8


def mtp_kv_bytes_a_token(architecture: Architecture, kv_bits: int = 16) -> int:
    """Keys and values of one token in the MTP head's own layer; 0 without a head."""
    return _cached_numbers(architecture.mtp.attention) * kv_bits // 8 if architecture.mtp else 0


def pooled_bytes_a_token(architecture: Architecture, kv_bits: int = 16, *, speculative: bool) -> int:
    """What SGLang's pool spends on a token.

    It knows which layers of a DeltaNet hybrid attend. Of a model whose search removed attention from some
    blocks (Nemotron) it doesn't: every block gets a cache, used or not.
    """
    numbers = sum(_cached_numbers(mixer) for mixer in architecture.mixers)
    if deltanet_layers(architecture) == 0:
        widest = max(_cached_numbers(mixer) // max(mixer.layers, 1) for mixer in architecture.mixers)
        numbers += widest * sum(
            mixer.layers for mixer in architecture.mixers if isinstance(mixer, NoAttention)
        )
    cached = numbers * kv_bits // 8
    return cached + (mtp_kv_bytes_a_token(architecture, kv_bits) if speculative else 0)


def slot_bytes(architecture: Architecture) -> int:
    """One slot of DeltaNet state: the recurrent state and the convolution's window of every such layer."""
    return recurrent_bytes(architecture) + sum(_window_bytes(mixer) for mixer in _deltanets(architecture))


def recurrent_bytes(architecture: Architecture) -> int:
    """The recurrent part of a slot: layers × value heads × head size² × 4."""
    return sum(
        mixer.layers * mixer.value_heads * mixer.head_dim**2 * STATE_BYTES
        for mixer in _deltanets(architecture)
    )


def deltanet_layers(architecture: Architecture) -> int:
    """How many layers keep a state instead of a cache."""
    return sum(mixer.layers for mixer in _deltanets(architecture))


def _deltanets(architecture: Architecture) -> list[DeltaNet]:
    return [mixer for mixer in architecture.mixers if isinstance(mixer, DeltaNet)]


def _window_bytes(mixer: DeltaNet) -> int:
    channels = (2 * mixer.key_heads + mixer.value_heads) * mixer.head_dim
    return mixer.layers * channels * (mixer.kernel - 1) * WINDOW_BYTES


def _cached_numbers(mixer: Mixer) -> int:
    match mixer:
        case Attention():
            return mixer.layers * 2 * mixer.kv_heads * mixer.head_dim
        case LatentAttention():
            return mixer.layers * (mixer.kv_rank + mixer.rope_dim)
        case _:
            return 0
