"""Boot one server after the other on the borrowed machine, ask each, and write down what was seen.

`python -m passfel.evals.gpu.on_machine OUT RUN...`; the runs are in `RUNS`. Standard library only: the server runs
under this Python and this path, the assistant under the path in HOUSE_PYTHONPATH, for their packages differ.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from passfel.evals.gpu import cases
from passfel.evals.gpu.asking import Server
from passfel.evals.gpu.model_files import LAYERS, write_model

CONTEXT = 32_768
RUNNING = 4
QUEUED = 2
BOOT_S = 270
SMALL_LAYERS = 4
HOUSE_POOL = 24_000
"""Tokens: enough for a turn of the assistant, whose words are mostly bytes to the stand-in tokenizer."""
HOUSE_CONTEXT = 65_536
TURNS_S = 260
PORT = 30_000

FLAGS = (
    "--load-format dummy --served-model-name passfel --host 127.0.0.1 --tp-size 1 --skip-server-warmup "
    "--reasoning-parser qwen3-thinking --tool-call-parser qwen --grammar-backend xgrammar --enable-strict-thinking "
    "--constrained-json-disable-any-whitespace --enable-cache-report --enable-metrics "
    f"--max-running-requests {RUNNING} --max-queued-requests {QUEUED} "
    "--mamba-radix-cache-strategy extra_buffer --attention-backend triton --sampling-backend pytorch "
    "--moe-runner-backend triton --cuda-graph-max-bs-decode 4 --cuda-graph-backend-prefill disabled "
    "--chunked-prefill-size 4096"
).split()
DRAFTS = (
    *("--speculative-algorithm", "NEXTN", "--speculative-draft-load-format", "dummy"),
    *("--speculative-eagle-topk", "1"),
)
ENVIRONMENT = {
    "SGLANG_ENABLE_JIT_DEEPGEMM": "0", "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false",
    "PYTHONUNBUFFERED": "1",
}  # fmt: skip


@dataclass(frozen=True)
class Run:
    """One server: its size, its flags, and what it is asked."""

    name: str
    asks: tuple[str, ...]
    depth: int = 1
    accepted: float = 0.0
    """The acceptance length that is simulated, the token that is always right included; 0: none is."""
    slots: int | None = 20
    """--max-mamba-cache-size; None leaves the division to the server."""
    mem_fraction: float = 0.80
    layers: int = LAYERS
    max_tokens: int | None = None
    """--max-total-tokens: a pool smaller than the memory allows."""
    context: int = CONTEXT

    @property
    def flags(self) -> list[str]:
        """The flags that differ from run to run."""
        flags = ["--mem-fraction-static", str(self.mem_fraction), "--context-length", str(self.context)]
        if self.slots is not None:
            flags += ["--max-mamba-cache-size", str(self.slots)]
        if self.max_tokens is not None:
            flags += ["--max-total-tokens", str(self.max_tokens)]
        if self.depth:
            flags += [*DRAFTS, "--speculative-num-steps", str(self.depth)]
            flags += ["--speculative-num-draft-tokens", str(self.depth + 1)]
        return flags


RUNS = {
    run.name: run
    for run in (
        Run(
            "small",
            ("forced", "layouts", "queue", "long", "decoding"),
            layers=SMALL_LAYERS,
            max_tokens=200_000,
        ),
        Run("main", ("forced", "layouts", "reading", "queue", "long", "decoding")),
        Run(
            "house",
            ("first", "turns", "pool"),
            layers=SMALL_LAYERS,
            max_tokens=HOUSE_POOL,
            context=HOUSE_CONTEXT,
        ),
        Run("depth-0", ("decoding",), depth=0, slots=None, mem_fraction=0.85),
        Run("depth-1", ("decoding",), accepted=1.5),
        Run("depth-2", ("decoding",), depth=2, accepted=2.0, slots=None),
        Run("depth-3", ("decoding",), depth=3, accepted=2.5),
    )
}


@dataclass
class Seen:
    """What one run gave."""

    run: str
    boot_s: float = 0.0
    died: str = ""
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)


def boot(run: Run, out: Path) -> subprocess.Popen[bytes]:
    """Start a server in a process group of its own; its log goes to `out`."""
    model = Path(f"/tmp/model-{run.layers}")  # noqa: S108
    write_model(model, run.layers)
    simulated = {
        "SGLANG_SIMULATE_ACC_LEN": str(run.accepted),
        "SGLANG_SIMULATE_ACC_TOKEN_MODE": "real-draft-token",
    }
    environment = {**os.environ, **ENVIRONMENT, **(simulated if run.accepted else {})}
    command = [sys.executable, "-m", "sglang.launch_server", "--model-path", str(model), "--port", str(PORT)]
    command += [*FLAGS, *run.flags]
    print("$", " ".join(command), flush=True)
    with (out / f"{run.name}.log").open("wb") as log:
        return subprocess.Popen(  # noqa: S603
            command, stdout=log, stderr=subprocess.STDOUT, env=environment, start_new_session=True
        )


def wait(server: Server, process: subprocess.Popen[bytes]) -> str:
    """Until the server answers; otherwise why it does not."""
    end = time.monotonic() + BOOT_S
    while time.monotonic() < end:
        if process.poll() is not None:
            return f"ended with {process.returncode}"
        if server.ask("/v1/models", None, "GET", timeout=5).status == 200:
            return ""
        time.sleep(1)
    return f"did not answer within {BOOT_S} s"


def stop(process: subprocess.Popen[bytes]) -> None:
    """End the server with all of its processes, and wait until the card is empty."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for _ in range(40):
        if memory_used() < 2000:
            return
        time.sleep(0.5)


