"""The tables and sentences of `passfel plan`."""

import sys
from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from passfel.serving.catalogue import Box, Catalogue
from passfel.serving.envelope import envelope
from passfel.serving.planner import NoPlan, Plan, Wish, plan
from passfel.serving.weights import GIB, bytes_by_class

PIPED_WIDTH = 120
MEGABYTE = 10**6


def console() -> Console:
    """As wide as the terminal, or wide enough for the tables where there is none."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else PIPED_WIDTH)


def overview(console: Console, box: Box, wish: Wish, rows: Sequence[Plan | NoPlan]) -> None:
    """One line for each build of each model."""
    title = f"{box.label}: {wish.users} users × {wish.context:,} tokens"
    table = Table(title=escape(title), title_justify="left")
    table.add_column("model", no_wrap=True)
    table.add_column("build")
    for name in ("weights GiB", "needed GiB", "spare GiB", "pool tokens", "tok/s ≤", "with drafts ≤"):
        table.add_column(name, justify="right")
    for row in rows:
        if isinstance(row, Plan):
            table.add_row(*_cells(row), style=None if row.fits else "dim")
        else:
            table.add_row(f"{escape(row.model.name)}: closed weights", "-")
    console.print(table)


def _cells(row: Plan) -> list[str]:
    alone, drafted = row.ceiling(), row.ceiling(row.wish.depth, 2.0)
    return [
        escape(row.model.name) + (" *" if row.model.chosen else ""),
        row.build.quant,
        f"{(row.need.weights + row.need.mtp) / GIB:.2f}",
        f"{row.need.total / GIB:.1f}",
        f"{row.spare / GIB:+.1f}",
        _pool_words(row),
        f"{alone:.1f}" if alone else "-",
        f"{drafted:.1f}" if drafted else "-",
    ]


def _pool_words(row: Plan) -> str:
    if row.pool is None:
        return "no SGLang"
    if row.pool.shortage:
        return "won't start"
    return f"{row.pool.tokens:,}" + ("" if row.pool_suffices else " !")


def footnotes(console: Console, catalogue: Catalogue, box: Box, wish: Wish) -> None:
    """What the columns mean, and where round figures differ."""
    chosen = plan(catalogue, catalogue.chosen, catalogue.chosen.build("FP8"), box, wish)
    console.print(
        "* the chosen model. Spare: what is left of the box's memory after weights, caches, states, activations "
        "and its reserve. Pool: what SGLang will have for all requests together; ! is less than was asked for. tok/s: "
        "the ceiling by memory bandwidth for one request; a real server on a GB10 reached 70 % of it. With drafts: "
        "one draft, and two tokens a step."
    )
    if isinstance(chosen, Plan):
        console.print()
        console.print(envelope(chosen), markup=False)


def details(console: Console, catalogue: Catalogue, row: Plan | NoPlan) -> None:
    """Everything about one plan."""
    if isinstance(row, NoPlan):
        console.print(f"{row.model.name}: {row.why}", markup=False)
        return
    console.print(_verdict(row), markup=False)
    console.print(_need_table(row), _class_table(catalogue, row), _ceiling_table(row))
    for line in _pool_lines(row):
        console.print(line, markup=False)
    console.print()
    console.print(envelope(row), markup=False)
    console.print()
    for line in _origins(row):
        console.print(line, markup=False)


def _verdict(row: Plan) -> str:
    spare = f"{abs(row.spare) / GIB:.1f} GiB"
    words = f"fits, with {spare} to spare" if row.fits else f"does not fit: {spare} are missing"
    wish = f"{row.wish.users} users × {row.wish.context:,} tokens"
    told = f"{row.model.name} in {row.build.quant} on {row.box.label}, {wish}: {words}."
    if row.too_long and row.model.context:
        told += f" The model itself was made for {row.model.context.value:,.0f} tokens at most."
    return told


def _need_table(row: Plan) -> Table:
    table = Table("what", "GiB", title="Memory", title_justify="left")
    table.columns[1].justify = "right"
    for name, size in row.need.parts.items():
        table.add_row(name.replace("_", " "), f"{size / GIB:.2f}")
    table.add_section()
    table.add_row("together", f"{row.need.total / GIB:.2f}")
    table.add_row("the box has", f"{row.box.memory_gib.value:.2f}")
    return table


def _class_table(catalogue: Catalogue, row: Plan) -> Table:
    table = Table(
        "tensor class", "stored as", "MB", "MB of the MTP head", title="Weights", title_justify="left"
    )
    for column in table.columns[2:]:
        column.justify = "right"
    main, head = (
        bytes_by_class(row.architecture, row.build, catalogue.precisions, mtp=mtp) for mtp in (False, True)
    )
    for kind in main | head:
        stored = row.build.keep.get(kind, row.build.precision)
        sizes = (f"{part.get(kind, 0) / MEGABYTE:,.1f}" for part in (main, head))
        table.add_row(kind.replace("_", " "), stored, *sizes)
    return table


def _ceiling_table(row: Plan) -> Table:
    title = f"Ceilings at {row.box.bandwidth_gbs.value:g} GB/s, tokens a second of all requests together"
    table = Table("drafts", "accepted a step", title=escape(title), title_justify="left")
    requests = sorted({ceiling.requests for ceiling in row.ceilings})
    for count in requests:
        table.add_column(f"{count} at once", justify="right")
    for depth, accepted in dict.fromkeys((ceiling.depth, ceiling.accepted) for ceiling in row.ceilings):
        rates = (row.ceiling(depth, accepted, count) for count in requests)
        table.add_row(str(depth or "none"), f"{accepted:g}", *(f"{rate:.1f}" for rate in rates if rate))
    return table


def _pool_lines(row: Plan) -> list[str]:
    flags, pool = row.flags, row.pool
    if pool is None:
        return ["SGLang does not run on this box."]
    given = [
        f"--mem-fraction-static {flags.mem_fraction_static}",
        f"--max-running-requests {flags.max_running_requests}",
    ]
    if flags.max_mamba_cache_size is not None:
        given.append(f"--max-mamba-cache-size {flags.max_mamba_cache_size}")
    if flags.speculative_num_draft_tokens:
        given.append(f"--speculative-num-draft-tokens {flags.speculative_num_draft_tokens}")
    start = f"SGLang with {' '.join(given)} and {row.box.boot_gib.value:g} GiB free at the start"
    if pool.shortage:
        return [f"{start} would not start: {pool.shortage}."]
    longest = pool.largest_prompt(int(row.model.context.value) if row.model.context else pool.tokens)
    lines = [
        f"{start} has a pool of {pool.tokens:,} tokens at {pool.bytes_a_token:,} bytes, and runs {pool.requests} "
        f"requests at once. No prompt may be longer than {longest:,} tokens with its answer: a longer one than the "
        "pool would wait for ever, and everybody behind it."
    ]
    if not row.pool_suffices:
        wanted = row.wish.users * row.wish.context
        lines.append(
            f"That is less than the {wanted:,} tokens asked for: not everybody can use all of it at once."
        )
    return lines


def _origins(row: Plan) -> list[str]:
    lines = [f"Architecture: {row.architecture.source}.", f"Build: {row.build.source}."]
    if row.build.assumed:
        lines.append(f"Not verified: {row.build.assumed}.")
    lines.append(f"Licence: {row.model.licence.text}.")
    scores = (
        f"{score.benchmark} {score.version}: {score.value:g} ({score.source})" for score in row.model.scores
    )
    lines.append(f"Tool calling: {'; '.join(scores) or 'unknown'}.")
    return lines
