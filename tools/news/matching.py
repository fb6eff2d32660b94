"""Which articles are meant, and which tell the same story."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from urllib.parse import urlsplit

from passfel.household.article import Article

ALIKE = 0.6
"""From this share of common words on, two titles tell the same story."""
LEAST_WORDS = 4
SMALL = frozenset(
    re.findall(
        r"\w+",
        "a an and are as at be by for from has have he her his how i in into is it its new not of on or over says say "
        "said she than that the their they this to up us was were what when who why will with after about more out",
    )
)
_WORD = re.compile(r"[^\W_]+")


def words_of(text: str) -> frozenset[str]:
    """The words that carry meaning, without case, accents and plural s."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    found = (word[:-1] if len(word) > 3 and word.endswith("s") else word for word in _WORD.findall(plain))
    return frozenset(word for word in found if word not in SMALL)


def merge_stories(articles: Iterable[Article]) -> list[Article]:
    """Each story once: the first that tells it, with the names of the others."""
    kept: list[tuple[Article, frozenset[str], str]] = []
    for article in articles:
        words, address = words_of(article.title), canonical(article.url)
        for index, (other, its_words, its_address) in enumerate(kept):
            if (address and address == its_address) or _alike(words, its_words):
                kept[index] = (_with(other, article.source), its_words, its_address)
                break
        else:
            kept.append((article, words, address))
    return [article for article, _, _ in kept]


def _alike(words: frozenset[str], others: frozenset[str]) -> bool:
    if len(words) < LEAST_WORDS or len(others) < LEAST_WORDS:
        return words == others and bool(words)
    return len(words & others) / len(words | others) >= ALIKE


def _with(article: Article, source: str) -> Article:
    if source == article.source or source in article.also:
        return article
    return article.model_copy(update={"also": (*article.also, source)})


def canonical(url: str) -> str:
    """The address without what only tells where the reader came from."""
    parts = urlsplit(url)
    query = "&".join(
        part
        for part in parts.query.split("&")
        if part and not part.casefold().startswith(("utm_", "at_", "cmp=", "ref=", "ns_", "fbclid"))
    )
    host = parts.netloc.removeprefix("www.").removeprefix("m.")
    return f"{host}{parts.path.rstrip('/')}{'?' + query if query else ''}" if host else ""


def about(articles: Sequence[Article], topic: str) -> list[Article]:
    """The articles about a topic: every word of it in the title or the summary; those with it in the title first."""
    wanted = words_of(topic)
    if not wanted:
        return []
    found = []
    for article in articles:
        title = words_of(article.title)
        if wanted <= title | words_of(article.summary):
            found.append((-len(wanted & title), _age(article), article))
    return [article for _, _, article in sorted(found, key=lambda item: item[:2])]


def _age(article: Article) -> float:
    return -article.published_at.timestamp() if article.published_at else 0.0


def best(articles: Sequence[Article], said: str) -> Article | None:
    """The article whose title has most of the words that were said; None where that is hardly any."""
    wanted = words_of(said)
    if not wanted:
        return None
    return _best(articles, lambda article: len(wanted & words_of(article.title)) / len(wanted))


def _best(articles: Sequence[Article], share: Callable[[Article], float]) -> Article | None:
    found = max(articles, key=share, default=None)
    return found if found is not None and share(found) >= 0.5 else None
