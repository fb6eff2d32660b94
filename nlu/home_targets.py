"""From what was named to the arguments of a call: devices by their own names, kinds with their rooms."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from passfel.household.entity import Entity
from passfel.household.home_kinds import KINDS, is_guarded, say_kind
from passfel.household.home_names import HomeNames, fold, is_plural, key_of
from passfel.household.wording import say_list
from passfel.nlu.home_frame import Frame, Place, Target
from passfel.nlu.home_scan import known_words

EVERYWHERE = "everywhere"
MOST_CHOICES = 4
PLAYERS = frozenset({"media_player", "tv", "speaker"})
"""Of these, the one that plays is meant: the tool knows."""


@dataclass(frozen=True, slots=True)
class Aim:
    """One thing to ask about or to change."""

    name: str = ""
    where: str = ""
    kind: str = ""
    entities: tuple[Entity, ...] = ()
    """What it can be, as far as that is known here."""

    @property
    def guarded(self) -> bool:
        """Whether it is a lock, a door or an alarm."""
        if self.entities:
            return all(is_guarded(entity) for entity in self.entities)
        return self.kind in {"lock", "alarm", "door", "garage_door", "gate"}

    @property
    def domain(self) -> str:
        """What it is to the home's server, as far as that is known."""
        if self.entities:
            return self.entities[0].domain
        kind = KINDS.get(self.kind)
        return next(iter(kind.domains)) if kind and len(kind.domains) == 1 else ""

    def arguments(self, **more: str) -> dict[str, str]:
        """The arguments that name it, and others; empty ones are left out."""
        given = {"name": self.name, "where": self.where, "kind": self.kind, **more}
        return {name: value for name, value in given.items() if value}


def aims(
    frame: Frame, names: HomeNames, fits: Callable[[Entity], bool], default_kind: str = ""
) -> list[Aim] | None:
    """Everything that was named; None where it can't be said what.

    Args:
        frame: the request.
        names: of the home.
        fits: whether a device can be what is meant, to tell two of one name apart.
        default_kind: what a room alone stands for.
    """
    targets = _shared(frame.targets)
    found = [aim for target in targets for aim in _of_target(target, frame, names, fits, default_kind)]
    return found or None


def _shared(targets: list[Target]) -> list[Target]:
    """What is said once counts for both: "the kitchen and bedroom lights", "lights and fans in the bedroom"."""
    filled = [Target(t.entities, list(t.kinds), list(t.places), t.place_last) for t in targets]
    for index, target in enumerate(filled):
        if not target.kinds and not target.entities and target.places:
            kin = next(
                (other for other in (*filled[index + 1 :], *filled[:index][::-1]) if other.kinds), None
            )
            target.kinds = list(kin.kinds) if kin else []
    last = filled[-1]
    if last.place_last:
        for target in filled[:-1]:
            if target.kinds and not target.places and not target.entities:
                target.places = list(last.places)
    return filled


def _of_target(
    target: Target, frame: Frame, names: HomeNames, fits: Callable[[Entity], bool], default_kind: str
) -> Iterator[Aim]:
    kinds = list(target.kinds)
    for candidates, said, _ in target.entities:
        kind = _kind_instead(candidates, said, target, names)
        if kind:
            kinds.append(kind)
        else:
            yield _entity(candidates, said, target, names, fits)
    if target.entities and kinds == target.kinds:
        return
    where = _say_where(target.places, frame, names)
    kinds = kinds or (
        [default_kind] if default_kind and (target.places or frame.everywhere or frame.here) else []
    )
    if "everything" in kinds and len(kinds) > 1:
        kinds = [kind for kind in kinds if kind != "everything"]
    for kind in dict.fromkeys(kinds):
        for place in where or [""]:
            yield _kind(kind, place, target, frame, names)


