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
from passfel.serving.architecture import Architecture
from passfel.serving.caches import pooled_bytes_a_token
from passfel.serving.catalogue import load_catalogue
from passfel.serving.pool import Pool, ServerFlags, draft_copies, pool
from passfel.serving.roofline import Reads
from passfel.serving.weights import GIB, weight_bytes

MODEL = "Qwen3-Next-80B-A3B-Thinking"
BOX = "h200"
SHOWN = 300
"""Characters of a raw answer in a table."""

Row = dict[str, Any]


def planned(run: Run, free_gib: float | None = None) -> tuple[float, Pool]:
    """Weights in GiB and the pool.

    From the catalogue alone, as a household plans; or by the rules of the release that ran, and with the free memory
    that it found.
    """
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
        return weights / GIB, pool(architecture, weights, box.boot_gib.value, flags, 0.0)
    loaded = weights + (draft_copies(architecture) if run.depth else 0.0)
    return loaded / GIB, pool(architecture, weights, free_gib, flags, 0.0, "0.5.17")


def beside(run: Run, log: ServerLog) -> list[list[str]]:
    """The planner's figures beside the log's, one row each."""
    weights, plan = planned(run)
    loaded, told = planned(run, log.loads[0].free_before if log.loads else None)
    cached = pooled_bytes_a_token(_architecture(), speculative=run.depth > 0)
    rows: list[tuple[str, float, float, float | None, str]] = [
        ("weights, GiB", weights, loaded, log.weights, ".2f"),
        ("states, GiB", plan.state_bytes / GIB, told.state_bytes / GIB, log.states, ".2f"),
        ("snapshots, GiB", plan.draft_state_bytes / GIB, told.draft_state_bytes / GIB, log.snapshots, ".2f"),
        ("slots", plan.slots, told.slots, log.slots, ".0f"),
        ("requests at once", plan.requests, told.requests, log.requests, ".0f"),
        ("keys and values, GiB", plan.tokens * cached / GIB, told.tokens * cached / GIB, log.kv, ".2f"),
        ("tokens in the pool", plan.tokens, told.tokens, log.tokens, ",.0f"),
    ]
    return [
        [run.name, what, f"{ours:{form}}", f"{ran:{form}}", "" if real is None else f"{real:{form}}",
         _off(ours, real), _off(ran, real)]
        for what, ours, ran, real, form in rows
    ]  # fmt: skip


def speeds(seen: dict[str, Row]) -> list[list[Any]]:
    """Tokens a second at each draft depth beside the ceiling of the memory's bandwidth, both against no drafts."""
    catalogue = load_catalogue()
    reads = Reads(_architecture(), catalogue.model(MODEL).build("FP8"), catalogue.precisions)
    bandwidth, rows = catalogue.box(BOX).bandwidth_gbs.value, list[list[Any]]()
    for users, rate in ((1, "per_request"), (4, "together")):
        base, least = 0.0, 0.0
        for name in ("depth-0", "depth-1", "depth-2", "depth-3"):
            if name not in seen or "decoding" not in seen[name]["rows"]:
                continue
            run = RUNS[name]
            found = [
                row[rate] for row in seen[name]["rows"]["decoding"] if row["users"] == users and row[rate]
            ]
            if not found:
                continue
            accepted = run.accepted or 1.0
            roof = reads.ceiling(bandwidth, depth=run.depth, accepted=accepted, requests=users)
            middle = sorted(found)[len(found) // 2]
            base, least = base or middle, least or roof
            rows.append(
                [users, run.depth, accepted, f"{min(found):.0f} to {max(found):.0f}", f"{middle / base:.2f}",
                 f"{roof:.0f}", f"{roof / least:.2f}", f"{middle / roof:.0%}"]
            )  # fmt: skip
    return rows


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
    heads: tuple[str, ...] = (
        "run",
        "figure",
        "planned",
        "by 0.5.17's rules, free memory known",
        "server's log",
        "off",
        "off by 0.5.17's rules",
    )
    yield table(heads, compared)
    if fast := speeds(seen):
        heads = ("at once", "depth", "accepted", "tokens a second", "against none",
                 "ceiling of 4.8 TB/s", "against none", "of the ceiling")  # fmt: skip
        yield table(heads, fast)
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


def _architecture() -> Architecture:
    found = load_catalogue().model(MODEL).architecture
    assert found is not None  # noqa: S101
    return found


def _off(ours: float, real: float | None) -> str:
    return f"{(ours / real - 1) * 100:+.1f} %" if real else ""


def main() -> None:
    """Print the tables of a folder."""
    for part in tables(Path(sys.argv[1])):
        print(part)


if __name__ == "__main__":
    main()
