"""Answers that the real services gave are read by the real code: a table of what is in each of them."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.responses import Response

from passfel.household.errors import (
    BrokenAnswerError,
    LimitedError,
    NotFoundError,
    RequestError,
    UnreachableError,
)
from passfel.household.knowledge import PartialDate, Quantity, Statement
from passfel.tests.servers.known import Known
from passfel.tools.http import Http
from passfel.tools.knowledge.arxiv import Arxiv, ArxivSettings, read_feed
from passfel.tools.knowledge.instant import read_answer
from passfel.tools.knowledge.statements import best_first, bindings, read_claims, read_rows
from passfel.tools.knowledge.tools import Knowledge
from passfel.tools.knowledge.wikidata import label_of
from passfel.tools.knowledge.wikidata import read_search as found_items
from passfel.tools.knowledge.wikimedia import read_action
from passfel.tools.knowledge.wikipedia import read_page, read_search, read_summary

RECORDINGS = Path(__file__).parents[3].parent / "shared" / "recordings"
Recording = Callable[[str], bytes]


def recorded(service: str) -> set[str]:
    folder = RECORDINGS / service
    return {path.name for path in folder.iterdir()} if folder.is_dir() else set()


SEARCHES = {
    "action_search_chess_set_srlimit3.json": ("Chess set", 3, ""),
    "action_search_chest_set_with_suggestion.json": ("The Seekers", 10, "chess set"),
    "action_search_gobbilygook_no_result.json": ("", 0, ""),
    "action_prefixsearch_ba.json": ("Ba", 10, ""),
    # Lists that the assistant never asks for hold no search, and that is no error.
    "action_categorymembers_chess.json": ("", 0, ""),
    "action_geosearch_new_york_10000m.json": ("", 0, ""),
    "action_siteinfo_languages.json": ("", 0, ""),
}
PAGES = {
    "action_extract_chess_exchars50.json": (
        "Chess",
        "Chess is a two-player strategy board game played on...",
        0,
    ),
    "action_extract_chess_exsentences5.json": (
        "Chess",
        "Chess is a two-player strategy board game played on a",
        0,
    ),
    "action_info_pageprops_castor_normalized_redirect.json": ("Castor", "", 1),
    "action_info_pageprops_disambiguation_bush.json": ("Bush", "", 1),
    "action_coordinates_washington_monument.json": ("Washington Monument", "", 0),
    "action_links_minor_planets_continue.json": ("List of named minor planets (numerical)", "", 0),
    "action_revisions_html_disambiguation_bush.json": ("Bush", "", 0),
}
WIKIPEDIA_ERRORS = {
    "action_info_pageprops_missing_pageid.json",
    "action_geosearch_coord_invalid_error.json",
    "rest_summary_404.json",
    "error_403_user_agent.txt",
}


@pytest.mark.parametrize(("name", "first", "count", "suggestion"), [(n, *row) for n, row in SEARCHES.items()])
def test_wikipedias_searches_are_read(
    recording: Recording, name: str, first: str, count: int, suggestion: str
):
    titles, meant = read_search(json.loads(recording(f"wikipedia/{name}")))
    assert (titles[0] if titles else "", len(titles), meant) == (first, count, suggestion)


@pytest.mark.parametrize(("name", "title", "text", "choices"), [(n, *row) for n, row in PAGES.items()])
def test_wikipedias_pages_are_read(recording: Recording, name: str, title: str, text: str, choices: int):
    found = read_page(json.loads(recording(f"wikipedia/{name}")))
    assert (found.title, len(found.choices)) == (title, choices)
    assert found.text.startswith(text)


def test_a_page_of_many_meanings_is_known_by_its_type(recording: Recording):
    found = read_summary(json.loads(recording("wikipedia/rest_summary_disambiguation.json")))
    assert (found.title, found.choices, found.item) == ("Test", ("Test",), "Q224615")
    assert found.edited_at is not None
    assert found.edited_at.isoformat() == "2022-10-05T23:37:58+00:00"


def test_wikipedias_errors_are_errors(recording: Recording):
    with pytest.raises(NotFoundError):
        read_page(json.loads(recording("wikipedia/action_info_pageprops_missing_pageid.json")))
    with pytest.raises(NotFoundError):
        read_summary(json.loads(recording("wikipedia/rest_summary_404.json")))
    with pytest.raises(BrokenAnswerError):
        read_action(json.loads(recording("wikipedia/action_geosearch_coord_invalid_error.json")), "Wikipedia")


@pytest.mark.parametrize("service", ["wikipedia", "wikidata"])
async def test_wikimedias_block_is_explained(
    known: Known, knowledge: Knowledge, recording: Recording, service: str
):
    body = recording(f"{service}/error_403_user_agent.txt")
    world = known.wikipedia if service == "wikipedia" else known.wikidata
    world.instead = lambda _: Response(body, 403, media_type="text/plain")
    with pytest.raises(UnreachableError, match="PASSFEL_HTTP__CONTACT"):
        if service == "wikipedia":
            await knowledge.encyclopaedias[0].summary("Chess")
        else:
            await knowledge.facts.fact("Chess", "inventor")


ENTITIES = {  # label, a property, and what the statements say that stand for it
    "Q2112.json": ("Bielefeld", "P1082", ["334002, 31 December 2021"]),
    "Q22002395.json": ("", "P50", ["Q1128109", "Q1181545", "Q1747747"]),
    "Q4115189.json": ("Wikidata Sandbox", "P569", ["1291"]),
    "Q4132785.json": ("Bring the Jubilee", "P577", ["1953"]),
    "Q571.json": ("book", "P279", ["Q2342494", "Q18593264", "Q49848", "Q732577"]),
    "Q970917.json": ("", "P569", ["November 1869", "November 1990", "1990"]),
    "L525.json": ("maison", "P5185", ["Q1775415"]),
}


@pytest.mark.parametrize(("name", "label", "about", "said"), [(n, *row) for n, row in ENTITIES.items()])
def test_wikidatas_entities_are_read(
    recording: Recording, name: str, label: str, about: str, said: list[str]
):
    entity = json.loads(recording(f"wikidata/{name}"))
    statements = best_first(read_claims(entity["claims"]))
    assert label_of(entity) == label
    assert [told(statement) for statement in statements if statement.property == about] == said


def told(statement: Statement) -> str:
    value = statement.value
    words = str(value.amount) if isinstance(value, Quantity) else getattr(value, "name", "") or str(value)
    words = value.say() if isinstance(value, PartialDate) else words
    return f"{words}, {statement.at.say()}" if statement.at else words


@pytest.mark.parametrize(
    ("name", "ids"),
    [
        # A thing without a description is kept, a page that only lists others is not.
        ("wbsearchentities_ambiguous_no_description.json", ["Q36724", "Q4818461", "Q4818464"]),
        ("wbsearchentities_by_id.json", ["Q192465"]),
        ("wbsearchentities_empty.json", []),
        ("wbsearchentities_universe_continue.json", ["Q1"]),
    ],
)
def test_wikidatas_searches_are_read(recording: Recording, name: str, ids: list[str]):
    found = [item.id for item in found_items(json.loads(recording(f"wikidata/{name}")))]
    assert found[: len(ids)] == ids
    assert bool(found) == bool(ids)


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("no_datatype_sparql_results.json", 1),
        ("single_var_sparql_results.json", 5),
        ("sparql_results_with_nested_associated_variables.json", 2),
        ("sparql_results_with_statements.json", None),
    ],
)
def test_results_of_other_queries_hold_no_statements_and_are_no_error(
    recording: Recording, name: str, rows: int | None
):
    answer = json.loads(recording(f"wikidata/{name}"))
    assert list(read_rows(answer)) == []
    assert len(bindings(answer)) == (rows or len(answer["results"]["bindings"]))


ARXIV = {
    "id_list_1605.08386.atom.xml": (1, 1, "1605.08386v1", "Heat-bath random walks with Markov bases", 2),
    "id_list_1707.08567.atom.xml": (1, 1, "1707.08567v1", None, None),
    "id_list_2104.12255v1.atom.xml": (1, 1, "2104.12255v1", None, None),
    "id_list_invalid_but_wellformed.atom.xml": (0, 0, "", None, None),
    "id_list_old_style_astro-ph.atom.xml": (1, 1, "astro-ph/0601001v1", None, 4),
    "id_list_old_style_quant-ph.atom.xml": (1, 1, "quant-ph/0201082v1", None, None),
    "id_list_one_missing_one_found.atom.xml": (1, 1, "1707.08567v1", None, None),
    "search_testing_p1_10.atom.xml": (10, None, None, None, None),
    "search_testing_p1_100.atom.xml": (100, None, None, None, None),
    "search_testing_start10_10.atom.xml": (10, None, None, None, None),
    "search_testing_start50_10.atom.xml": (10, None, None, None, None),
}


@pytest.mark.parametrize(
    ("name", "count", "total", "first", "title", "authors"), [(n, *row) for n, row in ARXIV.items()]
)
def test_arxivs_feeds_are_read(
    recording: Recording,
    name: str,
    count: int,
    total: int | None,
    first: str | None,
    title: str | None,
    authors: int | None,
):
    found = read_feed(recording(f"arxiv/{name}"), "testing")
    paper = found.papers[0] if found.papers else None
    assert len(found.papers) == count
    assert total in (None, found.total)
    assert first in (None, paper.id if paper else "")
    if paper is not None:
        assert title in (None, paper.title)
        assert authors in (None, len(paper.authors))
        assert all("\n" not in one.title and one.authors and one.abstract for one in found.papers)


async def test_arxivs_error_is_the_persons(known: Known, http: Http, recording: Recording):
    body = recording("arxiv/id_list_abc_http400.atom.xml")
    with pytest.raises(RequestError, match="incorrect id format for abc"):
        read_feed(body, "abc")
    known.arxiv.instead = lambda _: Response(body, 400, media_type="application/atom+xml")
    with pytest.raises(RequestError, match="incorrect id format for abc"):
        await Arxiv(http, ArxivSettings(url=known.arxiv.query_url)).papers("abc")


async def test_duckduckgos_results_are_read(known: Known, knowledge: Knowledge, recording: Recording):
    body = recording("duckduckgo/html_results_excerpt_2021.html")
    known.web.instead = lambda _: Response(body, media_type="text/html")
    found = await knowledge.searches[0].search("query", most=10)
    assert len(found.pages) == 7
    assert found.pages[0].title == "Query | Definition of Query by Merriam-Webster"
    assert found.pages[0].url == "https://www.merriam-webster.com/dictionary/query"
    assert found.pages[0].snippet.startswith("Query definition is - question, inquiry.")


@pytest.mark.parametrize("status", [200, 202])
async def test_duckduckgos_page_for_robots_is_a_block(
    known: Known, knowledge: Knowledge, recording: Recording, status: int
):
    body = recording("duckduckgo/html_bot_challenge_2026.html")
    known.web.instead = lambda _: Response(body, status, media_type="text/html")
    with pytest.raises(LimitedError, match="takes PASSFEL for a robot"):
        await knowledge.searches[0].search("rust serde derive")


def test_an_instant_answer_without_text_names_what_it_may_be(recording: Recording):
    found = read_answer(json.loads(recording("duckduckgo/instant_answer_type_C.json")))
    assert found is not None
    assert found.title == "The Simpsons characters"
    assert found.source == "DuckDuckGo, from Wikipedia"
    assert found.choices[0] == "Apu Nahasapeemapetilan"


def test_every_recording_is_read_by_some_test():
    ours = Path(__file__).read_text("utf-8")
    for service in ("wikipedia", "wikidata", "arxiv", "duckduckgo"):
        assert [name for name in sorted(recorded(service)) if name not in ours] == []
