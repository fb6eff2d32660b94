"""How many tokens a prompt has at the very least, told from its bytes and from what the server counted before.

A prompt that grows at its end begins with one that the server has counted: only what was added is estimated. What is
added is counted low, a quarter lower than the wordiest text seen, for a guess must never refuse what fits.
"""

import json
import re
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

BYTES_A_TOKEN = 4.8
"""Of text without long runs of one character: more than English prose has, which is the wordiest in common use."""
TOLERANCE = 1.25
SLACK = 64
"""Tokens by which a counted beginning may shrink: the template's own words at its end."""
TELLING = 256
"""Tokens from which on a count says something about the text."""
KEPT = 512
RUN = re.compile(r"(.)\1{3,}", re.DOTALL)
"""Rulers and blank space, of which a token can hold a line."""
NO_TEXT = {"image_url", "input_audio", "file"}

Marks = Sequence[tuple[bytes, int]]
"""After the tools and after each message: a digest of everything so far, and its bytes of text."""


def marks_of(payload: Mapping[str, Any], *, squeezed: bool = False) -> Marks:
    """The marks of a request; `squeezed` counts a run of one character as a single one."""
    digest, size, marks = sha256(), 0, []
    for part in (payload.get("tools") or [], *payload["messages"]):
        digest.update(json.dumps(part, sort_keys=True, default=str).encode())
        size += _text_bytes(part, squeezed=squeezed)
        marks.append((digest.digest(), size))
    return marks


class PromptSizes:
    """What one server has counted, and the least that a prompt can be by it."""

    def __init__(self) -> None:
        """Nothing has been counted yet."""
        self._counted: OrderedDict[bytes, int] = OrderedDict()
        self._bytes_a_token = BYTES_A_TOKEN

    def at_least(self, marks: Marks) -> int:
        """The fewest tokens that this prompt can have."""
        tokens, size = self._beginning(marks)
        return int(max(0, tokens - SLACK) + (marks[-1][1] - size) / (self._bytes_a_token * TOLERANCE))

    def counted(self, marks: Marks, tokens: int) -> None:
        """Keep what the server counted; text that is wordier than any before is believed from then on."""
        before, size = self._beginning(marks)
        if tokens - before >= TELLING:
            self._bytes_a_token = max(self._bytes_a_token, (marks[-1][1] - size) / (tokens - before))
        self._counted[marks[-1][0]] = tokens
        self._counted.move_to_end(marks[-1][0])
        if len(self._counted) > KEPT:
            self._counted.popitem(last=False)

    def _beginning(self, marks: Marks) -> tuple[int, int]:
        """Tokens and bytes of the longest beginning that was counted."""
        for digest, size in reversed(marks):
            if digest in self._counted:
                return self._counted[digest], size
        return 0, 0


def _text_bytes(value: Any, *, squeezed: bool) -> int:
    """Bytes of all text in it: names of fields and numbers are left out, which errs on the low side."""
    if isinstance(value, str):
        return len((RUN.sub(r"\1", value) if squeezed else value).encode(errors="replace"))
    if isinstance(value, Mapping):
        return sum(_text_bytes(one, squeezed=squeezed) for name, one in value.items() if name not in NO_TEXT)
    if isinstance(value, Sequence):
        return sum(_text_bytes(one, squeezed=squeezed) for one in value)
    return 0
