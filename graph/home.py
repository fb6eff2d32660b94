"""The home put together, where the household has set one up."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial

from langchain_core.tools import BaseTool

from passfel.graph.settings import AssistantSettings
from passfel.memory.effects import EffectsLedger
from passfel.memory.journal import Journal
from passfel.memory.postgres import Database
from passfel.nlu.home import KnownHome
from passfel.tools.home.home_assistant import HomeAssistant
from passfel.tools.home.tools import home_tools
from passfel.tools.home.way_back import KIND, put_back
from passfel.tools.http import Http
from passfel.tools.provider import Provider

NAMES_FILE = "home.json"


@dataclass(frozen=True, slots=True)
class HomeParts:
    """The home's tools, its server, and its names for understanding sentences; all empty where there is none."""

    tools: Sequence[BaseTool] = ()
    providers: tuple[Provider, ...] = ()
    known: KnownHome | None = None
    abilities: tuple[str, ...] = ()
    closing: tuple[Callable[[], Awaitable[None]], ...] = ()


def build_home(
    http: Http, settings: AssistantSettings, ledger: EffectsLedger, database: Database
) -> HomeParts:
    """Home Assistant, once its address is set; nothing is opened and nothing waited for."""
    if not settings.home_assistant.url:
        return HomeParts()
    server = HomeAssistant(http, settings.home_assistant, settings.data_dir / NAMES_FILE)
    ledger.restores(KIND, partial(put_back, server))
    return HomeParts(
        tools=home_tools(server, settings.home_assistant.react_s, Journal(database)),
        providers=(server,),
        known=server.known,
        abilities=("your home's lights, heating and doors",),
        closing=(server.aclose,),
    )