def memory_used() -> int:
    """MiB in use on the card; 0 where there is none."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return 0
    query = [tool, "--query-gpu=memory.used", "--format=csv,noheader,nounits"]
    said = subprocess.run(query, capture_output=True, text=True, check=False).stdout  # noqa: S603
    return int(said.split()[0]) if said.split() else 0


def house_turns(out: Path) -> list[dict[str, Any]]:
    """Turns of the whole assistant, in a process of their own; what it wrote down until its end, or until ours."""
    file = out / "turns.json"
    environment = {**os.environ, "PYTHONPATH": os.environ["HOUSE_PYTHONPATH"]}
    command = [sys.executable, "-m", "passfel.evals.gpu.house_turns", str(PORT), str(file)]
    with (out / "turns.log").open("wb") as log:
        try:
            subprocess.run(command, stdout=log, stderr=log, env=environment, timeout=TURNS_S, check=False)  # noqa: S603
        except subprocess.TimeoutExpired:
            print(f"the turns were not over within {TURNS_S} s", flush=True)
    rows: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else []
    return rows


def ask(run: Run, server: Server, seen: Seen, out: Path) -> None:
    """Put the run's cases to its server."""
    small = run.layers < LAYERS
    known: dict[str, Callable[[], list[dict[str, Any]]]] = {
        "forced": lambda: cases.forced_call(server),
        "layouts": lambda: cases.layouts(server, 2 if small else cases.TURNS),
        "reading": lambda: cases.reading(server),
        "queue": lambda: cases.queue_full(server, RUNNING, QUEUED),
        "long": lambda: cases.too_long(server, CONTEXT),
        "decoding": lambda: cases.decoding(server, run.depth, run.accepted, 1 if small else 3),
        "first": lambda: cases.first_answers(server),
        "turns": lambda: house_turns(out),
        "pool": lambda: cases.beyond_the_pool(server, HOUSE_POOL + 4000),
    }
    for name in run.asks:
        begun = time.monotonic()
        seen.rows[name] = known[name]()
        seen.seconds[name] = round(time.monotonic() - begun, 1)
        print(f"  {name}: {seen.seconds[name]} s", flush=True)
        write(seen, out)


def go(run: Run, out: Path) -> Seen:
    """One run from boot to end."""
    seen, begun = Seen(run.name), time.monotonic()
    process, server = boot(run, out), Server(PORT)
    try:
        seen.died = wait(server, process)
        seen.boot_s = round(time.monotonic() - begun, 1)
        print(f"{run.name}: {seen.died or 'answers'} after {seen.boot_s} s", flush=True)
        if not seen.died:
            ask(run, server, seen, out)
    finally:
        stop(process)
        write(seen, out)
    return seen


def write(seen: Seen, out: Path) -> None:
    """Keep what has been seen so far."""
    (out / f"{seen.run}.json").write_text(json.dumps(vars(seen), indent=1), encoding="utf-8")


def main() -> int:
    """Go through the runs; what has been seen is written after each, and a server that dies does not end it."""
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    failed = 0
    for name in sys.argv[2:]:
        seen = go(RUNS[name], out)
        if seen.died:
            print((out / f"{name}.log").read_text(encoding="utf-8", errors="replace")[-3000:])
            failed += 1
    return failed


if __name__ == "__main__":
    sys.exit(main())
