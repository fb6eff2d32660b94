"""What the services of the domain knowledge must be able to do for the household."""

from typing import Protocol

from passfel.household.knowledge import Fact, Pages, Papers, Summary
from passfel.tools.provider import Provider


class Encyclopaedia(Provider, Protocol):
    """Explains things and people."""

    async def summary(self, name: str, language: str = "en") -> Summary:
        """What it says of `name`; NotFoundError where it has nothing."""
        ...


class FactSource(Provider, Protocol):
    """Knows single facts: dates, figures, names."""

    async def fact(self, subject: str, about: str, language: str = "en", *, item: str = "") -> Fact:
        """What is stated of `subject` (or of the thing with this id); NotFoundError where nothing is."""
        ...


class PaperSource(Provider, Protocol):
    """Finds scientific papers."""

    async def papers(self, topic: str, *, author: str = "", newest: bool = False, most: int = 5) -> Papers:
        """The papers that fit best, or the newest of those that fit; none found is no error."""
        ...


class WebSearch(Provider, Protocol):
    """Searches the web."""

    async def search(self, query: str, language: str = "en", most: int = 5) -> Pages:
        """The best pages; none found is no error.

        Raises:
            LimitedError: it takes us for a robot, and gave no results: not the same as finding none.
        """
        ...
