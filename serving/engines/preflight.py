"""What is looked at before a model server is started: it takes minutes to fail by itself, and can take the box with it.

Real reads with a root path, so that a test can lay out a machine of its own.
"""

import asyncio
import shutil
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from passfel.serving.engines.engine import Engine
from passfel.serving.engines.flags import accepted_flags
from passfel.serving.engines.launch import LaunchPlan
from passfel.serving.engines.model_files import ModelFiles, look_at_model
from passfel.serving.engines.sizing import expected_pool, longest_prompt

GIB = 1024**3
HOST_RESERVE_GIB = 12.0
"""Under it a box with one memory for GPU and host has been seen to freeze until its power was cut."""
ENGINE_GIB = 1.5
"""CUDA's context and what the engine keeps beside weights and caches."""
LEAST_POOL_GIB = 4.0
CACHE_TO_DROP_GIB = 4.0
DISK_GIB = 10.0
"""Compiled kernels and logs."""


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    name: str
    ok: bool
    sentence: str
    advice: str = ""
    """What to do about it."""
    blocks: bool = True
    """Whether it makes no sense to start as long as it is not ok."""


@dataclass(frozen=True)
class Gpu:
    """What nvidia-smi tells; `free_gib` is None where the GPU has no memory of its own (GB10)."""

    name: str
    driver: str
    free_gib: float | None


async def preflight(
    engine: Engine, plan: LaunchPlan, *, root: Path = Path("/"), nvidia_smi: str = "nvidia-smi"
) -> list[Check]:
    """Every check, in the order in which a person would repair them."""
    gpu = await ask_gpu(nvidia_smi)
    memory, model = await asyncio.gather(
        asyncio.to_thread(read_meminfo, root), asyncio.to_thread(look_at_model, plan)
    )
    disk = await asyncio.to_thread(check_disk, plan, model)
    checks = [
        check_flags(engine, plan),
        check_program(engine, plan),
        check_driver(gpu),
        check_model(model),
        disk,
    ]
    if gpu is None or gpu.free_gib is None:
        free = memory.get("MemAvailable", 0.0)
        checks += [check_shared_memory(plan, memory, model.gib), check_page_cache(memory)]
    else:
        free = gpu.free_gib
        checks.append(check_gpu_memory(plan, gpu.free_gib, model.gib))
    if engine.name == "sglang":
        checks += check_pool(plan, free, unified=gpu is None or gpu.free_gib is None)
    return [*checks, await asyncio.to_thread(check_port, plan)]


@dataclass(frozen=True)
class FreeMemory:
    """What an engine could take now."""

    gib: float
    unified: bool
    """It is the host's: the GPU has no memory of its own."""


async def free_memory(*, root: Path = Path("/"), nvidia_smi: str = "nvidia-smi") -> FreeMemory:
    """What is free of the GPU's own memory, or of the one memory where it has none."""
    gpu = await ask_gpu(nvidia_smi)
    if gpu is not None and gpu.free_gib is not None:
        return FreeMemory(gpu.free_gib, unified=False)
    host = await asyncio.to_thread(read_meminfo, root)
    return FreeMemory(host.get("MemAvailable", 0.0), unified=True)


def check_flags(engine: Engine, plan: LaunchPlan) -> Check:
    """Whether the engine's own parser knows every flag (a typo costs minutes otherwise)."""
    known = accepted_flags(engine.name)
    argv = engine.command(plan)
    if known is None:
        return Check("flags", True, f"{engine.name}'s flags can't be checked here.")
    wrong = [one for one in known.verdicts(argv) if one.verdict in {"unknown", "wrong value", "abbreviation"}]
    if not wrong:
        return Check("flags", True, f"{engine.name} {known.version} knows every flag.")
    told = ", ".join(f"{one.flag} ({one.verdict})" for one in wrong)
    return Check(
        "flags",
        False,
        f"{engine.name} {known.version} does not accept {told}.",
        "Correct the extra arguments.",
    )


def check_program(engine: Engine, plan: LaunchPlan) -> Check:
    """Whether what is to be started is there."""
    program = plan.container.runtime if plan.container else engine.command(plan)[0]
    found = shutil.which(program)
    if found:
        return Check("program", True, f"{program} is there.")
    advice = (
        f"Install {engine.name} {engine.version} into an environment of its own and name it with --environment-dir, "
        "or use a container."
    )
    return Check("program", False, f"There is no {program}.", advice)


def check_driver(gpu: Gpu | None) -> Check:
    """Whether there is a GPU with its driver."""
    if gpu is None:
        return Check(
            "driver", False, "nvidia-smi does not answer.", "Install the NVIDIA driver, or restart the box."
        )
    return Check("driver", True, f"{gpu.name}, driver {gpu.driver}.")


def check_model(model: ModelFiles) -> Check:
    """Whether the model's files are all there, and whole."""
    if not model.problem:
        return Check("model", True, f"{model.folder}: {model.gib:.1f} GiB, complete.")
    return Check("model", False, model.problem, model.advice)


