"""The names of the home, kept for the next start: sentences are understood before the server has answered."""

import asyncio
import logging
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from passfel.household.entity import Entity, Home

log = logging.getLogger(__name__)

KEPT = frozenset({"device_class", "unit_of_measurement", "supported_features"})
"""Attributes that say what a device is; the others are of the moment, and may hold tokens."""


class NamesFile:
    """A file of names; without a path it only remembers while the program runs."""

    def __init__(self, path: Path | None) -> None:
        """Nothing is read yet."""
        self._path = path
        self._read = False
        self.last: Home | None = None

    def read(self) -> Home | None:
        """The home of the last time, or None where there was none."""
        if self.last is not None or self._read or self._path is None:
            return self.last
        self._read = True
        if self._path.is_file():
            try:
                self.last = Home.model_validate_json(self._path.read_bytes())
            except (OSError, ValidationError):
                log.warning("the kept names of the home could not be read; they will be asked for again")
        return self.last

    async def keep(self, home: Home) -> None:
        """Write the names of `home` down."""
        if self._path is None:
            return
        entities = tuple(_named_only(entity) for entity in home.entities)
        try:
            kept = home.with_entities(entities, datetime.now(UTC))
            await asyncio.to_thread(_write, self._path, kept)
        except OSError as error:
            log.warning("the names of the home could not be kept: %s", error.strerror)


def _named_only(entity: Entity) -> Entity:
    kept = {name: value for name, value in entity.attributes.items() if name in KEPT}
    return entity.model_copy(update={"attributes": kept, "state": "unknown", "changed_at": None})


def _write(path: Path, home: Home) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_text(home.model_dump_json(), "utf-8")
    fresh.replace(path)
