"""Strangers' text made fit for a sentence: one line, a few sentences, no steering marks."""

import re

from passfel.household.wording import plain_text

_NOTES = re.compile(r"\[\d+\]|\s*\(\s*[;,]?\s*\)")
_END = re.compile(r"(?<=[.!?])[”\"')\]]*\s+(?=[A-ZÀ-ÞΑ-ΩА-Я0-9“\"'(])")
_NO_END = re.compile(
    r"(?:\b[A-Z]|\b(?:Dr|Mr|Mrs|Ms|St|Jr|Sr|vs|c|ca|b|d|fl|No|Vol|approx|lit|e\.g|i\.e|etc|Inc|Ltd|Prof|Gen|Sen)|\d)\.$"
)


def one_line(text: str, most: int) -> str:
    """The text on one line, cut at a word with a mark where it is longer than `most`."""
    line = " ".join(plain_text(_NOTES.sub("", text)).split())
    if len(line) <= most:
        return line
    return line[:most].rsplit(" ", 1)[0].rstrip(",;:.") + " …"


def first_sentences(text: str, count: int, most: int = 500) -> str:
    """The first sentences of a text; "J. S. Bach" and "Dr. Who" end none."""
    line = " ".join(plain_text(_NOTES.sub("", text.partition("\n\n")[0])).split())
    sentences: list[str] = []
    begin = 0
    for end in _END.finditer(line):
        if _NO_END.search(line[begin : end.start()]):
            continue
        sentences.append(line[begin : end.start()])
        begin = end.end()
        if len(sentences) == count:
            break
    else:
        sentences.append(line[begin:])
    return one_line(" ".join(filter(None, sentences)), most)
