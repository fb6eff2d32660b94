"""The failure table runs, and the page shows what it finds."""

import pytest

from passfel.evals.failures import PAGE, page, run_all

pytestmark = pytest.mark.slow


async def test_every_failure_gives_the_person_what_the_page_says() -> None:
    seen = await run_all()
    assert page(seen) == PAGE.read_text("utf-8"), "python -m passfel.evals.failures --write"
    assert all(one.answer.strip() for one in seen)
