"""The picture of `passfel plan --plot`; needs the extra `plots`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from passfel.household.errors import SettingsError
from passfel.serving.planner import NoPlan, Plan
from passfel.serving.weights import GIB

MISSING = (
    "Drawing needs matplotlib, which is not installed; “uv sync --extra plots” or "
    "“pip install 'passfel[plots]'” installs it."
)
DPI = 150


def draw(rows: Sequence[Plan | NoPlan], path: Path) -> None:
    """Draw what is needed of the memory and, for a single plan, the ceilings beside it."""
    plans = [row for row in rows if isinstance(row, Plan)]
    if not plans:
        raise SettingsError("There is nothing to draw: no plan is possible for closed weights.")
    figure = _figure(plans)
    try:
        figure.savefig(path, dpi=DPI)
    except (OSError, ValueError) as error:
        raise SettingsError(f"The picture can't be written to {path}: {error}.") from error


def _figure(plans: Sequence[Plan]) -> Any:
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise SettingsError(MISSING) from error
    figure = Figure(figsize=(11, 3.4 + 0.3 * len(plans)), layout="constrained")
    if len(plans) == 1 and plans[0].ceilings:
        left, right = figure.subplots(1, 2, width_ratios=(3, 2))
        _ceilings(right, plans[0])
    else:
        left = figure.subplots()
    _memory(left, plans)
    return figure


def _memory(axes: Any, plans: Sequence[Plan]) -> None:
    """Stacked bars, one a build, and the box's memory as a line."""
    names = [f"{plan.model.name} {plan.build.quant}" for plan in plans]
    starts = [0.0] * len(plans)
    for part in plans[0].need.parts:
        sizes = [plan.need.parts[part] / GIB for plan in plans]
        axes.barh(names, sizes, left=starts, label=part.replace("_", " "))
        starts = [start + size for start, size in zip(starts, sizes, strict=True)]
    box = plans[0].box
    axes.axvline(box.memory_gib.value, color="black", linestyle="--", label=f"{box.name} has")
    axes.invert_yaxis()
    axes.set_xlabel("GiB")
    wish = plans[0].wish
    axes.set_title(f"{box.label}: {wish.users} × {wish.context:,} tokens", fontsize=10)
    axes.margins(y=0.01)
    axes.figure.legend(*axes.get_legend_handles_labels(), fontsize=8, ncols=5, loc="outside lower center")


def _ceilings(axes: Any, plan: Plan) -> None:
    """Tokens a second over the acceptance length, one line a draft depth."""
    alone = plan.ceiling() or 0.0
    axes.axhline(alone, color="black", linestyle="--", label="no drafts")
    for depth in sorted({ceiling.depth for ceiling in plan.ceilings if ceiling.depth}):
        points = [
            (c.accepted, c.tokens_per_second) for c in plan.ceilings if (c.depth, c.requests) == (depth, 1)
        ]
        axes.plot(*zip(*points, strict=True), marker="o", label=f"{depth} draft{'s' * (depth > 1)}")
    axes.set_xlabel("tokens accepted a step")
    axes.set_ylabel("tokens/s, one request, at most")
    axes.set_ylim(bottom=0)
    axes.legend(fontsize=7)
