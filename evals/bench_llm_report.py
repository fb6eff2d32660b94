"""The figures of `passfel bench llm`: as data, as tables, as a picture, and held against the targets."""

import asyncio
import json
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from rich.console import Console
from rich.table import Table

from passfel.evals.bench_llm import Cell, Kind, Options, Sample, measure
from passfel.household.errors import SettingsError
from passfel.serving.settings import LlmSettings

MISSING = (
    "Drawing needs matplotlib, which is not installed; “uv sync --extra plots” or "
    "“pip install 'passfel[plots]'” installs it."
)
USERS = (1, 5)
"""A household's: the targets are for these."""


@dataclass(frozen=True)
class Target:
    """What a household needs, of the slowest answer but one in twenty (of speeds: the slowest)."""

    name: str
    kind: Kind
    of: Callable[[Sample], float]
    limit: float
    unit: str = "s"
    at_least: bool = False

    def value(self, cell: Cell) -> float:
        """The figure that is held against the limit; 0 where there is none."""
        values = _values(cell, self.of)
        return percentile(values, 0.05 if self.at_least else 0.95)

    def passes(self, cell: Cell) -> bool:
        """Whether the target is reached, by answers that all came."""
        value = self.value(cell)
        reached = value >= self.limit if self.at_least else value < self.limit
        return bool(value) and reached and not any(sample.error for sample in cell.samples)


def speed(sample: Sample) -> float:
    """Tokens a second after the first."""
    return 1 / sample.token_gap if sample.token_gap else 0.0


TARGETS = (
    Target("simple question: first token", "simple", lambda sample: sample.first_token, 0.5),
    Target("tool selected", "tool", lambda sample: sample.tool_name, 1.0),
    Target("reasoning question: first token", "reasoning", lambda sample: sample.first_token, 3.0),
    Target("long form: a token", "long form", lambda sample: sample.token_gap, 0.1),
    Target("long form: tokens a second", "long form", speed, 50.0, "tokens/s", at_least=True),
)
"""The upper end of 50 to 100 tokens a second is no limit: faster is not worse."""


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share of the values doesn't exceed; 0 where there are none."""
    if len(values) < 2:
        return values[0] if values else 0.0
    return statistics.quantiles(values, n=100, method="inclusive")[max(round(share * 100) - 1, 0)]


def _values(cell: Cell, of: Callable[[Sample], float]) -> list[float]:
    """What was measured; an answer that has no such figure (no tool was called) is left out."""
    return [value for sample in cell.samples if (value := of(sample))]


def figures(cell: Cell) -> dict[str, Any]:
    """One cell as data; times in seconds."""

    def shares(values: Sequence[float]) -> dict[str, float]:
        return {f"p{round(share * 100)}": percentile(values, share) for share in (0.5, 0.95, 0.99)}

    read = sum(sample.read for sample in cell.samples)
    return {
        "kind": cell.kind,
        "prefix": cell.prefix,
        "users": cell.users,
        "burst": cell.burst,
        "answers": len(cell.samples),
        "failures": [sample.error for sample in cell.samples if sample.error],
        "first_token": shares(_values(cell, lambda sample: sample.first_token)),
        "first_word": shares(_values(cell, lambda sample: sample.first_word)),
        "tool_named": shares(_values(cell, lambda sample: sample.tool_name)),
        "tool_whole": shares(_values(cell, lambda sample: sample.tool_whole)),
        "between_pieces": shares([gap for sample in cell.samples for gap in sample.gaps]),
        "a_token": shares(_values(cell, lambda sample: sample.token_gap)),
        "tokens_a_second": shares(_values(cell, speed)),
        "cached": sum(sample.cached for sample in cell.samples) / read if read else 0.0,
    }


def verdicts(cells: Sequence[Cell]) -> list[dict[str, Any]]:
    """Every target with its figure for 1 and 5 at once, and whether it is reached; then the burst."""
    found = [
        {
            "target": target.name,
            "limit": f"{'≥' if target.at_least else '<'} {target.limit:g} {target.unit}",
            "users": cell.users,
            "value": target.value(cell),
            "passed": target.passes(cell),
        }
        for target in TARGETS
        for cell in cells
        if cell.kind == target.kind and cell.prefix == "warm" and cell.users in USERS and not cell.burst
    ]
    for cell in (cell for cell in cells if cell.burst):
        answered = sum(not sample.error for sample in cell.samples)
        row = {
            "target": "a burst of 10 to 20 requests a second: answered",
            "limit": "all",
            "users": cell.users,
        }
        found.append({**row, "value": answered, "passed": answered == len(cell.samples)})
    return found


