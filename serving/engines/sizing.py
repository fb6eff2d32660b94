"""A start's sizes from the planner: which states are kept, and how long a prompt may be, by SGLang's own formula."""

from dataclasses import replace
from pathlib import PurePath

from passfel.serving.catalogue import Build, Catalogue, Model, load_catalogue
from passfel.serving.engines.launch import LaunchPlan
from passfel.serving.engines.watch import prompt_cap
from passfel.serving.planner import Plan, Wish, plan
from passfel.serving.pool import RUNTIME_GIB, Pool, pool
from passfel.serving.weights import weight_bytes

BOX = "gx10"


def sized(start: LaunchPlan, box: str = BOX) -> LaunchPlan:
    """The start with the planner's sizes, and a context that its pool on this box can hold.

    A prompt longer than the pool waits for ever and holds up everything behind it. A model that the catalogue
    doesn't have keeps the sizes that it was given, and so does one that the box can't hold: what is really free
    is looked at before the start.

    Raises:
        NotFoundError: there is no such box.
    """
    planned = planned_for(start, box)
    if planned is None:
        return start
    flags = planned.flags
    made = replace(
        start,
        max_mamba_cache_size=flags.max_mamba_cache_size,
        draft_steps=max(0, flags.speculative_num_draft_tokens - 1),
    )
    if planned.pool is None or planned.pool.shortage:
        return made
    return replace(made, context_length=longest_prompt(planned.pool, start.context_length))


def fitted(start: LaunchPlan, free_gib: float, *, unified: bool = True) -> LaunchPlan:
    """The start with a context that the pool of so much free memory can hold; boots differ by several GiB."""
    found = expected_pool(start, free_gib, unified=unified)
    if found is None or found.shortage:
        return start
    return replace(start, context_length=longest_prompt(found, start.context_length))


def planned_for(start: LaunchPlan, box: str = BOX) -> Plan | None:
    """The planner's plan of this start; None where the catalogue doesn't have the model."""
    catalogue = load_catalogue()
    machine = catalogue.box(box)
    known = catalogued(catalogue, start.model)
    if known is None:
        return None
    wish = Wish(
        context=start.context_length,
        users=start.max_running_requests,
        depth=start.draft_steps,
        kv_bits=start.flags.kv_cache_bits,
        mem_fraction_static=start.mem_fraction,
    )
    made = plan(catalogue, *known, machine, wish)
    return made if isinstance(made, Plan) else None


def expected_pool(start: LaunchPlan, free_gib: float, *, unified: bool = True) -> Pool | None:
    """The pool that this start will get of so much free memory; None where that can't be told.

    CUDA's context counts as the planner has it: where the memory is `unified`, the host's and the GPU's in one, it
    comes off. For a card's own memory the margin under the longest prompt covers it.
    """
    catalogue = load_catalogue()
    known = catalogued(catalogue, start.model)
    if known is None or start.tensor_parallel > 1:
        return None
    model, build = known
    if model.architecture is None:
        return None
    weights = weight_bytes(model.architecture, build, catalogue.precisions, mtp=start.draft_steps > 0)
    return pool(model.architecture, weights, free_gib, start.flags, RUNTIME_GIB if unified else 0.0)


def longest_prompt(found: Pool, context: int) -> int:
    """The longest prompt for a pool, a little off its edge: what the running server is asked about too."""
    cap = prompt_cap({"max_total_num_tokens": found.tokens, "context_length": context}, 0)
    return context if cap is None else max(1, cap)


def catalogued(catalogue: Catalogue, name: str) -> tuple[Model, Build] | None:
    """The model and build that a repository's name, or a folder of that name, means."""
    wanted = PurePath(name).name.casefold()
    for model in catalogue.models:
        for build in model.builds:
            if build.repository and PurePath(build.repository).name.casefold() == wanted:
                return model, build
    return None
