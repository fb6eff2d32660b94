"""The grammars: hassil templates with slots, one file a domain, that give finished tool calls.

A file lists `intents`, named by the tool they call. Each block of sentences carries metadata:
`arguments` (argument: slot, slot.part or =literal), `require` and `refuse` (slots or parts that must
or must not be there), or `reply` (a sentence to answer with, where no tool is needed); and `writing`, where a
language model writes a better answer than the tool's own sentences are.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from hassil import Intents, RecognizeResult, TextSlotList, recognize_all
from hassil.models import MatchEntity

from passfel.household.turn import Turn
from passfel.household.understanding import Call
from passfel.nlu.conditions import Said, fits, is_in_evening
from passfel.nlu.language import grammars, load
from passfel.nlu.reading import Unfilled, arguments, check, in_evening, problem
from passfel.nlu.slots.amounts import find_amounts
from passfel.nlu.slots.instruments import find_currencies, find_instruments
from passfel.nlu.slots.numbers import find_numbers, read_expression
from passfel.nlu.slots.quantities import find_quantities, read_unit
from passfel.nlu.slots.when import When, find_whens

LONGEST = 400
"""Characters of a request; of what is longer only a note can be made."""
MOST_WHENS = 24
"""Dates and times, counted with their parts; beyond, the readings grow with their cube."""
MONTH_FIRST = frozenset({"en-us", "en-ph"})
"""Where 11/12 is the 12th of November."""


@dataclass(frozen=True, slots=True)
class Match:
    """One sentence that a grammar accepts."""

    domain: str
    call: Call | None
    reply: str
    free: int
    """Characters that only a wildcard covers: the fewer, the surer."""
    free_text: str
    open: str = ""
    """Whether its free text would swallow another request: "", "maybe" or "always"."""
    writing: bool = False
    """Whether the answer is to be written: by a language model, where there is one."""


class Grammar:
    """All grammars of one language."""

    def __init__(self, language: str) -> None:
        """Name the language; the files are read at first use."""
        self.language = language

    @cached_property
    def _intents(self) -> Intents:
        return Intents.from_dict(self._merged)

    @cached_property
    def _open(self) -> Intents:
        """Only what takes any text to its end."""
        intents = {
            name: {"data": [block for block in body["data"] if block["metadata"].get("open") == "always"]}
            for name, body in self._merged["intents"].items()
        }
        return Intents.from_dict({**self._merged, "intents": {n: b for n, b in intents.items() if b["data"]}})

    @cached_property
    def _merged(self) -> dict[str, Any]:
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
        return merged

    def best(self, text: str, turn: Turn) -> Match | None:
        """The reading that leaves least to wildcards, or None when no sentence fits."""
        matches = list(self.matches(text, turn))
        return min(matches, key=lambda match: match.free) if matches else None

    def matches(self, text: str, turn: Turn) -> Iterator[Match]:
        """Every reading of the whole `text`."""
        whens: list[When] = []
        if len(text) <= LONGEST:
            whens = find_whens(
                text, turn.now, month_first=turn.locale.replace("_", "-").lower() in MONTH_FIRST
            )
        long = len(text) > LONGEST or len(whens) > MOST_WHENS
        lists = {} if long else _slot_lists(text, whens)
        for result in recognize_all(text, self._open if long else self._intents, slot_lists=lists):
            match = _match(result, text, whens)
            if match is not None:
                yield match

    def warm(self, turn: Turn) -> None:
        """Read the files and compile what is compiled at first use."""
        self.best("what is on today", turn)


def _with_domain(block: Mapping[str, Any], domain: str) -> dict[str, Any]:
    return {**block, "metadata": {"domain": domain, **block.get("metadata", {})}}


def _slot_lists(text: str, whens: list[When]) -> dict[str, Any]:
    """The typed parts found in this very utterance, as the lists that templates refer to."""
    expression = read_expression(text)
    found: dict[str, list[tuple[str, Any]]] = {
        "when": [(when.text, when) for when in whens],
        "number": [(number.text, number) for number in find_numbers(text) if not number.is_percent],
        "quantity": [(quantity.text, quantity) for quantity in find_quantities(text)],
        "unit": _units(text),
        **_money(text),
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


def _money(text: str) -> dict[str, list[tuple[str, Any]]]:
    """Amounts, currencies and what has a price; coins are both currencies and assets, `fiat` holds none of them."""
    instruments, currencies = find_instruments(text), find_currencies(text)
    coins = [(run, found) for run, found in instruments if found.kind == "coin"]
    codes = {found.code for _, found in coins}
    amounts = [(amount.text, amount) for amount in find_amounts(text)]
    return {
        "amount": amounts,
        "money": [(said, amount) for said, amount in amounts if amount.currency not in codes],
        "currency": [
            *currencies,
            *((run, found.code) for run, found in coins if found.code not in dict(currencies).values()),
        ],
        "fiat": [(run, code) for run, code in currencies if code not in codes],
        "asset": instruments,
        "coin": coins,
    }


def _expressions(text: str) -> list[tuple[str, str]]:
    """Arithmetic that begins after the first words: "what is 15% of 80"."""
    words = text.split()
    tails = [" ".join(words[begin:]) for begin in range(1, min(len(words), 6))]
    return [(tail, found) for tail in tails if (found := read_expression(tail))]


def _match(result: RecognizeResult, text: str, whens: list[When]) -> Match | None:
    metadata = result.intent_metadata or {}
    slots: dict[str, Any] = {}
    free: list[Said] = []
    hold: Mapping[str, str] = metadata.get("hold", {})
    for entity in result.entities_list:
        said = _said(entity, text, whens)
        if entity.name in hold and not fits(hold[entity.name], said):
            return None
        slots[entity.name] = said.text if entity.is_wildcard else entity.value
        if entity.is_wildcard:
            free.append(said)
    slots = _placed(slots)
    try:
        check(metadata.get("require", []), metadata.get("refuse", []), slots)
    except Unfilled:
        return None
    reply = problem(slots) or _filled(metadata.get("reply", ""), slots)
    call = None if reply else Call(result.intent.name, arguments(metadata.get("arguments", {}), slots))
    letters = sum(len(said.text) for said in free) + len(free)
    free_text = " ".join(said.text for said in free)
    writing = bool(metadata.get("writing")) and call is not None
    opened = str(metadata.get("open", ""))
    return Match(str(metadata["domain"]), call, reply, letters, free_text, opened, writing)


def _said(entity: MatchEntity, text: str, whens: list[When]) -> Said:
    """The very words of a slot, where they stand."""
    begin, end = entity.text_span or (0, 0)
    raw = text[begin:end] if entity.text_span else str(entity.value)
    return Said(raw.strip(), begin + len(raw) - len(raw.lstrip()), whens)


def _placed(slots: dict[str, Any]) -> dict[str, Any]:
    """Dinner "at 7" is in the evening."""
    if not is_in_evening(str(slots.get("title", ""))):
        return slots
    return {name: in_evening(slot) if isinstance(slot, When) else slot for name, slot in slots.items()}


def _filled(reply: str, slots: Mapping[str, Any]) -> str:
    """A reply with what was said in the place of its braces."""
    for name, slot in slots.items():
        reply = reply.replace(f"{{{name}}}", slot.text if isinstance(slot, When) else str(slot))
    return reply
