"""Which of many places of one name a person means."""

import math
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pydantic import BaseModel

from passfel.household.turn import Place

ALIASES = {
    "us": "united states",
    "usa": "united states",
    "america": "united states",
    "uk": "united kingdom",
    "britain": "united kingdom",
    "great britain": "united kingdom",
    "holland": "netherlands",
    "the netherlands": "netherlands",
    "czech republic": "czechia",
    "uae": "united arab emirates",
}
LONGEST_NAME = 80
NEIGHBOURHOOD_KM = 150


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read what a person said: a name, and where it should be."""

    name: str
    region: str = ""


class Hit(BaseModel):
    """A hit of the place search; any of these can be missing."""

    name: str
    latitude: float
    longitude: float
    timezone: str = "UTC"
    population: int | None = None
    country: str = ""
    country_code: str = ""
    admin1: str = ""
    admin2: str = ""

    def place(self, reading: Reading) -> Place:
        """The household's noun, named with its region where the person named it too."""
        name = self.name if not reading.region else f"{self.name}, {self._region_like(reading.region)}"
        country, code = clean(self.country), self.country_code.upper()[:2]
        return Place(clean(name), self.latitude, self.longitude, country, self.timezone, code)

    def is_in(self, region: str) -> bool:
        """Whether it lies in the region, country or district of that name."""
        wanted = ALIASES.get(folded(region), folded(region))
        return wanted in {folded(name) for name in self._regions()}

    def _region_like(self, region: str) -> str:
        wanted = ALIASES.get(folded(region), folded(region))
        return next((name for name in self._regions()[:3] if folded(name) == wanted), self.country or region)

    def _regions(self) -> tuple[str, ...]:
        return (self.country, self.admin1, self.admin2, self.country_code)


def readings(text: str) -> Iterator[Reading]:
    """Read "Paris, Texas", "Paris in Texas", and, if nothing is called "Paris Texas", that too."""
    text = " ".join(clean(text).split())
    name, _, region = (part.strip() for part in re.sub(r"\s+in\s+", ", ", text, count=1).partition(","))
    region = region.rpartition(",")[2].strip()
    if name:
        yield Reading(name, region)
    words = text.split()
    for count in (1, 2):
        if not region and len(words) > count:
            yield Reading(" ".join(words[:-count]), " ".join(words[-count:]))


def best_hit(hits: Sequence[Hit], reading: Reading, near: Place | None = None) -> Hit | None:
    """Choose by population, leaning to the very name that was said and to what is near."""
    fitting = [hit for hit in hits if not reading.region or hit.is_in(reading.region)]
    return max(fitting, key=lambda hit: _weight(hit, reading, near), default=None)


def _weight(hit: Hit, reading: Reading, near: Place | None) -> float:
    weight = float(max(hit.population or 0, 1))
    if folded(hit.name) == folded(reading.name):
        weight *= 100
    if near is not None:
        weight *= 5 if near.country and near.country == hit.country else 1
        weight *= 20 if _distance_km(hit, near) < NEIGHBOURHOOD_KM else 1
    return weight


def _distance_km(hit: Hit, place: Place) -> float:
    north, south = math.radians(hit.latitude), math.radians(place.latitude)
    east = math.radians(hit.longitude - place.longitude)
    cosine = math.sin(north) * math.sin(south) + math.cos(north) * math.cos(south) * math.cos(east)
    return 6371 * math.acos(max(-1.0, min(1.0, cosine)))


def folded(text: str) -> str:
    """Compare names without case, accents and points."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return " ".join("".join(c for c in plain if not unicodedata.combining(c) and c != ".").split())


def clean(text: str) -> str:
    """Keep of a name what names are made of: it came from outside, and it goes into a sentence."""
    kept = "".join(c if c.isalnum() or unicodedata.combining(c) or c in " ,.'’-/()" else " " for c in text)
    return " ".join(kept.split())[:LONGEST_NAME]
