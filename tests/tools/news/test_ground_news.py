"""Ground News, read by a real Chromium from a stand-in over loopback; and its data, read without a browser."""

import importlib.util
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from passfel.household.article import Article, News
from passfel.household.errors import BrokenAnswerError, LimitedError, SettingsError, UnreachableError
from passfel.household.turn import Turn
from passfel.tests.servers.ground_news import CLIMATE, SOURCES, GroundNewsWorld, ground_news
from passfel.tests.servers.loopback import serve
from passfel.tools.news.ground_news import GroundNews, GroundNewsSettings, browser_path
from passfel.tools.news.ground_news_reading import objects_with, read_side, read_stories
from passfel.tools.news.sentences import say_coverage
from passfel.tools.news.tools import news_tools

browser = pytest.mark.skipif(
    importlib.util.find_spec("playwright") is None or browser_path("") is None,
    reason="no Playwright or no Chromium on this machine: pip install 'passfel[groundnews]' and apt install chromium",
)


@pytest.fixture(scope="module")
def running_site() -> Iterator[GroundNewsWorld]:
    with ground_news() as world:
        yield world


@pytest.fixture
def site(running_site: GroundNewsWorld) -> GroundNewsWorld:
    running_site.forget()
    return running_site


@pytest.fixture
async def other() -> AsyncIterator[tuple[str, list[str]]]:
    """A second host that nobody may reach."""
    reached: list[str] = []

    async def answer(request: Request) -> Response:
        reached.append(request.url.path)
        return PlainTextResponse("hello")

    with serve(Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST"])])) as url:
        yield url, reached


def provider(site: GroundNewsWorld, **settings: Any) -> GroundNews:
    return GroundNews(GroundNewsSettings(enabled=True, base_url=site.url, **settings))


@pytest.mark.slow
@browser
async def test_a_topic_s_stories_are_told_with_each_side_s_share_and_words(site: GroundNewsWorld, turn: Turn):
    coverage = await provider(site).coverage("climate bill")
    words = say_coverage(coverage.model_copy(update={"asked_at": turn.now}), turn)
    assert words == (
        "“climate bill” on Ground News (read at 10:00):\n"
        "- Parliament passes climate bill: 52 sources, 45% left, 35% centre and 20% right. The left, as summed up "
        "there: • The left calls it overdue. The centre (The Agency): “Climate bill passes by four votes”. The right, "
        "as summed up there: The right fears for jobs.\n"
        "- Farmers protest against the climate bill: 11 sources, 0% left, 30% centre and 70% right; a blind spot of "
        "the left."
    )
    assert [request.url.path for request in site.requests] == [
        "/interest/climate-bill",
        "/article/parliament-passes-climate-bill_1",
    ]


@pytest.mark.slow
@browser
async def test_the_browser_reaches_the_site_and_nothing_else(
    site: GroundNewsWorld, other: tuple[str, list[str]]
):
    site.lure, reached = other
    coverage = await provider(site).coverage("climate bill")
    assert coverage.stories
    assert reached == []


@pytest.mark.slow
@browser
async def test_visible_words_do_where_the_page_carries_no_data(site: GroundNewsWorld):
    client = provider(site)
    story, *others = (await client.coverage("harbour tunnel")).stories
    assert (story.title, story.sources, story.shares) == (
        "Harbour tunnel opens after nine years",
        31,
        {"left": 30, "center": 50, "right": 20},
    )
    assert not others, "what does not name the topic is not about it"
    asked = len(site.requests)
    await client.coverage("the harbour tunnel")
    assert len(site.requests) == asked, "it is remembered for a while"


@pytest.mark.slow
@browser
async def test_a_topic_that_nobody_covers_is_no_story(site: GroundNewsWorld):
    assert (await provider(site).coverage("dragons")).stories == ()


@pytest.mark.slow
@browser
@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (403, BrokenAnswerError, "Ground News turned the browser away (HTTP 403)."),
        (429, LimitedError, "Ground News takes no more requests for now."),
    ],
)
async def test_a_site_that_turns_the_browser_away_is_a_sentence(
    site: GroundNewsWorld, status: int, kind: type[Exception], words: str
):
    site.status = status
    with pytest.raises(kind) as caught:
        await provider(site).coverage("climate bill")
    assert str(caught.value) == words


