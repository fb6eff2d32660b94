"""The flags that an engine's own parser accepts, as it listed them itself, and what it would say to ours."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import yaml

from passfel.serving.engines.engine import EngineName

Verdict = Literal["accepted", "deprecated", "abbreviation", "unknown", "wrong value"]


@dataclass(frozen=True)
class FlagVerdict:
    """What becomes of one flag of a command line."""

    flag: str
    verdict: Verdict
    meant: str = ""
    """The whole name of an abbreviation, or the values that are allowed."""


@dataclass(frozen=True)
class AcceptedFlags:
    """Every flag of one version of an engine."""

    engine: str
    version: str
    flags: Mapping[str, Mapping[str, Any]]

    def verdicts(self, argv: Sequence[str]) -> Iterator[FlagVerdict]:
        """A verdict on every flag of a command line."""
        for place, word in enumerate(argv):
            if word.startswith("--"):
                flag, _, value = word.partition("=")
                following = value or (argv[place + 1] if place + 1 < len(argv) else "")
                yield self._verdict(flag, following)

    def _verdict(self, flag: str, value: str) -> FlagVerdict:
        known = self.flags.get(flag)
        if known is None:
            longer = [name for name in self.flags if name.startswith(flag)]
            return FlagVerdict(flag, "abbreviation" if longer else "unknown", ", ".join(longer))
        choices = known.get("choices")
        if choices and value not in choices:
            return FlagVerdict(flag, "wrong value", ", ".join(choices))
        return FlagVerdict(flag, "deprecated" if known.get("deprecated") else "accepted")


@cache
def accepted_flags(engine: EngineName) -> AcceptedFlags | None:
    """What the engine's parser listed (`scripts/check_engine_flags.py`); None where it was never asked."""
    data = files(__package__) / f"{engine.replace('-', '_')}_flags.yaml"
    if not data.is_file():
        return None
    read = yaml.safe_load(data.read_text("utf-8"))
    return AcceptedFlags(read["engine"], str(read["version"]), read["flags"])
