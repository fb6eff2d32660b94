"""Questions about the news, from the tools down to publishers' servers."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from langchain_core.messages import ToolMessage
from starlette.responses import HTMLResponse, Response

from passfel.household.errors import (
    BrokenAnswerError,
    NotFoundError,
    RequestError,
    SettingsError,
    UnreachableError,
)
from passfel.household.turn import Turn
from passfel.tests.servers.feeds import NOW, FeedsWorld, feeds
from passfel.tools.contract import READS_WORLD, annotations_of, domain_of
from passfel.tools.http import Http, HttpSettings
from passfel.tools.news.feed_list import Feed, read_entry
from passfel.tools.news.feeds import Feeds
from passfel.tools.news.page_text import WebPages
from passfel.tools.news.tools import news_tools

Call = Callable[..., Awaitable[ToolMessage]]
Ask = Callable[..., Awaitable[str]]


class Clock:
    """The time, as far as the feeds know."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture(scope="module")
def running_press() -> Iterator[FeedsWorld]:
    with feeds() as world:
        yield world


@pytest.fixture
def press(running_press: FeedsWorld) -> FeedsWorld:
    running_press.forget()
    return running_press


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def http(press: FeedsWorld) -> AsyncIterator[Http]:
    async with Http(HttpSettings(allowed_hosts=(press.host,), contact="ana@example.org", tries=1)) as client:
        yield client


@pytest.fixture
def provider(http: Http, press: FeedsWorld, clock: Clock) -> Feeds:
    listed = tuple(read_entry(entry) for entry in press.entries)
    return Feeds(http, lambda: listed, clock=clock)


@pytest.fixture
def ask(provider: Feeds, http: Http, turn: Turn, call: Call) -> Ask:
    tools = {tool.name: tool for tool in news_tools(provider, WebPages(http))}

    async def run(name: str, /, turn: Turn = turn, **arguments: Any) -> str:
        return str((await call(tools[name], turn, **arguments)).content)

    return run


@pytest.fixture
def turn() -> Turn:
    return Turn(now=NOW, thread="kitchen")


async def test_headlines_are_numbered_with_publisher_and_age_and_each_story_once(ask: Ask):
    assert await ask("get_news") == (
        "News (feeds read at 10:00):\n"
        "1. Harbour tunnel opens after nine years of works (The Courier and The Gazette, today at 09:00)\n"
        "2. Nurses end strike over pay (The Gazette, today at 06:00)\n"
        "3. Parliament passes climate bill after a long night (The Courier, today at 07:00)\n"
        "4. Storm Berta closes schools along the coast (The Courier, yesterday at 14:00)\n"
        "5. Critics call the climate bill a burden for farmers (The Gazette, today at 05:00)"
    )


async def test_a_section_a_source_and_a_time_narrow_them(ask: Ask, turn: Turn):
    assert "1. A battery that charges in five minutes (The Wire, yesterday at 08:00)" in await ask(
        "get_news", section="technology"
    )
    assert "2. Browser makers agree on a common password format (The Wire, no date given)" in await ask(
        "get_news", section="technology"
    )
    gazette = await ask("get_news", source="the gazette")
    assert gazette.startswith("News from the gazette (feeds read at 10:00):\n1. Nurses end strike")
    today = await ask("get_news", since=turn.now.replace(hour=0))
    assert today.startswith("News since today at 00:00")
    assert "Storm Berta" not in today
    assert await ask("get_news", section="sport", since=turn.now) == (
        "There is nothing of sport since today at 10:00 in 1 news feed (read at 10:00)."
    )


async def test_a_topic_is_searched_in_all_feeds(ask: Ask):
    assert await ask("search_news", topic="climate bill") == (
        "News about “climate bill” (feeds read at 10:00):\n"
        "1. Parliament passes climate bill after a long night (The Courier, today at 07:00)\n"
        "2. Critics call the climate bill a burden for farmers (The Gazette, today at 05:00)"
    )
    assert await ask("search_news", topic="dragons") == (
        "There is nothing about “dragons” in 4 news feeds (read at 10:00)."
    )
    with pytest.raises(RequestError, match="about"):
        await ask("search_news", topic="  ? ")


async def test_an_article_of_the_list_is_told_in_its_own_first_sentences(ask: Ask, turn: Turn):
    await ask("get_news")
    words = await ask("get_article", number=1)
    assert words.startswith(
        "“Harbour tunnel opens after nine years of works” (The Courier, today at 09:00) begins: The harbour tunnel "
        "opened on Monday after nine years of works. Mr. Duarte, the mayor, drove through it in an electric bus."
    )
    assert words.endswith("(These are its own first sentences.)")
    assert "Accept all cookies" not in words
    assert "port authority" in await ask("get_article", title="harbour tunnel", whole_text=True)


async def test_other_conversations_have_lists_of_their_own(ask: Ask, turn: Turn):
    await ask("get_news")
    with pytest.raises(RequestError, match="Ask for the headlines first"):
        await ask("get_article", turn=replace(turn, thread="garden"), number=2)
    with pytest.raises(RequestError, match="name one from 1 to 5"):
        await ask("get_article", number=6)
    assert "Critics call" in await ask("get_article", number=-1)


