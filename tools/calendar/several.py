"""All calendars at once: questions read every one, a change goes where its event is, additions to the default."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from passfel.household.errors import PassfelError, ProviderError, SettingsError
from passfel.household.occurrence import Occurrence
from passfel.household.rows import Event
from passfel.household.turn import Turn
from passfel.tools.calendar.local import LocalCalendar
from passfel.tools.calendar.provider import RemoteCalendar, Written, in_order
from passfel.tools.elsewhere import PlanBook, Version, id_of_call

KIND = "calendar"
"""What changes elsewhere are called in the ledger."""


class CalendarSettings(BaseModel):
    """Which calendar is meant when none is named."""

    model_config = ConfigDict(frozen=True)

    default: str = Field(
        "",
        description="Where new appointments go: empty for the household's own calendar, an account (icloud, google),"
        " or an account and its calendar (icloud/Family).",
    )


class Draft(BaseModel):
    """A new event."""

    model_config = ConfigDict(frozen=True)

    title: str
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    all_day: bool = False
    rule: str | None = None
    location: str = ""
    time_zone: str = "UTC"


class Step(BaseModel):
    """One change, whole enough to be carried out again after a crash."""

    model_config = ConfigDict(frozen=True)

    action: Literal["add", "move", "cancel"]
    draft: Draft | None = None
    event: Event | None = None
    start: AwareDatetime | None = None
    end: AwareDatetime | None = None
    """Of the occurrence that is meant."""
    to_start: AwareDatetime | None = None
    to_end: AwareDatetime | None = None
    series: bool = False

    @property
    def occurrence(self) -> Occurrence:
        """The occurrence that is meant."""
        if self.event is None or self.start is None or self.end is None:
            raise ValueError("this step is about no occurrence")
        return Occurrence(self.event, self.start, self.end)

    @property
    def account(self) -> str:
        """Where its event is kept; empty for here."""
        return self.event.origin.account if self.event and self.event.origin else ""


def moving(occurrence: Occurrence, to_start: datetime, to_end: datetime) -> Step:
    """Move this occurrence."""
    return Step(
        action="move",
        event=occurrence.event,
        start=occurrence.start,
        end=occurrence.end,
        to_start=to_start,
        to_end=to_end,
    )


def cancelling(occurrence: Occurrence, *, series: bool = False) -> Step:
    """Cancel this occurrence, or all of its series."""
    return Step(
        action="cancel", event=occurrence.event, start=occurrence.start, end=occurrence.end, series=series
    )


class Plan(BaseModel):
    """The changes of one call."""

    steps: list[Step]


@dataclass
class Look:
    """One reading of all calendars, which keeps in mind who didn't answer."""

    calendars: "Calendars"
    silent: dict[str, PassfelError] = field(default_factory=dict)

    async def between(self, owner: str, begin: datetime, end: datetime) -> list[Occurrence]:
        """What takes place in [begin, end) anywhere, in the order of time; fails only if nothing can be read."""
        readable = self.calendars.of(owner)
        answers = await asyncio.gather(
            *(calendar.between(owner, begin, end) for calendar in readable), return_exceptions=True
        )
        found: list[Occurrence] = []
        for calendar, answer in zip(readable, answers, strict=True):
            if isinstance(answer, ProviderError | SettingsError):
                self.silent[getattr(calendar, "source", "")] = answer
            elif isinstance(answer, BaseException):
                raise answer
            else:
                found += answer
        return in_order(_once(found))

    def __str__(self) -> str:
        """What to add to an answer: who is missing in it."""
        return "".join(f" {error.sentence}" for error in self.silent.values())


