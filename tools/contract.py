"""The contract that every tool keeps: annotations, finished sentences, typed results, receipts.

A tool is a LangChain tool made by `tool`, whose content is one or two finished sentences and whose
artifact is an `Outcome`. Its annotations are MCP's own (modelcontextprotocol.io, ToolAnnotations) and
decide how `nodes/act` runs it.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, TypeVar, cast

from langchain_core.tools import BaseTool, InjectedToolArg, StructuredTool
from pydantic import BaseModel, ConfigDict, Field, SerializeAsAny

from passfel.household.receipt import Receipt
from passfel.household.turn import Turn

InTurn = Annotated[Turn, InjectedToolArg]
"""The turn, handed to the tool by `act` and never shown to the model."""


class Annotations(BaseModel):
    """MCP's tool annotations, with what they mean here. The defaults are MCP's: the careful ones."""

    model_config = ConfigDict(frozen=True)

    read_only: bool = False
    """Runs at once. Anything else goes through the effects ledger."""
    destructive: bool = True
    """Asks first, whatever the settings."""
    idempotent: bool = False
    """Run again under the same call it finds what it did: a crash in the middle can be gone on with."""
    open_world: bool = True
    """Its result was written by strangers: it taints the turn."""
    local: bool = False
    """Ours, not MCP's: its only effect is rows in our own Postgres, so one transaction holds the
    effect and the ledger's entry, and the effect happens exactly once."""

    papers: bool = False
    """Ours, not MCP's: it reads what the household keeps of others' writing (letters, manuals, saved pages). That is
    private as our own rows are, and taints the turn as an open world does."""

    def as_mcp(self) -> dict[str, bool]:
        """As MCP spells them on the wire."""
        return {
            "readOnlyHint": self.read_only,
            "destructiveHint": self.destructive,
            "idempotentHint": self.idempotent,
            "openWorldHint": self.open_world,
        }


READS = Annotations(read_only=True, destructive=False, idempotent=True, open_world=False)
"""Reads what is ours."""
READS_PAPERS = Annotations(read_only=True, destructive=False, idempotent=True, open_world=False, papers=True)
"""Reads what others wrote and the household keeps."""
READS_WORLD = Annotations(read_only=True, destructive=False, idempotent=True, open_world=True)
"""Reads what others wrote."""
WRITES = Annotations(destructive=False, open_world=False, local=True)
"""Changes our own rows, in a way that can be undone."""
DESTROYS = Annotations(destructive=True, open_world=False, local=True)
"""Changes our own rows so that a yes is needed first."""
WRITES_OUTSIDE = Annotations(destructive=False, open_world=False)
"""Changes something on a server outside our Postgres, in a way that can be put right again."""
RESUMES_OUTSIDE = Annotations(destructive=False, idempotent=True)
"""The same under ids made from the call, so that a replay goes on with it; it shows what others wrote."""
DESTROYS_OUTSIDE = Annotations(destructive=True, open_world=False)
"""Changes something outside so that a yes is needed first: deleting, a lock, a door, an alarm, money."""


class Source(BaseModel):
    """Where a figure comes from, and how old it is."""

    model_config = ConfigDict(frozen=True)

    name: str
    url: str = ""
    at: datetime | None = None


class Outcome(BaseModel):
    """What a tool leaves beside its sentence."""

    model_config = ConfigDict(frozen=True)

    result: SerializeAsAny[BaseModel] | list[SerializeAsAny[BaseModel]] | None = None
    """The typed result: household nouns."""
    receipts: tuple[Receipt, ...] = ()
    sources: tuple[Source, ...] = ()


Answer = tuple[str, Outcome]
"""Content and artifact of a tool: finished sentences for the model and the person, and the data."""

ToolFunction = TypeVar("ToolFunction", bound=Callable[..., Awaitable[Answer]])


Concern = Callable[..., Awaitable[str]]
"""Takes a tool's own arguments, and gives what the person should know before it runs, as a sentence, or nothing."""


class CarefulTool(StructuredTool):
    """A tool that looks before it acts."""

    concern: Concern | None = Field(default=None, exclude=True)


def tool(
    function: Callable[..., Awaitable[Answer]],
    *,
    domain: str,
    annotations: Annotations,
    lifetime: timedelta = timedelta(0),
    question: str = "",
    concern: Concern | None = None,
) -> BaseTool:
    """Make a LangChain tool of an async function under the contract.

    Args:
        function: an async function with typed arguments and a docstring for the model; an argument
            `turn: InTurn` is filled by `act` and stays hidden from the model.
        domain: the intent that offers this tool (calendar, weather, ...).
        annotations: how it may be run.
        lifetime: how long a read-only result stays true; zero means it is never cached.
        question: what the person is asked before it runs, after "Shall I": "delete {title}"; {window} is start to end.
        concern: looks for what speaks against it (an overlap, say); the person is told, and asked, before it runs.
    """
    made = CarefulTool.from_function(
        coroutine=function,
        parse_docstring=True,
        response_format="content_and_artifact",
        metadata={
            "domain": domain,
            "annotations": annotations.model_dump(),
            "lifetime_s": lifetime.total_seconds(),
            "question": question,
        },
    )
    return made if concern is None else made.model_copy(update={"concern": concern})


def looks_first(tool: BaseTool) -> bool:
    """Whether a tool can say what speaks against running it."""
    return getattr(tool, "concern", None) is not None


async def concern_about(tool: BaseTool, arguments: Mapping[str, Any], turn: Turn) -> str:
    """What speaks against running a tool with these arguments, as a sentence; empty where nothing does."""
    concern, schema = getattr(tool, "concern", None), tool.args_schema
    if concern is None or not (isinstance(schema, type) and issubclass(schema, BaseModel)):
        return ""
    said = schema.model_validate({**arguments, "turn": turn})
    return str(await concern(**{name: getattr(said, name) for name in said.model_fields_set}))


def taints(annotations: Annotations) -> bool:
    """Whether strangers may have written what such a tool gives back."""
    return annotations.open_world or annotations.papers


def annotations_of(tool: BaseTool) -> Annotations:
    """Read a tool's annotations; a tool without any is treated as MCP says: the careful way."""
    raw: Any = (tool.metadata or {}).get("annotations", {})
    return Annotations.model_validate(raw)


def domain_of(tool: BaseTool) -> str:
    """The intent that offers this tool."""
    return cast("str", (tool.metadata or {}).get("domain", "anything"))


def takes_turn(tool: BaseTool) -> bool:
    """Whether the tool wants the turn handed to it; tools of MCP servers don't."""
    schema = tool.args_schema
    return isinstance(schema, type) and issubclass(schema, BaseModel) and "turn" in schema.model_fields
