"""Which MCP servers the household has."""

import hashlib
import json
import re

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

NAME = re.compile(r"[a-z][a-z0-9_]{0,19}")


class McpServerSettings(BaseModel):
    """One server: a command that speaks over its standard input and output, or an address (streamable HTTP)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    command: str = Field("", description="The program to start; its own process stays open.")
    args: tuple[str, ...] = Field((), description="Its arguments.")
    env: dict[str, SecretStr] = Field(
        {}, description="Its variables; of ours it only gets those that any program needs."
    )
    cwd: str = Field("", description="The folder it works in.")
    url: str = Field("", description="The address of a server that runs already.")
    headers: dict[str, SecretStr] = Field({}, description="Sent to it, such as Authorization.")
    domain: str = Field(
        "anything",
        description="The domain its tools belong to, such as home or notes: offered with that domain's.",
    )
    tools: tuple[str, ...] = Field((), description="Only these of its tools are used; left out, all.")
    believed: bool = Field(
        True,
        description="Whether its word counts that a tool only reads; otherwise each of its tools asks first.",
    )
    deadline_s: float = Field(15.0, gt=0, le=19, description="Seconds for one call.")

    @model_validator(mode="after")
    def _reachable(self) -> "McpServerSettings":
        if bool(self.command) == bool(self.url):
            raise ValueError("an MCP server has either a command or a url")
        if self.url and not self.url.startswith(("http://", "https://")):
            raise ValueError("an MCP server's url begins with http:// or https://")
        return self

    @property
    def fingerprint(self) -> str:
        """Which server this is; a list that another one gave is not its own."""
        told = [self.command, *self.args, self.cwd, self.url]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]


class McpSettings(BaseModel):
    """The household's MCP servers."""

    model_config = ConfigDict(frozen=True)

    servers: dict[str, McpServerSettings] = Field(
        {},
        description="Each by a short name, which its tools begin with "
        "([mcp.servers.shopping] in passfel.toml). Needs: pip install 'passfel[mcp]'.",
    )
    first_start_s: float = Field(
        10.0,
        gt=0,
        le=60,
        description="How long the very first start waits to hear which tools the servers have.",
    )

    @field_validator("servers")
    @classmethod
    def _named(cls, servers: dict[str, McpServerSettings]) -> dict[str, McpServerSettings]:
        for name in servers:
            if not NAME.fullmatch(name):
                raise ValueError(f"“{name}” is no name for an MCP server: use up to 20 of a-z, 0-9 and _")
        return servers