def check_disk(plan: LaunchPlan, model: ModelFiles) -> Check:
    """Whether there is room for what the engine writes while it starts."""
    folder = model.folder or plan.models_dir.expanduser()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free / GIB
    sentence = f"{free:.0f} GiB are free on the disk with {folder}."
    return Check(
        "disk", free >= DISK_GIB, sentence, "" if free >= DISK_GIB else f"Make room for {DISK_GIB:.0f} GiB."
    )


def check_shared_memory(plan: LaunchPlan, memory: Mapping[str, float], weights_gib: float) -> Check:
    """Whether the model fits into its fraction of one memory, and the host keeps its reserve."""
    free = memory.get("MemAvailable", 0.0)
    left = free * (1 - plan.mem_fraction)
    if left < HOST_RESERVE_GIB:
        return Check(
            "memory",
            False,
            f"Of {free:.1f} GiB free memory the host would keep {left:.1f} GiB at a fraction of "
            f"{plan.mem_fraction:.2f}; under {HOST_RESERVE_GIB:.0f} GiB the whole box can freeze.",
            "Lower --memory-fraction, or end what else uses memory.",
        )
    return _fits(plan, free, weights_gib, "free memory")


def check_gpu_memory(plan: LaunchPlan, free_gib: float, weights_gib: float) -> Check:
    """Whether the model fits into its fraction of the GPU's own memory."""
    return _fits(plan, free_gib * plan.tensor_parallel, weights_gib, "free GPU memory")


def _fits(plan: LaunchPlan, free: float, weights_gib: float, where: str) -> Check:
    share = free * plan.mem_fraction
    pool = share - weights_gib - ENGINE_GIB
    told = f"{share:.1f} of {free:.1f} GiB {where} may be used; weights take {weights_gib:.1f}"
    if pool >= LEAST_POOL_GIB:
        return Check("memory", True, f"{told}, which leaves {pool:.1f} GiB for caches.")
    advice = "End what else uses memory, drop the page cache, or serve a smaller build."
    return Check("memory", False, f"{told}, and that is not enough for its caches.", advice)


def check_pool(plan: LaunchPlan, free_gib: float, *, unified: bool = True) -> list[Check]:
    """Whether the longest prompt fits into the pool that SGLang will make of the free memory."""
    pool = expected_pool(plan, free_gib, unified=unified)
    if pool is None:
        return []
    if pool.shortage:
        return [
            Check("pool", False, f"SGLang would not start: {pool.shortage}.", "Free memory, or ask for less.")
        ]
    longest = longest_prompt(pool, plan.context_length)
    told = f"The pool will hold about {pool.tokens:,} tokens; a prompt may have {plan.context_length:,}."
    if longest >= plan.context_length:
        return [Check("pool", True, told)]
    advice = f"A longer one than the pool holds up everything for ever: use --context {longest} or less."
    return [Check("pool", False, told, advice)]


def check_page_cache(memory: Mapping[str, float]) -> Check:
    """Whether files that were read lie in the memory that the model is to get."""
    cached = memory.get("Cached", 0.0) + memory.get("Buffers", 0.0) - memory.get("Shmem", 0.0)
    ok = cached < CACHE_TO_DROP_GIB
    advice = "Run: sync; echo 3 | sudo tee /proc/sys/vm/drop_caches"
    return Check(
        "page cache", ok, f"The page cache holds {cached:.1f} GiB.", "" if ok else advice, blocks=False
    )


def check_port(plan: LaunchPlan) -> Check:
    """Whether the port is free."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            plan.host, plan.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        sentence = f"The server can't listen at {plan.host}:{plan.port} ({error.strerror})."
        return Check("port", False, sentence, "End what listens there, or choose another --port.")
    return Check("port", True, f"{plan.host}:{plan.port} is free.")


def read_meminfo(root: Path) -> dict[str, float]:
    """/proc/meminfo in GiB; empty where there is none."""
    try:
        text = (root / "proc/meminfo").read_text("ascii")
    except FileNotFoundError:
        return {}
    pairs = (line.split(":", 1) for line in text.splitlines() if line.endswith(" kB"))
    return {name: int(value.split()[0]) * 1024 / GIB for name, value in pairs}


async def ask_gpu(nvidia_smi: str = "nvidia-smi") -> Gpu | None:
    """The first GPU, or None where there is none or its driver does not answer."""
    query = "--query-gpu=name,driver_version,memory.free"
    try:
        asking = await asyncio.create_subprocess_exec(
            nvidia_smi,
            query,
            "--format=csv,noheader,nounits",
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError:
        return None
    try:
        out, _ = await asyncio.wait_for(asking.communicate(), timeout=20)
    except TimeoutError:
        asking.kill()
        await asking.wait()
        return None
    return read_gpu(out.decode()) if asking.returncode == 0 else None


def read_gpu(csv: str) -> Gpu | None:
    """One line of nvidia-smi; a GB10 says [N/A] or “Not Supported” for memory."""
    parts = [part.strip() for part in csv.strip().splitlines()[0].split(",")] if csv.strip() else []
    if len(parts) != 3:
        return None
    name, driver, free = parts
    return Gpu(name, driver, int(free) / 1024 if free.isdigit() else None)


def what_blocks(checks: Sequence[Check]) -> list[Check]:
    """The checks that a start would fail for."""
    return [check for check in checks if check.blocks and not check.ok]
