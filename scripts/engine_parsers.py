"""Runs inside an environment that has SGLang or vLLM, and asks its own argument parser about flags.

python engine_parsers.py sglang < argv.json   prints one JSON object: version, every flag, and what it says to argv

Standard library only. What the engine imports and the environment lacks (torch and its like; nothing of it is needed
to read a command line) is replaced by empty stand-ins, and they are named in the answer.
"""

import abc
import argparse
import contextlib
import importlib.abc
import importlib.machinery
import io
import json
import sys
import types
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from typing import Any, ClassVar

ENGINES = ("sglang", "vllm")
# They run code on stand-ins when they are imported, and have no part in reading a command line.
HOLLOW = ("sglang.srt.utils.hf_transformers_patches", "vllm.v1.worker.worker_base", "vllm.ir")
# Optional parts that must stay absent: their presence would mean another kind of hardware.
ABSENT = {"org", "java", "nt", "sitecustomize", "torch_npu", "torch_musa", "torch_xla", "mlx", "amdsmi"}
NOT_OURS = {"npu", "musa", "hpu", "xla", "mlu"}


class _HollowType(abc.ABCMeta):
    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__") and name != "__class_validators__":
            raise AttributeError(name)
        return Hollow()

    def __or__(cls, other: Any) -> Any:
        return cls

    __ror__ = __or__

    def __iter__(cls) -> Iterator[Any]:
        return iter(())


class Hollow(metaclass=_HollowType):
    """Whatever is asked of it, it is there and says nothing."""

    def __init__(self, *_: Any, **__: Any) -> None: ...

    def __init_subclass__(cls, **_: Any) -> None: ...

    def __class_getitem__(cls, _: Any) -> Any:
        return cls

    @classmethod
    def __get_pydantic_core_schema__(cls, *_: Any) -> Any:
        return importlib.import_module("pydantic_core.core_schema").any_schema()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """A decorator gives back what it decorates."""
        decorates = len(args) == 1 and callable(args[0]) and not kwargs
        return args[0] if decorates else self

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Hollow()

    def __mro_entries__(self, _: Any) -> tuple[type, ...]:
        return (Hollow,)

    def __getitem__(self, _: Any) -> Any:
        return self

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: Any) -> None: ...

    def __contains__(self, _: Any) -> bool:
        return False

    def __add__(self, other: Any) -> Any:
        return other

    __radd__ = __or__ = __ror__ = __add__

    def __lt__(self, _: Any) -> bool:
        return False

    __gt__ = __le__ = __ge__ = __lt__

    def __hash__(self) -> int:
        return id(self)

    def __bool__(self) -> bool:
        return False

    def __str__(self) -> str:
        return ""

    __fspath__ = __str__

    def __int__(self) -> int:
        return 0

    __index__ = __len__ = __int__

    def __float__(self) -> float:
        return 0.0


class _HollowModule(types.ModuleType):
    __path__: ClassVar[list[str]] = []
    __version__ = "99.0"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name in NOT_OURS:
            raise AttributeError(name)
        if not name[0].isupper():
            return Hollow()
        made = _HollowType(name, (Hollow,), {})
        setattr(self, name, made)
        return made


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Makes a hollow module of what is missing (the last finder) or must not run (the first)."""

    def __init__(self, *, missing: bool) -> None:
        self._missing = missing
        self.made: set[str] = set()

    def find_spec(self, name: str, path: Any, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        """Say that it can be loaded, where that is this finder's part."""
        top, _, rest = name.partition(".")
        if self._missing:
            kept = top in ENGINES or top in ABSENT or top in sys.stdlib_module_names or top.startswith("_")
            if kept or (rest and not isinstance(sys.modules.get(top), _HollowModule)):
                return None
            self.made.add(top)
        elif not any(name == hollow or name.startswith(f"{hollow}.") for hollow in HOLLOW):
            return None
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        """An empty module."""
        return _HollowModule(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        """Nothing to run."""


def sglang_parser() -> argparse.ArgumentParser:
    """Give SGLang's own."""
    parser = argparse.ArgumentParser(prog="sglang serve")
    importlib.import_module("sglang.srt.server_args").ServerArgs.add_cli_args(parser)
    return parser


def vllm_parser() -> argparse.ArgumentParser:
    """Give vLLM's own; on a machine without a GPU it must be told of some platform."""
    platforms = importlib.import_module("vllm.platforms")
    platforms._current_platform = importlib.import_module("vllm.platforms.cpu").CpuPlatform()  # noqa: SLF001
    make = importlib.import_module("vllm.entrypoints.common.cli_args").make_arg_parser
    parser: argparse.ArgumentParser = make(
        importlib.import_module("vllm.utils.argparse_utils").FlexibleArgumentParser(prog="vllm serve")
    )
    return parser


PARSERS: dict[str, Callable[[], argparse.ArgumentParser]] = {"sglang": sglang_parser, "vllm": vllm_parser}


def describe(parser: argparse.ArgumentParser) -> dict[str, dict[str, Any]]:
    """Every long flag: whether it takes a value, its choices, whether it is deprecated."""
    told = {}
    old = getattr(parser, "_deprecated", set())
    for name, action in sorted(parser._option_string_actions.items()):  # noqa: SLF001 - argparse has no other way
        if not name.startswith("--"):
            continue
        entry: dict[str, Any] = {"value": action.nargs != 0}
        if action.choices:
            entry["choices"] = sorted(str(choice) for choice in action.choices)
        said = (action.help or "").lower().lstrip("[(* ").startswith("deprecated")
        if said or action in old or "Deprecated" in type(action).__name__:
            entry["deprecated"] = True
        told[name] = entry
    return told


def judge(make: Callable[[], argparse.ArgumentParser], argv: Sequence[str]) -> str:
    """What the whole command line gets: empty, or the parser's complaint."""
    complaint = io.StringIO()
    try:
        with contextlib.redirect_stderr(complaint), contextlib.redirect_stdout(io.StringIO()):
            make().parse_args(list(argv))
    except SystemExit:
        return complaint.getvalue().strip().splitlines()[-1]
    return ""


def main() -> None:
    """Answer what came in on standard input."""
    engine = sys.argv[1]
    missing = Finder(missing=True)
    sys.meta_path.insert(0, Finder(missing=False))
    sys.meta_path.append(missing)
    argv = json.load(sys.stdin)
    with contextlib.redirect_stdout(io.StringIO()):
        make = PARSERS[engine]
        answer = {
            "engine": engine,
            "version": version(engine),
            "flags": describe(make()),
            "complaint": judge(make, argv),
            "stand_ins": sorted(missing.made),
        }
    print(json.dumps(answer))  # noqa: T201


if __name__ == "__main__":
    main()
