"""`passfel feeds`: lists in and out."""

from pathlib import Path

import pytest

from passfel.app.feeds import import_feeds, list_feeds, remove_feed
from passfel.household.errors import NotFoundError, RequestError

OPML = """<opml version="2.0"><head/><body><outline text="Tech">
<outline type="rss" text="The Wire" xmlUrl="https://wire.example/feed"/></outline></body></opml>"""


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSFEL_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("PASSFEL_NEWS__FEEDS", '["local: The Gazette | https://gazette.example/rss"]')


def test_what_was_imported_is_listed_beside_the_settings_and_the_defaults(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    file = tmp_path / "mine.opml"
    file.write_text(OPML, "utf-8")
    assert import_feeds(file) == import_feeds(file) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("1 feed in mine.opml, 1 of them new; kept in ")
    assert "none of them new" in told[1]
    assert list_feeds() == 0
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert lines[:2] == [
        "settings local The Gazette https://gazette.example/rss",
        "imported technology The Wire https://wire.example/feed",
    ]
    assert lines[2].startswith("default world BBC News https://")
    assert remove_feed("https://wire.example/feed") == 0
    with pytest.raises(NotFoundError, match="is no feed that was imported"):
        remove_feed("https://wire.example/feed")


def test_a_file_that_is_no_list_is_a_sentence(tmp_path: Path):
    with pytest.raises(RequestError, match=r"can't be read \(no such file or directory\)"):
        import_feeds(tmp_path / "none.opml")
    (tmp_path / "page.html").write_text("<html/>", "utf-8")
    with pytest.raises(RequestError, match="That is no OPML file"):
        import_feeds(tmp_path / "page.html")
