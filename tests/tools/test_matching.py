"""Which thing is meant: a change needs every word that was said, a look-up is generous."""

import pytest

from passfel.household.errors import NotFoundError, RequestError
from passfel.tools.matching import Naming, best_matches, points_only, the_one

NAMING: Naming[str] = Naming("appointment", str, lambda title: f"{title}, Friday at 19:00", "cancel {}")


@pytest.mark.parametrize(
    ("asked", "titles", "meant"),
    [
        ("the dentist", ["dentist", "dinner"], "dentist"),
        ("dentist appointment", ["dentist for Tom", "dentist"], "dentist"),
        ("dinner", ["dinner with Bob"], "dinner with Bob"),
        ("dentst", ["dentist"], "dentist"),
        ("dinner with bob", ["Dinner with Bob"], "Dinner with Bob"),
        ("swimming", ["swim"], "swim"),
        ("yoga classes", ["yoga"], "yoga"),
        ("the meeting", ["meeting with Ana"], "meeting with Ana"),
        ("IT meeting", ["IT meeting", "meeting"], "IT meeting"),
        ("ana birthday", ["Ana's birthday"], "Ana's birthday"),
        ("lunch with josé", ["lunch with Jose\u0301"], "lunch with Jose\u0301"),
        ("🎂🎉", ["🎉", "🎂🎉"], "🎂🎉"),
        ("🎂", ["🎂 party", "🎉 party"], "🎂 party"),
    ],
)
def test_a_change_finds_what_was_named(asked: str, titles: list[str], meant: str):
    assert the_one(asked, titles, NAMING) == meant


@pytest.mark.parametrize(
    ("asked", "title"),
    [
        ("dinner with Ana", "dinner with Bob"),
        ("dinner with Ana", "dinner"),
        ("call Ana", "call Tom"),
        ("Ana Silva", "Ana Costa"),
        ("call the dentist", "call mum"),
        ("lunch with Maria", "lunch with Mario"),
        ("mother", "mother-in-law"),
    ],
)
def test_a_change_of_what_only_comes_near_is_asked_about(asked: str, title: str):
    with pytest.raises(RequestError) as question:
        the_one(asked, [title], NAMING)
    assert str(question.value) == (
        f"I found no appointment called “{asked}”. Do you mean {title}, Friday at 19:00? Say “cancel {title}”."
    )


@pytest.mark.parametrize("asked", ["it", "that", "This", "everything", "them all", "it all", "the last one"])
def test_words_that_only_point_name_nothing(asked: str):
    assert points_only(asked)
    with pytest.raises(RequestError, match="Which appointment do you mean"):
        the_one(asked, ["IT", "IT meeting", "all hands", "this year's taxes"], NAMING)


def test_what_is_not_there_at_all_is_said():
    with pytest.raises(NotFoundError, match="no appointment called “circus”"):
        the_one("circus", ["dentist"], NAMING)


def test_several_that_fit_are_named():
    with pytest.raises(RequestError, match="call Ana, Friday at 19:00 or call Tom, Friday at 19:00"):
        the_one("call", ["call Ana", "call Tom"], NAMING)


def test_a_look_up_is_content_with_half_of_the_words():
    assert best_matches("dinner with Ana", ["dinner with Bob", "dentist"], str) == ["dinner with Bob"]
