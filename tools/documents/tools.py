"""The tools for documents: what stands in them, and which there are.

Documents are private, and strangers wrote many of them: what is found taints the turn, and goes nowhere.
"""

from collections.abc import Sequence
from typing import Protocol

from langchain_core.tools import BaseTool

from passfel.household.document import Passage
from passfel.household.errors import NotFoundError, RequestError
from passfel.household.turn import Turn
from passfel.household.wording import plain_text, say_count, say_day, say_list
from passfel.tools.contract import READS, READS_PAPERS, Answer, InTurn, Outcome, Source, tool

SEARCHED = 20
"""Passages among which the one of the named document is looked for."""
CLOSE = 0.9
"""The share of the best passage's score from which another one is told as well."""
MOST = 3
LONGEST = 900
LISTED = 12
NONE_YET = "I have read no documents yet; `passfel ingest` with a folder reads them."


class Library(Protocol):
    """The household's documents; memory/documents.py has them."""

    async def search(self, person: str, words: str, limit: int = 5) -> list[Passage]:
        """The passages that answer best."""
        ...

    async def titles(self, person: str) -> list[str]:
        """What there is, the latest first."""
        ...


class DocumentTools:
    """Documents, as tools."""

    def __init__(self, library: Library) -> None:
        """Keep the documents."""
        self._library = library

    def tools(self) -> list[BaseTool]:
        """All of them, in a fixed order."""
        return [
            tool(self.search_documents, domain="documents", annotations=READS_PAPERS),
            tool(self.list_documents, domain="documents", annotations=READS),
        ]

    async def search_documents(self, turn: InTurn, about: str, document: str = "") -> Answer:
        """Find what the household's own documents say: manuals, contracts, letters, recipes, tables.

        Args:
            turn: the turn.
            about: what is asked, in words that may stand in the document.
            document: words of the document's name, where one is meant ("boiler manual").
        """
        if not about.strip():
            raise RequestError("What should I look for in the documents?")
        found = await self._library.search(turn.person, f"{document} {about}".strip(), SEARCHED)
        meant = [passage for passage in found if _is_named(document, passage)] or found
        good = [passage for passage in meant if passage.certain][:MOST]
        if not good:
            raise NotFoundError(await self._nothing(turn, about))
        told = [one for one in good if one is good[0] or one.score >= CLOSE * good[0].score]
        more = [one.cited() for one in good[len(told) :]]
        lines = [_say(passage, turn) for passage in told]
        if more:
            lines.append(f"See also {say_list(more)}.")
        sources = tuple(Source(name=one.cited(), url=one.path, at=one.modified_at) for one in good)
        return "\n\n".join(lines), Outcome(result=list(good), sources=sources)

    async def list_documents(self, turn: InTurn) -> Answer:
        """Tell which documents the household has had read.

        Args:
            turn: the turn.
        """
        titles = await self._library.titles(turn.person)
        if not titles:
            raise NotFoundError(NONE_YET)
        shown = [f"“{plain_text(title)}”" for title in titles[:LISTED]]
        more = [f"{len(titles) - LISTED} more"] if len(titles) > LISTED else []
        return f"I have read {say_count(len(titles), 'document')}: {say_list([*shown, *more])}.", Outcome()

    async def _nothing(self, turn: Turn, about: str) -> str:
        titles = await self._library.titles(turn.person)
        if not titles:
            return NONE_YET
        return f"I found nothing about “{plain_text(about)}” in {say_count(len(titles), 'document')}."


def document_tools(library: Library) -> list[BaseTool]:
    """The tools for documents."""
    return DocumentTools(library).tools()


def _is_named(document: str, passage: Passage) -> bool:
    """Whether all words of a document's name are in its title or its path: "boiler manual"."""
    said = f"{passage.title} {passage.path}".casefold()
    return all(word.removesuffix("s") in said for word in _words(document))


def _words(text: str) -> Sequence[str]:
    return [word for word in text.casefold().replace("'s", "").split() if word not in {"the", "my", "our"}]


def _say(passage: Passage, turn: Turn) -> str:
    """A passage with its file, headings and date; the text is as it stands there."""
    text = plain_text(passage.text)
    text = text if len(text) <= LONGEST else text[:LONGEST].rpartition(" ")[0] + " …"
    when = ""
    if passage.modified_at is not None:
        when = f", file of {say_day(passage.modified_at.astimezone(turn.zone).date(), turn.now.date())}"
    return f"{plain_text(passage.cited())}{when}:\n{text}"
