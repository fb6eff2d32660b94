"""Requests to the home: our own reading over the names of the home, then Home Assistant's own sentences."""

from collections.abc import Callable
from datetime import timedelta
from threading import Thread

from passfel.household.entity import Home
from passfel.household.home_names import HomeNames
from passfel.household.turn import Turn
from passfel.nlu.home_commands import commands
from passfel.nlu.home_frame import Frame, is_question, read_frame
from passfel.nlu.home_intents import HomeIntents
from passfel.nlu.home_match import HomeMatch
from passfel.nlu.home_questions import questions
from passfel.nlu.home_scan import scan
from passfel.nlu.home_targets import UnclearError
from passfel.nlu.slots.when import find_whens

KnownHome = Callable[[], Home | None]
"""The home as it is known at once; None where none is set up."""
PAST = frozenset({"was", "were", "did", "when"})
LONGEST = 200
MORNING = timedelta(hours=6)
"""Of a night that is over, people mean the time until the morning."""


class HomeUnderstander:
    """Understands requests over the home as it is now; the index of its names is made anew when they change."""

    def __init__(self, home: KnownHome, locale: str = "en") -> None:
        """Nothing is read until there is a home."""
        self._home = home
        self._intents = HomeIntents(locale)
        self._own = locale.replace("_", "-").split("-")[0].casefold() == "en"
        self._names: HomeNames | None = None

    def match(self, text: str, turn: Turn) -> HomeMatch | None:
        """What `text` asks of the home, or None where it isn't wholly understood."""
        names = self._index()
        if names is None or not text or len(text) > LONGEST:
            return None
        found = self._read(text, names, turn) if self._own else None
        return found or self._intents.match(text, names, turn)

    def warm(self, turn: Turn, *, wait: bool = False) -> None:
        """Index the names, and read Home Assistant's sentences beside other work, or at once with `wait`."""
        names = self._index()
        if names is None:
            return
        work = Thread(target=self._intents.warm, args=(names, turn), name="home sentences", daemon=True)
        work.start()
        if wait:
            work.join()

    def _index(self) -> HomeNames | None:
        home = self._home()
        if home is None or not home.entities:
            return None
        if self._names is None or self._names.home.version != home.version:
            self._names = HomeNames(home)
        self._names = self._names.over(home)
        return self._names

    def _read(self, text: str, names: HomeNames, turn: Turn) -> HomeMatch | None:
        plain, window = _without_past(text, turn)
        parts = scan(plain, names)
        if not parts:
            return None
        question = is_question(parts)
        frame = read_frame(parts, names, question=question)
        if frame is None:
            return None
        asks = question or _asks_without_a_verb(frame, names)
        try:
            if asks:
                calls = questions(frame, names, window, turn.room)
            else:
                calls = None if window else commands(frame, names, turn.room)
        except UnclearError as unclear:
            return HomeMatch((), frame.named, str(unclear))
        return HomeMatch(tuple(calls), frame.named) if calls else None


def _asks_without_a_verb(frame: Frame, names: HomeNames) -> bool:
    """Whether a figure is asked for by its name alone: "bedroom temperature"."""
    if frame.verbs or frame.particles or frame.numbers or frame.colors or frame.modes:
        return False
    entities = [
        names.home.by_id[number]
        for target in frame.targets
        for ids, _, _ in target.entities
        for number in ids
    ]
    if entities and all(entity.domain == "sensor" for entity in entities):
        frame.asks.append("what")
    return bool(frame.settings or frame.asks)


def _without_past(text: str, turn: Turn) -> tuple[str, dict[str, str]]:
    """A question about the past without its time, and that time."""
    if not PAST & set(text.casefold().split()[:4]):
        return text, {}
    whens = [when for when in find_whens(text, turn.now) if when.has_day or when.has_time]
    # "on yesterday" and "yesterday": the shorter, for "on" may be a state.
    whens = [
        when
        for when in whens
        if not any(
            other is not when
            and when.begin <= other.begin
            and other.end <= when.end
            and other.window == when.window
            for other in whens
        )
    ]
    if len(whens) != 1 or whens[0].window[0] > turn.now:
        return text, {}
    [when] = whens
    plain = f"{text[: when.begin]} {text[when.end :]}"
    words = plain.split()
    while words and words[-1] in {"at", "on", "in", "during", "since", "last"}:
        words.pop()
    end = when.finish or when.window[1]
    if "night" in when.text.casefold() and end.hour == 0:
        end += MORNING
    return " ".join(words), {"start": when.window[0].isoformat(), "end": min(end, turn.now).isoformat()}
