"""What can be known of the world: an article's summary, a fact, a paper, pages of the web; with source and age."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict

MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)

Rank = Literal["preferred", "normal", "deprecated"]


class _Known(BaseModel):
    model_config = ConfigDict(frozen=True)


class Summary(_Known):
    """What an encyclopaedia says of something, shortly."""

    title: str
    text: str
    source: str
    url: str = ""
    description: str = ""
    """A few words: "English mathematician"."""
    choices: tuple[str, ...] = ()
    """What the name may mean, where it means several things."""
    item: str = ""
    """The same thing's id in Wikidata."""
    edited_at: AwareDatetime | None = None


class PartialDate(_Known):
    """A date of which only the year, or the decade or the century, may be known."""

    year: int
    """Negative before Christ: -44 is 44 BC."""
    month: int | None = None
    day: int | None = None
    span: Literal["day", "month", "year", "decade", "century", "millennium"] = "day"

    def say(self) -> str:
        """Say it as exactly as it is known: "31 March 1889", "1889", "the 1880s", "the 19th century"."""
        year = f"{-self.year} BC" if self.year < 0 else str(self.year)
        if self.span == "decade":
            return f"the {abs(self.year) // 10 * 10}s{' BC' if self.year < 0 else ''}"
        if self.span in {"century", "millennium"}:
            size = 100 if self.span == "century" else 1000
            number = (abs(self.year) + size - 1) // size
            return f"the {ordinal(number)} {self.span}{' BC' if self.year < 0 else ''}"
        if self.month is None:
            return year
        return f"{self.day or ''} {MONTHS[self.month - 1]} {year}".strip()

    @property
    def when(self) -> str:
        """With its preposition: "on 31 March 1889", "in 1889"."""
        return f"{'on' if self.day else 'in'} {self.say()}"

    @property
    def key(self) -> tuple[int, int, int]:
        """For putting dates in order."""
        return self.year, self.month or 0, self.day or 0

    def years_to(self, other: "PartialDate | date") -> tuple[int, int]:
        """The fewest and the most whole years from here to `other`, as far as both are known."""
        years = other.year - self.year - (1 if self.year < 0 < other.year else 0)
        month, day = other.month, other.day
        if self.month is None or month is None or (self.month == month and None in (self.day, day)):
            return years - 1, years
        before = (month, day or 0) < (self.month, self.day or 0)
        return years - before, years - before


class Named(_Known):
    """A thing by its name."""

    name: str
    id: str = ""


class Quantity(_Known):
    """A number with the name of its unit; a bare count has none."""

    amount: Decimal
    unit: str = ""


Value = PartialDate | Quantity | Named | str


class Statement(_Known):
    """One thing that is stated of a subject, and for when."""

    property: str
    value: Value
    rank: Rank = "normal"
    at: PartialDate | None = None
    """The moment for which it was counted or measured."""
    since: PartialDate | None = None
    until: PartialDate | None = None


class Fact(_Known):
    """What is known of one subject."""

    subject: str
    description: str = ""
    about: str
    statements: tuple[Statement, ...]
    """The best ones first."""
    source: str
    url: str = ""
    namesake: bool = False
    """Whether others of the same name have this fact too, so that it has to be said who is meant."""

    def of(self, *properties: str) -> list[Statement]:
        """What is stated under these properties, the first one's first."""
        return [
            statement for name in properties for statement in self.statements if statement.property == name
        ]


class Paper(_Known):
    """A scientific paper."""

    id: str
    title: str
    authors: tuple[str, ...]
    abstract: str = ""
    published_at: AwareDatetime
    """When its first version came out."""
    updated_at: AwareDatetime
    url: str
    category: str = ""


class Papers(_Known):
    """The papers that fit a question."""

    query: str
    papers: tuple[Paper, ...]
    total: int
    source: str
    url: str = ""
    at: AwareDatetime | None = None
    """How old the index is."""


class Page(_Known):
    """A page of the web, as a search engine lists it."""

    title: str
    url: str
    snippet: str = ""

    @property
    def site(self) -> str:
        """Whose page it is: example.org."""
        host = self.url.partition("://")[2].partition("/")[0].rpartition("@")[2].partition(":")[0]
        return host.removeprefix("www.")


class Pages(_Known):
    """What a search of the web found."""

    query: str
    pages: tuple[Page, ...]
    source: str
    url: str = ""
    at: AwareDatetime


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 11th."""
    ending = "th" if number % 100 in {11, 12, 13} else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def newest(statements: Sequence[Statement]) -> Statement:
    """The one that was counted or began last; of those without a time, the first."""
    never = PartialDate(year=-100_000)
    return max(statements, key=lambda statement: (statement.at or statement.since or never).key)
