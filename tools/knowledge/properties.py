"""Which properties of Wikidata answer which question."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

About = Literal[
    "birthday",
    "age",
    "death",
    "population",
    "capital",
    "height",
    "length",
    "area",
    "founded",
    "invented",
    "head_of_state",
    "head_of_government",
    "leader",
    "author",
    "director",
    "composer",
    "painter",
    "inventor",
    "founder",
    "spouse",
    "currency",
    "language",
    "country",
]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of fact."""

    properties: tuple[str, ...]
    """The one that answers best first."""
    noun: str
    """What is told, for "the … of Portugal"."""
    relation: bool = False
    """Whether its values are people or things that follow each other in time."""


BORN, DIED = "P569", "P570"
POPULATION, CAPITAL = "P1082", "P36"
HEIGHT, ELEVATION, LENGTH, AREA = "P2048", "P2044", "P2043", "P2046"
INCEPTION, OPENED, IN_SERVICE = "P571", "P1619", "P729"

KINDS: Mapping[str, Kind] = {
    "birthday": Kind((BORN, DIED), "date of birth"),
    "age": Kind((BORN, DIED), "age"),
    "death": Kind((DIED, BORN), "date of death"),
    "population": Kind((POPULATION,), "population"),
    "capital": Kind((CAPITAL,), "capital", relation=True),
    "height": Kind((HEIGHT, ELEVATION), "height"),
    "length": Kind((LENGTH,), "length"),
    "area": Kind((AREA,), "area"),
    "founded": Kind((INCEPTION, OPENED, IN_SERVICE), "beginning"),
    "invented": Kind(("P575", INCEPTION), "invention"),
    "head_of_state": Kind(("P35",), "head of state", relation=True),
    "head_of_government": Kind(("P6",), "head of government", relation=True),
    "leader": Kind(("P169", "P488", "P1037"), "chief executive", relation=True),
    "author": Kind(("P50",), "author"),
    "director": Kind(("P57",), "director"),
    "composer": Kind(("P86",), "composer"),
    "painter": Kind(("P170",), "creator"),
    "inventor": Kind(("P61",), "inventor"),
    "founder": Kind(("P112",), "founder"),
    "spouse": Kind(("P26",), "spouse", relation=True),
    "currency": Kind(("P38",), "currency", relation=True),
    "language": Kind(("P37",), "official language", relation=True),
    "country": Kind(("P17",), "country", relation=True),
}
NEEDED: Mapping[str, str] = {"birthday": BORN, "age": BORN, "death": DIED}
"""Without this property the question has no answer; the others only go with it."""
