"""Where back-of-envelope figures differ from a plan, and why, in one paragraph."""

from passfel.serving.caches import deltanet_layers, kv_bytes_a_token, slot_bytes
from passfel.serving.planner import Plan
from passfel.serving.weights import GIB, parameters

GB = 10**9


def envelope(plan: Plan) -> str:
    """What “billions of parameters × bytes, plus a round figure for the cache” gets wrong here."""
    parts = [_weights(plan), _cache(plan), _states(plan), _memory(plan), _speed(plan)]
    return " ".join(part for part in parts if part)


def _weights(plan: Plan) -> str:
    count = parameters(plan.architecture)
    bits = {"BF16": 16, "FP8": 8}.get(plan.build.quant, 4)
    rough = round(count / 1e9) * bits / 8
    exact = plan.need.weights + plan.need.mtp
    sentence = (
        f"A rule of thumb says {rough:.0f} GB of weights ({count / 1e9:.0f} billion × {bits} bits); the build has "
        f"{exact / GB:.2f} GB = {exact / GIB:.2f} GiB, because"
    )
    reasons = []
    if plan.build.quant != "BF16":
        reasons.append("some tensors stay in a higher precision and every group of weights has its scale")
    if plan.need.mtp:
        reasons.append(f"the drafting head adds {plan.need.mtp / GB:.2f} GB")
    reasons.append("a GiB is 7 % more than a GB")
    last = f" and {reasons[-1]}" if len(reasons) > 1 else reasons[-1]
    return f"{sentence} {', '.join(reasons[:-1])}{last}."


def _cache(plan: Plan) -> str:
    a_token = kv_bytes_a_token(plan.architecture, plan.wish.kv_bits)
    layers = sum(mixer.layers for mixer in plan.architecture.mixers)
    whole = plan.wish.context * a_token / GIB
    sentence = (
        f"“15 GB of cache” is not a figure of any model: {plan.wish.context:,} tokens are {whole:.2f} GiB here "
        f"({a_token:,} bytes a token)"
    )
    silent = sum(m.layers for m in plan.architecture.mixers if m.kind in {"deltanet", "none"})
    return (
        f"{sentence}, since only {layers - silent} of {layers} layers keep one." if silent else f"{sentence}."
    )


def _states(plan: Plan) -> str:
    if not deltanet_layers(plan.architecture):
        return ""
    states = (plan.need.states + plan.need.draft_states) / GIB
    return (
        f"What is forgotten instead are the states of the DeltaNet layers: {slot_bytes(plan.architecture) / 2**20:.2f} "
        f"MiB a slot, five slots a running request, and one more for each drafted token: {states:.2f} GiB."
    )


def _memory(plan: Plan) -> str:
    box, sentence = plan.box, ""
    if box.unified:
        sentence = (
            f"And the box does not have its nominal memory to give: its system sees {box.memory_gib.value:.1f} GiB, "
            f"{box.reserve_gib.value:.0f} GiB stay with it"
        )
    if plan.pool is None:
        return f"{sentence}." if sentence else ""
    start = sentence or f"Of the {box.memory_gib.value:.1f} GiB"
    if plan.pool.shortage:
        return f"{start}; SGLang would not start: {plan.pool.shortage}."
    return (
        f"{start}, and SGLang takes {plan.wish.mem_fraction_static:.0%} of the {box.boot_gib.value:.0f} GiB that are "
        f"free when it starts, weights included: the pool is {plan.pool.tokens:,} tokens for all requests together."
    )


def _speed(plan: Plan) -> str:
    rate = plan.ceiling()
    return (
        f"Operations per second do not matter at this size: {plan.box.bandwidth_gbs.value:g} GB/s of memory allow at "
        f"most {rate:.1f} tokens a second to one request without drafts."
    )
