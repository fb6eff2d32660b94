"""The tools that know of the world, over stand-ins that speak the services' own protocols."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from langchain_core.messages import ToolMessage
from starlette.responses import JSONResponse, PlainTextResponse

from passfel.household.errors import (
    LimitedError,
    NotFoundError,
    RequestError,
    UnreachableError,
)
from passfel.household.turn import Turn
from passfel.tests.servers.known import Known
from passfel.tools.http import Http
from passfel.tools.knowledge.tools import Knowledge, knowledge_tools

Ask = Callable[..., Awaitable[ToolMessage]]


@pytest.mark.parametrize(
    ("subject", "words"),
    [
        (
            "Ada Lovelace",
            "Augusta Ada King, Countess of Lovelace (née Byron; 10 December 1815 – 27 November 1852), also known as "
            "Ada Lovelace, was an English mathematician and writer. She is chiefly known for her work on Charles "
            "Babbage's proposed mechanical general-purpose computer, the Analytical Engine. She was the first to "
            "recognise that the machine had applications beyond pure calculation. (Wikipedia, as of 12 November 2026)",
        ),
        ("ada lovelase", "Augusta Ada King"),
        ("the eiffel tower", "The Eiffel Tower is a wrought-iron lattice tower in Paris."),
        ("Marc Brunel", "Sir Marc Isambard Brunel was a French-British engineer."),
        ("Mercury", "“Mercury” can mean several things: Mercury (planet) or Mercury (element)"),
        ("heat pumps", "For “heat pumps” DuckDuckGo finds (searched at "),
    ],
)
async def test_something_is_looked_up(ask: Ask, subject: str, words: str):
    answer = await ask("look_up", subject=subject)
    assert words in str(answer.text)
    assert all(source.name for source in answer.artifact.sources)
    assert all(source.url.startswith("https://") for source in answer.artifact.sources)


@pytest.mark.parametrize(
    ("subject", "about", "words"),
    [
        ("Angela Merkel", "age", "Angela Merkel is 72 years old, born on 17 July 1954 (Wikidata)."),
        (
            "Ada Lovelace",
            "age",
            "Ada Lovelace was born on 10 December 1815 and died on 27 November 1852, aged 36 (Wikidata).",
        ),
        ("Ada Lovelace", "death", "Ada Lovelace died on 27 November 1852, aged 36 (Wikidata)."),
        ("angela merkel", "birthday", "Angela Merkel was born on 17 July 1954 (Wikidata)."),
        ("portugal", "population", "Portugal has 10,749,635 inhabitants, as of 31 December 2024 (Wikidata)."),
        ("Portugal", "area", "Portugal has an area of 92,225.6 km² (Wikidata)."),
        ("Portugal", "currency", "The currency of Portugal is euro (Wikidata)."),
        ("Australia", "capital", "The capital of Australia is Canberra, since 9 May 1927 (Wikidata)."),
        (
            "Mont Blanc",
            "height",
            "Mont Blanc is 4,805.59 m high, above the sea, as of 5 October 2023 (Wikidata).",
        ),
        ("the Eiffel Tower", "height", "Eiffel Tower is 330 m tall (Wikidata)."),
        (
            "the Eiffel Tower",
            "founded",
            "Eiffel Tower dates from 28 January 1887 and was opened on 31 March 1889 (Wikidata).",
        ),
        ("War and Peace", "author", "The author of War and Peace is Leo Tolstoy (Wikidata)."),
        (
            "France",
            "head_of_state",
            "The head of state of France is Emmanuel Macron, since 14 May 2017 (Wikidata).",
        ),
        (
            "Georgia",
            "capital",
            "The capital of Georgia is Tbilisi (Wikidata). Georgia here is: country in the Caucasus.",
        ),
    ],
)
async def test_a_fact_is_told_with_its_date_and_source(ask: Ask, subject: str, about: str, words: str):
    answer = await ask("get_fact", subject=subject, about=about)
    assert str(answer.text) == words
    assert answer.artifact.sources[0].url.startswith("https://www.wikidata.org/wiki/Q")


async def test_an_american_hears_feet(ask: Ask, turn: Turn):
    told = await ask(
        "get_fact", in_turn=replace(turn, units="imperial"), subject="Mont Blanc", about="height"
    )
    assert "15,766.4 feet" in str(told.text)


async def test_facts_come_by_another_way_where_the_query_service_is_down(known: Known, ask: Ask):
    known.wikidata.instead = lambda request: (
        PlainTextResponse("upstream", 500) if request.url.path == "/sparql" else None
    )
    for subject, about, words in (
        ("Portugal", "population", "10,749,635 inhabitants, as of 31 December 2024"),
        ("Mont Blanc", "height", "4,805.59 m high"),
        ("Australia", "capital", "Canberra, since 9 May 1927"),
        ("Angela Merkel", "age", "72 years old"),
    ):
        assert words in str((await ask("get_fact", subject=subject, about=about)).text)


async def test_a_name_that_only_the_encyclopaedia_knows_leads_to_the_fact(ask: Ask):
    assert "aged 36" in str((await ask("get_fact", subject="Ada Byron", about="age")).text)


async def test_where_no_fact_is_known_the_article_is_told_and_said_to_be_one(ask: Ask):
    told = str((await ask("get_fact", subject="photosynthesis", about="inventor")).text)
    assert told.startswith("I found no inventor of photosynthesis, but this: Photosynthesis is a system")


async def test_what_nobody_knows_is_not_found(ask: Ask):
    with pytest.raises(NotFoundError, match="I found no age of “Xyzzy Plugh” in Wikipedia and Wikidata"):
        await ask("get_fact", subject="Xyzzy Plugh", about="age")


async def test_wikimedias_refusal_names_the_setting_that_helps(known: Known, ask: Ask):
    refuse = "Please set a user-agent and respect our robot policy https://w.wiki/4wJS. See also T400119.\n"
    known.wikipedia.instead = known.wikidata.instead = lambda _: PlainTextResponse(refuse, 403)
    with pytest.raises(UnreachableError, match="set PASSFEL_HTTP__CONTACT"):
        await ask("get_fact", subject="Portugal", about="capital")
    with pytest.raises(UnreachableError, match="set PASSFEL_HTTP__CONTACT"):
        await ask("look_up", subject="Portugal")


async def test_every_encyclopaedia_that_failed_is_named(known: Known, ask: Ask):
    known.wikipedia.instead = known.web.instead = lambda _: PlainTextResponse("upstream", 404)
    both = r"Wikipedia refused the request .* DuckDuckGo's instant answer service refused the request"
    with pytest.raises(UnreachableError, match=both):
        await ask("look_up", subject="Ada Lovelace")


async def test_an_error_of_the_action_api_is_an_error(known: Known, ask: Ask):
    known.wikipedia.instead = lambda _: JSONResponse({"error": {"code": "ratelimited", "info": "You are…"}})
    with pytest.raises(LimitedError, match="Wikipedia takes no more requests for now"):
        await ask("look_up", subject="Portugal")


async def test_a_wiki_without_summaries_is_read_by_its_action_api(known: Known, ask: Ask):
    known.wikipedia.instead = lambda request: (
        JSONResponse({"title": "Not found."}, 404) if "rest_v1" in request.url.path else None
    )
    assert "as of 12 November 2026" in str((await ask("look_up", subject="Ada Lovelace")).text)
    assert "Mercury (planet)" in str((await ask("look_up", subject="Mercury")).text)


async def test_wikimedia_hears_who_asks(known: Known, ask: Ask):
    await ask("look_up", subject="Photosynthesis")
    agents = {request.headers["user-agent"] for request in known.wikipedia.requests}
    assert len(agents) == 1
    assert "ana@example.org" in agents.pop()


async def test_the_persons_language_is_asked_for(known: Known, http: Http, turn: Turn, knowledge: Knowledge):
    await knowledge.facts.fact("Portugal", "capital", "pt-PT")
    assert known.wikidata.requests[0].query_params["uselang"] == "pt"


async def test_the_latest_papers_come_with_authors_dates_and_links(ask: Ask):
    answer = await ask("search_papers", topic="diffusion models", newest=True)
    assert str(answer.text) == (
        "The latest papers on diffusion models: “Faster Diffusion Models for Small Boxes” by Ana Silva, Tom Reis and "
        "others, 18 November 2026, 2611.01234v1; “A Survey of Diffusion Models” by Rui Costa, 2 October 2026, "
        "2610.09876v2 (arXiv, 2 papers in all, index of 23 November 2026)."
    )
    assert [source.url for source in answer.artifact.sources] == [
        "https://arxiv.org/abs/2611.01234v1",
        "https://arxiv.org/abs/2610.09876v2",
    ]


async def test_arxiv_is_asked_once_in_three_seconds_and_remembered_for_a_day(known: Known, ask: Ask):
    await ask("search_papers", topic="2610.09876")
    await ask("search_papers", topic="2610.09876")
    assert len(known.arxiv.requests) == 1
    assert known.arxiv.requests[0].query_params["id_list"] == "2610.09876"


async def test_no_papers_is_an_answer(ask: Ask):
    assert "arXiv has no papers on basketweaving" in str(
        (await ask("search_papers", topic="basketweaving")).text
    )


async def test_the_web_is_searched_and_every_page_is_a_source(ask: Ask):
    answer = await ask("search_web", query="heat pumps")
    lines = str(answer.text).splitlines()
    assert lines[0].startswith("For “heat pumps” DuckDuckGo finds (searched at ")
    assert lines[1:] == [
        "1. Heat pumps explained (example.org): How a heat pump works, in plain words.",
        "2. Heat pump subsidies in Portugal (energia.example.pt): Support for households.",
    ]
    assert [source.url for source in answer.artifact.sources] == [
        "https://www.example.org/heat-pumps",
        "https://energia.example.pt/apoios?ano=2026",
    ]


async def test_nothing_found_is_said_and_is_no_block(ask: Ask):
    assert "DuckDuckGo found nothing for “zzz”" in str((await ask("search_web", query="zzz")).text)


async def test_a_search_goes_on_to_the_next_engine_where_one_takes_us_for_a_robot(known: Known, ask: Ask):
    known.web.robots = True
    assert "Mojeek finds" in str((await ask("search_web", query="heat pumps")).text)


async def test_blocked_everywhere_is_said_as_blocked(
    known: Known, http: Http, turn: Turn, call: Callable[..., Awaitable[ToolMessage]]
):
    known.web.robots = True
    tools = knowledge_tools(known.services(http, engines=("duckduckgo",)))
    for _ in range(2):
        with pytest.raises(
            LimitedError, match=r"takes PASSFEL for a robot .* not the same as finding nothing"
        ):
            await call(tools[3], turn, query="heat pumps")
    # The second time it is left alone.
    assert len(known.web.requests) == 1


async def test_the_households_own_searxng_comes_first(
    known: Known, http: Http, turn: Turn, call: Callable[..., Awaitable[ToolMessage]]
):
    tools = knowledge_tools(known.services(http, searxng_url=f"{known.web.url}/searxng/"))
    assert "SearXNG finds" in str((await call(tools[3], turn, query="heat pumps")).text)


@pytest.mark.parametrize("subject", ["", " ?!", "x" * 201])
async def test_what_can_not_be_looked_up_is_refused(ask: Ask, subject: str):
    with pytest.raises(RequestError):
        await ask("look_up", subject=subject)


async def test_every_service_answers_the_doctor(knowledge: Knowledge):
    said = [
        await service.check() for service in (*knowledge.encyclopaedias, knowledge.facts, knowledge.papers)
    ]
    assert said == [
        "It answers.",
        "It answers.",
        "It answers: the capital of Portugal is Lisbon.",
        "It answers.",
    ]
