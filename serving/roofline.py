"""How fast a box can generate at most: the bytes a step must read, against the memory's bandwidth. Pure functions.

At the few requests of a household generation is bound by memory, not by arithmetic: each step reads the
weights it needs once for all of its tokens, and the caches of each request. A real server reaches 60 to 80 %
of the ceiling. Tokens are taken to choose their experts independently of each other, which is pessimistic.
Left out: activations, the one row of the embedding, the convolution's window (2 % of a DeltaNet slot).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from passfel.serving.architecture import Architecture, Experts
from passfel.serving.caches import kv_bytes_a_token, mtp_kv_bytes_a_token, recurrent_bytes
from passfel.serving.catalogue import Build, Precision
from passfel.serving.weights import Tensor, precision_of, stored_bytes, tensors

GB = 10**9


@dataclass(frozen=True)
class Reads:
    """One architecture in one build, as something that is read."""

    architecture: Architecture
    build: Build
    precisions: Mapping[str, Precision]
    kv_bits: int = 16

    def step(self, tokens: int = 1, requests: int = 1, context: int = 0) -> float:
        """Bytes of one step over `tokens` tokens of each of `requests` requests that hold `context` tokens.

        Weights once (of the experts those that are hit), states read and written, keys and values read.
        """
        weights = sum(
            self._read(tensor, tokens * requests) for tensor in tensors(self.architecture) if not tensor.mtp
        )
        states = 2 * recurrent_bytes(self.architecture) * requests
        cached = kv_bytes_a_token(self.architecture, self.kv_bits) * context * requests
        return weights + states + cached

    def draft(self, requests: int = 1, context: int = 0) -> float:
        """Bytes of one draft step: the MTP head, and the lm_head, which it shares."""
        if self.architecture.mtp is None:
            return 0.0
        weights = sum(
            self._read(tensor, requests)
            for tensor in tensors(self.architecture)
            if tensor.mtp or tensor.kind == "lm_head"
        )
        return weights + mtp_kv_bytes_a_token(self.architecture, self.kv_bits) * context * requests

    def ceiling(
        self,
        bandwidth_gbs: float,
        *,
        depth: int = 0,
        accepted: float = 1.0,
        requests: int = 1,
        context: int = 0,
    ) -> float:
        """Tokens a second of all requests together.

        `depth` drafts are made one after the other and verified together with the token before them;
        `accepted` tokens come out of a step on average, the verified one included (1 to depth + 1).
        """
        if not 1 <= accepted <= depth + 1:
            raise ValueError(f"a step of depth {depth} yields 1 to {depth + 1} tokens, not {accepted}")
        moved = self.step(depth + 1, requests, context) + depth * self.draft(requests, context)
        return requests * accepted * bandwidth_gbs * GB / moved

    def worth_it_from(self, depth: int, requests: int = 1, context: int = 0) -> float:
        """The acceptance length above which this depth is faster than no speculation."""
        moved = self.step(depth + 1, requests, context) + depth * self.draft(requests, context)
        return moved / self.step(1, requests, context)

    def _read(self, tensor: Tensor, tokens: int) -> float:
        precision = precision_of(tensor, self.build, self.precisions)
        if tensor.kind == "experts":
            everything = stored_bytes(tensor, precision)
            return everything * (1 - (1 - tensor.read / tensor.copies) ** tokens)
        return stored_bytes(tensor, precision, tensor.read)


def distinct_experts(network: Experts, tokens: int) -> float:
    """How many experts of a layer `tokens` tokens hit together: E × (1 - (1 - k/E)^tokens)."""
    return network.experts * (1 - (1 - network.per_token / network.experts) ** tokens)
