"""The grammars: hassil templates with slots, one file a domain, that give finished tool calls.

A file lists `intents`, named by the tool they call. Each block of sentences carries metadata:
`arguments` (argument: slot, slot.part or =literal), `require` and `refuse` (slots or parts that must
or must not be there), or `reply` (a sentence to answer with, where no tool is needed).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from hassil import Intents, RecognizeResult, TextSlotList, recognize_all

from passfel.household.turn import Turn
from passfel.household.understanding import Call
from passfel.nlu.language import grammars, load
from passfel.nlu.reading import Unfilled, arguments, check, problem
from passfel.nlu.slots.numbers import find_numbers, read_expression
from passfel.nlu.slots.quantities import find_quantities, read_unit
from passfel.nlu.slots.when import find_whens


@dataclass(frozen=True, slots=True)
class Match:
    """One sentence that a grammar accepts."""

    domain: str
    call: Call | None
    reply: str
    free: int
    """Characters that only a wildcard covers: the fewer, the surer."""
    free_text: str


class Grammar:
    """All grammars of one language."""

    def __init__(self, language: str) -> None:
        """Name the language; the files are read at first use."""
        self.language = language

    @cached_property
    def _intents(self) -> Intents:
        merged: dict[str, Any] = {
            "language": self.language,
            "intents": {},
            "lists": {},
            "expansion_rules": {},
        }
        for name in grammars(self.language):
            file = load(self.language, name)
            merged["lists"].update(file.get("lists", {}))
            merged["expansion_rules"].update(file.get("expansion_rules", {}))
            for intent, body in file["intents"].items():
                blocks = [_with_domain(block, file["domain"]) for block in body["data"]]
                merged["intents"].setdefault(intent, {"data": []})["data"].extend(blocks)
        return Intents.from_dict(merged)

    def best(self, text: str, turn: Turn) -> Match | None:
        """The reading that leaves least to wildcards, or None when no sentence fits."""
        matches = list(self.matches(text, turn))
        return min(matches, key=lambda match: match.free) if matches else None

    def matches(self, text: str, turn: Turn) -> Iterator[Match]:
        """Every reading of the whole `text`."""
        for result in recognize_all(text, self._intents, slot_lists=_slot_lists(text, turn)):
            match = _match(result, text)
            if match is not None:
                yield match

    def warm(self, turn: Turn) -> None:
        """Read the files and compile what is compiled at first use."""
        self.best("what is on today", turn)


def _with_domain(block: Mapping[str, Any], domain: str) -> dict[str, Any]:
    return {**block, "metadata": {"domain": domain, **block.get("metadata", {})}}


def _slot_lists(text: str, turn: Turn) -> dict[str, Any]:
    """The typed parts found in this very utterance, as the lists that templates refer to."""
    expression = read_expression(text)
    found: dict[str, list[tuple[str, Any]]] = {
        "when": [(when.text, when) for when in find_whens(text, turn.now)],
        "number": [(number.text, number) for number in find_numbers(text) if not number.is_percent],
        "quantity": [(quantity.text, quantity) for quantity in find_quantities(text)],
        "unit": _units(text),
        "expression": [(text, expression)] if expression else [],
    }
    found["expression"] += _expressions(text)
    return {
        name: TextSlotList.from_tuples([(words, value, {}) for words, value in values], name=name)
        for name, values in found.items()
    }


def _units(text: str) -> list[tuple[str, str]]:
    words = text.split()
    runs = {" ".join(words[begin:end]) for begin in range(len(words)) for end in range(begin + 1, begin + 4)}
    return [(run, unit) for run in sorted(runs) if (unit := read_unit(run.rstrip("?.,!")))]


def _expressions(text: str) -> list[tuple[str, str]]:
    """Arithmetic that begins after the first words: "what is 15% of 80"."""
    words = text.split()
    tails = [" ".join(words[begin:]) for begin in range(1, min(len(words), 6))]
    return [(tail, found) for tail in tails if (found := read_expression(tail))]


def _match(result: RecognizeResult, text: str) -> Match | None:
    metadata = result.intent_metadata or {}
    slots: dict[str, Any] = {}
    free_text = []
    for entity in result.entities_list:
        span = entity.text_span
        said = text[span[0] : span[1]].strip() if entity.is_wildcard and span else entity.value
        slots[entity.name] = said
        if entity.is_wildcard:
            free_text.append(str(said))
    try:
        check(metadata.get("require", []), metadata.get("refuse", []), slots)
    except Unfilled:
        return None
    reply = problem(slots) or metadata.get("reply", "")
    call = None if reply else Call(result.intent.name, arguments(metadata.get("arguments", {}), slots))
    free = sum(map(len, free_text)) + len(free_text)
    return Match(str(metadata["domain"]), call, reply, free, " ".join(free_text))
