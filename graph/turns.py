"""A turn's surroundings: a run's context over the household's settings, at this moment."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import cast

from passfel.graph.settings import HouseholdSettings, home, zone
from passfel.household.errors import RequestError
from passfel.household.turn import Turn, Units
from passfel.nodes.turn import MakeTurn, TurnContext

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """This moment."""
    return datetime.now(UTC)


def turn_maker(household: HouseholdSettings, clock: Clock = system_clock) -> MakeTurn:
    """Make turns of this household.

    The returned function raises `RequestError` where a run's context names what doesn't exist.
    """

    def make(context: TurnContext | None) -> Turn:
        asked = {name: getattr(context, name, "") or getattr(household, name) for name in _FIELDS}
        if not all(value.isprintable() for value in asked.values()):
            raise RequestError("The context may only hold printable characters.")
        if asked["units"] not in {"metric", "imperial"}:
            raise RequestError(f"units must be metric or imperial, not “{asked['units']}”.")
        try:
            here = zone(asked["time_zone"])
            name, place = home(asked["home_place"], here.key)
        except ValueError as error:
            raise RequestError(f"{error}.") from error
        return Turn(
            now=clock().astimezone(here),
            person=asked["user"],
            locale=asked["locale"],
            units=cast("Units", asked["units"]),
            home=place,
            home_name=name,
        )

    return make


_FIELDS = ("user", "time_zone", "locale", "units", "home_place")
