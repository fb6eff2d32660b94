"""The figures from which the size of every tensor, cache and state of a model follows."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

TensorClass = Literal[
    "embedding", "lm_head", "norms", "router", "gates", "convolution",
    "attention", "deltanet", "dense", "experts", "shared_expert", "mtp_projection",
]  # fmt: skip
"""What a checkpoint is made of. `norms` are all vectors, biases too; `gates` are small side projections
(in_proj_ba, A_log, dt_bias, shared_expert_gate)."""


class Entry(BaseModel):
    """Something in the catalogue: its fields are all there are, and stay as they are."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Attention(Entry):
    """Layers of grouped-query attention."""

    kind: Literal["attention"] = "attention"
    layers: int = Field(ge=0)
    heads: int = Field(gt=0)
    kv_heads: int = Field(gt=0)
    head_dim: int = Field(gt=0)
    output_gate: bool = False
    qk_norm: bool = False
    qkv_bias: bool = False


class LatentAttention(Entry):
    """Layers of multi-head latent attention (MLA): the cache holds one compressed vector a token."""

    kind: Literal["latent"] = "latent"
    layers: int = Field(ge=0)
    heads: int = Field(gt=0)
    query_rank: int = Field(gt=0)
    kv_rank: int = Field(gt=0)
    nope_dim: int = Field(gt=0)
    rope_dim: int = Field(gt=0)
    value_dim: int = Field(gt=0)


class DeltaNet(Entry):
    """Layers of Gated DeltaNet: a state of fixed size a request instead of a cache that grows."""

    kind: Literal["deltanet"] = "deltanet"
    layers: int = Field(ge=0)
    key_heads: int = Field(gt=0)
    value_heads: int = Field(gt=0)
    head_dim: int = Field(gt=0)
    kernel: int = Field(gt=1)


class NoAttention(Entry):
    """Blocks whose attention a search removed (Nemotron)."""

    kind: Literal["none"] = "none"
    layers: int = Field(ge=0)


class Dense(Entry):
    """Layers with one gated feed-forward network."""

    kind: Literal["dense"] = "dense"
    layers: int = Field(ge=0)
    intermediate: int = Field(gt=0)


class Experts(Entry):
    """Layers with a mixture of experts."""

    kind: Literal["experts"] = "experts"
    layers: int = Field(ge=0)
    experts: int = Field(gt=0)
    per_token: int = Field(gt=0)
    intermediate: int = Field(gt=0)
    shared_intermediate: int = Field(0, ge=0, description="All shared experts together.")
    shared_gate: bool = False

    @model_validator(mode="after")
    def _no_more_than_there_are(self) -> Self:
        if self.per_token > self.experts:
            raise ValueError("per_token must not be more than experts")
        return self


Mixer = Annotated[Attention | LatentAttention | DeltaNet | NoAttention, Field(discriminator="kind")]
FeedForward = Annotated[Dense | Experts, Field(discriminator="kind")]


class Mtp(Entry):
    """The multi-token prediction head: one more block that drafts; it shares embedding and lm_head."""

    attention: Attention
    feedforward: FeedForward


class Architecture(Entry):
    """The figures from which every tensor's size follows."""

    hidden: int = Field(gt=0)
    vocabulary: int = Field(gt=0)
    mixers: tuple[Mixer, ...] = Field(min_length=1)
    feedforwards: tuple[FeedForward, ...] = Field(min_length=1)
    mtp: Mtp | None = None
    source: str = Field(min_length=1)
