"""The breaker: closed, open, half-open with one probe."""

from passfel.serving.breaker import Breaker


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        """The time."""
        return self.now


def test_a_failure_that_costs_a_deadline_opens_it_at_once_and_time_half_opens_it() -> None:
    clock = Clock()
    breaker = Breaker(30, clock=clock)
    assert breaker.admits(object())
    breaker.failed("It is down.", at_once=True)
    assert (breaker.state, breaker.admits(object()), breaker.reason) == ("open", False, "It is down.")
    clock.now += 30
    assert breaker.state == "half-open"


def test_other_failures_open_it_when_they_follow_each_other() -> None:
    breaker = Breaker(30, patience=2, clock=Clock())
    for _ in range(3):
        breaker.failed("busy", at_once=False)
        breaker.answered(whole=True)
    assert breaker.admits(object())
    breaker.failed("busy", at_once=False)
    breaker.answered(whole=False)
    breaker.failed("cut", at_once=False)
    assert breaker.state == "open"


def test_half_open_lets_exactly_one_call_through_and_its_success_closes() -> None:
    clock = Clock()
    breaker = Breaker(30, clock=clock)
    breaker.failed("down", at_once=True)
    clock.now += 31
    assert [breaker.admits(object()) for _ in range(3)] == [True, False, False]
    breaker.answered(whole=False)
    assert breaker.state == "closed"
    assert breaker.admits(object())


def test_a_failed_probe_opens_it_again_for_the_full_time() -> None:
    clock = Clock()
    breaker = Breaker(30, clock=clock)
    breaker.failed("down", at_once=True)
    clock.now += 31
    assert breaker.admits(object())
    breaker.failed("busy", at_once=False)
    clock.now += 29
    assert breaker.state == "open"


def test_a_cancelled_probe_leaves_the_place_to_the_next_and_a_stranger_does_not() -> None:
    clock = Clock()
    breaker = Breaker(30, clock=clock)
    breaker.failed("down", at_once=True)
    clock.now += 31
    probe = object()
    assert breaker.admits(probe)
    breaker.ended(object())
    assert not breaker.admits(object())
    breaker.ended(probe)
    assert breaker.admits(object())
