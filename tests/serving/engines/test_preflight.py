"""What is looked at before a start, on a machine laid out in a folder."""

import json
import socket
import struct
from dataclasses import replace
from pathlib import Path

import pytest

from passfel.serving.engines import preflight as pre
from passfel.serving.engines.engine import engine_named
from passfel.serving.engines.launch import LaunchPlan
from passfel.serving.engines.model_files import look_at_model


def shard(path: Path, size: int, cut: int = 0) -> None:
    header = json.dumps({"w": {"dtype": "U8", "shape": [size], "data_offsets": [0, size]}}).encode()
    whole = struct.pack("<Q", len(header)) + header + bytes(size)
    path.write_bytes(whole[: len(whole) - cut])


def model(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    names = [f"model-0000{at}-of-00002.safetensors" for at in (1, 2)]
    (folder / "model.safetensors.index.json").write_text(
        json.dumps({"weight_map": dict(zip("ab", names, strict=True))})
    )
    for name in names:
        shard(folder / name, 1000)
    return folder


def meminfo(root: Path, available_gib: float, cached_gib: float = 1) -> Path:
    (root / "proc").mkdir(parents=True, exist_ok=True)
    rows = {
        "MemTotal": 119.7,
        "MemAvailable": available_gib,
        "Buffers": 0.1,
        "Cached": cached_gib,
        "Shmem": 0.5,
    }
    text = "".join(f"{name}:   {int(gib * 1024 * 1024)} kB\n" for name, gib in rows.items())
    (root / "proc/meminfo").write_text(f"{text}HugePages_Total:       0\n")
    return root


def nvidia_smi(folder: Path, line: str, status: int = 0) -> str:
    program = folder / "nvidia-smi"
    program.write_text(f"#!/bin/sh\necho '{line}'\nexit {status}\n")
    program.chmod(0o755)
    return str(program)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def test_a_box_that_is_ready_passes_every_check(tmp_path: Path):
    (tmp_path / "env/bin").mkdir(parents=True)
    program = tmp_path / "env/bin/sglang"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    plan = LaunchPlan(model=str(model(tmp_path / "m")), port=free_port(), environment_dir=tmp_path / "env")
    smi = nvidia_smi(tmp_path, "NVIDIA GB10, 595.91.07, [N/A]")
    checks = await pre.preflight(engine_named("sglang"), plan, root=meminfo(tmp_path, 112), nvidia_smi=smi)
    assert [check.name for check in checks] == [
        "flags", "program", "driver", "model", "disk", "memory", "page cache", "port",
    ]  # fmt: skip
    assert [check.sentence for check in checks if not check.ok and check.name != "disk"] == []
    assert "NVIDIA GB10, driver 595.91.07." in [check.sentence for check in checks]


async def test_a_bare_machine_is_told_everything_that_is_missing_and_what_to_do(tmp_path: Path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        plan = LaunchPlan(
            models_dir=tmp_path / "hf", port=taken.getsockname()[1], environment_dir=tmp_path / "none",
            extra_arguments=("--enable-metrcs",),
        )  # fmt: skip
        checks = await pre.preflight(
            engine_named("sglang"), plan, root=meminfo(tmp_path, 60, 30), nvidia_smi="/nowhere/nvidia-smi"
        )
    blocking = {check.name: check for check in pre.what_blocks(checks) if check.name != "disk"}
    assert set(blocking) == {"flags", "program", "driver", "model", "memory", "pool", "port"}
    assert "--enable-metrcs (unknown)" in blocking["flags"].sentence
    assert blocking["model"].advice == "Get it with: hf download Qwen/Qwen3-Next-80B-A3B-Thinking-FP8"
    cache = next(check for check in checks if check.name == "page cache")
    assert (cache.ok, cache.blocks, "drop_caches" in cache.advice) == (False, False, True)
    assert all(check.advice for check in checks if not check.ok)


@pytest.mark.parametrize(
    ("available", "fraction", "weights", "ok", "told"),
    [
        (112, 0.80, 76.39, True, "leaves 11.7 GiB for caches"),
        (112, 0.90, 76.39, False, "the host would keep 11.2 GiB"),
        (100, 0.80, 76.39, False, "not enough for its caches"),
    ],
)
def test_one_memory_must_hold_weights_caches_and_the_hosts_reserve(
    available: float, fraction: float, weights: float, ok: bool, told: str
):
    check = pre.check_shared_memory(LaunchPlan(mem_fraction=fraction), {"MemAvailable": available}, weights)
    assert (check.ok, told in check.sentence) == (ok, True), check.sentence


def test_a_gpu_with_memory_of_its_own_is_measured_by_that():
    assert pre.check_gpu_memory(LaunchPlan(), 139, 76.4).ok
    assert not pre.check_gpu_memory(LaunchPlan(), 32, 76.4).ok
    assert pre.check_gpu_memory(LaunchPlan(tensor_parallel=4), 32, 76.4).ok


async def test_nvidia_smi_is_read_for_both_kinds_of_gpu_and_a_failing_driver_is_no_gpu(tmp_path: Path):
    assert pre.read_gpu("NVIDIA H200, 580.1, 143000\n") == pre.Gpu("NVIDIA H200", "580.1", 143000 / 1024)
    assert pre.read_gpu("NVIDIA GB10, 595.91.07, Not Supported\n") == pre.Gpu(
        "NVIDIA GB10", "595.91.07", None
    )
    assert pre.read_gpu("") is None
    assert await pre.ask_gpu(nvidia_smi(tmp_path, "NVIDIA-SMI has failed", status=9)) is None


def test_a_model_is_found_in_the_hubs_cache(tmp_path: Path):
    kept = tmp_path / "hub/models--Qwen--Tiny"
    folder = model(kept / "snapshots/abc")
    (kept / "refs").mkdir()
    (kept / "refs/main").write_text("abc\n")
    assert look_at_model(LaunchPlan(model="Qwen/Tiny", models_dir=tmp_path)).folder == folder


def test_a_missing_and_a_shortened_file_of_a_model_are_named(tmp_path: Path):
    folder = model(tmp_path / "m")
    plan = LaunchPlan(model=str(folder))
    assert look_at_model(plan).problem == ""
    shard(folder / "model-00001-of-00002.safetensors", 1000, cut=10)
    (folder / "model-00002-of-00002.safetensors").unlink()
    problem = look_at_model(plan).problem
    assert "model-00001-of-00002.safetensors (1064 bytes in place of 1074)" in problem
    assert "model-00002-of-00002.safetensors (missing)" in problem


@pytest.mark.parametrize(("content", "told"), [("{", "can't be read"), ("[]", "names no weights")])
def test_a_broken_index_is_said_in_a_sentence(tmp_path: Path, content: str, told: str):
    folder = model(tmp_path / "m")
    (folder / "model.safetensors.index.json").write_text(content)
    assert told in look_at_model(LaunchPlan(model=str(folder))).problem


def test_a_page_instead_of_weights_is_not_taken_for_a_model(tmp_path: Path):
    folder = model(tmp_path / "m")
    (folder / "model.safetensors.index.json").unlink()
    assert "no safetensors files" in look_at_model(LaunchPlan(model=str(folder))).problem
    (folder / "model.safetensors").write_text("<!doctype html><html></html>")
    assert "no safetensors file" in look_at_model(LaunchPlan(model=str(folder))).problem


def test_a_machine_without_meminfo_has_no_free_memory_to_count_on(tmp_path: Path):
    assert pre.read_meminfo(tmp_path) == {}
    assert not pre.check_shared_memory(replace(LaunchPlan()), {}, 1).ok
