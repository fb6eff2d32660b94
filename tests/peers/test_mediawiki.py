"""Our Wikipedia client against a real MediaWiki 1.39 with TextExtracts (it has no REST summaries, like most wikis)."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from passfel.household.errors import BrokenAnswerError, NotFoundError
from passfel.tests.servers.peers.mediawiki import MediaWiki, unpacked
from passfel.tools.http import Http, HttpSettings
from passfel.tools.knowledge.wikimedia import get
from passfel.tools.knowledge.wikipedia import Wikipedia, WikipediaSettings

PAGES = {
    "Ada Lovelace": "'''Ada Lovelace''' (née [[Byron]]; 1815–1852) was an English mathematician. She "
    "worked with J. S. Mill and Dr. Babbage. She wrote notes.\n\n== Life ==\nShe was born in London.",
    "Ada Byron": "#REDIRECT [[Ada Lovelace]]",
    "Zé & Company / Sons?": "'''Zé & Company / Sons?''' is a firm of 5 > 3 people. It sells fish.",
    "Empty page": "{{DISPLAYTITLE:Empty page}}",
}


@pytest.fixture(scope="module")
def wiki(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MediaWiki]:
    wiki = MediaWiki(unpacked(), tmp_path_factory.mktemp("mediawiki"))
    wiki.install(PAGES)
    with wiki.serving():
        yield wiki


@pytest.fixture
async def http(wiki: MediaWiki) -> AsyncIterator[Http]:
    async with Http(HttpSettings(allowed_hosts=(wiki.host,))) as client:
        yield client


@pytest.fixture(params=[True, False], ids=["rest", "action"])
def client(request: pytest.FixtureRequest, wiki: MediaWiki, http: Http) -> Wikipedia:
    return Wikipedia(http, WikipediaSettings(url=wiki.url, rest=request.param))


async def test_an_article_is_found_and_its_first_sentences_read(client: Wikipedia, wiki: MediaWiki):
    found = await client.summary("ada lovelace")
    assert found.title == "Ada Lovelace"
    assert found.text == (
        "Ada Lovelace (née Byron; 1815–1852) was an English mathematician. "
        "She worked with J. S. Mill and Dr. Babbage. She wrote notes."
    )
    assert found.url == f"{wiki.url}/w/index.php/Ada_Lovelace"
    assert found.edited_at is not None
    assert abs(found.edited_at - datetime.now(UTC)) < timedelta(hours=1)


async def test_a_redirect_is_followed(client: Wikipedia):
    assert (await client.page("Ada Byron")).title == "Ada Lovelace"


async def test_marks_in_a_title_are_no_obstacle(client: Wikipedia):
    found = await client.page("Zé & Company / Sons?")
    assert found.text.startswith("Zé & Company / Sons? is a firm of 5 > 3 people.")


async def test_what_is_not_there_is_not_found(client: Wikipedia):
    with pytest.raises(NotFoundError):
        await client.page("Nothing of this name")
    with pytest.raises(NotFoundError, match="Wikipedia has nothing about “xyzzy plugh”"):
        await client.summary("xyzzy plugh")


async def test_a_title_that_can_not_be_is_not_found(client: Wikipedia):
    with pytest.raises(NotFoundError):
        await client.page("a <title> that [can] not be")


async def test_an_error_of_the_real_interface_is_an_error(http: Http, wiki: MediaWiki):
    with pytest.raises(BrokenAnswerError):
        await get(http, f"{wiki.url}/w/api.php", {"action": "nonsense", "format": "json"}, "Wikipedia")
