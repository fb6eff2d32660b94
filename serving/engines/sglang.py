"""SGLang: the engine of choice. The flags are those of version 0.5.23."""

from collections.abc import Mapping, Sequence

from passfel.serving.engines.containers import container_line
from passfel.serving.engines.engine import EngineName, common_environment, flags, in_its_environment
from passfel.serving.engines.launch import LaunchPlan, ReasoningFormat, ToolFormat
from passfel.serving.engines.units import unit_text

# Never `auto`: for the chosen model's template it takes deepseekv3 for the calls, which come out as text.
REASONING_PARSERS: Mapping[ReasoningFormat, str] = {"qwen3-thinking": "qwen3-thinking", "none": ""}
TOOL_PARSERS: Mapping[ToolFormat, str] = {
    "hermes": "qwen",
    "llama3": "llama3",
    "mistral": "mistral",
    "none": "",
}
STRICT_ARGUMENTS = "2"
"""Tool arguments are held to their schemas, whether or not the request says strict."""


class SGLangEngine:
    """`sglang serve`, as a command, a container or a unit."""

    name: EngineName = "sglang"
    version = "0.5.23"
    image = "lmsysorg/sglang:v0.5.23"

    def command(self, plan: LaunchPlan) -> list[str]:
        """The argument vector: what it serves and where, its sizes, drafting, and what it tells."""
        return [
            in_its_environment("sglang", plan),
            "serve",
            *self._served(plan),
            *self._sizes(plan),
            *self._drafting(plan),
            *self._manners(plan),
            *plan.extra_arguments,
        ]

    def environment(self, plan: LaunchPlan) -> dict[str, str]:
        """Time limits of a request, strict tools, tuned kernels."""
        tuned = plan.moe_config_dir
        return {
            **common_environment(plan),
            "SGLANG_REQ_WAITING_TIMEOUT": str(plan.waiting_timeout_s),
            "SGLANG_REQ_RUNNING_TIMEOUT": str(plan.running_timeout_s),
            "SGLANG_TOOL_STRICT_LEVEL": STRICT_ARGUMENTS,
            **({"SGLANG_MOE_CONFIG_DIR": str(tuned.expanduser())} if tuned else {}),
            **plan.extra_environment,
        }

    def container(self, plan: LaunchPlan) -> list[str]:
        """The line that starts it in a container."""
        return container_line(self, plan)

    def unit(self, plan: LaunchPlan, start: Sequence[str] = (), drop_caches: bool = True) -> str:
        """The text of its systemd unit."""
        return unit_text(self, plan, start, drop_caches=drop_caches)

    def _served(self, plan: LaunchPlan) -> list[str]:
        return flags(
            model_path=plan.model,
            served_model_name=plan.served_name,
            host=plan.host,
            port=plan.port,
            tp_size=plan.tensor_parallel,
            quantization=plan.quantization,
            reasoning_parser=REASONING_PARSERS[plan.reasoning_format],
            tool_call_parser=TOOL_PARSERS[plan.tool_format],
            grammar_backend="xgrammar",
        )

    def _sizes(self, plan: LaunchPlan) -> list[str]:
        hybrid = plan.max_mamba_cache_size is not None
        return flags(
            context_length=plan.context_length,
            mem_fraction_static=f"{plan.mem_fraction:.2f}",
            kv_cache_dtype=plan.kv_dtype if plan.kv_dtype != "auto" else "",
            max_running_requests=plan.max_running_requests,
            max_mamba_cache_size=plan.max_mamba_cache_size,
            mamba_radix_cache_strategy=plan.radix_strategy if hybrid else "",
            attention_backend=plan.attention_backend,
            chunked_prefill_size=plan.chunked_prefill,
            cuda_graph_max_bs_decode=plan.max_running_requests,
        )

    def _drafting(self, plan: LaunchPlan) -> list[str]:
        if not plan.draft_steps:
            return []
        return flags(
            speculative_algorithm="NEXTN",
            speculative_num_steps=plan.draft_steps,
            speculative_eagle_topk=1,
            speculative_num_draft_tokens=plan.draft_steps + 1,
            speculative_token_map=plan.draft_token_map,
        )

    def _manners(self, plan: LaunchPlan) -> list[str]:
        """How it queues, and what it tells about its work."""
        return flags(
            max_queued_requests=plan.queue_limit,
            enable_priority_scheduling=True,
            enable_cache_report=True,
            enable_metrics=True,
            stream_response_default_include_usage=True,
            constrained_json_disable_any_whitespace=plan.compact_json,
            enable_strict_thinking=plan.strict_thinking,
        )


ENGINE = SGLangEngine()
