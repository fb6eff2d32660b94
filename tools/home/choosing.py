"""Which devices are meant: by name, by room or floor, by kind. Nothing a model says is an id until it is found here."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from passfel.household.entity import Entity, Home
from passfel.household.errors import NotFoundError, RequestError
from passfel.household.home_kinds import KINDS, SOFT_COVERS, is_guarded, say_kind
from passfel.household.home_names import HomeNames, PlaceKind, fold, is_plural, singular
from passfel.household.turn import Turn
from passfel.household.wording import say_list

EVERYWHERE = frozenset({"everywhere", "all", "the whole house", "whole house", "house", "home"})
HERE = frozenset({"here", "this room"})
SOFT_KINDS = frozenset({"blind", "curtain", "shade", "shutter", "awning", "cover"})
MOST_CHOICES = 4

Fits = Callable[[Entity], bool]


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a person told which devices are meant."""

    name: str = ""
    where: str = ""
    kind: str = ""


class Chooser:
    """Chooses among the devices of one home."""

    def __init__(self, names: HomeNames, turn: Turn) -> None:
        """Keep the index, and the room that the person speaks in."""
        self._names = names
        self._home: Home = names.home
        self._room = turn.room

    def choose(self, wanted: Wanted, fits: Fits, *, several: bool = False) -> list[Entity]:
        """The devices that are meant and that can do what is asked.

        Args:
            wanted: what was said.
            fits: whether a device can do it; of two things of one name, the one that can is meant.
            several: whether a bare kind without a room means all of them, as in a question.

        Raises:
            NotFoundError: there is no such room, kind or device.
            RequestError: it could be several; the sentence asks which.
        """
        places = self.places(wanted.where)
        inside = self._inside(places, wanted.where)
        if wanted.name:
            return self._named(wanted, inside, fits)
        if not wanted.kind and not places and wanted.where.strip().casefold() not in EVERYWHERE:
            raise RequestError("Which device do you mean? Say its name or its room, please.")
        return self._of_kind(wanted, inside, fits, several=several or bool(wanted.where))

    def places(self, where: str) -> list[tuple[PlaceKind, str]]:
        """The rooms or floors of this name; none where none was said."""
        said = where.strip().casefold()
        if said in HERE and self._room:
            said = self._room.casefold()
        if not said or said in EVERYWHERE | HERE:
            return []
        known = {area.area_id: area for area in self._home.areas}
        if said in known:
            return [("area", said)]
        found = self._names.place_ids(fold(said))
        if not found:
            raise NotFoundError(f"I know no room or floor called “{where.strip()}”.")
        return found

    def _inside(self, places: Sequence[tuple[PlaceKind, str]], where: str) -> list[Entity]:
        if not places:
            return list(self._home.entities)
        ids = self._names.entities_in(places)
        return [entity for entity in self._home.entities if entity.entity_id in ids]

    def _named(self, wanted: Wanted, inside: Sequence[Entity], fits: Fits) -> list[Entity]:
        said = wanted.name.strip()
        if said in self._home.by_id:
            return [self._home.by_id[said]]
        here = {entity.entity_id for entity in inside}
        words = fold(said)
        found = [number for number in self._names.entity_ids(words) if number in here]
        found = found or [number for number in self._names.described_by(words) if number in here]
        if not found:
            where = f" in the {wanted.where}" if wanted.where else ""
            raise NotFoundError(f"I know no device called “{said}”{where}.")
        entities = [self._home.by_id[number] for number in found]
        kind = KINDS.get(wanted.kind)
        narrowed = [entity for entity in entities if kind is None or kind.holds(entity)] or entities
        able = [entity for entity in narrowed if fits(entity)]
        if not able:
            raise RequestError(f"That can't be done with the {narrowed[0].name}.")
        return self._one(said, [entity for entity in able if not entity.hidden] or able)

    def _one(self, said: str, able: list[Entity]) -> list[Entity]:
        """The one that is meant; all of one name where the name was said in the plural."""
        if len(able) == 1 or is_plural(said, able):
            return able
        near = [
            entity
            for entity in able
            if self._room and self._home.room(entity).casefold() == self._room.casefold()
        ]
        if len(near) == 1:
            return near
        choices = [self._names.say_apart(entity) for entity in able[:MOST_CHOICES]]
        raise RequestError(f"Which {said} do you mean: {say_list(choices, 'or')}?")

    def _of_kind(
        self, wanted: Wanted, inside: Sequence[Entity], fits: Fits, *, several: bool
    ) -> list[Entity]:
        name = kind_called(wanted.kind or "everything")
        seen = [entity for entity in inside if not entity.hidden and fits(entity)]
        found = [entity for entity in seen if KINDS[name].holds(entity)]
        if not found and name in SOFT_KINDS:
            found = _coverings(seen)
        if name == "everything":
            found = [entity for entity in found if not is_guarded(entity)]
        if not found:
            where = f" {self.say_where(wanted.where)}" if wanted.where else ""
            raise NotFoundError(f"There is no {say_kind(name)} that could do that{where}.")
        near = [
            entity
            for entity in found
            if self._room and self._home.room(entity).casefold() == self._room.casefold()
        ]
        if not several and near:
            return near
        if not several and len(found) > 1:
            raise RequestError(f"Which {say_kind(name)}s: all {len(found)}, or those of one room?")
        return found

    def say_where(self, where: str) -> str:
        """A room or a floor with its preposition."""
        places = self.places(where)
        if not places:
            return "at home"
        said = where.strip().casefold()
        if said.endswith("stairs"):
            return said
        leading = "on" if places[0][0] == "floor" else "in"
        return f"{leading} the {self._names.say_places(places)}"


def _coverings(seen: Sequence[Entity]) -> list[Entity]:
    """Coverings of another class than was said, where they are all of one: people call curtains blinds."""
    found = [entity for entity in seen if entity.domain == "cover" and entity.device_class in SOFT_COVERS]
    return found if len({entity.device_class for entity in found}) == 1 else []


def kind_called(said: str) -> str:
    """The kind of this name, in the singular or the plural.

    Raises:
        NotFoundError: there is none.
    """
    words = "_".join(singular(word) for word in fold(said.replace("_", " ")))
    if words in KINDS:
        return words
    raise NotFoundError(f"I know no kind of device called “{said}”.")