@pytest.mark.slow
@browser
async def test_the_doctor_reads_the_front_page(site: GroundNewsWorld):
    assert await provider(site).check() == "It answers: 2 stories on its front page."


@pytest.mark.slow
@browser
async def test_a_browser_that_does_not_start_names_the_setting(site: GroundNewsWorld):
    with pytest.raises(SettingsError, match="PASSFEL_GROUND_NEWS__BROWSER"):
        await provider(site, browser="/bin/false").coverage("climate bill")


@pytest.mark.slow
@browser
async def test_a_site_that_is_away_is_unreachable():
    away = GroundNews(GroundNewsSettings(enabled=True, base_url="http://127.0.0.1:9"))
    with pytest.raises(UnreachableError, match=r"^Ground News could not be reached\.$"):
        await away.coverage("climate bill")


async def test_switched_off_it_says_how_to_switch_it_on(turn: Turn, call: Any):
    off = GroundNews(GroundNewsSettings())
    with pytest.raises(SettingsError, match="set PASSFEL_GROUND_NEWS__ENABLED to true"):
        await off.check()

    class Paper:
        source = "Paper"

        async def check(self) -> str:
            return ""

        async def latest(self, section: str = "", source: str = "") -> News:
            articles = (Article(title="Climate bill passed", source="The Paper"),)
            return News(articles=articles, asked_at=turn.now, sources=("The Paper",))

    class Pages:
        async def read(self, article: Article) -> Any:
            raise AssertionError("no page is asked for")

    compare = news_tools(Paper(), Pages(), off)[3]
    assert str((await call(compare, turn, topic="climate bill")).text) == (
        "Ground News is switched off: look at its terms, and set PASSFEL_GROUND_NEWS__ENABLED to true. In the feeds "
        "(read at 10:00), which are not sorted by side:\n- The Paper: “Climate bill passed”"
    )


def test_a_story_is_found_wherever_it_lies_in_a_page():
    text = 'x{"a":{"b": [1, {"biasSourceCount": 3, "title": "One {brace", "c": {"d": 1}}]}} {"biasSourceCount": broken'
    assert [found["title"] for found in objects_with(text, '"biasSourceCount"')] == ["One {brace"]


def test_percentages_are_read_as_fractions_or_as_percent():
    whole = CLIMATE | {"leftSrcPercent": 45, "cntrSrcPercent": 35, "rightSrcPercent": 20}
    for raw in (CLIMATE, whole):
        text = str(raw).replace("'", '"').replace("None", "null")
        assert read_stories([text], [], "https://x")[0].shares == {"left": 45, "center": 35, "right": 20}


@pytest.mark.parametrize(
    ("rating", "side"),
    [
        ("farLeft", "left"),
        ("Lean Right", "right"),
        ("center", "center"),
        ("unknown", None),
        (None, None),
        (3, None),
    ],
)
def test_ratings_are_read_as_sides(rating: object, side: str | None):
    assert read_side(rating) == side


def test_a_page_of_another_shape_gives_no_figures():
    crooked = '{"biasSourceCount": "many", "title": ["x"], "leftSrcPercent": "half", "chatGptSummaries": 7, "slug": 5}'
    story = read_stories([crooked], [], "https://x")[0]
    assert (story.sources, story.shares, story.summaries, story.articles) == (None, {}, {}, ())
    assert read_stories(["", "{", "null"], [{"text": "Sign up 20%"}, {}], "https://x") == []
    assert len(SOURCES) == 3
