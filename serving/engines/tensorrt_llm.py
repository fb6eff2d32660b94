"""TensorRT-LLM: for models of NVIDIA's own list for this box. It does not serve Qwen3-Next there."""

from collections.abc import Mapping, Sequence

from passfel.household.errors import SettingsError
from passfel.serving.engines.containers import container_line
from passfel.serving.engines.engine import EngineName, common_environment, flags, in_its_environment
from passfel.serving.engines.launch import LaunchPlan, ToolFormat
from passfel.serving.engines.units import unit_text

TOOL_PARSERS: Mapping[ToolFormat, str] = {"hermes": "qwen3", "none": ""}
CACHE_SHARE = "0.50"
"""Of what is free after the weights: another thing than the plan's fraction, and the host lives from the rest."""
REFUSAL = (
    "TensorRT-LLM does not serve Qwen3-Next on a GB10: the FP8 checkpoint ends in an IndexError of its autotuner "
    "while it warms up, the NVFP4 one in an illegal instruction (NVIDIA/TensorRT-LLM issue 12230, open), and the "
    "model is not in NVIDIA's list for this box. Use SGLang, or vLLM."
)


class TensorRTLLMEngine:
    """`trtllm-serve`, as a command, a container or a unit, where it can work at all."""

    name: EngineName = "tensorrt-llm"
    version = "1.3.0rc13"
    image = "nvcr.io/nvidia/tensorrt-llm/release:1.3.0rc13"

    def command(self, plan: LaunchPlan) -> list[str]:
        """The argument vector.

        Raises:
            SettingsError: the plan's model is known not to work, or has tool calls that it can't read.
        """
        if "qwen3-next" in plan.model.casefold() or plan.reasoning_format == "qwen3-thinking":
            raise SettingsError(REFUSAL)
        if plan.tool_format not in TOOL_PARSERS:
            raise SettingsError(f"TensorRT-LLM's reading of {plan.tool_format} tool calls was not tried.")
        return [
            in_its_environment("trtllm-serve", plan),
            "serve",
            plan.model,
            *_options(
                host=plan.host,
                port=plan.port,
                backend="pytorch",
                tensor_parallel_size=plan.tensor_parallel,
                max_batch_size=plan.max_running_requests,
                max_num_tokens=plan.chunked_prefill,
                max_seq_len=plan.context_length,
                free_gpu_memory_fraction=CACHE_SHARE,
                tool_parser=TOOL_PARSERS[plan.tool_format],
            ),
            *plan.extra_arguments,
        ]

    def environment(self, plan: LaunchPlan) -> dict[str, str]:
        """No reports to anybody."""
        return {**common_environment(plan), **plan.extra_environment}

    def container(self, plan: LaunchPlan) -> list[str]:
        """The line that starts it in a container."""
        return container_line(self, plan)

    def unit(self, plan: LaunchPlan, start: Sequence[str] = (), drop_caches: bool = True) -> str:
        """The text of its systemd unit."""
        return unit_text(self, plan, start, drop_caches=drop_caches)


def _options(**values: object) -> list[str]:
    """Its options are spelled with underscores."""
    return [
        part.replace("-", "_").replace("__", "--", 1) if part[:2] == "--" else part
        for part in flags(**values)
    ]


ENGINE = TensorRTLLMEngine()