def main(
    base_url: str,
    *,
    model: str = "passfel",
    api_key_file: Path | None = None,
    options: Options | None = None,
    as_json: bool = False,
    plot: Path | None = None,
) -> int:
    """Measure and print; exit code 1 when a target is missed.

    Raises:
        ProviderError: the server can't be reached, or refuses.
        SettingsError: the key can't be read, or a picture is asked for and can't be drawn.
    """
    key = _key(api_key_file) if api_key_file else None
    settings = LlmSettings.model_validate({"base_url": base_url, "model": model, "api_key": key})
    figure = _figure() if plot else None  # before minutes of measuring
    cells = asyncio.run(measure(settings, options or Options()))
    found = verdicts(cells)
    if as_json:
        print(json.dumps({"cells": [figures(cell) for cell in cells], "targets": found}))
    else:
        show(cells, found)
    if plot:
        _draw(figure, cells, plot)
    return 0 if all(row["passed"] for row in found) else 1


def _key(path: Path) -> SecretStr:
    try:
        return SecretStr(path.read_text("utf-8").strip())
    except OSError as error:
        raise SettingsError(f"The key in {path} can't be read: {error.strerror}.") from error


COLUMNS = (
    "asked", "at once", "head", "first token", "first word", "tool named", "call whole",
    "ms a token", "ms between pieces", "tokens/s", "cached", "failed",
)  # fmt: skip


def show(cells: Sequence[Cell], found: Sequence[dict[str, Any]]) -> None:
    """Print both tables."""
    table = Table(title="Seconds, p50 / p95; between pieces p50 / p95 / p99")
    for column in COLUMNS:
        table.add_column(column, justify="left" if column == "asked" else "right")
    for row in map(figures, cells):
        table.add_row(*_cells(row))
    console = Console()
    console.print(table)
    targets = Table(title="What a household needs (p95, head read before)")
    for column in ("", "needed", "at once", "measured", ""):
        targets.add_column(column)
    for row in found:
        passed = "[green]pass[/]" if row["passed"] else "[red]miss[/]"
        targets.add_row(row["target"], row["limit"], str(row["users"]), f"{row['value']:.3g}", passed)
    console.print(targets)


def _cells(row: dict[str, Any]) -> list[str]:
    def pair(name: str, digits: int = 2, scale: float = 1.0) -> str:
        shares = row[name]
        return (
            " / ".join(f"{shares[share] * scale:.{digits}f}" for share in ("p50", "p95"))
            if shares["p95"]
            else ""
        )

    pieces = " / ".join(f"{row['between_pieces'][share] * 1e3:.0f}" for share in ("p50", "p95", "p99"))
    return [
        f"{row['kind']}{', burst' if row['burst'] else ''}",
        str(row["users"]),
        row["prefix"],
        *(pair(name) for name in ("first_token", "first_word", "tool_named", "tool_whole")),
        pair("a_token", 0, 1e3),
        pieces,
        f"{row['tokens_a_second']['p50']:.0f}",
        f"{row['cached']:.0%}",
        str(len(row["failures"]) or ""),
    ]


def _figure() -> Any:
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise SettingsError(MISSING) from error
    return Figure(figsize=(11, 4.5), layout="constrained")


def _draw(figure: Any, cells: Sequence[Cell], path: Path) -> None:
    """Time to the first token, or to the tool's name, beside its target; and speed by how many ask at once."""
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    for target in TARGETS[:3]:
        for prefix in ("warm", "cold"):
            rows = [
                cell for cell in cells if (cell.kind, cell.prefix) == (target.kind, prefix) and not cell.burst
            ]
            times = [percentile(_values(cell, target.of), 0.95) for cell in rows]
            left.plot([str(cell.users) for cell in rows], times, marker="o", label=f"{target.name}, {prefix}")
        left.axhline(target.limit, linestyle=":", linewidth=1, color="grey")
    left.set(yscale="log", xlabel="at once", ylabel="seconds, p95 (dotted: targets)")
    rows = [cell for cell in cells if cell.kind == "long form"]
    right.bar([str(cell.users) for cell in rows], [percentile(_values(cell, speed), 0.5) for cell in rows])
    right.axhspan(50, 100, alpha=0.15, label="target")
    right.set(xlabel="at once", ylabel="tokens a second, each answer")
    left.legend(fontsize=7)
    right.legend(fontsize=7)
    try:
        figure.savefig(path, dpi=150)
    except (OSError, ValueError) as error:
        raise SettingsError(f"The picture can't be written to {path}: {error}.") from error
