"""`passfel plan`: does a model fit a box, with which pool of cached tokens, and how fast can it be?"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from passfel.app.plan_tables import console, details, footnotes, overview
from passfel.app.terminal.lines import plain_output
from passfel.household.errors import RequestError
from passfel.serving.catalogue import Box, Catalogue, Model, load_catalogue
from passfel.serving.planner import CONTEXT, USERS, NoPlan, Plan, Wish, plans
from passfel.serving.planner import plan as plan_one

PREFERRED = ("FP8", "NVFP4", "INT4", "BF16")


def plan(
    model: str = "",
    quant: str = "",
    context: int = CONTEXT,
    users: int = USERS,
    box: str = "gx10",
    plot: str = "",
    as_json: bool = False,
) -> int:
    """Print a table of all models on a box or, for one model, the details; 0 also where something does not fit."""
    plain_output()
    if context < 1 or users < 1:
        raise RequestError("Context and users must be at least one.")
    catalogue = load_catalogue()
    machine, wish = catalogue.box(box), Wish(context=context, users=users)
    rows = _rows(catalogue, machine, wish, model, quant)
    if plot:
        from passfel.app.plan_picture import draw

        draw(rows, Path(plot))
    if as_json:
        for row in rows:
            print(json.dumps(as_data(row), ensure_ascii=False))
        return 0
    out = console()
    if model:
        for row in rows:
            details(out, catalogue, row)
    else:
        overview(out, machine, wish, rows)
        footnotes(out, catalogue, machine, wish)
    if plot:
        out.print(f"The picture is in {plot}.", markup=False)
    return 0


def as_data(row: Plan | NoPlan) -> dict[str, Any]:
    """One plan as plain data; bytes, and tokens a second."""
    if isinstance(row, NoPlan):
        return {"model": row.model.name, "plan": None, "why": row.why}
    return {
        "model": row.model.name,
        "quant": row.build.quant,
        "box": row.box.name,
        "wish": asdict(row.wish),
        "fits": row.fits,
        "spare_bytes": round(row.spare),
        "need_bytes": {name: round(size) for name, size in row.need.parts.items()},
        "pool": asdict(row.pool) if row.pool else None,
        "ceilings": [asdict(ceiling) for ceiling in row.ceilings],
        "sources": {"architecture": row.architecture.source, "build": row.build.source},
        "assumed": row.build.assumed,
    }


def _rows(catalogue: Catalogue, box: Box, wish: Wish, model: str, quant: str) -> Sequence[Plan | NoPlan]:
    if model:
        wanted = catalogue.model(model)
        if wanted.architecture is None:
            return [NoPlan(wanted, wanted.why_no_plan)]
        return [plan_one(catalogue, wanted, wanted.build(quant or _preferred(wanted)), box, wish)]
    rows = plans(catalogue, box, wish)
    if not quant:
        return rows
    chosen = [row for row in rows if isinstance(row, NoPlan) or row.build.quant == quant.upper()]
    if not any(isinstance(row, Plan) for row in chosen):
        catalogue.chosen.build(quant)  # says which there are
    return chosen


def _preferred(model: Model) -> str:
    have = {build.quant for build in model.builds}
    return next(quant for quant in PREFERRED if quant in have)
