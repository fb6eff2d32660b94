"""A request that the home can carry out."""

from dataclasses import dataclass

from passfel.household.understanding import Call


@dataclass(frozen=True, slots=True)
class HomeMatch:
    """The calls that a whole sentence asks for."""

    calls: tuple[Call, ...]
    named: bool
    """Whether a device or a room was named, so that it can't mean anything else."""
    question: str = ""
    """What has to be asked in the place of the calls: which of several is meant."""
