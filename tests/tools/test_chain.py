"""Going from one provider to the next when one fails."""

from dataclasses import dataclass, field

import pytest

from passfel.household.errors import LimitedError, NotFoundError, UnreachableError
from passfel.tools.provider import REST_S, Chain


@dataclass
class Spring:
    """A provider that gives what it was told to give, and counts."""

    source: str
    gives: str | Exception
    asked: int = 0

    async def check(self) -> str:
        return "It answers."

    async def draw(self) -> str:
        self.asked += 1
        if isinstance(self.gives, Exception):
            raise self.gives
        return self.gives


@dataclass
class Clock:
    """A clock that a test turns on."""

    now: float = field(default=100.0)

    def __call__(self) -> float:
        return self.now


def down(name: str) -> Spring:
    return Spring(name, UnreachableError(name, f"{name} could not be reached."))


async def test_the_first_that_answers_is_believed():
    first, second = Spring("one", "water"), Spring("two", "wine")
    assert await Chain([first, second]).ask(Spring.draw) == "water"
    assert second.asked == 0


async def test_a_provider_that_fails_is_followed_by_the_next():
    assert await Chain([down("one"), Spring("two", "wine")]).ask(Spring.draw) == "wine"


async def test_one_that_just_failed_comes_last_and_is_first_again_after_a_rest():
    clock = Clock()
    first, second = down("one"), Spring("two", "wine")
    chain = Chain([first, second], clock)
    await chain.ask(Spring.draw)
    await chain.ask(Spring.draw)
    assert first.asked == 1
    clock.now += REST_S
    first.gives = "water"
    assert await chain.ask(Spring.draw) == "water"


async def test_when_none_answers_the_first_error_is_told():
    limited = Spring("two", LimitedError("two", "two takes no more requests for now."))
    with pytest.raises(UnreachableError, match=r"one could not be reached\."):
        await Chain([down("one"), limited]).ask(Spring.draw)


async def test_what_the_person_asked_wrongly_goes_to_no_other_provider():
    first, second = Spring("one", NotFoundError("No such place.")), Spring("two", "wine")
    with pytest.raises(NotFoundError):
        await Chain([first, second]).ask(Spring.draw)
    assert second.asked == 0


async def test_a_question_may_be_for_some_of_them_only():
    first, second = Spring("one", "water"), Spring("two", "wine")
    assert await Chain([first, second]).ask(Spring.draw, among=[second]) == "wine"