def _kind_instead(candidates: tuple[str, ...], said: str, target: Target, names: HomeNames) -> str:
    """The kind that is meant by "the heating in the bedroom", where a device elsewhere is called Heating."""
    kind = known_words().get(tuple(said.split()), {}).get("kind", "")
    return kind if kind and target.places and not _within(candidates, target, names) else ""


def _within(candidates: tuple[str, ...], target: Target, names: HomeNames) -> list[str]:
    """Those that are in the rooms that were said, or in none at all."""
    if not target.places:
        return list(candidates)
    inside = names.entities_in(target.places)
    return [number for number in candidates if number in inside or names.home.by_id[number].area_id is None]


def _entity(
    candidates: tuple[str, ...], said: str, target: Target, names: HomeNames, fits: Callable[[Entity], bool]
) -> Aim:
    here = _within(candidates, target, names)
    if not here:
        return Aim(said, names.say_places(target.places[:1]), "", _entities(candidates, names))
    entities = _entities(here, names)
    able = [entity for entity in entities if fits(entity)] or list(entities)
    kinds = [KINDS[kind] for kind in target.kinds if kind in KINDS]
    able = [entity for entity in able if not kinds or any(kind.holds(entity) for kind in kinds)] or able
    where = names.say_places(target.places[:1]) if target.places else ""
    if len(able) > 1:
        return Aim(said, where, "", tuple(able))
    only = able[0]
    twins = names.entities.get(key_of(fold(only.name)), [])
    return Aim(only.name, (where or names.home.room(only)) if len(twins) > 1 else "", "", (only,))


def _kind(kind: str, place: str, target: Target, frame: Frame, names: HomeNames) -> Aim:
    """A kind; where the home has just one of it, that one by its name: what asks first names it."""
    aim = Aim("", place, kind)
    if not aim.guarded or frame.all:
        return aim
    inside = names.entities_in(target.places) if target.places else None
    found = [
        entity
        for entity in names.home.entities
        if KINDS[kind].holds(entity) and is_guarded(entity) and (inside is None or entity.entity_id in inside)
    ]
    return Aim(found[0].name, "", "", (found[0],)) if len(found) == 1 else aim


def _say_where(places: list[Place], frame: Frame, names: HomeNames) -> list[str]:
    if places:
        said = [names.say_places([place]) for place in places]
        return list(dict.fromkeys(said))
    if frame.here:
        return ["here"]
    return [EVERYWHERE] if frame.everywhere or frame.all else []


def _entities(numbers: Iterable[str], names: HomeNames) -> tuple[Entity, ...]:
    return tuple(names.home.by_id[number] for number in numbers)


class UnclearError(Exception):
    """Several things could be meant: a signal inside the understanding, never an error to anybody."""


def ask_which(found: Sequence[Aim], names: HomeNames, room: str, *, kinds_too: bool = False) -> None:
    """See that everything that was named is one thing, or plainly all of them.

    Args:
        found: what was named.
        names: of the home.
        room: where the person speaks: of several, the one there is meant.
        kinds_too: whether a kind without a room has to be one thing, as in a command.

    Raises:
        UnclearError: it isn't; the words ask which.
    """
    for aim in found:
        near = [entity for entity in aim.entities if names.home.room(entity).casefold() == room.casefold()]
        if len(aim.entities) > 1 and not is_plural(aim.name, aim.entities) and (not room or len(near) != 1):
            choices = [names.say_apart(entity) for entity in aim.entities[:MOST_CHOICES]]
            raise UnclearError(f"Which {aim.name} do you mean: {say_list(choices, 'or')}?")
        if (
            kinds_too
            and aim.kind
            and aim.kind not in PLAYERS
            and not aim.where
            and not room
            and (count := _count(aim.kind, names)) > 1
        ):
            raise UnclearError(f"Which {say_kind(aim.kind)}s: all {count}, or those of one room?")


def _count(kind: str, names: HomeNames) -> int:
    return sum(1 for entity in names.home.entities if KINDS[kind].holds(entity) and not entity.hidden)
