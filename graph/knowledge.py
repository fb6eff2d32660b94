"""The services that know of the world, put together."""

from pydantic import BaseModel, Field

from passfel.tools.http import Http
from passfel.tools.knowledge.arxiv import Arxiv, ArxivSettings
from passfel.tools.knowledge.instant import InstantAnswers, InstantAnswerSettings
from passfel.tools.knowledge.tools import Knowledge
from passfel.tools.knowledge.web_search import WebSearchSettings, web_searches
from passfel.tools.knowledge.wikidata import Wikidata, WikidataSettings
from passfel.tools.knowledge.wikipedia import Wikipedia, WikipediaSettings
from passfel.tools.provider import Provider


class KnowledgeSettings(BaseModel):
    """Where what can be known of the world is looked up; all of it works without a key."""

    wikipedia: WikipediaSettings = Field(default_factory=WikipediaSettings)
    wikidata: WikidataSettings = Field(default_factory=WikidataSettings)
    arxiv: ArxivSettings = Field(default_factory=ArxivSettings)
    instant_answers: InstantAnswerSettings = Field(default_factory=InstantAnswerSettings)
    web_search: WebSearchSettings = Field(default_factory=WebSearchSettings)


def build_knowledge(http: Http, settings: KnowledgeSettings) -> Knowledge:
    """Each kind of service, those that are preferred first."""
    return Knowledge(
        encyclopaedias=(Wikipedia(http, settings.wikipedia), InstantAnswers(http, settings.instant_answers)),
        facts=Wikidata(http, settings.wikidata),
        papers=Arxiv(http, settings.arxiv),
        searches=web_searches(http, settings.web_search),
    )


def providers_of(knowledge: Knowledge) -> tuple[Provider, ...]:
    """All of them, for the doctor."""
    return (*knowledge.encyclopaedias, knowledge.facts, knowledge.papers, *knowledge.searches)
