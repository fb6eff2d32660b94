"""A stand-in for arXiv's query interface: Atom over a few papers."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from xml.sax.saxutils import escape

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from passfel.tests.servers.loopback import serve
from passfel.tests.servers.stand_in import StandIn

HEAD = (
    "<?xml version='1.0' encoding='UTF-8'?>\n"
    '<feed xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/" xmlns:arxiv="http://arxiv.org/schemas/atom"'
    ' xmlns="http://www.w3.org/2005/Atom">'
)


@dataclass(frozen=True)
class Print:
    """A paper."""

    id: str
    title: str
    authors: tuple[str, ...]
    day: str
    abstract: str


PAPERS = (
    Print(
        "2611.01234v1",
        "Faster Diffusion Models\n  for Small Boxes",
        ("Ana Silva", "Tom Reis", "Eva Lund"),
        "2026-11-18",
        "We make diffusion models fast.",
    ),
    Print(
        "2610.09876v2",
        "A Survey of Diffusion Models",
        ("Rui Costa",),
        "2026-10-02",
        "A survey of diffusion models.",
    ),
    Print(
        "2001.00001v1",
        "Heat Pumps & Diffusion",
        ("Jo Bloggs", "Ida Berg"),
        "2020-01-01",
        "About models of heat pumps, and diffusion.",
    ),
)


class ArxivWorld(StandIn):
    """The stand-in's papers and memory."""

    @property
    def query_url(self) -> str:
        """The query interface."""
        return f"{self.url}/api/query"

    @property
    def app(self) -> Starlette:
        """The ASGI application."""
        return Starlette(routes=[Route("/api/query", self.endpoint(self._query))])

    def _query(self, _: Request, said: dict[str, str]) -> Response:
        ids = said.get("id_list", "")
        if ids:
            found = [paper for paper in PAPERS if paper.id.startswith(ids)]
        else:
            parts = [part.partition(":") for part in said["search_query"].split(" AND ")]
            found = [paper for paper in PAPERS if all(_fits(paper, field, text) for field, _, text in parts)]
        if said.get("sortBy") == "submittedDate":
            found.sort(key=lambda paper: paper.day, reverse=True)
        return atom(found[: int(said["max_results"])], len(found))


def _fits(paper: Print, field: str, text: str) -> bool:
    words = " ".join(paper.authors if field == "au" else (" ".join(paper.title.split()), paper.abstract))
    return text.strip('"').casefold() in words.casefold()


def atom(papers: Sequence[Print], total: int) -> Response:
    """A feed as arXiv writes it."""
    body = f"{HEAD}<id>https://arxiv.org/api/x</id><updated>2026-11-23T00:00:00Z</updated>"
    body += f"<opensearch:totalResults>{total}</opensearch:totalResults>"
    body += "<opensearch:startIndex>0</opensearch:startIndex>"
    body += "".join(_entry(paper) for paper in papers) + "</feed>"
    return Response(body, media_type="application/atom+xml")


def _entry(paper: Print) -> str:
    authors = "".join(f"<author><name>{escape(name)}</name></author>" for name in paper.authors)
    return (
        f"<entry><id>http://arxiv.org/abs/{paper.id}</id><title>{escape(paper.title)}</title>"
        f"<updated>{paper.day}T12:00:00Z</updated><summary>{escape(paper.abstract)}</summary>"
        f"<published>{paper.day}T12:00:00Z</published>"
        f'<arxiv:primary_category term="cs.LG"/>{authors}</entry>'
    )


@contextmanager
def arxiv() -> Iterator[ArxivWorld]:
    """Run the stand-in until the block ends."""
    world = ArxivWorld()
    with serve(world.app) as world.url:
        yield world
