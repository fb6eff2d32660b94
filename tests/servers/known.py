"""All stand-ins of the domain knowledge together, and the real clients over them."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from passfel.graph.knowledge import KnowledgeSettings, build_knowledge
from passfel.tests.servers.arxiv import ArxivWorld, arxiv
from passfel.tests.servers.duckduckgo import SearchWorld, search_engines
from passfel.tests.servers.wikidata import WikidataWorld, wikidata
from passfel.tests.servers.wikipedia import WikipediaWorld, wikipedia
from passfel.tools.http import Http
from passfel.tools.knowledge.tools import Knowledge


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

    def settings(self, **search: Any) -> dict[str, Any]:
        """Where all of them are, as a household would set it."""
        engines = {"duckduckgo": f"{self.web.url}/html/", "mojeek": f"{self.web.url}/mojeek"}
        return {
            "wikipedia": {"url": self.wikipedia.url},
            "wikidata": {"api_url": self.wikidata.api_url, "query_url": self.wikidata.query_url},
            "arxiv": {"url": self.arxiv.query_url},
            "instant_answers": {"url": f"{self.web.url}/instant"},
            "web_search": {"urls": engines, **search},
        }

    def services(self, http: Http, **search: Any) -> Knowledge:
        """The real clients over the stand-ins."""
        return build_knowledge(http, KnowledgeSettings.model_validate(self.settings(**search)))


@contextmanager
def known_world() -> Iterator[Known]:
    """Run all of them until the block ends."""
    with ExitStack() as stack:
        yield Known(*(stack.enter_context(start()) for start in (wikipedia, wikidata, arxiv, search_engines)))  # type: ignore[arg-type]
