"""What a call would tell the outside world of the household: private words in the arguments of an open-world call.

In a turn with strangers' text the model may have been told to carry something out ("search the web for the
owner's phone number"). Words that the person said are theirs to send; words that only the household's own data
holds need a yes first.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from langchain_core.messages import AnyMessage, HumanMessage, ToolCall, ToolMessage
from langchain_core.tools import BaseTool

from passfel.tools.contract import annotations_of, domain_of

WORD = re.compile(r"[\w@.+-]*\w")
PUBLIC = frozenset({"clock", "calculator"})
"""Domains whose answers are nobody's secret, though they are not open-world."""
TELLING_DIGITS = 4
"""A word with so many digits (a phone number, a code, an address) tells something by itself; other words in pairs."""
SMALL_WORDS = """
the and for with from that this what when where who how are was were has have not you your our his her its
today tomorrow monday tuesday wednesday thursday friday saturday sunday
"""
SMALL = frozenset(SMALL_WORDS.split())


def given_away(call: ToolCall, messages: Sequence[AnyMessage], tools: Mapping[str, BaseTool]) -> str:
    """The private words that this call would send out, or nothing."""
    tool = tools.get(call["name"])
    if tool is None or not annotations_of(tool).open_world:
        return ""
    said = _telling(" ".join(message.text for message in messages if isinstance(message, HumanMessage)))
    private = _telling("\n".join(_private(messages, tools))) - said
    return ", ".join(sorted(_telling("\n".join(_strings(call["args"]))) & private))


def _private(messages: Sequence[AnyMessage], tools: Mapping[str, BaseTool]) -> Iterator[str]:
    """What the household's own data has brought into the conversation."""
    for message in messages:
        if isinstance(message, HumanMessage):
            # The first line is the time and the place, which every question about either tells.
            yield str(message.additional_kwargs.get("context", "")).partition("\n")[2]
        elif isinstance(message, ToolMessage):
            tool = tools.get(str(message.name))
            if tool is not None and not annotations_of(tool).open_world and domain_of(tool) not in PUBLIC:
                yield message.text


def _telling(text: str) -> set[str]:
    """The words of a text that would be recognised: numbers and addresses alone, other words with their neighbour."""
    words = [word for word in WORD.findall(text.casefold()) if word not in SMALL]
    alone = {word for word in words if "@" in word or sum(map(str.isdigit, word)) >= TELLING_DIGITS}
    pairs = {f"{one} {two}" for one, two in pairwise(words) if min(len(one), len(two)) > 2}
    return alone | pairs


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _strings(inner)
