"""Feeds, addresses, dates and lists as they really are: recorded ones, and made-up crooked ones."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passfel.household.article import Article
from passfel.household.errors import BrokenAnswerError, RequestError
from passfel.tools.http_messages import Reply
from passfel.tools.news.feed_list import DEFAULT_FEEDS, SECTIONS, Feed, NewsSettings, feeds_of, read_entry
from passfel.tools.news.feed_reading import read_date, read_feed, to_line
from passfel.tools.news.matching import about, best, canonical, merge_stories
from passfel.tools.news.opml import FeedFile, read_opml, write_opml
from passfel.tools.news.page_text import extract, lead, sentences

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
FEED = Feed("The Paper", "https://paper.example/feed", "world")


def _recordings() -> Path | None:
    for folder in Path(__file__).resolve().parents:
        found = folder.parent / "shared" / "recordings" / "feeds"
        if (folder / "pyproject.toml").is_file() and found.is_dir():
            return found
    return None


RECORDINGS = _recordings()


def read(body: bytes, kind: str = "application/xml") -> list[Article]:
    return read_feed(
        Reply("The Paper", 200, "https://paper.example/feed", {"content-type": kind}, body), FEED, NOW
    )


TABLE = """
atom-customfields.atom.xml                   15 15 15 Buy Now,
bbc_africa_2026_unescaped_ampersand.rss.xml  1 1 1 Uganda e
bbc_world_2026_excerpt.rss.xml               2 2 2 Japan's
craigslist.rss.xml                           25 25 25 Bright,
encoding.rss.xml                             40 40 40 Mãe de u
gulp-atom.atom.xml                           10 10 10 v3.9.0
heraldsun.rss.xml                            2 0 2 The Firs
incomplete-fields.atom.xml                   0 0 0
instant-article.rss.xml                      1 1 1 My first
missing-fields.atom.xml                      0 0 0
narro.rss.xml                                1 1 1 FAQ for
pagination-links.rss.xml                     1 1 1 The Firs
reddit-atom.rss.xml                          24 24 24 The Diff
reddit-home.rss.xml                          24 24 24 How the
reddit.rss.xml                               24 24 24 The wate
rss-1.rss.xml                                60 60 60 Food for
unrecognized.rss.xml                         The Paper gave something that is no feed.
uolNoticias.rss.xml                          15 0 15 Ibope: B
"""
"""Name, articles, those with a date, those with an address, and the beginning of the first title."""


def told(name: str) -> str:
    assert RECORDINGS is not None
    try:
        articles = read((RECORDINGS / name).read_bytes())
    except BrokenAnswerError as error:
        return error.sentence
    dated = sum(article.published_at is not None for article in articles)
    linked = sum(bool(article.url) for article in articles)
    return f"{len(articles)} {dated} {linked} {articles[0].title[:8] if articles else ''}".strip()


ROWS = dict(line.split(None, 1) for line in TABLE.strip().splitlines())


@pytest.mark.skipif(RECORDINGS is None, reason="no recordings beside the repository")
def test_every_recorded_feed_is_read_as_the_table_says():
    assert RECORDINGS is not None
    found = {path.name: told(path.name) for path in sorted(RECORDINGS.glob("*.xml"))}
    assert found == {name: " ".join(row.split()) for name, row in ROWS.items()}


@pytest.mark.skipif(RECORDINGS is None, reason="no recordings beside the repository")
def test_the_parser_s_own_corpus_breaks_nothing():
    assert RECORDINGS is not None
    answers = {path.name: told(f"feedparser/{path.name}") for path in (RECORDINGS / "feedparser").iterdir()}
    broken = sorted(name for name, answer in answers.items() if answer.endswith("no feed."))
    assert (len(answers), broken) == (161, ["illformed__rss_empty_document.xml"])


def test_a_feed_may_not_name_files_or_run_anything():
    body = b"""<rss version="2.0"><channel><title>x</title><item><title>&lt;script&gt;alert(1)&lt;/script&gt;Sun\x1b[31m
      &amp;amp; rain</title><link>file:///etc/passwd</link><description>&lt;img src=x onerror=y&gt;Dry</description>
      </item></channel></rss>"""
    article = read(body)[0]
    assert (article.title, article.url, article.summary) == ("Sun[31m & rain", "", "Dry")


def test_a_date_in_the_far_future_is_none():
    item = "<item><title>Tomorrow's news today, and more</title><pubDate>Mon, 23 Nov 2099 10:00:00 GMT</pubDate></item>"
    assert read(f'<rss version="2.0"><channel>{item}</channel></rss>'.encode())[0].published_at is None


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("Mon, 23 Nov 2026 09:00:00 +0100", 8),
        ("2026-11-23T09:00:00Z", 9),
        ("Mon, 23 Nov 2026 09:00:00 BST", 8),
        ("Mon, 23 Nov 2026 09:00:00 EST", 14),
        ("23 November 2026 09:00", 9),
        ("2026-11-23 09:00:00", 9),
    ],
)
def test_dates_of_many_kinds_are_read(text: str, hour: int):
    moment = read_date(text)
    assert moment is not None
    assert (moment.day, moment.hour, moment.tzinfo) == (23, hour, UTC)


@pytest.mark.parametrize("text", ["", "yesterday-ish", "99/99/9999 99:99", None, 7, "x" * 500])
def test_what_is_no_date_is_none(text: object):
    assert read_date(text) is None


@given(st.binary(max_size=400))
def test_no_bytes_break_the_reader(body: bytes):
    try:
        articles = read(body)
    except BrokenAnswerError:
        return
    assert all("\n" not in article.title for article in articles)


def test_json_feeds_are_read_and_other_json_is_none():
    body = b"""{"version": "https://jsonfeed.org/version/1", "items": [
      {"title": "One", "url": "/one", "date_published": "2026-11-23T08:00:00+01:00", "content_html": "<p>Hi</p>"},
      {"content_text": "No title here"}, "what", {"id": 3}]}"""
    one, two = read(body, "text/plain")
    assert (one.url, one.summary, one.published_at) == (
        "https://paper.example/one",
        "Hi",
        NOW.replace(hour=7),
    )
    assert (two.title, two.url) == ("No title here", "")
    with pytest.raises(BrokenAnswerError, match="something that is no feed"):
        read(b'{"error": "no"}', "application/json")


def test_one_line_holds_no_markup_and_ends_at_a_word():
    assert to_line("<p>A&nbsp;B</p>\n<style>x{}</style>  C", 80) == "A B C"
    assert to_line("five is < than six &amp; > four", 80) == "five is < than six & > four"
    assert to_line("one two three", 9) == "one two …"


def article(title: str, source: str = "A", url: str = "") -> Article:
    return Article(title=title, source=source, url=url)


def test_the_same_story_is_told_once():
    merged = merge_stories(
        [
            article("Harbour tunnel opens after nine years", "A", "https://a.example/1?utm_source=x"),
            article("Harbour tunnel finally opens after nine years", "B", "https://b.example/9"),
            article("Tunnel", "C", "https://www.a.example/1/"),
            article("Tunnel", "D", "https://d.example/2"),
            article("Harbour tunnel closes", "E"),
        ]
    )
    assert [(one.source, one.also) for one in merged] == [("A", ("B", "C")), ("D", ()), ("E", ())]
    assert canonical("https://m.a.example/x/?id=3&at_medium=RSS#top") == "a.example/x?id=3"


def test_a_topic_is_found_whatever_its_case_accents_and_plural():
    paper = [article("Élections in Sines"), article("A new mayor")]
    assert about(paper, "the election") == paper[:1]
    assert about(paper, "the") == []
    assert best(paper, "new mayor elected") == paper[1]
    assert best(paper, "old king and queen") is None


def test_the_lead_is_the_first_whole_sentences():
    text = "HEADLINE WITHOUT END\nMr. Duarte spoke on Monday. He said “no.” Then he left the U.S. embassy.\nMore came."
    assert sentences(text) == [
        "Mr. Duarte spoke on Monday.",
        "He said “no.”",
        "Then he left the U.S. embassy.",
        "More came.",
    ]
    assert lead(text, 45) == "Mr. Duarte spoke on Monday. He said “no.”"
    assert extract(b"") == ""
    assert lead(extract(b"\x00\xff<not html")) == ""


def test_the_settings_name_feeds_in_words():
    assert read_entry("https://www.gazette.example/rss") == Feed(
        "gazette.example", "https://www.gazette.example/rss"
    )
    entry = "local: The Gazette | https://gazette.example/rss"
    assert read_entry(entry) == Feed("The Gazette", "https://gazette.example/rss", "local")
    listed = feeds_of(NewsSettings(feeds=(entry,)), (Feed("Mine", DEFAULT_FEEDS[0].url),))
    assert listed[0].name == "The Gazette"
    assert [feed.name for feed in listed].count("BBC News") == 0, "the household's own name for it counts"
    assert len(listed) == len(DEFAULT_FEEDS) + 1
    assert feeds_of(NewsSettings(default_feeds=False)) == ()
    for wrong in ("gazette", "file:///etc/passwd", "gossip: The Sun | https://sun.example"):
        with pytest.raises(ValueError, match=r"is no (feed|section)"):
            NewsSettings(feeds=(wrong,))


def test_the_default_feeds_are_sensible():
    assert {feed.section for feed in DEFAULT_FEEDS} == set(SECTIONS) - {"local"}
    assert all(feed.url.startswith("https://") for feed in DEFAULT_FEEDS)
    assert (
        len({feed.name for feed in DEFAULT_FEEDS})
        == len({feed.url for feed in DEFAULT_FEEDS})
        == len(DEFAULT_FEEDS)
    )


OPML = b"""<?xml version="1.0"?><opml version="1.0"><head/><body>
  <outline text="Tech"><outline type="rss" text="The Wire" xmlUrl="https://wire.example/feed"/></outline>
  <outline text="Friends"><outline title="Ana" XMLURL="https://ana.example/feed" category="/local"/></outline>
  <outline xmlUrl="https://plain.example/rss"/><outline text="bad" xmlUrl="javascript:alert(1)"/></body></opml>"""


def test_an_opml_list_is_read_kept_and_written(tmp_path: Path):
    imported = read_opml(OPML)
    assert imported == (
        Feed("The Wire", "https://wire.example/feed", "technology"),
        Feed("Ana", "https://ana.example/feed", "local"),
        Feed("plain.example", "https://plain.example/rss"),
    )
    assert read_opml(write_opml(imported)) == imported
    file = FeedFile(tmp_path / "data")
    assert file.feeds() == ()
    assert (file.add(imported), file.add(imported)) == (3, 0)
    assert FeedFile(tmp_path / "data").feeds() == file.feeds() == imported
    assert (file.remove("https://ana.example/feed"), file.remove("https://ana.example/feed")) == (True, False)
    assert len(file.feeds()) == 2


@pytest.mark.parametrize(
    "body", [b"", b"<html/>", b"not xml", b'<!DOCTYPE x [<!ENTITY a "b">]><opml/>', b"x" * 3_000_000]
)
def test_what_is_no_opml_is_a_sentence(body: bytes):
    with pytest.raises(RequestError, match=r"^That (is no OPML file|file is too large)"):
        read_opml(body)
