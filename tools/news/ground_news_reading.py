"""Ground News' pages as stories: the data that a page carries for its own scripts first, its visible words otherwise.

No page was at hand when this was written. The names of members were read off public traces of others who read the
site; so nothing here insists on a place in the page: any object with a story's members is one.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from passfel.household.article import SIDES, Side, SideArticle, Story
from passfel.tools.news.feed_reading import to_line

SHARES: dict[str, Side] = {"leftSrcPercent": "left", "cntrSrcPercent": "center", "rightSrcPercent": "right"}
COUNTS: dict[str, Side] = {"leftSrcCount": "left", "cntrSrcCount": "center", "rightSrcCount": "right"}
MARK = '"biasSourceCount"'
MOST_STORIES = 40
FARTHEST = 20_000
"""Characters before its mark in which a story's object begins."""
LONGEST = 200
LONGEST_SUMMARY = 500
_SHARE = re.compile(
    r"(?:(\d{1,3})\s*%\s*(left|cent(?:er|re)|right))|(?:(left|cent(?:er|re)|right)\s*:?\s*(\d{1,3})\s*%)",
    re.IGNORECASE,
)
_LIST = re.compile(r'"articleSources"\s*:\s*(?=\[)')
_SOURCES = re.compile(r"(\d[\d,]*)\s+(?:news\s+)?(?:sources|articles)\b", re.IGNORECASE)


def read_stories(scripts: Sequence[str], cards: Sequence[Mapping[str, str]], base: str) -> list[Story]:
    """The stories of a page.

    Args:
        scripts: the data that the page carries for its own scripts.
        cards: links to stories with the words around them: `href` and `text`.
        base: the site's address.
    """
    found: dict[str, Story] = {}
    for script in scripts:
        for raw in objects_with(script, MARK):
            story = _story(raw, script, base)
            if story is not None and story.title:
                known = found.get(story.title)
                found[story.title] = (
                    story if known is None or len(story.articles) > len(known.articles) else known
                )
    stories = list(found.values()) or [story for card in cards if (story := _visible(card))]
    return stories[:MOST_STORIES]


def objects_with(text: str, mark: str) -> Iterator[dict[str, Any]]:
    """The innermost JSON objects that hold a member: it may lie anywhere in a text that is no JSON as a whole."""
    decoder = json.JSONDecoder()
    name, end = mark.strip('"'), 0
    for found in re.finditer(re.escape(mark), text):
        if found.start() < end:
            continue
        for start in _openings(text, found.start()):
            try:
                value, after = decoder.raw_decode(text, start)
            except (ValueError, RecursionError):
                continue
            if isinstance(value, dict) and name in value and after > found.start():
                end = after
                yield value
                break


def _openings(text: str, before: int) -> Iterator[int]:
    """Where an object that holds this place may begin, the nearest first."""
    start, tries = text.rfind("{", max(0, before - FARTHEST), before), 0
    while start >= 0 and tries < LONGEST:
        yield start
        start, tries = text.rfind("{", max(0, before - FARTHEST), start), tries + 1


def _story(raw: Mapping[str, Any], script: str, base: str) -> Story | None:
    slug = str(raw.get("slug") or "")
    summaries = raw.get("chatGptSummaries")
    told = summaries if isinstance(summaries, dict) else {}
    return Story(
        title=to_line(raw.get("title"), LONGEST),
        url=f"{base}/article/{quote(slug)}" if slug else "",
        sources=_number(raw.get("sourceCount")) or _number(raw.get("biasSourceCount")),
        shares=_shares(raw),
        counts={
            side: number for key, side in COUNTS.items() if (number := _number(raw.get(key))) is not None
        },
        blindspot=_blindspot(raw.get("blindspot")),
        factuality=to_line(raw.get("highestFactuality") or _word(raw.get("factuality")), 40),
        summaries={side: line for side in SIDES if (line := _summary(told.get(side)))},
        articles=tuple(_articles(raw, script)),
    )


def _shares(raw: Mapping[str, Any]) -> dict[Side, int]:
    """Percent; the page has fractions, and where it should have percent, they are taken as such."""
    values = {side: raw.get(key) for key, side in SHARES.items()}
    known = {side: float(value) for side, value in values.items() if isinstance(value, (int, float))}
    factor = 100 if sum(known.values()) <= 1.5 else 1
    return {side: round(value * factor) for side, value in known.items() if 0 <= value * factor <= 100}


def _articles(raw: Mapping[str, Any], script: str) -> Iterator[SideArticle]:
    listed = raw.get("articleSources") or raw.get("firstTenSources") or _beside(script)
    for item in listed if isinstance(listed, list) else ():
        about = item.get("sourceInfo") if isinstance(item, dict) else None
        if isinstance(about, dict) and item.get("title"):
            yield SideArticle(
                title=to_line(item["title"], LONGEST),
                source=to_line(about.get("name"), 60) or "an unnamed source",
                side=read_side(about.get("bias")),
                url=str(item.get("url") or ""),
            )


def _beside(script: str) -> Any:
    """On a story's own page its sources stand beside it, and not in it."""
    lists = list(_LIST.finditer(script))
    try:
        return json.JSONDecoder().raw_decode(script, lists[0].end())[0] if len(lists) == 1 else ()
    except (ValueError, RecursionError):
        return ()


def read_side(bias: Any) -> Side | None:
    """Which side a rating belongs to: "farLeft", "leanLeft", "center", "Lean Right"; None for unknown."""
    plain = str(bias or "").casefold()
    for side, words in (("left", ("left",)), ("right", ("right",)), ("center", ("center", "centre", "cntr"))):
        if any(word in plain for word in words):
            return side  # type: ignore[return-value]
    return None


def _visible(card: Mapping[str, str]) -> Story | None:
    """A story from the words around its link: "Left 20%", "Center 50%", "31 sources"."""
    words = str(card.get("text") or "")
    shares: dict[Side, int] = {}
    for found in _SHARE.finditer(words):
        side = read_side(found[2] or found[3])
        if side is not None:
            shares.setdefault(side, int(found[1] or found[4]))
    sources = _SOURCES.search(words)
    lines = [to_line(line, LONGEST) for line in words.splitlines()]
    title = max((line for line in lines if not _SHARE.search(line)), key=len, default="")
    if len(title) < 12 or not (shares or sources):
        return None
    return Story(
        title=title,
        url=str(card.get("href") or ""),
        sources=int(sources[1].replace(",", "")) if sources else None,
        shares={side: share for side, share in shares.items() if share <= 100},
    )


def _summary(value: Any) -> str:
    """References into the page's other data ("$2f") are no words."""
    line = to_line(value, LONGEST_SUMMARY) if isinstance(value, str) else ""
    return "" if re.fullmatch(r"\$\w*", line) else line


def _blindspot(value: Any) -> Side | None:
    return read_side(_word(value))


def _word(value: Any) -> str:
    if isinstance(value, Mapping):
        return next((item for item in value.values() if isinstance(item, str)), "")
    return value if isinstance(value, str) else ""


def _number(value: Any) -> int | None:
    return int(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
