"""`passfel serve-model`: start the language model's server, watch it, start it again; or print how it is started."""

import asyncio
import getpass
import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from passfel.app.running import run
from passfel.app.settings import load_settings
from passfel.household.errors import SettingsError
from passfel.serving.engines.containers import NOTES
from passfel.serving.engines.engine import ENGINES, Engine, EngineName, engine_named
from passfel.serving.engines.launch import Container, LaunchPlan, Runtime
from passfel.serving.engines.preflight import Check, free_memory, preflight, what_blocks
from passfel.serving.engines.process import Launched
from passfel.serving.engines.sizing import BOX, fitted, sized
from passfel.serving.engines.supervisor import ModelServer

CONTEXT: Mapping[EngineName, int] = {"sglang": 262_144, "vllm": 131_072, "tensorrt-llm": 32_768}
"""vLLM does not start where one request of the whole context does not fit into its caches. SGLang does, and is
given no more than its pool holds."""

RUNTIMES: tuple[Runtime, ...] = ("docker", "podman")


@dataclass(frozen=True)
class ModelOptions:
    """What can be said on the command line; the rest is the plan's own."""

    model: str | None = None
    host: str = LaunchPlan.host
    port: int = LaunchPlan.port
    context: int | None = None
    memory_fraction: float = LaunchPlan.mem_fraction
    requests: int = LaunchPlan.max_running_requests
    draft_steps: int = LaunchPlan.draft_steps
    runtime: str | None = None
    image: str = ""
    environment_dir: Path | None = None
    extra: tuple[str, ...] = ()
    box: str = BOX
    """The box of the catalogue that the sizes are planned for."""

    def plan(self, engine: EngineName) -> LaunchPlan:
        """The plan for this engine.

        Raises:
            SettingsError: what was said makes no plan.
            NotFoundError: there is no such box.
        """
        said = self._said(engine)
        planned = sized(said, self.box)
        if self.context is None and engine == "sglang":
            return planned
        # What a person has said counts; the look at the machine tells where it doesn't fit.
        return replace(planned, context_length=said.context_length)

    def _said(self, engine: EngineName) -> LaunchPlan:
        start = LaunchPlan(
            model=self.model or LaunchPlan.model,
            host=self.host,
            port=self.port,
            context_length=self.context or CONTEXT[engine],
            mem_fraction=self.memory_fraction,
            max_running_requests=self.requests,
            max_mamba_cache_size=None,
            draft_steps=self.draft_steps,
            container=self._container(),
            environment_dir=self.environment_dir,
            account="" if os.geteuid() == 0 else getpass.getuser(),
            extra_arguments=self.extra,
        )
        return replace(start, max_mamba_cache_size=start.slots_needed)

    def _container(self) -> Container | None:
        if self.runtime is None and not self.image:
            return None
        for known in RUNTIMES:
            if self.runtime in (None, known):
                return Container(known, self.image)
        raise SettingsError(f"There is no container runtime “{self.runtime}”; there are docker and podman.")

    def words(self, engine: EngineName) -> list[str]:
        """The command line that says the same."""
        said = {
            "--model": self.model, "--host": self.host, "--port": self.port, "--context": self.context,
            "--memory-fraction": self.memory_fraction, "--requests": self.requests,
            "--draft-steps": self.draft_steps, "--runtime": self.runtime, "--image": self.image,
            "--environment-dir": self.environment_dir, "--box": self.box if self.box != BOX else None,
        }  # fmt: skip
        words = [
            str(part) for name, value in said.items() if value not in (None, "") for part in (name, value)
        ]
        passfel = str(Path(sys.executable).with_name("passfel"))
        return [passfel, "serve-model", engine, *words, *(f"--extra={part}" for part in self.extra)]


def serve_model(
    engine: str,
    print_only: str | None,
    options: ModelOptions,
    *,
    check_only: bool = False,
    force: bool = False,
) -> int:
    """Print how it is started, or check the machine, or start it and keep it running until a signal.

    Raises:
        SettingsError: there is no such engine, or it can't serve this; the sentence says why.
    """
    chosen = _engine(engine)
    plan = options.plan(chosen.name)
    if print_only is not None:
        print(_printed(chosen, plan, print_only, options))
        return 0
    fit = options.context is None and chosen.name == "sglang"
    return run(_serve(chosen, plan, fit=fit, check_only=check_only, force=force))


async def _serve(engine: Engine, plan: LaunchPlan, *, fit: bool, check_only: bool, force: bool) -> int:
    if fit:
        # What is free now counts more than what the box was planned with.
        free = await free_memory()
        wished = replace(plan, context_length=CONTEXT["sglang"])
        plan = fitted(wished, free.gib, unified=free.unified)
    checks = await preflight(engine, plan)
    for check in checks:
        print(_line(check), flush=True)
    blocking = what_blocks(checks)
    if check_only:
        return 1 if blocking else 0
    if blocking and not force:
        names = ", ".join(check.name for check in blocking)
        raise SettingsError(
            f"The model server was not started because of: {names}. (--force starts it all the same.)"
        )
    log = load_settings().data_dir.expanduser() / "log" / f"{engine.name}.log"
    # Our own settings, keys among them, are nothing to the model server.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PASSFEL_")}
    server = ModelServer(Launched.of(engine, plan, log, inherited), tell=_say)
    try:
        await server.run()
    except asyncio.CancelledError:
        _say("The model server was stopped.")
        raise
    return 0


def _engine(name: str) -> Engine:
    for known in ENGINES:
        if name == known:
            return engine_named(known)
    raise SettingsError(f"There is no engine “{name}”; there are {', '.join(ENGINES)}.")


def _printed(engine: Engine, plan: LaunchPlan, what: str, options: ModelOptions) -> str:
    if what == "env":
        return "\n".join(f"{name}={shlex.quote(value)}" for name, value in engine.environment(plan).items())
    if what == "container":
        return "\n".join([*(f"# {note}" for note in NOTES), _wrapped(engine.container(plan))])
    if what == "unit":
        engine.command(plan)  # an engine that refuses the plan says so now, not when the box starts
        return engine.unit(plan, options.words(engine.name)).rstrip()
    if what == "command":
        return _wrapped(engine.command(plan))
    raise SettingsError(f"“{what}” can't be printed; there are command, env, container and unit.")


def _wrapped(argv: Sequence[str]) -> str:
    """One option a line, as a shell reads it."""
    return shlex.join(argv).replace(" --", " \\\n  --")


def _line(check: Check) -> str:
    mark = "ok" if check.ok else ("problem" if check.blocks else "advice")
    return f"{mark:<8} {check.name:<11} {check.sentence}{f' {check.advice}' if check.advice else ''}"


def _say(sentence: str) -> None:
    print(sentence, flush=True)
