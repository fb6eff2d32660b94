"""The conversation without a terminal: a line is a request, its answer is printed as plain text."""

import json
import sys

from passfel.app.opening import Opening
from passfel.app.settings import Settings
from passfel.app.terminal.lines import Lines
from passfel.app.terminal.turns import Display, TurnRecord, take_turn
from passfel.household.errors import PassfelError

FINISHING = "(finishing what was interrupted)"
STOPPED = 130


async def converse(settings: Settings, *, thread: str, user: str, as_json: bool) -> int:
    """Answer every line of standard input.

    Returns:
        0, or the exit code of the last turn that could not be run.
    """
    display = _JsonLines() if as_json else _Text()
    lines = Lines()
    code = 0
    async with Opening(settings) as opening:
        await opening.assistant()
        while (said := await lines.next()) is not None:
            try:
                record = await take_turn(opening, said, thread=thread, user=user, display=display)
            except PassfelError as error:
                code = error.exit_code
                display.ended(TurnRecord(said, error=error.sentence))
            else:
                if record.stopped:
                    return STOPPED
    return code


class _Text(Display):
    def resumed(self) -> None:
        print(FINISHING, flush=True)

    def ended(self, record: TurnRecord) -> None:
        lines = [record.answer, *(f"✓ {sentence}" for sentence in record.unsaid), record.question]
        for line in filter(None, lines):
            print(line)
        sys.stdout.flush()
        if record.error:
            print(record.error, file=sys.stderr, flush=True)


class _JsonLines(Display):
    def ended(self, record: TurnRecord) -> None:
        print(json.dumps(record.as_json(), ensure_ascii=False), flush=True)
