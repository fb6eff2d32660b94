"""The line that starts an engine in a container of its own."""

from dataclasses import replace
from pathlib import Path

from passfel.serving.engines.engine import Engine
from passfel.serving.engines.launch import Container, LaunchPlan

NOTES = (
    "--memory would not help: it does not see what CUDA takes of a memory that GPU and host share.",
    "Shared memory (/dev/shm) takes from the same memory as the model: keep --shm-size small.",
    "The port is published to this machine only; the server has no password.",
    "Put the image's digest (image@sha256:…) in place of the tag, so that it can't change under you.",
)
GPU = {"docker": ("--gpus", "all"), "podman": ("--device", "nvidia.com/gpu=all")}
HUB_CACHE = "/root/.cache/huggingface"
EVERYWHERE = "0.0.0.0"  # noqa: S104 - inside the container; outside it is published to plan.host alone


def container_line(engine: Engine, plan: LaunchPlan) -> list[str]:
    """The argument vector of docker or podman."""
    box = plan.container or Container()
    inside = engine.command(replace(plan, container=box, host=EVERYWHERE, model=_model_inside(plan)))
    variables = [f"{name}={value}" for name, value in engine.environment(plan).items()]
    return [
        box.runtime,
        *("run", "--rm", "--init", "--name", box.name),
        *GPU[box.runtime],
        *("--shm-size", box.shared_memory, "--ulimit", "memlock=-1", "--ulimit", "stack=67108864"),
        *("--publish", f"{plan.host}:{plan.port}:{plan.port}"),
        *(word for mount in _mounts(plan) for word in ("--volume", mount)),
        *(word for variable in variables for word in ("--env", variable)),
        # Images differ in what they start by themselves.
        *("--entrypoint", inside[0]),
        box.image or engine.image,
        *inside[1:],
    ]


def removal(plan: LaunchPlan) -> list[str]:
    """What takes the container away, whatever state it is in: a killed client leaves it running."""
    box = plan.container
    return [box.runtime, "rm", "--force", box.name] if box else []


def _model_inside(plan: LaunchPlan) -> str:
    return str(Path(plan.model).expanduser().absolute()) if plan.is_local_folder else plan.model


def _mounts(plan: LaunchPlan) -> list[str]:
    if plan.is_local_folder:
        mounts = [f"{_model_inside(plan)}:{_model_inside(plan)}:ro"]
    else:
        mounts = [f"{plan.models_dir.expanduser()}:{HUB_CACHE}"]
    files = [path.expanduser() for path in (plan.moe_config_dir, plan.draft_token_map) if path]
    return [*mounts, *(f"{path}:{path}:ro" for path in files)]
