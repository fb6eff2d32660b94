"""`passfel ask`: one turn, streamed to standard output."""

import json
import sys

from passfel.app.log import keep_log
from passfel.app.opening import Opening
from passfel.app.running import run
from passfel.app.settings import Settings, load_settings
from passfel.app.terminal.lines import MOST_BYTES, plain_output
from passfel.app.terminal.plain import FINISHING
from passfel.app.terminal.turns import Display, TurnRecord, take_turn

NEEDS_YES = 3
STOPPED = 130


def ask(text: str, *, thread: str, user: str, as_json: bool) -> int:
    """Ask, print the answer, and return the exit code."""
    settings = load_settings()
    keep_log(settings.data_dir)
    plain_output()
    said = sys.stdin.buffer.read(MOST_BYTES).decode("utf-8", "replace").strip("\r\n") if text == "-" else text
    display = _Lines() if as_json else _Streamed()
    return run(_ask(settings, said, thread, user, display))


async def _ask(settings: Settings, said: str, thread: str, user: str, display: Display) -> int:
    async with Opening(settings) as opening:
        record = await take_turn(opening, said, thread=thread, user=user, display=display)
    if record.stopped:
        return STOPPED
    return NEEDS_YES if record.interrupt else 0


class _Streamed(Display):
    """The answer as it comes."""

    def resumed(self) -> None:
        print(FINISHING, flush=True)

    def __init__(self) -> None:
        self._line_is_open = False

    def said(self, text: str) -> None:
        print(text, end="", flush=True)
        self._line_is_open = not text.endswith("\n")

    def ended(self, record: TurnRecord) -> None:
        if self._line_is_open:
            print()
            self._line_is_open = False
        if record.stopped:
            print(record.answer)
            return
        for sentence in record.unsaid:
            print(f"✓ {sentence}")
        if record.interrupt:
            print(record.question)
        sys.stdout.flush()


class _Lines(Display):
    """An object a turn."""

    def ended(self, record: TurnRecord) -> None:
        print(json.dumps(record.as_json(), ensure_ascii=False), flush=True)