class Calendars:
    """The household's own calendar, and those on servers."""

    def __init__(
        self,
        own: LocalCalendar,
        remotes: Sequence[RemoteCalendar] = (),
        *,
        journal: PlanBook | None = None,
        default: str = "",
    ) -> None:
        """Take the calendars; with any on a server, the journal that makes their changes safe to repeat."""
        self.own = own
        self.remotes = tuple(remotes)
        self._journal = journal
        self._account, _, self._calendar = default.partition("/")
        if remotes and journal is None:
            raise ValueError("calendars elsewhere need a journal")

    def look(self) -> Look:
        """Begin a reading."""
        return Look(self)

    def of(self, person: str) -> "list[LocalCalendar | RemoteCalendar]":
        """The calendars of a person: the household's, and the accounts that are theirs or everybody's."""
        return [self.own, *(remote for remote in self.remotes if remote.person in {"", person})]

    async def carry_out(self, turn: Turn, plan: Callable[[], Awaitable[Plan]]) -> tuple[Plan, list[Event]]:
        """Make the plan, or find the one that an earlier run made, and carry it out; the events as read back."""
        if self._journal is None:
            made = await plan()
            return made, [await self._own_step(turn, step) for step in made.steps]
        kept = await self._journal.plan(turn)
        made = await plan() if kept is None else Plan.model_validate(kept)
        if kept is None:
            await self._journal.keep_plan(turn, made.model_dump(mode="json"))
        done: dict[int, Event] = {}
        here = [number for number, step in enumerate(made.steps) if not self._where(step)]
        if here:
            events = await self._own_steps(turn, [made.steps[number] for number in here], self._journal)
            done.update(zip(here, events, strict=True))
        for number, step in enumerate(made.steps):
            if number not in done:
                done[number] = await self._remote_step(turn, step, self._journal)
        return made, [done[number] for number in range(len(made.steps))]

    async def restore(self, before: Version | None, after: Version | None) -> None:
        """Put a thing elsewhere back as it was; RequestError where it has been changed since."""
        await self._remote(str((before or after or {})["account"])).restore(before, after)

    def _where(self, step: Step) -> str:
        """The account that a step goes to; empty for here."""
        return self._account if step.action == "add" else step.account

    async def _own_steps(self, turn: Turn, steps: Sequence[Step], journal: PlanBook) -> list[Event]:
        async with journal.rows(turn, "events") as done:
            if done is None:
                return [await self._own_step(turn, step) for step in steps]
            rows = done[-1:] if len(steps) == 1 else done
            return [await self.own.event(row) for row in rows]

    async def _own_step(self, turn: Turn, step: Step) -> Event:
        if step.action == "add" and step.draft:
            return await self.own.add(turn.person, **dict(step.draft))
        if step.action == "move" and step.to_start and step.to_end:
            return await self.own.move(step.occurrence, step.to_start, step.to_end)
        return await self.own.cancel(step.occurrence, datetime.now(UTC), series=step.series)

    async def _remote_step(self, turn: Turn, step: Step, journal: PlanBook) -> Event:
        remote = self._remote(self._where(step))
        written = await self._written(remote, turn, step)
        if written.before is not None or written.after is not None:
            before, after = (None if one is None else dict(one) for one in (written.before, written.after))
            await journal.changed(turn, KIND, written.event.id, before, after)
        return written.event

    async def _written(self, remote: RemoteCalendar, turn: Turn, step: Step) -> Written:
        if step.action == "add" and step.draft:
            return await remote.add(self._calendar, id_of_call(turn), dict(step.draft))
        if step.action == "move" and step.to_start and step.to_end:
            return await remote.move(step.occurrence, step.to_start, step.to_end)
        return await remote.cancel(step.occurrence, series=step.series)

    def _remote(self, account: str) -> RemoteCalendar:
        for remote in self.remotes:
            if remote.account == account:
                return remote
        raise SettingsError(
            f"No calendar account is called “{account}”: mend PASSFEL_CALENDAR__DEFAULT, or set the account up."
        )


def _once(found: list[Occurrence]) -> list[Occurrence]:
    """The same appointment in two calendars, such as an invitation, is one; the first is kept."""
    seen: dict[tuple[Any, ...], Occurrence] = {}
    for one in found:
        if one.event.origin is None:
            seen[one.event.id, one.start] = one
        else:
            name = " ".join(one.event.title.casefold().split())
            seen.setdefault(
                (name, one.event.all_day, one.start.astimezone(UTC), one.end.astimezone(UTC)), one
            )
    return list(seen.values())
