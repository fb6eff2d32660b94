"""Read the memory figures from SGLang's log. Its "GB" are GiB."""

import re
from dataclasses import dataclass, field

LOAD_BEGIN = re.compile(r"Load weight begin\. avail mem=([\d.]+) GB")
LOAD_END = re.compile(r"Load weight end\..*? type=(\w+),.* avail mem=([\d.]+) GB, mem usage=(-?[\d.]+) GB")
CACHE = re.compile(
    r"KV Cache is allocated\. dtype: \S+, #tokens: (\d+), K size: ([\d.]+) GB, V size: ([\d.]+) GB"
)
STATES = re.compile(
    r"Mamba Cache is allocated\. max_mamba_cache_size: (\d+), conv_state size: ([\d.]+)GB, ssm_state size: ([\d.]+)GB"
)
SNAPSHOTS = re.compile(
    r"intermediate_ssm_state_cache size: ([\d.]+)GB intermediate_conv_window_cache size: ([\d.]+)GB"
)
READY = re.compile(
    r"max_total_num_tokens=(\d+), .*max_running_requests=(\d+), context_len=(\d+), available_gpu_mem=([\d.]+) GB"
)


@dataclass(frozen=True)
class Load:
    """Weights of one model: the model itself, or its draft head."""

    kind: str
    free_before: float
    free_after: float
    used: float


@dataclass(frozen=True)
class ServerLog:
    """What the log says about memory, in GiB; None and empty where it says nothing."""

    loads: list[Load] = field(default_factory=list)
    caches: list[tuple[int, float]] = field(default_factory=list)
    """Tokens and size of each cache of keys and values, in the order in which they were made."""
    slots: int | None = None
    states: float | None = None
    snapshots: float | None = None
    """What a verification keeps for each token of each running request."""
    tokens: int | None = None
    requests: int | None = None
    free_at_the_end: float | None = None

    @property
    def weights(self) -> float:
        """All weights together, by the free memory before the first and after the last load."""
        return self.loads[0].free_before - self.loads[-1].free_after if self.loads else 0.0

    @property
    def kv(self) -> float:
        """All caches of keys and values together."""
        return sum(size for _, size in self.caches)


def read_log(text: str) -> ServerLog:
    """Take the figures out of a server's log."""
    begun = [float(free) for free in LOAD_BEGIN.findall(text)]
    ended = LOAD_END.findall(text)
    loads = [
        Load(kind, before, float(after), float(used))
        for before, (kind, after, used) in zip(begun, ended, strict=False)
    ]
    states, snapshots, ready = STATES.search(text), SNAPSHOTS.search(text), READY.search(text)
    return ServerLog(
        loads=loads,
        caches=[(int(tokens), float(k) + float(v)) for tokens, k, v in CACHE.findall(text)],
        slots=int(states[1]) if states else None,
        states=float(states[2]) + float(states[3]) if states else None,
        snapshots=float(snapshots[1]) + float(snapshots[2]) if snapshots else None,
        tokens=int(ready[1]) if ready else None,
        requests=int(ready[2]) if ready else None,
        free_at_the_end=float(ready[4]) if ready else None,
    )
