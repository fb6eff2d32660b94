"""What can be set about the language model."""

from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from passfel.household.understanding import Effort

StrictTools = Literal["auto", "grammar", "openai", "off"]
BudgetKeeper = Literal["auto", "client", "server"]

VENICE = "https://api.venice.ai/api/v1"


class ThinkingSettings(BaseModel):
    """Tokens that the model may think before it answers, for each effort; -1 is without end, 0 not at all."""

    model_config = ConfigDict(extra="forbid")

    simple: int = Field(128, ge=-1, description="Tokens of thinking for a simple question.")
    tool: int = Field(256, ge=-1, description="Tokens of thinking for what mostly takes a tool.")
    reasoning: int = Field(2048, ge=-1, description="Tokens of thinking for what has to be thought through.")
    long_form: int = Field(1024, ge=-1, description="Tokens of thinking before a long text.")

    def of(self, effort: Effort) -> int | None:
        """The budget of an effort; None where there is no bound."""
        budget = int(getattr(self, effort))
        return None if budget < 0 else budget


class LlmSettings(BaseModel):
    """The language model server, how it samples, and how long to wait for it."""

    model_config = ConfigDict(extra="forbid")

    base_url: str = Field(
        "",
        description="Address of an OpenAI-compatible server (SGLang, vLLM), such as "
        "http://127.0.0.1:30000/v1. An address without a path gets /v1; one with a path is taken as it "
        "is. Empty: no served model, the embedded model answers.",
    )
    base_urls: tuple[str, ...] = Field(
        (),
        description="More servers of the same model: each call goes to the one with the fewest running calls.",
    )
    model: str = Field("passfel", min_length=1, description="The name under which the server offers it.")
    api_key: SecretStr | None = Field(None, description="The server's key, where it wants one.")
    temperature: float = Field(0.6, ge=0, le=2, description="Sampling temperature.")
    top_p: float = Field(0.95, gt=0, le=1, description="Sampling: the smallest set of this probability.")
    top_k: int = Field(20, ge=-1, description="Sampling: the most likely tokens considered; -1 is all.")
    max_tokens: int = Field(
        16384,
        ge=1,
        description="Most tokens of one answer, thinking included; without it an answer can run on. Where the "
        "thinking budget would leave no room for the answer, more is asked for.",
    )
    thinking: ThinkingSettings = Field(
        default_factory=lambda: ThinkingSettings.model_validate({}),
        description="Tokens of thinking, for each effort.",
    )
    thinking_kept_by: BudgetKeeper = Field(
        "auto",
        description="Who ends thinking that is over its budget: “server” where it was started with "
        "--enable-strict-thinking, “client” everywhere else. “auto” asks the server, where it is an SGLang.",
    )
    strict_tools: StrictTools = Field(
        "auto",
        description="How tool calls are held to their schemas: “grammar” for SGLang and vLLM, “openai” where every "
        "argument must be required, “off” for a server that refuses “strict” (TensorRT-LLM, some gateways). “auto” "
        "takes openai for api.openai.com, off for api.venice.ai, and grammar for all others.",
    )
    max_rounds: int = Field(8, ge=1, description="Most model calls in one turn.")
    first_token_deadline_s: float = Field(20, gt=0, description="Seconds to the first token of an answer.")
    read_deadline_s: float = Field(120, gt=0, description="Seconds between two pieces of an answer.")
    connect_deadline_s: float = Field(3, gt=0, description="Seconds to open a connection.")
    health_deadline_s: float = Field(3, gt=0, description="Seconds that a health check may take.")
    breaker_open_s: float = Field(
        30,
        ge=0,
        description="Seconds for which a server that failed is passed over before it is tried again.",
    )

    @property
    def servers(self) -> tuple[str, ...]:
        """All addresses, each once."""
        return tuple(dict.fromkeys(filter(None, (self.base_url, *self.base_urls))))

    @field_validator("base_url")
    @classmethod
    def _address(cls, value: str) -> str:
        return address(value)

    @field_validator("base_urls")
    @classmethod
    def _addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(filter(None, map(address, value)))


class VeniceSettings(BaseModel):
    """Venice.ai, the second rung: asked only when the own server gives no answer, and only if switched on."""

    model_config = ConfigDict(extra="forbid")

    enabled: bool = Field(False, description="Ask Venice.ai where the own language model gives no answer.")
    api_key: SecretStr | None = Field(None, description="The key of your Venice.ai account.")
    private_context: bool = Field(
        False,
        description="Let Venice.ai see the whole conversation, with the household's data and tools. Without it, "
        "it is sent nothing but the words of the present request.",
    )
    base_url: str = Field(VENICE, min_length=1, description="Address of Venice.ai's API.")
    model: str = Field("zai-org-glm-4.7", min_length=1, description="Which of Venice.ai's models to ask.")
    max_tokens: int = Field(8192, ge=1, description="Most tokens of one answer, thinking included.")

    strict_tools: StrictTools = Field(
        "off",
        description="As llm.strict_tools; whether Venice.ai keeps to “strict” depends on the model.",
    )

    @field_validator("base_url")
    @classmethod
    def _address(cls, value: str) -> str:
        return address(value)

    @model_validator(mode="after")
    def _has_a_key(self) -> Self:
        if self.enabled and not (self.api_key and self.api_key.get_secret_value()):
            raise ValueError("Venice.ai is switched on and needs a key: set venice.api_key")
        return self


def address(value: str) -> str:
    """The address of an OpenAI-compatible server as it is used.

    Raises:
        ValueError: it can't be one.
    """
    value = value.strip()
    if not value:
        return ""
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError(f"not a web address ({error})") from error
    if parts.scheme not in {"http", "https"} or not host:
        raise ValueError("must start with http:// or https:// and name a server: http://127.0.0.1:30000/v1")
    if parts.username or parts.password:
        raise ValueError("must not contain a user or a password; a key belongs into api_key")
    if parts.query or parts.fragment:
        raise ValueError("must end with its path, without ? or #: http://127.0.0.1:30000/v1")
    return parts._replace(path=parts.path.rstrip("/") or "/v1").geturl()
