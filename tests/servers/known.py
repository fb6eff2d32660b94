"""All stand-ins of the domain knowledge together, and the real clients over them."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from passfel.tests.servers.arxiv import ArxivWorld, arxiv
from passfel.tests.servers.duckduckgo import SearchWorld, search_engines
from passfel.tests.servers.wikidata import WikidataWorld, wikidata
from passfel.tests.servers.wikipedia import WikipediaWorld, wikipedia
from passfel.tools.http import Http
from passfel.tools.knowledge.arxiv import Arxiv, ArxivSettings
from passfel.tools.knowledge.instant import InstantAnswers, InstantAnswerSettings
from passfel.tools.knowledge.tools import Knowledge
from passfel.tools.knowledge.web_search import WebSearchSettings, web_searches
from passfel.tools.knowledge.wikidata import Wikidata, WikidataSettings
from passfel.tools.knowledge.wikipedia import Wikipedia, WikipediaSettings


@dataclass
class Known:
    """All stand-ins of the domain."""

    wikipedia: WikipediaWorld
    wikidata: WikidataWorld
    arxiv: ArxivWorld
    web: SearchWorld

    @property
    def hosts(self) -> tuple[str, ...]:
        """What a household would allow."""
        return tuple(world.host for world in (self.wikipedia, self.wikidata, self.arxiv, self.web))

    def forget(self) -> None:
        """All work again."""
        for world in (self.wikipedia, self.wikidata, self.arxiv, self.web):
            world.forget()

    def services(self, http: Http, **search: Any) -> Knowledge:
        """The real clients over the stand-ins."""
        facts = WikidataSettings(api_url=self.wikidata.api_url, query_url=self.wikidata.query_url)
        engines = {"duckduckgo": f"{self.web.url}/html/", "mojeek": f"{self.web.url}/mojeek"}
        return Knowledge(
            encyclopaedias=(
                Wikipedia(http, WikipediaSettings(url=self.wikipedia.url)),
                InstantAnswers(http, InstantAnswerSettings(url=f"{self.web.url}/instant")),
            ),
            facts=Wikidata(http, facts),
            papers=Arxiv(http, ArxivSettings(url=self.arxiv.query_url)),
            searches=web_searches(http, WebSearchSettings(urls=engines, **search)),
        )


@contextmanager
def known_world() -> Iterator[Known]:
    """Run all of them until the block ends."""
    with ExitStack() as stack:
        yield Known(*(stack.enter_context(start()) for start in (wikipedia, wikidata, arxiv, search_engines)))  # type: ignore[arg-type]
