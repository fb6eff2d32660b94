"""The home's tools: how things are, changing them, what asks first, and how things were."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from time import monotonic

from langchain_core.tools import BaseTool
from pydantic import AwareDatetime

from passfel.household.entity import Entity, Home
from passfel.household.errors import NotFoundError, ProviderError, RequestError
from passfel.household.home_kinds import KINDS, is_guarded
from passfel.household.home_names import HomeNames
from passfel.household.receipt import Receipt
from passfel.household.turn import Turn
from passfel.household.wording import say_window
from passfel.tools.contract import (
    DESTROYS_OUTSIDE,
    READS,
    WRITES_OUTSIDE,
    Answer,
    InTurn,
    Outcome,
    Source,
    tool,
)
from passfel.tools.home.choosing import EVERYWHERE, Chooser, Wanted, kind_called
from passfel.tools.home.provider import HomeProvider, Service
from passfel.tools.home.sentences import (
    SOURCE,
    names,
    say_done,
    say_idle,
    say_one,
    say_past_figures,
    say_past_states,
    say_several,
)
from passfel.tools.home.services import Action, Doing, GuardedAction, doing, guarded_doing
from passfel.tools.home.way_back import KIND, Journal, has_way_back, kept, number_of

REACT_S = 4.0
MOST_PAST = 4
FIGURES = {"temperature", "humidity", "battery", "power", "energy", "brightness", "air_quality"}
LOCKED = {"locked", "unlocked"}
PLAYING = {"pause", "stop", "next", "previous", "mute", "set_volume"}
"""What is asked of the music, where it isn't said which: of the one that plays."""
LOCKABLE = {"door", "gate", "window", "garage_door"}
HowTo = Callable[[str, Entity], Doing | None]


