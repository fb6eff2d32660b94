"""What a model server is to be started with, whichever engine serves it.

The defaults are the recommended start on an ASUS Ascent GX10 (128 GB shared by GPU and host) for one household.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from passfel.household.errors import SettingsError
from passfel.serving.pool import ServerFlags, slots_per_request

RadixStrategy = Literal["auto", "no_buffer", "extra_buffer", "extra_buffer_lazy"]
ReasoningFormat = Literal["qwen3-thinking", "none"]
ToolFormat = Literal["hermes", "llama3", "mistral", "none"]
Runtime = Literal["docker", "podman"]


@dataclass(frozen=True)
class Container:
    """How the engine runs in a container of its own."""

    runtime: Runtime = "docker"
    image: str = ""
    """Pinned by tag or, better, by digest; empty is the engine's own default."""
    name: str = "passfel-llm"
    shared_memory: str = "10g"
    """Size of /dev/shm: on a box with one memory it takes from the model's own."""


@dataclass(frozen=True)
class LaunchPlan:
    """One model server: what it serves, in which sizes, and where."""

    model: str = "Qwen/Qwen3-Next-80B-A3B-Thinking-FP8"
    """A folder, or a name on the Hugging Face hub whose files are in its cache."""
    served_name: str = "passfel"
    host: str = "127.0.0.1"
    port: int = 30000
    context_length: int = 262_144
    mem_fraction: float = 0.80
    """Part of the memory that is free at the start, for weights and caches together."""
    max_running_requests: int = 4
    max_mamba_cache_size: int | None = 20
    """Linear attention states kept; None leaves the split to the engine (a smaller pool of prompt tokens)."""
    radix_strategy: RadixStrategy = "extra_buffer"
    draft_steps: int = 1
    """Tokens drafted ahead by the model's own MTP head; 0 is no speculation."""
    draft_token_map: Path | None = None
    """The frequent tokens of the household's languages, which makes drafting cheaper."""
    kv_dtype: str = "auto"
    quantization: str = ""
    """Empty is what the checkpoint says."""
    attention_backend: str = "flashinfer"
    chunked_prefill: int = 4096
    queue_limit: int = 8
    tensor_parallel: int = 1
    reasoning_format: ReasoningFormat = "qwen3-thinking"
    tool_format: ToolFormat = "hermes"
    strict_thinking: bool = False
    """Let a request bound its thinking without a grammar too; no tool call may then stand inside thinking."""
    compact_json: bool = True
    """Constrained JSON without free white space, of which a model can write until its tokens are used up."""
    waiting_timeout_s: int = 60
    running_timeout_s: int = 900
    moe_config_dir: Path | None = None
    """Where tuned settings of the MoE kernel for this GPU are."""
    offline: bool = True
    """Start from the files that are there: a restart must not need the internet."""
    environment_dir: Path | None = None
    """The Python environment that the engine is installed in; None takes it from the PATH."""
    models_dir: Path = Path("~/.cache/huggingface")
    container: Container | None = None
    account: str = ""
    """The account that a systemd unit runs it as; empty is root."""
    extra_arguments: tuple[str, ...] = ()
    extra_environment: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what every engine would refuse, or would silently make less of.

        Raises:
            SettingsError: with what is wrong and what to do.
        """
        for wrong, sentence in self._mistakes():
            if wrong:
                raise SettingsError(sentence)

    def _mistakes(self) -> tuple[tuple[bool, str], ...]:
        slots = self.slots_needed
        positive = (
            self.context_length, self.max_running_requests, self.chunked_prefill, self.queue_limit,
            self.tensor_parallel,
        )  # fmt: skip
        kept = self.max_mamba_cache_size
        return (
            (not 0 < self.port < 65536, f"{self.port} is no port; use a number from 1 to 65535."),
            (
                not 0 < self.mem_fraction < 1,
                f"The memory fraction must be between 0 and 1, and is {self.mem_fraction}.",
            ),
            (min(positive) < 1, "Context, requests, queue, prefill and tensor parallel must be at least 1."),
            (self.draft_steps < 0, "The number of draft steps can't be below 0."),
            (
                kept is not None and kept < slots,
                f"{self.max_running_requests} requests at once need {slots} linear attention states "
                f"({self.radix_strategy}), but only {kept} are kept: the server would silently run fewer. "
                f"Keep {slots}, or run fewer requests at once.",
            ),
        )

    @property
    def flags(self) -> ServerFlags:
        """What decides about the pool of cached tokens, as the planner reads it."""
        return ServerFlags(
            mem_fraction_static=self.mem_fraction,
            max_running_requests=self.max_running_requests,
            max_mamba_cache_size=self.max_mamba_cache_size,
            mamba_radix_cache_strategy="extra_buffer"
            if self.radix_strategy == "auto"
            else self.radix_strategy,
            speculative_num_draft_tokens=self.draft_steps + 1 if self.draft_steps else 0,
            kv_cache_bits=8 if "fp8" in self.kv_dtype else 16,
        )

    @property
    def slots_needed(self) -> int:
        """States of the linear attention layers that as many running requests hold."""
        return slots_per_request(self.flags) * self.max_running_requests

    @property
    def url(self) -> str:
        """Where the server answers, seen from this machine."""
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.host, self.host)  # noqa: S104 - read, not bound
        return f"http://{f'[{host}]' if ':' in host and not host.startswith('[') else host}:{self.port}"

    @property
    def is_local_folder(self) -> bool:
        """Whether the model is given as a folder, not as a name on the hub."""
        return self.model.startswith(("/", "~", "."))
