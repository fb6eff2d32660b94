"""What a sentence was understood to ask for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from passfel.household.turn import Turn

Effort = Literal["simple", "tool", "reasoning", "long_form"]
"""How much work the answer is: a row of the latency table, and the model's thinking budget."""


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call that a grammar filled: JSON-ready arguments."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Understanding:
    """What `nlu` makes of one utterance."""

    intents: tuple[str, ...]
    """Domains, most likely first: weather, calendar, tasks, ... ; empty when nothing fits."""
    effort: Effort = "tool"
    confidence: float = 0.0
    """Between 0 and 1."""
    calls: tuple[Call, ...] = ()
    whole: bool = False
    """Every word is accounted for and every slot filled: the fast path may run `calls`."""
    reply: str = ""
    """A sentence to answer with in the place of calls: a missing slot, a date that doesn't exist."""
    refers_back: bool = False
    """It leans on what was said before ("make it five", "what about Rome?"), so the domain may be that one."""
    left_over: str = ""
    """The part of a compound request that nothing here can do."""


Understand = Callable[[str, Turn], Understanding]
"""How rooms below `nodes` are handed the understanding without importing `nlu`."""
