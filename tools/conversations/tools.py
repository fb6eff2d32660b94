"""The tool that looks conversations up: what was said, asked, decided, and when.

Answers of ours may quote what strangers wrote, so what is found taints a turn as the household's papers do.
"""

from datetime import datetime, timedelta
from typing import Protocol

from langchain_core.tools import BaseTool

from passfel.household.episode import Episode
from passfel.household.errors import NotFoundError, RequestError
from passfel.household.turn import Turn
from passfel.household.wording import capital, plain_text, quoted, say_moment, say_window
from passfel.tools.contract import READS_PAPERS, Answer, InTurn, Outcome, tool

WEEK = timedelta(days=7)
MOST = 5
LISTED = 12
LONGEST = 280
"""Characters of one quotation."""


class Conversations(Protocol):
    """What was said when; memory/episodes.py has it."""

    async def between(
        self, person: str, start: datetime | None, end: datetime | None, limit: int = 20
    ) -> list[Episode]:
        """The turns of a window, the newest first."""
        ...

    async def about(
        self,
        person: str,
        words: str,
        start: datetime | None = None,
        end: datetime | None = None,
        limit: int = 5,
    ) -> list[Episode]:
        """The turns about something, the best first."""
        ...


def conversation_tools(conversations: Conversations) -> list[BaseTool]:
    """Earlier conversations, as a tool."""

    async def recall_conversations(
        turn: InTurn, about: str = "", start: str = "", end: str = "", who: str = ""
    ) -> Answer:
        """Look up what was said in earlier conversations with this person: "what did we decide about the boiler?".

        Args:
            turn: the turn.
            about: what it was about; empty for everything in the window.
            start: ISO time from which to look; empty for any.
            end: ISO time up to which to look, exclusive; empty for any.
            who: "me" for what the person said alone, "you" for what was answered; empty for both.
        """
        begin, finish = _past(_moment(start, turn), _moment(end, turn), turn.now)
        words = plain_text(about)
        if words:
            found = await conversations.about(turn.person, words, begin, finish, MOST)
        else:
            found = await conversations.between(turn.person, begin, finish, LISTED + 1)
        if not found:
            raise NotFoundError(_nothing(words, begin, finish, turn))
        shown = found[: MOST if words else LISTED]
        lines = [_say(one, who, turn) for one in sorted(shown, key=lambda one: one.happened_at)]
        more = f"\nThere was more; these are the latest {LISTED}." if len(found) > LISTED else ""
        return "\n".join(lines) + more, Outcome(result=list(shown))

    return [tool(recall_conversations, domain="conversations", annotations=READS_PAPERS)]


def _moment(said: str, turn: Turn) -> datetime | None:
    if not said.strip():
        return None
    try:
        moment = datetime.fromisoformat(said)
    except ValueError as error:
        raise RequestError(f"“{said}” is not an ISO time.") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=turn.zone)


def _past(
    begin: datetime | None, finish: datetime | None, now: datetime
) -> tuple[datetime | None, datetime | None]:
    """A window of what is over: "on Friday" was last Friday, and "in March" this year's or last year's."""
    if begin is None or finish is None or begin <= now:
        return begin, finish
    if begin - now <= WEEK and finish - begin <= WEEK:
        return begin - WEEK, finish - WEEK
    return _year_before(begin), _year_before(finish)


def _year_before(moment: datetime) -> datetime:
    try:
        return moment.replace(year=moment.year - 1)
    except ValueError:  # 29 February
        return moment.replace(year=moment.year - 1, day=28)


def _say(one: Episode, who: str, turn: Turn) -> str:
    told = say_moment(one.happened_at, turn.now, turn.locale)
    at = capital(told if told.startswith(("today", "yesterday")) else f"on {told}")
    said, answered = f"you said: {quoted(_short(one.said))}", f"I answered: {quoted(_short(one.answered))}"
    if who == "me":
        return f"{at} {said}"
    if who == "you":
        return f"{at} {answered.replace('I answered', 'I said', 1)}"
    return f"{at} {said} {answered}"


def _short(text: str) -> str:
    plain = " ".join(plain_text(text).split())
    return plain if len(plain) <= LONGEST else f"{plain[:LONGEST].rsplit(' ', 1)[0]} …"


def _nothing(about: str, start: datetime | None, end: datetime | None, turn: Turn) -> str:
    of = f" about “{about}”" if about else ""
    if start is not None and end is not None:
        return f"We said nothing{of} {say_window(start, end, turn.now, locale=turn.locale)}, as far as I have kept it."
    return f"I find no conversation of ours{of}."