class HomeTools:
    """The home, as tools."""

    def __init__(
        self, provider: HomeProvider, react_s: float = REACT_S, journal: Journal | None = None
    ) -> None:
        """Keep the provider, how long a device has to follow, and where states are kept for undo."""
        self._provider = provider
        self._journal = journal
        self._react_s = react_s
        self._names: HomeNames | None = None

    def tools(self) -> list[BaseTool]:
        """All of them, in a fixed order."""
        asks = tool(
            self.secure_home, domain="home", annotations=DESTROYS_OUTSIDE, question="{action} the {name}"
        )
        return [
            tool(self.get_home_state, domain="home", annotations=READS),
            tool(self.get_home_history, domain="home", annotations=READS),
            tool(self.control_home, domain="home", annotations=WRITES_OUTSIDE),
            asks,
        ]

    async def get_home_state(
        self, turn: InTurn, name: str = "", where: str = "", kind: str = "", state: str = "", about: str = ""
    ) -> Answer:
        """Say how things are at home: devices, doors, temperatures, who is there.

        Args:
            turn: the turn.
            name: a device's or person's name; empty for all of a kind or a room.
            where: a room or floor; empty for the whole home.
            kind: light, switch, fan, blind, window, door, lock, thermostat, tv, person, motion, battery and so on.
            state: the state asked about: on, off, open, closed, locked, home.
            about: the figure asked for: temperature, humidity, battery, power.
        """
        chooser, home = await self._chooser(turn)
        chosen = self._asked(chooser, Wanted(name, where, kind), state, about)
        if len(chosen) == 1 and (name or not state):
            sentence = say_one(chosen[0], state, home, turn)
        else:
            noun = kind_called(kind) if kind else "device"
            sentence = say_several(chosen, state, noun, chooser.say_where(where) if where else "", home)
        return sentence, Outcome(result=list(chosen), sources=(_source(chosen),))

    async def get_home_history(
        self,
        turn: InTurn,
        name: str = "",
        where: str = "",
        kind: str = "",
        about: str = "",
        start: AwareDatetime | None = None,
        end: AwareDatetime | None = None,
    ) -> Answer:
        """Say how something at home was: how warm a room was, when a door was open.

        Args:
            turn: the turn.
            name: a device's name.
            where: a room or floor.
            kind: what kind of device.
            about: the figure asked for: temperature, humidity, power.
            start: from when; a day ago when left out.
            end: until when; now when left out.
        """
        finish = min(end or turn.now, turn.now)
        begin = start or finish - timedelta(days=1)
        if begin >= finish:
            raise RequestError("That is still to come, and I only know what was.")
        chooser, _ = await self._chooser(turn)
        chosen = self._asked(chooser, Wanted(name, where, kind), "", about)[:MOST_PAST]
        past = await self._provider.history([entity.entity_id for entity in chosen], begin, finish)
        window = say_window(begin, finish, turn.now, locale=turn.locale)
        told = []
        for entity in chosen:
            series = past.get(entity.entity_id, ())
            told.append(
                say_past_figures(entity, series, window)
                if entity.unit
                else say_past_states(entity, series, window, turn)
            )
        source = Source(name=SOURCE, at=finish)
        return " ".join(told), Outcome(result=list(chosen), sources=(source,))

    async def control_home(
        self, turn: InTurn, action: Action, name: str = "", where: str = "", kind: str = "", value: str = ""
    ) -> Answer:
        """Change something at home: lights, heating, blinds, music, scenes, fans, plugs, vacuum cleaner.

        Args:
            turn: the turn.
            action: what to do.
            name: a device's or scene's name; empty for all of a kind or a room.
            where: a room or floor; everywhere for the whole home.
            kind: light, switch, fan, blind, curtain, thermostat, tv, vacuum and so on; everything for all.
            value: what to set it to, such as 40, +10, blue, 21.5.
        """
        return await self._carry_out(turn, action, Wanted(name, where, kind), value, doing)

    async def secure_home(
        self, turn: InTurn, action: GuardedAction, name: str = "", where: str = "", kind: str = ""
    ) -> Answer:
        """Lock or unlock, open or close a door, garage door or gate, arm or disarm the alarm.

        Args:
            turn: the turn.
            action: what to do.
            name: its name, such as front door.
            where: a room or floor.
            kind: lock, garage_door, gate or alarm, where it has no name.
        """
        return await self._carry_out(turn, action, Wanted(name, where, kind), "", guarded_doing)

    async def _chooser(self, turn: Turn) -> tuple[Chooser, Home]:
        home = await self._provider.home()
        if self._names is None or self._names.home.version != home.version:
            # In a thread: of a thousand devices it takes longer than anybody else should wait.
            self._names = await asyncio.to_thread(HomeNames, home)
        return Chooser(self._names.over(home), turn), home

    def _asked(self, chooser: Chooser, wanted: Wanted, state: str, about: str) -> list[Entity]:
        """The devices of a question; of a figure, those that measure it."""
        if about:
            return _measuring(chooser, wanted, about)
        if wanted.kind in LOCKABLE and state in LOCKED:
            wanted = Wanted(wanted.name, wanted.where, "lock")
        return chooser.choose(wanted, lambda entity: _answers(entity, state), several=True)

    async def _carry_out(self, turn: Turn, action: str, wanted: Wanted, value: str, how: HowTo) -> Answer:
        if action.startswith("set_") and not value:
            raise RequestError(f"To what should I set the {action.removeprefix('set_').replace('_', ' ')}?")
        chooser, home = await self._chooser(turn)
        chosen = self._able(chooser, home, action, wanted, how)
        away = [entity for entity in chosen if not entity.available]
        reached = [entity for entity in chosen if entity.available]
        refused = await self._call(_services(action, reached, value, how))
        done, idle = await self._read_back(action, reached, value, how)
        ways_back = await self._keep(turn, {entity.entity_id: entity for entity in reached}, done, how)
        words, outcome = _report(action, value, done, idle, away, home, ways_back)
        return " ".join([*refused, words]).strip(), outcome

    async def _keep(
        self, turn: Turn, before: dict[str, Entity], done: Sequence[Entity], how: HowTo
    ) -> frozenset[str]:
        """Keep what was done for undo, where there is a way back; the ids of those."""
        if self._journal is None or how is not doing:
            return frozenset()
        undoable = [entity for entity in done if has_way_back(before[entity.entity_id])]
        for entity in undoable:
            was = before[entity.entity_id]
            await self._journal.changed(turn, KIND, number_of(entity.entity_id), kept(was), kept(entity))
        return frozenset(entity.entity_id for entity in undoable)

    async def _call(self, services: Sequence[Service]) -> list[str]:
        """Make the calls; what was refused comes as sentences where something else was not."""
        refused: list[ProviderError] = []
        for service in services:
            try:
                await self._provider.call(service)
            except ProviderError as error:
                refused.append(error)
        if refused and len(refused) == len(services):
            raise refused[0]
        return [error.sentence for error in refused]

    def _able(self, chooser: Chooser, home: Home, action: str, wanted: Wanted, how: HowTo) -> list[Entity]:
        everything = (
            wanted.kind in {"", "everything"} and not wanted.name and wanted.where.casefold() in EVERYWHERE
        )
        if everything and not wanted.kind:
            raise RequestError("Which devices do you mean? Say what kind, or “everything”.")
        if action in PLAYING and not wanted.name and not wanted.where:
            playing = [entity for entity in home.entities if _plays(entity) and how(action, entity)]
            if len(playing) == 1:
                return playing
        try:
            return chooser.choose(wanted, lambda entity: how(action, entity) is not None)
        except RequestError:
            asked = self._guarded(chooser, wanted) if how is doing and wanted.name else []
            if not asked:
                raise
        raise RequestError(
            f"{names(asked)} keeps strangers out, so I ask before I move it:"
            " say “open”, “close”, “lock” or “unlock” with its name (secure_home)."
        )

    def _guarded(self, chooser: Chooser, wanted: Wanted) -> list[Entity]:
        try:
            return chooser.choose(wanted, is_guarded)
        except RequestError:
            return []

    async def _read_back(
        self, action: str, before: Sequence[Entity], value: str, how: HowTo
    ) -> tuple[list[Entity], list[Entity]]:
        """Wait until the devices are seen to have followed; those that have, and those that haven't in time."""
        ends_at = monotonic() + self._react_s
        while True:
            home = await self._provider.home()
            now = {entity.entity_id: home.by_id.get(entity.entity_id, entity) for entity in before}
            done = [now[e.entity_id] for e in before if _followed(action, e, now[e.entity_id], value, how)]
            left = ends_at - monotonic()
            if len(done) == len(before) or left <= 0:
                break
            await self._provider.changed(left)
        return done, [entity for number, entity in now.items() if entity not in done]


