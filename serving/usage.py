"""Token counts beyond LangChain's own: what speculation (MTP drafts) brought, where the server tells."""

from typing import Any, cast

from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.messages.ai import OutputTokenDetails

ASKED = {"return_spec_tokens_details": True}
"""SGLang's own field; other servers that speak its protocol take no notice."""
TOLD = {
    "accept_length": "spec_accept_length",
    "accept_rate": "spec_accept_rate",
    "steps": "spec_verify_ct",
}


def keep_speculation(message: BaseMessage, answer: dict[str, Any]) -> None:
    """Put SGLang's `sglext` into a message: token counts into its usage, rates into its metadata."""
    details = (answer.get("sglext") or {}).get("spec_tokens_details")
    if isinstance(details, list):
        details = details[0] if details else None
    if not isinstance(details, dict) or not isinstance(message, AIMessage):
        return
    drafted, accepted = details.get("spec_num_proposed_drafts"), details.get("spec_num_correct_drafts")
    told = {name: details[field] for name, field in TOLD.items() if details.get(field) is not None}
    message.response_metadata["speculation"] = {**told, "drafted": drafted, "accepted": accepted}
    counts = {"drafted": int(drafted or 0), "draft_accepted": int(accepted or 0)}
    usage = message.usage_metadata or {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}
    detailed = {**usage.get("output_token_details", {}), **counts}
    message.usage_metadata = {**usage, "output_token_details": cast("OutputTokenDetails", detailed)}
