"""Whether a model's files are all there and whole, without reading its weights."""

import json
import struct
from dataclasses import dataclass
from pathlib import Path

from passfel.serving.engines.launch import LaunchPlan

GIB = 1024**3
INDEX = "model.safetensors.index.json"
SINGLE = "model.safetensors"
LONGEST_HEADER = 100_000_000
"""What the safetensors format allows."""


@dataclass(frozen=True)
class ModelFiles:
    """What was found of a model."""

    folder: Path | None = None
    gib: float = 0.0
    problem: str = ""
    advice: str = ""


def look_at_model(plan: LaunchPlan) -> ModelFiles:
    """Find the model's folder, and compare its index with its files."""
    folder = (
        Path(plan.model).expanduser() if plan.is_local_folder else in_hub_cache(plan.model, plan.models_dir)
    )
    get = f"Get it with: hf download {plan.model}"
    try:
        return _look(plan, folder, get)
    except OSError as error:
        where = error.filename or folder
        return ModelFiles(
            folder, problem=f"{where} can't be read ({error.strerror}).", advice="Make it readable."
        )


def _look(plan: LaunchPlan, folder: Path | None, get: str) -> ModelFiles:
    if folder is None or not folder.is_dir():
        return ModelFiles(problem=f"The files of {plan.model} are not on this machine.", advice=get)
    if not (folder / "config.json").is_file():
        return ModelFiles(folder, problem=f"There is no config.json in {folder}.", advice=get)
    try:
        shards = _shards(folder)
    except ValueError as error:
        return ModelFiles(folder, problem=f"{folder / INDEX} can't be read ({error}).", advice=get)
    if not shards:
        return ModelFiles(folder, problem=f"There are no safetensors files in {folder}.", advice=get)
    size = sum(shard.stat().st_size for shard in shards if shard.is_file()) / GIB
    broken = [f"{shard.name} ({fault})" for shard in shards if (fault := fault_of(shard))]
    if broken:
        more = f" and {len(broken) - 3} more" if len(broken) > 3 else ""
        told = f"Of {len(shards)} files of {plan.model} these are not whole: {', '.join(broken[:3])}{more}."
        return ModelFiles(folder, size, told, get)
    return ModelFiles(folder, size)


def in_hub_cache(name: str, cache: Path) -> Path | None:
    """The snapshot of a model in Hugging Face's cache, that `main` points to."""
    kept = cache.expanduser() / "hub" / f"models--{name.replace('/', '--')}"
    reference = kept / "refs" / "main"
    if not reference.is_file():
        return None
    return kept / "snapshots" / reference.read_text("ascii").strip()


def fault_of(shard: Path) -> str:
    """What is wrong with a safetensors file: its header says how long it must be. Empty when it is whole."""
    try:
        with shard.open("rb") as opened:
            (length,) = struct.unpack("<Q", opened.read(8))
            if length > LONGEST_HEADER:
                return "no safetensors file"
            header = json.loads(opened.read(length))
        end = max(
            (entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"), default=0
        )
    except FileNotFoundError:
        return "missing"
    except (struct.error, ValueError, KeyError, TypeError, AttributeError):
        return "cut short or damaged"
    there = shard.stat().st_size
    return "" if there == 8 + length + end else f"{there} bytes in place of {8 + length + end}"


def _shards(folder: Path) -> list[Path]:
    """The files that the index names; every model small enough for one file has no index."""
    index = folder / INDEX
    if not index.is_file():
        return [folder / SINGLE] if (folder / SINGLE).is_file() else []
    read = json.loads(index.read_text("utf-8"))
    named = read.get("weight_map") if isinstance(read, dict) else None
    if not isinstance(named, dict) or not named:
        raise ValueError("it names no weights")
    return [folder / name for name in sorted(set(named.values()))]
