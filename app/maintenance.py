"""`passfel maintenance`: leave the language model alone for a while, on purpose, and come back."""

import asyncio
from typing import Literal

from passfel.app.settings import load_settings
from passfel.serving.maintenance import Maintenance

Wish = Literal["on", "off", "status"]
STILL_RUNNING = 75
"""EX_TEMPFAIL of sysexits.h."""


def maintenance(wish: Wish, *, wait: bool, patience_s: float) -> int:
    """Switch, or tell how it stands; with `wait`, come back only when no model call runs any more."""
    switch = Maintenance(load_settings().data_dir)
    if wish == "status":
        print(say_status(switch))
        return 0
    switch.switch(on=wish == "on")
    if wish == "off":
        print("Maintenance is off: the language model is asked again.")
        return 0
    print(
        "Maintenance is on: no language model server is asked; rules and the embedded model answer.",
        flush=True,
    )
    if not wait:
        return 0
    if asyncio.run(switch.drained(patience_s)):
        print("No model call runs any more.")
        return 0
    print(f"After {patience_s:.0f} seconds a model call is still running.")
    return STILL_RUNNING


def say_status(switch: Maintenance) -> str:
    """How it stands, in a sentence or two."""
    since = switch.since
    running = "No model call runs." if switch.quiet() else "Model calls are running."
    if since is None:
        return f"Maintenance is off. {running}"
    return f"Maintenance is on since {since.astimezone():%Y-%m-%d %H:%M}. {running}"
