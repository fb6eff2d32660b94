"""vLLM: the second choice. The flags are those of version 0.33.0."""

import json
from collections.abc import Mapping, Sequence

from passfel.serving.engines.containers import container_line
from passfel.serving.engines.engine import EngineName, common_environment, flags, in_its_environment
from passfel.serving.engines.launch import LaunchPlan, ReasoningFormat, ToolFormat
from passfel.serving.engines.units import unit_text

# deepseek_r1 is what runs in front of this checkpoint elsewhere; vLLM's `qwen3` now expects XML calls.
REASONING_PARSERS: Mapping[ReasoningFormat, str] = {"qwen3-thinking": "deepseek_r1", "none": ""}
TOOL_PARSERS: Mapping[ToolFormat, str] = {
    "hermes": "qwen3_json",
    "llama3": "llama3_json",
    "mistral": "mistral",
    "none": "",
}


class VLLMEngine:
    """`vllm serve`, as a command, a container or a unit."""

    name: EngineName = "vllm"
    version = "0.33.0"
    image = "vllm/vllm-openai:v0.33.0"

    def command(self, plan: LaunchPlan) -> list[str]:
        """The argument vector; vLLM divides its memory itself, so the plan's cache sizes don't appear."""
        tools = TOOL_PARSERS[plan.tool_format]
        drafting = {"method": "mtp", "num_speculative_tokens": plan.draft_steps}
        return [
            in_its_environment("vllm", plan),
            "serve",
            plan.model,
            *flags(
                served_model_name=plan.served_name,
                host=plan.host,
                port=plan.port,
                tensor_parallel_size=plan.tensor_parallel,
                quantization=plan.quantization,
                reasoning_parser=REASONING_PARSERS[plan.reasoning_format],
                enable_auto_tool_choice=bool(tools),
                tool_call_parser=tools,
                speculative_config=json.dumps(drafting) if plan.draft_steps else "",
                gpu_memory_utilization=f"{plan.mem_fraction:.2f}",
                max_model_len=plan.context_length,
                max_num_seqs=plan.max_running_requests,
                max_num_batched_tokens=plan.chunked_prefill,
                kv_cache_dtype=plan.kv_dtype if plan.kv_dtype != "auto" else "",
                attention_backend=plan.attention_backend.upper(),
                enable_prefix_caching=True,
                max_num_queued_reqs=plan.queue_limit,
                scheduling_policy="priority",
                enable_prompt_tokens_details=True,
            ),
            *plan.extra_arguments,
        ]

    def environment(self, plan: LaunchPlan) -> dict[str, str]:
        """No usage reports; vLLM has no time limits of its own for a request."""
        return {**common_environment(plan), "VLLM_NO_USAGE_STATS": "1", **plan.extra_environment}

    def container(self, plan: LaunchPlan) -> list[str]:
        """The line that starts it in a container."""
        return container_line(self, plan)

    def unit(self, plan: LaunchPlan, start: Sequence[str] = (), drop_caches: bool = True) -> str:
        """The text of its systemd unit."""
        return unit_text(self, plan, start, drop_caches=drop_caches)


ENGINE = VLLMEngine()
