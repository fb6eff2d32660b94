"""The house put together: each room gets what it needs, and none looks for it itself."""

from urllib.parse import urlsplit

from passfel.graph.build import House
from passfel.graph.calendars import build_calendars, build_task_lists
from passfel.graph.documents import build_documents
from passfel.graph.facts import knowing, remembering_tools
from passfel.graph.finance import build_finance
from passfel.graph.home import build_home
from passfel.graph.knowledge import build_knowledge, providers_of
from passfel.graph.news import build_news
from passfel.graph.notes import build_notes
from passfel.graph.settings import AssistantSettings
from passfel.graph.sources import household_sources
from passfel.graph.turns import Clock, system_clock, turn_maker
from passfel.graph.understanding import sentence_encoder
from passfel.household.turn import Turn
from passfel.memory.effects import EffectsLedger
from passfel.memory.embeddings import embedder
from passfel.memory.episodes import Episodes
from passfel.memory.facts import KIND as FACTS
from passfel.memory.facts import Facts
from passfel.memory.postgres import Database
from passfel.memory.records import Records
from passfel.memory.redis import SharedRedis
from passfel.memory.shared_limits import SharedCache, SharedLimiter
from passfel.nlu.understand import Understander
from passfel.serving.ladder import build_ladder
from passfel.tools.calculator.tools import calculator_tools
from passfel.tools.calendar.tools import calendar_tools
from passfel.tools.clock.tools import clock_tools
from passfel.tools.contacts.tools import contact_tools
from passfel.tools.documents.tools import document_tools
from passfel.tools.http import Http, HttpSettings
from passfel.tools.knowledge.tools import knowledge_tools
from passfel.tools.limits import MemoryCache, TokenBuckets
from passfel.tools.mcp.tools import McpServers
from passfel.tools.notes.tools import note_tools
from passfel.tools.reminders.tools import reminder_tools
from passfel.tools.tasks.tools import task_tools
from passfel.tools.undo.tools import undo_tools
from passfel.tools.weather.nws import Nws
from passfel.tools.weather.open_meteo import OpenMeteo
from passfel.tools.weather.open_meteo_archive import OpenMeteoArchive
from passfel.tools.weather.provider import WeatherServices
from passfel.tools.weather.tools import weather_tools

ABILITIES = (
    "your calendar",
    "tasks",
    "reminders",
    "notes",
    "contacts",
    "your documents",
    "what you told me",
    "the time",
    "the weather",
    "the news",
    "sums and conversions",
    "prices, rates and your portfolio",
    "what an encyclopaedia, arXiv or the web knows",
)


def build_house(settings: AssistantSettings, database: Database, clock: Clock = system_clock) -> House:
    """Put the rooms together over a database that may still be closed; nothing is opened here.

    An MCP server that was never heard is asked for its tools first, for the graph is compiled with them: that takes
    a few seconds, once. Afterwards what it said is known.
    """
    make_turn = turn_maker(settings.household, clock)
    records, ledger = Records(database), EffectsLedger(database)
    redis = SharedRedis(settings.redis, settings.data_dir)
    own_servers = [
        settings.home_assistant.url,
        settings.knowledge.web_search.searxng_url,
        settings.joplin.url,
        *(one.url for one in settings.caldav.values()),
    ]
    http = shared_http(allowing(settings.http, *own_servers), redis)
    home = build_home(http, settings, ledger, database)
    understander = Understander(settings.household.locale, home=home.known, encode=sentence_encoder())
    calendars = build_calendars(http, settings, records, ledger, database)
    open_meteo, nws = OpenMeteo(http, settings.open_meteo), Nws(http, settings.nws, clock)
    weather = WeatherServices(
        places=open_meteo,
        forecasts=(nws, open_meteo),
        alerts=(nws,),
        history=OpenMeteoArchive(http, settings.open_meteo),
    )
    knowledge = build_knowledge(http, settings.knowledge)
    finance = build_finance(http, settings, records, clock)
    news = build_news(http, settings, clock)
    notes = build_notes(http, settings, records, ledger, database)
    model = embedder(settings.embeddings)
    documents = build_documents(settings, database, model)
    facts, episodes = Facts(database, model), Episodes(database, model)
    ledger.restores(FACTS, facts.restore)
    tools = (
        *calendar_tools(calendars),
        *task_tools(build_task_lists(http, settings, records, ledger, database)),
        *reminder_tools(records.reminders),
        *note_tools(notes),
        *contact_tools(records.contacts),
        *document_tools(documents),
        *remembering_tools(facts, episodes),
        *weather_tools(weather),
        *clock_tools(),
        *calculator_tools(),
        *finance.tools,
        *news.tools,
        *knowledge_tools(knowledge),
        *home.tools,
        *undo_tools(ledger),
    )
    mcp = McpServers(settings.mcp, settings.data_dir)
    tools += tuple(mcp.tools(taken={tool.name for tool in tools}))
    ladder = build_ladder(
        settings.llm,
        knowing(understander.understand_leniently, facts),
        (*ABILITIES, *home.abilities),
        venice=settings.venice,
        folder=settings.data_dir,
    )
    house = House(
        understand=knowing(understander.understand, facts),
        make_turn=make_turn,
        tools=tools,
        ladder=ladder,
        thinking=settings.llm.thinking,
        ledger=ledger,
        episodes=episodes,
        facts=facts,
        sources=household_sources(calendars, records, facts),
        records=records,
        documents=documents,
        redis=redis,
        providers=(
            open_meteo,
            nws,
            *calendars.remotes,
            *finance.providers,
            *([notes.elsewhere] if notes.elsewhere else []),
            *news.providers,
            *providers_of(knowledge),
            *home.providers,
            *mcp.servers,
        ),
        opening=(mcp.start,),
        closing=(*home.closing, documents.aclose, mcp.aclose, ladder.aclose, http.aclose, redis.aclose),
    )
    understander.warm(Turn(now=make_turn(None).now))
    return house


def shared_http(settings: HttpSettings, redis: SharedRedis) -> Http:
    """The one outgoing client, its rates and answers shared with the household's other processes."""
    limiter, cache = SharedLimiter(redis, TokenBuckets()), SharedCache(redis, MemoryCache())
    return Http(settings, limiter=limiter, cache=cache)


def allowing(settings: HttpSettings, *urls: str) -> HttpSettings:
    """The settings with the hosts of the household's own servers let through, which may be private."""
    hosts = [urlsplit(url).netloc.rpartition("@")[2] for url in urls if url]
    return settings.model_copy(update={"allowed_hosts": (*settings.allowed_hosts, *hosts)})
