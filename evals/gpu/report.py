"""Print what was seen on the borrowed machine as Markdown tables, the planner's figures beside the server's log.

`python -m passfel.evals.gpu.report OUT`.
"""

import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from passfel.evals.gpu.model_files import LAYERS
from passfel.evals.gpu.on_machine import RUNNING, RUNS, Run
from passfel.evals.gpu.server_log import ServerLog, read_log
from passfel.serving.catalogue import load_catalogue
from passfel.serving.pool import Pool, ServerFlags, pool
from passfel.serving.weights import GIB, weight_bytes

MODEL = "Qwen3-Next-80B-A3B-Thinking"
BOX = "h200"
SHOWN = 300
"""Characters of a raw answer in a table."""

Row = dict[str, Any]


def planned(run: Run, free_gib: float | None = None) -> tuple[float, Pool]:
    """Weights in GiB and the pool, from the catalogue alone, or with the free memory that the server found."""
    catalogue = load_catalogue()
    model = catalogue.model(MODEL)
    build, box, architecture = model.build("FP8"), catalogue.box(BOX), model.architecture
    assert architecture is not None  # noqa: S101
    weights = weight_bytes(architecture, build, catalogue.precisions, mtp=run.depth > 0)
    flags = ServerFlags(
        mem_fraction_static=run.mem_fraction,
        max_running_requests=RUNNING,
        max_mamba_cache_size=run.slots,
        speculative_num_draft_tokens=run.depth + 1 if run.depth else 0,
    )
    if free_gib is None:
        return weights / GIB, pool(architecture, weights, box.boot_gib.value, flags)
    return weights / GIB, pool(architecture, weights, free_gib, flags, runtime_gib=0.0)


def beside(run: Run, log: ServerLog) -> list[list[str]]:
    """The planner's figures beside the log's, one row each."""
    weights, plan = planned(run)
    _, informed = planned(run, log.loads[0].free_before if log.loads else None)
    rows: list[tuple[str, float, float, float | None, str]] = [
        ("weights, GiB", weights, weights, log.weights, ".2f"),
        ("states, GiB", plan.state_bytes / GIB, informed.state_bytes / GIB, log.states, ".2f"),
        (
            "snapshots, GiB",
            plan.draft_state_bytes / GIB,
            informed.draft_state_bytes / GIB,
            log.snapshots,
            ".2f",
        ),
        ("slots", plan.slots, informed.slots, log.slots, ".0f"),
        ("requests at once", plan.requests, informed.requests, log.requests, ".0f"),
        ("keys and values, GiB", _kv(plan), _kv(informed), log.kv, ".2f"),
        ("tokens in the pool", plan.tokens, informed.tokens, log.tokens, ",.0f"),
    ]
    return [
        [run.name, what, f"{ours:{form}}", f"{told:{form}}", "" if real is None else f"{real:{form}}",
         _off(ours, real), _off(told, real)]
        for what, ours, told, real, form in rows
    ]  # fmt: skip


def tables(out: Path) -> Iterable[str]:
    """All tables that the files in a folder give."""
    seen = {
        name: json.loads((out / f"{name}.json").read_text())
        for name in RUNS
        if (out / f"{name}.json").exists()
    }
    logs = {name: read_log((out / f"{name}.log").read_text(errors="replace")) for name in seen}
    yield table(
        ("run", "layers", "depth", "boot, s", "seconds of each case"),
        [
            [name, RUNS[name].layers, RUNS[name].depth, run["boot_s"], run["seconds"]]
            for name, run in seen.items()
        ],
    )
    compared = [row for name in seen if RUNS[name].layers == LAYERS for row in beside(RUNS[name], logs[name])]
    heads = (
        "run",
        "figure",
        "planned",
        "planned, free memory known",
        "server's log",
        "off",
        "off, free memory known",
    )
    yield table(heads, compared)
    for name, run in seen.items():
        yield from (f"{name}: {case}\n\n{rows_table(rows)}" for case, rows in run["rows"].items())


def rows_table(rows: Sequence[Row]) -> str:
    """Rows of one case; what is empty everywhere is left out."""
    every = dict.fromkeys(key for row in rows for key in row)
    keys = [key for key in every if any(row.get(key) not in (None, "", [], {}) for row in rows)]
    return table(keys, [[row.get(key) for key in keys] for row in rows])


def table(heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A Markdown table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines) + "\n"


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.1f}" if value >= 10 else f"{value:.2f}"
    text = "" if value is None else " ".join(str(value).split()).replace("|", "\\|")
    return text if len(text) <= SHOWN else f"{text[:SHOWN]} …"


def _kv(plan: Pool) -> float:
    return plan.tokens * plan.bytes_a_token / GIB


def _off(ours: float, real: float | None) -> str:
    return f"{(ours / real - 1) * 100:+.1f} %" if real else ""


def main() -> None:
    """Print the tables of a folder."""
    for part in tables(Path(sys.argv[1])):
        print(part)


if __name__ == "__main__":
    main()
