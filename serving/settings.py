"""What can be set about the language model."""

from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator


class LlmSettings(BaseModel):
    """The language model server, how it samples, and how long to wait for it."""

    model_config = ConfigDict(extra="forbid")

    base_url: str = Field(
        "",
        description="Address of an OpenAI-compatible server (SGLang, vLLM), such as "
        "http://127.0.0.1:30000/v1. An address without a path gets /v1; one with a path is taken as it "
        "is. Empty: no served model, the embedded model answers.",
    )
    model: str = Field("passfel", min_length=1, description="The name under which the server offers it.")
    api_key: SecretStr | None = Field(None, description="The server's key, where it wants one.")
    temperature: float = Field(0.6, ge=0, le=2, description="Sampling temperature.")
    top_p: float = Field(0.95, gt=0, le=1, description="Sampling: the smallest set of this probability.")
    top_k: int = Field(20, ge=-1, description="Sampling: the most likely tokens considered; -1 is all.")
    max_tokens: int = Field(
        16384,
        ge=1,
        description="Most tokens of one answer, thinking included; without it an answer can run on.",
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

    @field_validator("base_url")
    @classmethod
    def _address(cls, value: str) -> str:
        value = value.strip()
        if not value:
            return ""
        try:
            parts = urlsplit(value)
            host, _ = parts.hostname, parts.port
        except ValueError as error:
            raise ValueError(f"not a web address ({error})") from error
        if parts.scheme not in {"http", "https"} or not host:
            raise ValueError(
                "must start with http:// or https:// and name a server: http://127.0.0.1:30000/v1"
            )
        if parts.username or parts.password:
            raise ValueError("must not contain a user or a password; a key belongs into api_key")
        if parts.query or parts.fragment:
            raise ValueError("must end with its path, without ? or #: http://127.0.0.1:30000/v1")
        return parts._replace(path=parts.path.rstrip("/") or "/v1").geturl()
