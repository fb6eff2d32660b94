"""What the doctor looks at: each check is one finding, or several, with what to do about it."""

import asyncio
import platform
import shutil
import tempfile
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal
from zoneinfo import ZoneInfo

from passfel.app.settings import CONFIG, FILE, Settings, settings_file
from passfel.graph.settings import home
from passfel.household.errors import MemoryUnavailableError, PassfelError, SettingsError
from passfel.household.wording import say_count

if TYPE_CHECKING:
    from passfel.graph.build import House
    from passfel.memory.postgres import Database
    from passfel.serving.rungs import RungHealth
    from passfel.tools.provider import Provider

State = Literal["ok", "missing", "problem"]

LEAST_FREE = 500_000_000
PROVIDER_DEADLINE_S = 5.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's table."""

    name: str
    state: State
    sentence: str


def look_at_python() -> Finding:
    """Which PASSFEL runs on what."""
    machine = f"{platform.system()} {platform.machine()}"
    return Finding("PASSFEL", "ok", f"{version('passfel')} on Python {platform.python_version()}, {machine}.")


def look_at_settings() -> Finding:
    """Which settings file is in use."""
    file = settings_file()
    if file is not None:
        return Finding("settings", "ok", f"From {file} and the environment.")
    return Finding(
        "settings",
        "ok",
        f"No {FILE} here or in your own settings folder ({CONFIG} names another); all have defaults.",
    )


def look_at_data_folder(settings: Settings) -> Finding:
    """Whether the data folder can be written, and how much fits in."""
    folder = settings.data_dir
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            free = shutil.disk_usage(folder).free
    except OSError as error:
        reason = (error.strerror or "no reason given").lower()
        return Finding(
            "data folder",
            "problem",
            f"{folder} can't be written ({reason}): mend that, or set PASSFEL_DATA_DIR to another folder.",
        )
    if free < LEAST_FREE:
        return Finding("data folder", "problem", f"{folder} has only {free / 1e6:.0f} MB left: make room.")
    return Finding("data folder", "ok", f"{folder}, {free / 1e9:.0f} GB free.")


def look_at_home(settings: Settings) -> list[Finding]:
    """Whether home is known, and what time it is there."""
    household = settings.household
    zone = household.time_zone
    name, place = home(household.home_place, zone)
    now = f"{datetime.now(ZoneInfo(zone)):%H:%M}"
    if not name:
        told = "Set PASSFEL_HOUSEHOLD__HOME_PLACE (Lisbon, 38.72, -9.14), so that “the weather” means yours."
        where = Finding("home", "missing", told)
    else:
        where = Finding("home", "ok", f"{name}." if place else f"{name}; its place on the map is looked up.")
    if zone in {"UTC", "Etc/UTC"}:
        told = f"UTC, where it is {now}: set PASSFEL_HOUSEHOLD__TIME_ZONE if your clock shows another time."
        return [where, Finding("time zone", "missing", told)]
    return [where, Finding("time zone", "ok", f"{zone}, where it is {now}.")]


async def ask_postgres(database: "Database", settings: Settings) -> list[Finding]:
    """Whether memory works, and what it can do."""
    try:
        await database.open()
        async with database.connection() as connection:
            cursor = await connection.execute(
                "SELECT current_setting('server_version') AS version,"
                " (SELECT count(*) FROM passfel.migrations) AS migrations,"
                " (SELECT max(installed_version) FROM pg_available_extensions WHERE name = 'vector') AS vector,"
                " (SELECT max(default_version) FROM pg_available_extensions WHERE name = 'timescaledb') AS timescale"
            )
            found = await cursor.fetchone() or {}
    except MemoryUnavailableError as error:
        return [Finding("Postgres", "problem", error.sentence)]
    return _say_postgres(found, embedded=not _has_url(settings))


def _has_url(settings: Settings) -> bool:
    url = settings.postgres.url
    return url is not None and bool(url.get_secret_value())


def _say_postgres(found: dict[str, Any], *, embedded: bool) -> list[Finding]:
    ours = sum(
        1 for path in files("passfel.memory").joinpath("migrations").iterdir() if path.name.endswith("sql")
    )
    how = "embedded" if embedded else "by PASSFEL_POSTGRES__URL"
    tables = f"{found['migrations']} of {say_count(ours, 'migration')}"
    number = str(found["version"]).split()[0]
    findings = [Finding("Postgres", "ok", f"{number}, {how}; its tables are up to date ({tables}).")]
    if found["vector"]:
        findings.append(Finding("pgvector", "ok", f"{found['vector']}."))
    else:
        told = "Not on this server: install pgvector there, for searching documents by meaning."
        findings.append(Finding("pgvector", "missing", told))
    if found["timescale"]:
        findings.append(Finding("TimescaleDB", "ok", f"{found['timescale']}."))
    else:
        told = "Not on this server, and not needed: plain tables do its work."
        findings.append(Finding("TimescaleDB", "missing", told))
    return findings


async def ask_redis(house: "House") -> list[Finding]:
    """Whether processes share their rates and answers."""
    if house.redis is None:
        return []
    try:
        return [Finding("Redis", "ok", await house.redis.check())]
    except MemoryUnavailableError as error:
        return [Finding("Redis", "problem", error.sentence)]


async def ask_models(house: "House", settings: Settings) -> list[Finding]:
    """Which models of the ladder answer."""
    health = await house.ladder.health()
    findings = [
        Finding(f"{rung.name} model", "ok" if rung.ok else "problem", _with_advice(rung)) for rung in health
    ]
    if not settings.llm.servers:
        told = (
            "None is set up, so rules and the embedded model answer: set PASSFEL_LLM__BASE_URL to a server that"
            " speaks OpenAI's protocol, such as http://127.0.0.1:30000/v1."
        )
        findings.insert(0, Finding("language model", "missing", told))
    return findings


def _with_advice(rung: "RungHealth") -> str:
    if rung.ok:
        return rung.sentence
    if rung.name == "venice":
        mend = "Mend PASSFEL_VENICE__API_KEY, _MODEL or _BASE_URL, or set PASSFEL_VENICE__ENABLED to false."
        return f"{rung.sentence} {mend}"
    return f"{rung.sentence} Start the server, or mend PASSFEL_LLM__BASE_URL; rules answer meanwhile."


async def ask_providers(house: "House") -> list[Finding]:
    """Whether each outside service answers: one real question to each, all at once."""
    return list(await asyncio.gather(*(_ask(provider) for provider in house.providers)))


async def _ask(provider: "Provider") -> Finding:
    try:
        async with asyncio.timeout(PROVIDER_DEADLINE_S):
            return Finding(provider.source, "ok", await provider.check())
    except SettingsError as error:
        return Finding(provider.source, "missing", error.sentence)
    except PassfelError as error:
        told = f"{error.sentence} Everything else works without it; look at this machine's network if nothing answers."
        return Finding(provider.source, "problem", told)
    except TimeoutError:
        told = f"{provider.source} did not answer in {PROVIDER_DEADLINE_S:.0f} seconds."
        return Finding(provider.source, "problem", told)


async def ask_all(settings: Settings) -> list[Finding]:
    """Ask everything that can answer, all at once."""
    from passfel.graph.house import build_house
    from passfel.memory.postgres import Database

    database = Database(settings.postgres, settings.data_dir)
    house = build_house(settings, database)
    try:
        postgres, redis, models, providers = await asyncio.gather(
            ask_postgres(database, settings),
            ask_redis(house),
            ask_models(house, settings),
            ask_providers(house),
        )
    finally:
        await database.close()
        for close in house.closing:
            await close()
    return [*postgres, *redis, *models, *providers]
