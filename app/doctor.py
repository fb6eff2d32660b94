"""`passfel doctor`: what is configured, what answers, what is missing and how to get it."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict

from passfel.app.checks import (
    Finding,
    ask_all,
    look_at_data_folder,
    look_at_home,
    look_at_python,
    look_at_settings,
)
from passfel.app.log import keep_log
from passfel.app.running import run
from passfel.app.settings import Settings, load_settings
from passfel.app.terminal.lines import plain_output
from passfel.household.errors import SettingsError

NEEDED = frozenset({"settings", "Postgres"})
"""Without these the assistant can't answer; whatever else is missing only makes it less able."""
COLOURS = {"ok": "green", "missing": "yellow", "problem": "red"}


def doctor(*, as_json: bool) -> int:
    """Print the findings; 0 where the assistant can answer, 1 where it can't."""
    plain_output()
    try:
        settings = load_settings()
    except SettingsError as error:
        broken = [Finding("settings", "problem", sentence) for sentence in error.sentence.splitlines()]
        return _tell([look_at_python(), *broken], as_json=as_json)
    keep_log(settings.data_dir)
    return run(_examine(settings, as_json=as_json))


async def _examine(settings: Settings, *, as_json: bool) -> int:
    here = [look_at_python(), look_at_settings(), look_at_data_folder(settings)]
    return _tell([*here, *await ask_all(settings), *look_at_home(settings)], as_json=as_json)


def _tell(findings: Sequence[Finding], *, as_json: bool) -> int:
    able = not any(finding.state == "problem" and finding.name in NEEDED for finding in findings)
    if as_json:
        told = {"ok": able, "checks": [asdict(finding) for finding in findings]}
        print(json.dumps(told, ensure_ascii=False))
    elif sys.stdout.isatty():
        _draw(findings)
    else:
        for finding in findings:
            print(f"{finding.state:8} {finding.name:15} {finding.sentence}")
    return 0 if able else 1


def _draw(findings: Sequence[Finding]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    for finding in findings:
        state = Text(finding.state, style=COLOURS[finding.state])
        table.add_row(state, Text(finding.name, style="bold"), Text(finding.sentence))
    Console(highlight=False).print(table)