def home_tools(
    provider: HomeProvider, react_s: float = REACT_S, journal: Journal | None = None
) -> list[BaseTool]:
    """The home's tools over its server; with a journal, what has a way back can be undone."""
    return HomeTools(provider, react_s, journal).tools()


def _followed(action: str, before: Entity, after: Entity, value: str, how: HowTo) -> bool:
    done = how(action, before)
    return done is not None and done.seen(before, after, value)


def _services(action: str, chosen: Sequence[Entity], value: str, how: HowTo) -> list[Service]:
    """As few calls as possible: the same service with the same data for several devices is one."""
    together: dict[tuple[str, tuple[tuple[str, object], ...]], list[str]] = {}
    for entity in chosen:
        done = how(action, entity)
        if done is not None:
            data = tuple(done.data(entity, value).items())
            together.setdefault((done.service, data), []).append(entity.entity_id)
    return [Service(service, tuple(ids), dict(data)) for (service, data), ids in together.items()]


def _report(
    action: str,
    value: str,
    done: Sequence[Entity],
    idle: Sequence[Entity],
    away: Sequence[Entity],
    home: Home,
    ways_back: frozenset[str],
) -> Answer:
    """One sentence for what was done, one for what did not react, one for what is unavailable."""
    told = [say_done(action, done, value)] if done else []
    told += [say_idle(idle, home)] if idle else []
    told += [f"{names(away)} {'is' if len(away) == 1 else 'are'} unavailable."] if away else []
    receipts = tuple(
        Receipt(
            action="set",
            kind="device",
            sentence=say_done(action, [entity], value),
            reference=entity.entity_id,
            reversible=entity.entity_id in ways_back,
        )
        for entity in done
    )
    result = [*done, *idle, *away]
    return " ".join(told), Outcome(result=result, receipts=receipts, sources=(_source(result),))


def _measuring(chooser: Chooser, wanted: Wanted, about: str) -> list[Entity]:
    """What tells a figure: sensors of that class, or else a thermostat."""
    kind = kind_called(about)
    if wanted.name:
        by_class = KINDS[kind]
        return chooser.choose(
            Wanted(wanted.name, wanted.where, kind),
            lambda entity: by_class.holds(entity) or not KINDS.get(wanted.kind),
        )
    try:
        found = chooser.choose(
            Wanted("", wanted.where, kind), lambda entity: entity.domain == "sensor", several=True
        )
    except NotFoundError:
        if kind != "temperature":
            raise
        found = chooser.choose(Wanted("", wanted.where, "thermostat"), lambda entity: True, several=True)
    return found


def _answers(entity: Entity, state: str) -> bool:
    """Whether a state that is asked about makes sense for this device."""
    if state in LOCKED:
        return entity.domain == "lock" or entity.device_class == "lock"
    if state in {"open", "closed", "shut"}:
        return entity.domain in {"cover", "binary_sensor", "valve", "lock"}
    return entity.domain not in {"button", "event", "scene"}


def _plays(entity: Entity) -> bool:
    return entity.domain == "media_player" and entity.state == "playing"


def _source(entities: Sequence[Entity]) -> Source:
    moments = [entity.changed_at for entity in entities if entity.changed_at is not None]
    return Source(name=SOURCE, at=max(moments, default=None))
