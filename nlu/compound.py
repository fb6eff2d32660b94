"""Several requests in one breath: "turn off the lamp and remind me at six to call Ana"."""

import re
from collections.abc import Iterator
from functools import cache

from passfel.nlu.language import load

MOST = 4
"""Requests looked for in one utterance."""
MOST_JOINTS = 6
LONGEST = 400
"""Characters; nobody makes four requests in more, and every try takes time."""


def splits(text: str, language: str) -> Iterator[list[str]]:
    """Ways to cut `text` at its joints into two to four parts, the fewest parts first."""
    joints = list(_joints(language).finditer(text)) if len(text) <= LONGEST else []
    if len(joints) > MOST_JOINTS:
        return
    for count in range(1, min(MOST, len(joints) + 1)):
        yield from _cut(text, joints, count)


def _cut(text: str, joints: list[re.Match[str]], count: int, begin: int = 0) -> Iterator[list[str]]:
    if count == 0:
        yield [text[begin:].strip()]
        return
    for index, joint in enumerate(joints):
        head = text[begin : joint.start()].strip()
        if joint.start() > begin and head:
            for tail in _cut(text, joints[index + 1 :], count - 1, joint.end()):
                if tail[0]:
                    yield [head, *tail]


@cache
def _joints(language: str) -> re.Pattern[str]:
    words = "|".join(
        re.escape(word) for word in sorted(load(language, "politeness")["joints"], key=len, reverse=True)
    )
    return re.compile(rf"\s*[,;.]\s+(?:(?:{words})\s+)?|\s+(?:{words})\s+", re.IGNORECASE)
