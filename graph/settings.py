"""What can be set about the assistant: the household, and each room's own settings."""

import re
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from platformdirs import user_data_path
from pydantic import BaseModel, Field, field_validator

from passfel.graph.knowledge import KnowledgeSettings
from passfel.household.turn import Place, Units
from passfel.memory.documents_sync import DocumentSettings
from passfel.memory.embeddings import EmbeddingSettings
from passfel.memory.postgres import PostgresSettings
from passfel.memory.redis import RedisSettings
from passfel.serving.settings import LlmSettings, VeniceSettings
from passfel.tools.calendar.several import CalendarSettings
from passfel.tools.dav.client import CalDavAccount
from passfel.tools.finance.coingecko import CoinGeckoSettings
from passfel.tools.finance.frankfurter import FrankfurterSettings
from passfel.tools.finance.prices import FinanceSettings
from passfel.tools.finance.yahoo import YahooSettings
from passfel.tools.google.settings import GoogleSettings
from passfel.tools.home.home_assistant import HomeAssistantSettings
from passfel.tools.http import HttpSettings
from passfel.tools.mcp.settings import McpSettings
from passfel.tools.news.feed_list import NewsSettings
from passfel.tools.news.ground_news import GroundNewsSettings
from passfel.tools.notes.joplin import JoplinSettings
from passfel.tools.notes.several import NotesSettings
from passfel.tools.tasks.several import TaskSettings
from passfel.tools.weather.nws import NwsSettings
from passfel.tools.weather.open_meteo import OpenMeteoSettings

COORDINATES = re.compile(r"(?P<name>.+?)\s*,\s*(?P<lat>-?\d+(?:\.\d+)?)\s*,\s*(?P<lon>-?\d+(?:\.\d+)?)\s*")


class HouseholdSettings(BaseModel):
    """The household, where a run's context says nothing else."""

    user: str = Field(default="home", min_length=1, description="Whose rows are meant when nobody is named.")
    time_zone: str = Field(default="UTC", description="IANA time zone, such as Europe/Lisbon.")
    locale: str = Field(default="en-GB", description="Language and region, such as en-GB or en-US.")
    units: Units = Field(default="metric", description="metric or imperial.")
    home_place: str = Field(
        default="", description="Where home is: a name, or name, latitude, longitude (Lisbon, 38.72, -9.14)."
    )

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        zone(value)
        return value

    @field_validator("home_place")
    @classmethod
    def _on_the_map(cls, value: str) -> str:
        home(value, "UTC")
        return value


class AssistantSettings(BaseModel):
    """Everything that `open_assistant` needs; all of it has a default that works at once."""

    data_dir: Path = Field(
        default_factory=lambda: user_data_path("passfel"), description="Where the household's data is kept."
    )
    household: HouseholdSettings = Field(default_factory=HouseholdSettings)
    postgres: PostgresSettings = Field(default_factory=PostgresSettings)
    redis: RedisSettings = Field(default_factory=RedisSettings)
    embeddings: EmbeddingSettings = Field(default_factory=EmbeddingSettings)
    documents: DocumentSettings = Field(default_factory=DocumentSettings)
    llm: LlmSettings = Field(default_factory=LlmSettings)
    venice: VeniceSettings = Field(default_factory=VeniceSettings)
    http: HttpSettings = Field(default_factory=HttpSettings)
    open_meteo: OpenMeteoSettings = Field(default_factory=OpenMeteoSettings)
    nws: NwsSettings = Field(default_factory=NwsSettings)
    news: NewsSettings = Field(default_factory=NewsSettings)
    ground_news: GroundNewsSettings = Field(default_factory=GroundNewsSettings)
    home_assistant: HomeAssistantSettings = Field(
        default_factory=lambda: HomeAssistantSettings.model_validate({})
    )
    knowledge: KnowledgeSettings = Field(default_factory=KnowledgeSettings)
    mcp: McpSettings = Field(default_factory=McpSettings)
    calendar: CalendarSettings = Field(default_factory=CalendarSettings)
    caldav: dict[str, CalDavAccount] = Field(
        {}, description="Accounts on calendar servers, each under a name of yours."
    )
    tasks: TaskSettings = Field(default_factory=TaskSettings)
    google: GoogleSettings = Field(default_factory=GoogleSettings)
    finance: FinanceSettings = Field(default_factory=FinanceSettings)
    frankfurter: FrankfurterSettings = Field(default_factory=FrankfurterSettings)
    coingecko: CoinGeckoSettings = Field(default_factory=CoinGeckoSettings)
    yahoo: YahooSettings = Field(default_factory=YahooSettings)
    notes: NotesSettings = Field(default_factory=NotesSettings)
    joplin: JoplinSettings = Field(default_factory=JoplinSettings)


def zone(name: str) -> ZoneInfo:
    """The time zone of this IANA name.

    Raises:
        ValueError: there is none.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"“{name}” is no time zone; use an IANA name such as Europe/Lisbon") from error


def home(text: str, time_zone: str) -> tuple[str, Place | None]:
    """Home's name, and its place on the map where coordinates are given.

    Raises:
        ValueError: the coordinates are off the map.
    """
    found = COORDINATES.fullmatch(text.strip())
    if found is None:
        return text.strip(), None
    latitude, longitude = float(found["lat"]), float(found["lon"])
    if abs(latitude) > 90 or abs(longitude) > 180:
        raise ValueError(f"“{text}” is off the map: latitude is -90 to 90, longitude -180 to 180")
    return found["name"], Place(found["name"], latitude, longitude, time_zone=time_zone)
