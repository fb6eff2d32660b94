"""What every engine can tell about its start, and where to get one by its name."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Literal, Protocol

from passfel.serving.engines.launch import LaunchPlan

EngineName = Literal["sglang", "vllm", "tensorrt-llm"]
ENGINES: tuple[EngineName, ...] = ("sglang", "vllm", "tensorrt-llm")


class Engine(Protocol):
    """A program that serves a model behind an OpenAI-compatible address."""

    name: EngineName
    version: str
    """The version that the flags are for."""
    image: str
    """The container image that is used where the plan names none."""

    def command(self, plan: LaunchPlan) -> list[str]:
        """The exact argument vector.

        Raises:
            SettingsError: this engine can't serve the plan; the sentence says why.
        """
        ...

    def environment(self, plan: LaunchPlan) -> dict[str, str]:
        """The variables that are set on top of the environment it starts in."""
        ...

    def container(self, plan: LaunchPlan) -> list[str]:
        """The argument vector that starts it in a container."""
        ...

    def unit(self, plan: LaunchPlan, start: Sequence[str] = (), drop_caches: bool = True) -> str:
        """The text of a systemd unit; `start` replaces the engine's own command, as a supervisor does."""
        ...


def engine_named(name: EngineName) -> Engine:
    """The engine of this name."""
    engine: Engine = import_module(f"passfel.serving.engines.{name.replace('-', '_')}").ENGINE
    return engine


def in_its_environment(program: str, plan: LaunchPlan) -> str:
    """Where the program is: inside the environment that the plan names, else wherever the PATH finds it."""
    if plan.environment_dir is None or plan.container is not None:
        return program
    return str(plan.environment_dir.expanduser() / "bin" / program)


def flags(**values: object) -> list[str]:
    """`flags(tp_size=1, metrics=True)` is `--tp-size 1 --metrics`; None, False and "" are left out."""
    words: list[str] = []
    for name, value in values.items():
        if value is None or value is False or value == "":
            continue
        words.append("--" + name.replace("_", "-"))
        if value is not True:
            words.append(str(value))
    return words


def common_environment(plan: LaunchPlan) -> Mapping[str, str]:
    """What any engine gets: no reports to anybody, and no look at the hub where the files are here."""
    return {
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "DO_NOT_TRACK": "1",
        **({"HF_HUB_OFFLINE": "1"} if plan.offline else {}),
    }
