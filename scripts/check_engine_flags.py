"""Ask an engine's own argument parser about the flags that we start it with.

python scripts/check_engine_flags.py sglang --python /path/to/env/bin/python           a verdict per flag
python scripts/check_engine_flags.py sglang --python /path/to/env/bin/python --write   and keep the list of flags

The environment needs the engine itself (`pip install --no-deps sglang==0.5.23 numpy msgspec orjson pyzmq psutil
requests`, or `--no-deps vllm==0.33.0` with `numpy pydantic openai regex packaging`); no GPU, and no torch.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from passfel.serving.engines.engine import engine_named
from passfel.serving.engines.flags import AcceptedFlags
from passfel.serving.engines.launch import LaunchPlan

HERE = Path(__file__).parent
KEPT = HERE.parent / "serving" / "engines"
# Flags that are set only by some plans are asked for too.
PLAN = LaunchPlan(
    draft_token_map=Path("/models/tokens.pt"),
    strict_thinking=True,
    kv_dtype="fp8_e4m3",
    quantization="fp8",
)


def main() -> int:
    """Print the verdicts; exit code 1 when any flag of ours is not accepted as it stands."""
    wanted = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    wanted.add_argument("engine", choices=("sglang", "vllm"))
    wanted.add_argument("--python", required=True, help="the interpreter of an environment with the engine")
    wanted.add_argument("--write", action="store_true", help="keep the list of flags beside the engines")
    asked = wanted.parse_args()
    argv = engine_named(asked.engine).command(PLAN)[2:]
    answer = ask(asked.engine, asked.python, argv)
    if asked.write:
        keep(answer)
    return tell(answer, argv)


def ask(engine: str, python: str, argv: list[str]) -> dict[str, Any]:
    """What the parser inside that environment says."""
    done = subprocess.run(  # noqa: S603 - the interpreter that the caller named
        [python, "-W", "ignore", str(HERE / "engine_parsers.py"), engine],
        input=json.dumps(argv),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{engine}'s parser could not be asked:\n{done.stderr[-2000:]}")
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def keep(answer: dict[str, Any]) -> None:
    """Write the flags down, one a line, so that a new version's changes can be read in a diff."""
    lines = [
        f"# Every flag of {answer['engine']} {answer['version']}, listed by its own argument parser.",
        "# Written by scripts/check_engine_flags.py --write; not by hand.",
        f"engine: {answer['engine']}",
        f"version: {answer['version']}",
        "flags:",
        *(f"  {name}: {json.dumps(known)}" for name, known in answer["flags"].items()),
    ]
    (KEPT / f"{answer['engine']}_flags.yaml").write_text("\n".join(lines) + "\n", "utf-8")


def tell(answer: dict[str, Any], argv: list[str]) -> int:
    """A line per flag, then what the parser says to the whole."""
    known = AcceptedFlags(answer["engine"], answer["version"], answer["flags"])
    verdicts = list(known.verdicts(argv))
    print(f"{answer['engine']} {answer['version']}, {len(known.flags)} flags known")  # noqa: T201
    for one in verdicts:
        print(f"  {one.verdict:<13} {one.flag}{f'  ({one.meant})' if one.meant else ''}")  # noqa: T201
    print(f"  the whole command line: {answer['complaint'] or 'accepted'}")  # noqa: T201
    print(f"  replaced by empty stand-ins: {', '.join(answer['stand_ins']) or 'nothing'}")  # noqa: T201
    return int(bool(answer["complaint"]) or any(one.verdict != "accepted" for one in verdicts))


if __name__ == "__main__":
    sys.exit(main())