async def test_a_page_without_text_leaves_what_the_feed_tells(ask: Ask):
    assert await ask("get_article", title="nurses strike") == (
        "“Nurses end strike over pay” (The Gazette, today at 06:00): its page gave no text; its feed says: "
        "The strike lasted nine days."
    )
    with pytest.raises(NotFoundError, match="has an article called “a tale of dragons and kings”"):
        await ask("get_article", title="a tale of dragons and kings")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (HTMLResponse("no", 403), "The Gazette does not show the page of that article to programs."),
        (Response("%PDF", media_type="application/pdf"), "The Gazette gave an answer that is no HTML."),
        (HTMLResponse("no", 404), "The Gazette refused the request (HTTP 404)."),
    ],
)
async def test_a_page_that_is_refused_is_a_sentence(
    ask: Ask, press: FeedsWorld, answer: Response, words: str
):
    press.failing["/page/nurses"] = answer
    with pytest.raises(BrokenAnswerError) as caught:
        await ask("get_article", title="nurses strike")
    assert str(caught.value) == words


async def test_without_a_service_for_the_sides_the_outlets_wordings_stand_side_by_side(ask: Ask):
    assert await ask("compare_coverage", topic="the climate bill") == (
        "There is no service set up that knows the sides. In the feeds (read at 10:00), which are not sorted by side:\n"
        "- The Courier: “Parliament passes climate bill after a long night”\n"
        "- The Gazette: “Critics call the climate bill a burden for farmers”"
    )


async def test_a_feed_is_asked_again_only_after_its_time_and_only_whether_it_changed(
    ask: Ask, press: FeedsWorld, clock: Clock
):
    await ask("get_news")
    await ask("get_news")
    assert len(press.asked("/courier.xml")) == 1
    clock.now += timedelta(minutes=21)
    assert "Harbour tunnel" in await ask("get_news")
    again = press.asked("/courier.xml")[1]
    assert again.headers["if-none-match"] == '"/courier.xml-1"'
    assert "ana@example.org" in again.headers["user-agent"]


async def test_a_feed_that_fails_costs_nobody_the_others_and_is_named(ask: Ask, press: FeedsWorld):
    press.failing["/courier.xml"] = Response("down", 503)
    words = await ask("get_news")
    assert "1. Nurses end strike" in words
    assert words.endswith("\nNo answer from The Courier.")
    asked = len(press.asked("/courier.xml"))
    await ask("get_news")
    assert len(press.asked("/courier.xml")) == asked, "it is left alone for a while"


async def test_what_a_feed_gave_before_is_still_told_when_it_fails(ask: Ask, press: FeedsWorld, clock: Clock):
    await ask("get_news")
    press.failing["/courier.xml"] = HTMLResponse("<html>Just a moment</html>")
    clock.now += timedelta(minutes=30)
    words = await ask("get_news")
    assert "Parliament passes climate bill" in words
    assert "No answer" not in words
    assert "(feeds read at 10:00)" in words, "the age of the oldest of them"
    clock.now += timedelta(days=2)
    assert "No answer from The Courier" in await ask("get_news")


async def test_a_feed_that_is_gone_for_good_is_not_asked_again(ask: Ask, press: FeedsWorld, clock: Clock):
    press.failing["/courier.xml"] = Response("gone", 410)
    for _ in range(3):
        assert "No answer from The Courier." in await ask("get_news")
        clock.now += timedelta(hours=1)
    assert len(press.asked("/courier.xml")) == 1


async def test_when_no_feed_answers_it_is_not_called_no_news(ask: Ask, press: FeedsWorld):
    for path in ("/courier.xml", "/gazette.atom"):
        press.failing[path] = Response("down", 503)
    with pytest.raises(
        UnreachableError, match="No news feed answers now: The Courier and The Gazette gave nothing"
    ):
        await ask("get_news")


async def test_a_section_or_source_without_a_feed_says_how_to_set_one(ask: Ask):
    with pytest.raises(NotFoundError, match="No local feed is set up: add one to PASSFEL_NEWS__FEEDS"):
        await ask("get_news", section="local")
    with pytest.raises(NotFoundError, match="None of the news feeds is of “The Herald”"):
        await ask("get_news", source="The Herald")


async def test_a_feed_that_leads_into_the_house_is_refused(press: FeedsWorld, call: Call, turn: Turn):
    async with Http() as http:  # no private host is allowed
        inside = Feeds(http, lambda: (Feed("Router", f"{press.url}/courier.xml", "world"),))
        with pytest.raises(UnreachableError):
            await call(news_tools(inside, WebPages(http))[0], turn)
    assert not press.requests


async def test_the_doctor_counts_the_feeds_that_answer(provider: Feeds, http: Http, press: FeedsWorld):
    press.failing["/wire.json"] = Response("{", media_type="application/json")
    assert await provider.check() == "3 of 4 feeds answer. The Wire gave something that is no feed."
    with pytest.raises(SettingsError, match="No feeds are set up"):
        await Feeds(http, lambda: ()).check()


async def test_the_tools_are_of_the_news_and_read_what_others_wrote(provider: Feeds, http: Http):
    tools = news_tools(provider, WebPages(http))
    assert {(domain_of(tool), annotations_of(tool)) for tool in tools} == {("news", READS_WORLD)}
    assert [tool.name for tool in tools] == ["get_news", "search_news", "get_article", "compare_coverage"]
