"""`passfel eval home`: what sentences do to a home given as JSON, with no server and no language model.

Each line of the input is a sentence of its own: the home is as the file says before every one. What is
written is the calls that would go to Home Assistant, which entities were looked at, and the answer.
"""

import asyncio
import json
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import quantiles
from typing import Any

from langchain_core.tools import BaseTool
from pydantic import ValidationError

from passfel.household.entity import Entity, Home
from passfel.household.errors import PassfelError, RequestError
from passfel.household.turn import Turn
from passfel.household.understanding import Call, Understanding
from passfel.nlu.understand import Understander
from passfel.tests.servers.home_world import Device
from passfel.tools.contract import annotations_of
from passfel.tools.home.provider import Past, Service
from passfel.tools.home.tools import home_tools

MONDAY = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
NOT_UNDERSTOOD = "I did not understand that as something to do at home."


class PaperHome:
    """A home that is only a file: every device follows every call at once."""

    source = "Home Assistant"

    def __init__(self, home: Home) -> None:
        """Begin as the file says."""
        self._file = self._now = home
        self.called: list[Service] = []

    def again(self) -> None:
        """As at the beginning."""
        self._now, self.called = self._file, []

    def known(self) -> Home:
        """For understanding sentences."""
        return self._file

    async def check(self) -> str:
        """Nobody is asked."""
        return f"{len(self._file.entities)} entities in a file."

    async def home(self) -> Home:
        """As the calls have left it."""
        return self._now

    async def call(self, service: Service) -> None:
        """Note the call, and follow it."""
        self.called.append(service)
        changed = tuple(
            _followed(entity, service) if entity.entity_id in service.entity_ids else entity
            for entity in self._now.entities
        )
        self._now = self._now.with_entities(changed)

    async def changed(self, seconds: float) -> bool:
        """Nothing changes by itself."""
        return False

    async def history(
        self, entity_ids: Sequence[str], start: datetime, end: datetime
    ) -> Mapping[str, Sequence[Past]]:
        """A file has no past."""
        return {}


def _followed(entity: Entity, service: Service) -> Entity:
    device = Device(entity.entity_id, entity.name, entity.area_id, entity.state, dict(entity.attributes))
    device.follow(service.name.partition(".")[2], service.data, MONDAY.timestamp())
    return entity.model_copy(
        update={"state": device.state, "attributes": device.attributes, "changed_at": MONDAY}
    )


class HomeEval:
    """Sentences over one home."""

    def __init__(self, home: Home, locale: str = "en-GB") -> None:
        """Index the names once."""
        self._paper = PaperHome(home)
        self._understander = Understander(locale, home=self._paper.known)
        self._tools: dict[str, BaseTool] = {tool.name: tool for tool in home_tools(self._paper, 0.0)}
        self._areas = {area.area_id: area.name for area in home.areas}
        self._understander.warm(Turn(now=MONDAY), wait=True)
        self.took: list[float] = []
        """Seconds that understanding each sentence took."""

    async def answer(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """One line of the output."""
        self._paper.again()
        area = str(row.get("device_area") or "")
        turn = Turn(now=MONDAY, locale="en-GB", room=self._areas.get(area, area), thread="eval", id="eval")
        begun = time.perf_counter()
        understood = self._understand(str(row["text"]), turn)
        self.took.append(time.perf_counter() - begun)
        read: list[str] = []
        told = [await self._run(call, turn, read) for call in understood.calls]
        answer = "\n".join(filter(None, [*told, understood.reply])) or NOT_UNDERSTOOD
        return {
            "id": row["id"],
            "calls": [
                {"service": one.name, "entity_id": list(one.entity_ids), "data": dict(one.data)}
                for one in self._paper.called
            ],
            "read": list(dict.fromkeys(read)),
            "answer": answer,
            "asks_first": any(self._asks(call) for call in understood.calls),
        }

    def _understand(self, text: str, turn: Turn) -> Understanding:
        understood = self._understander.understand(text, turn)
        if not understood.whole:
            understood = self._understander.understand_leniently(text, turn)
        return understood

    def _asks(self, call: Call) -> bool:
        tool = self._tools.get(call.name)
        return tool is not None and annotations_of(tool).destructive

    async def _run(self, call: Call, turn: Turn, read: list[str]) -> str:
        """Carry a call out; one of another domain is named and not made."""
        tool = self._tools.get(call.name)
        if tool is None:
            return f"{call.name.replace('_', ' ')}: not a matter of the home."
        try:
            message = await tool.ainvoke(
                {
                    "type": "tool_call",
                    "id": "eval",
                    "name": call.name,
                    "args": {**call.arguments, "turn": turn},
                }
            )
        except (PassfelError, ValidationError) as error:
            return str(error)
        read += [entity.entity_id for entity in message.artifact.result or ()]
        return str(message.text)


def read_home(path: Path) -> Home:
    """The home of a JSON file.

    Raises:
        RequestError: it is no home.
    """
    try:
        return Home.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise RequestError(f"{path} can't be read as a home: floors, areas and entities as JSON.") from error


def main(file: Path, home: Path) -> int:
    """Answer every line of `file` over `home`: results to standard output, figures to standard error."""
    evaluation = HomeEval(read_home(home))
    rows = [json.loads(line) for line in file.read_text("utf-8").splitlines() if line.strip()]
    answers = asyncio.run(_answers(evaluation, rows))
    for answer in answers:
        sys.stdout.write(json.dumps(answer, ensure_ascii=False) + "\n")
    sys.stderr.write(f"{_figures(rows, answers, evaluation.took)}\n")
    return 0


async def _answers(evaluation: HomeEval, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [await evaluation.answer(row) for row in rows]


def _figures(
    rows: Sequence[Mapping[str, Any]], answers: Sequence[Mapping[str, Any]], took: Sequence[float]
) -> str:
    """How many did something, how many were right where that is given, and how long understanding took."""
    acted = sum(1 for answer in answers if answer["calls"] or answer["read"])
    told = [f"{len(rows)} sentences, {acted} understood"]
    gold = [(row, answer) for row, answer in zip(rows, answers, strict=True) if "calls" in row]
    if gold:
        right = sum(_done(row["calls"]) == _done(answer["calls"]) for row, answer in gold)
        told.append(f"{right} of {len(gold)} with the right calls")
    if len(took) > 1:
        cuts = quantiles((seconds * 1000 for seconds in took), n=100, method="inclusive")
        told.append(f"understood in {cuts[49]:.1f} ms (median), {cuts[94]:.1f} ms (p95)")
    return ", ".join(told)


def _done(calls: Sequence[Mapping[str, Any]]) -> list[tuple[str, tuple[str, ...]]]:
    return sorted((call["service"], tuple(sorted(call["entity_id"]))) for call in calls)
