"""Put the pieces of a date together: "on friday" + "from 3 to 4" is one span, and each piece is still one of its own.

A small chart parser. Pieces (days, times of day, recurrences, spans) are read left to right, the longest first, and
nothing is looked for inside a piece. Then neighbours merge as long as they say different things.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

from passfel.nlu.slots.amounts import is_money_at
from passfel.nlu.slots.cardinals import number_words, read_small
from passfel.nlu.slots.clocks import read_clock, read_part
from passfel.nlu.slots.days import read_day
from passfel.nlu.slots.merge import join, join_range
from passfel.nlu.slots.quantities import is_unit_at
from passfel.nlu.slots.recurrence import read_rule
from passfel.nlu.slots.spans import read_distance, read_span
from passfel.nlu.slots.spec import Bound, Found, Reading, Spec

_MOST = 600
_BOUNDS: dict[str, Bound] = {"before": "before", "after": "after", "since": "since", "from": "from"}


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of tokens and what it says."""

    begin: int
    end: int
    spec: Spec
    alone: bool
    """Whether it can only be a date or time where it stands."""


def find_pieces(reading: Reading) -> list[Piece]:
    """Every stretch of tokens that says something about time, alone or not."""
    atoms = _read_atoms(reading)
    if not atoms:
        return []
    leads = _find_leads(reading)
    led = [piece for atom in atoms for piece in _with_plain_leads(reading, leads, atom)]
    moments = _close(reading, [piece for piece in led if piece.spec.is_moment])
    bound = [piece for moment in moments for piece in _with_bounds(leads, moment)]
    ranges = _find_ranges(reading, moments)
    others = [piece for piece in led if not piece.spec.is_moment]
    return _close(reading, [*ranges, *bound, *moments, *others])


def _read_atoms(reading: Reading) -> list[Piece]:
    atoms: list[Piece] = []
    index, count = 0, len(reading.tokens.words)
    while index < count and len(atoms) < _MOST:
        found = _read_atom(reading, index)
        if not found:
            index += 1
            continue
        spec, after = found
        atoms.append(Piece(index, after, spec, _stands_alone(reading, spec, index, after)))
        index = after
    return atoms


def _read_atom(reading: Reading, index: int) -> Found | None:
    best: Found | None = None
    word = reading.word(index)
    if word not in starters(reading) and not word[:1].isdigit():
        return None
    for parser in (read_rule, read_distance, read_day, read_part, read_clock):
        found = parser(reading, index)
        if found and (best is None or found[1] > best[1]):
            best = found
    span = read_span(reading, index)
    if span and (best is None or span[1] > best[1]):
        rate = reading.word(index) in number_words().article and _is_rate(reading, index - 1)
        return Spec(span=span[0], weak="never" if rate else ""), span[1]
    return best


def _is_rate(reading: Reading, index: int) -> bool:
    """Whether "a day" says how often or how fast: "twice a day", "100 km an hour", "20 euros a month"."""
    word = reading.word(index)
    counted = word.isdigit() or is_unit_at(reading.tokens, index) or is_money_at(reading.tokens, index)
    return reading.has("rates", index) or (counted and word != "in")


def starters(reading: Reading) -> frozenset[str]:
    """The words that a piece may begin with."""
    return reading.words.starters


def _stands_alone(reading: Reading, spec: Spec, index: int, after: int) -> bool:
    """Whether what stands around a weak piece makes it a date or time."""
    if not spec.weak:
        return True
    if spec.weak == "never":
        return False
    if index == 0 and reading.whole:
        return True
    before = reading.word(index - 1)
    if spec.weak == "ordinal" and before == "the":
        return _is_followed(reading, after, strict=True)
    behind = index - 1 - (before == "the")
    before = reading.word(behind)
    if before not in reading.words.needs[spec.weak] and not _is_for_hour(reading, spec, before, behind):
        return False
    if spec.weak == "hour" and before == "to" and _is_score(reading, behind - 1):
        return False
    if spec.weak in {"hour", "ordinal"}:
        return _is_followed(reading, after, strict=spec.weak == "ordinal" or before not in {"at", "@"})
    return True


def _is_score(reading: Reading, index: int) -> bool:
    """Whether a number stands before "to" that no preposition makes a time ("3 to 1")."""
    number = read_small(reading.tokens, index)
    return bool(number) and reading.word(index - 1) not in reading.words.needs["hour"]


def _is_for_hour(reading: Reading, spec: Spec, before: str, behind: int) -> bool:
    """Whether "for 7" names a time: only where an alarm or a reminder was spoken of."""
    asked = reading.words.sets["for_hour"].intersection(reading.tokens.words[:behind])
    return spec.weak == "hour" and before == "for" and bool(asked)


def _is_followed(reading: Reading, after: int, *, strict: bool) -> bool:
    """Whether the word behind a bare number leaves it a time or a day: "at 4 people" does not."""
    word = reading.word(after)
    if reading.has("not_after_hour", after) or is_unit_at(reading.tokens, after):
        return False
    decimal = word in {".", ","} and reading.tokens.glued(after) and reading.word(after + 1).isdigit()
    if not word or decimal or not strict:
        return not decimal
    known = reading.has("hour_followers", after) or word in starters(reading)
    return known or not (word.isalnum() or word == "-")


def _find_leads(reading: Reading) -> dict[int, list[tuple[int, str, str]]]:
    """From the index behind each preposition to where it begins, what it does and its words."""
    leads: dict[int, list[tuple[int, str, str]]] = defaultdict(list)
    for index in range(len(reading.tokens.words)):
        found = reading.words.prefixes.at(reading.tokens, index)
        if found:
            leads[found[1]].append((index, found[0], " ".join(reading.tokens.words[index : found[1]])))
    return leads


def _with_plain_leads(
    reading: Reading, leads: dict[int, list[tuple[int, str, str]]], atom: Piece
) -> Iterable[Piece]:
    """The piece, with "the", and with the prepositions that change nothing ("on", "at", "by")."""
    yield atom
    pieces = [atom]
    if reading.word(atom.begin - 1) == "the" and not atom.spec.clock and not atom.spec.instant:
        pieces.append(replace(atom, begin=atom.begin - 1))
        yield pieces[-1]
    allowed = reading.words.plain_for[_kind(atom.spec)]
    for piece in pieces:
        begin = piece.begin
        for _ in range(2):
            lead = next(
                (lead for lead in leads.get(begin, ()) if lead[1] == "plain" and lead[2] in allowed), None
            )
            if not lead:
                break
            begin = lead[0]
            spec = replace(piece.spec, attached=True) if piece.spec.span else piece.spec
            yield replace(piece, begin=begin, spec=spec)


def _kind(spec: Spec) -> str:
    if spec.span:
        return "span"
    if spec.instant:
        return "instant"
    if spec.clock and not spec.day:
        return "clock"
    day = spec.day
    return "day" if spec.rule or (day and day.grain == "day" and not day.span) else "stretch"


def _with_bounds(leads: dict[int, list[tuple[int, str, str]]], moment: Piece) -> Iterable[Piece]:
    """The moment behind "until", "before", "after", "since" or "from"."""
    for begin, role, _ in leads.get(moment.begin, ()):
        if role == "until":
            yield Piece(begin, moment.end, Spec(until=moment.spec), moment.alone)
        elif role in _BOUNDS:
            yield Piece(begin, moment.end, replace(moment.spec, bound=_BOUNDS[role], weak=""), moment.alone)


def _find_ranges(reading: Reading, moments: list[Piece]) -> list[Piece]:
    """Pairs such as "from 3 to 4", "between monday and friday", "3-4pm"."""
    starts: dict[int, list[Piece]] = defaultdict(list)
    for moment in moments:
        starts[moment.begin].append(moment)
    found: list[Piece] = []
    for left in moments:
        lead = reading.words.raw["range_leads"].get(reading.word(left.begin - 1))
        joint = reading.word(left.end)
        joined = joint in reading.words.sets["range_to"] or (
            lead == "and" and joint in reading.words.sets["range_and"]
        )
        for right in starts.get(left.end + 1, ()) if joined else ():
            spec = join_range(left.spec, right.spec, spread=joint not in reading.words.sets["until_words"])
            if spec:
                alone = _is_range(reading, left, right, led=bool(lead))
                found.extend(_range_variants(left, right, spec, alone, lead))
    return found


def _is_range(reading: Reading, left: Piece, right: Piece, *, led: bool) -> bool:
    """Whether two moments in a row can only be a range: "3 to 4" needs "from" or the like."""
    if left.alone and right.alone and not (left.spec.weak == right.spec.weak == "hour"):
        return True
    if left.spec.weak == right.spec.weak == "short":  # mon-fri
        return True
    firm = not left.spec.weak or not right.spec.weak
    followed = _is_followed(reading, right.end, strict=True)
    return (firm or led or left.alone or reading.whole) and followed


def _range_variants(left: Piece, right: Piece, spec: Spec, alone: bool, lead: str | None) -> list[Piece]:
    inner = Piece(left.begin, right.end, spec, alone)
    if not lead:
        return [inner]
    outer = replace(inner, begin=left.begin - 1)
    return [outer] if lead == "and" else [outer, inner]


def _close(reading: Reading, seeds: Iterable[Piece]) -> list[Piece]:
    """All pieces that come of merging neighbours, the given ones included; the first of a span wins."""
    pieces: dict[tuple[int, int], Piece] = {}
    begins: dict[int, list[Piece]] = defaultdict(list)
    ends: dict[int, list[Piece]] = defaultdict(list)
    queue = list(seeds)
    for piece in queue:
        if len(pieces) >= _MOST or (piece.begin, piece.end) in pieces:
            continue
        pieces[piece.begin, piece.end] = piece
        begins[piece.begin].append(piece)
        ends[piece.end].append(piece)
        for begin in _next_begins(reading, piece):
            queue.extend(filter(None, (_merge(reading, piece, right) for right in begins.get(begin, ()))))
        for end in _previous_ends(reading, piece):
            queue.extend(filter(None, (_merge(reading, left, piece) for left in ends.get(end, ()))))
    return list(pieces.values())


def _next_begins(reading: Reading, piece: Piece) -> tuple[int, ...]:
    word = reading.word(piece.end)
    glue = word == "," or (word == "of" and bool(piece.spec.part))
    return (piece.end, piece.end + 1) if glue else (piece.end,)


def _previous_ends(reading: Reading, piece: Piece) -> tuple[int, ...]:
    return (piece.begin, piece.begin - 1) if reading.word(piece.begin - 1) in {",", "of"} else (piece.begin,)


def _merge(reading: Reading, left: Piece, right: Piece) -> Piece | None:
    if reading.word(left.end) == "of" and left.end != right.begin and not left.spec.part:
        return None
    spec = join(left.spec, right.spec)
    if not spec:
        return None
    return Piece(left.begin, right.end, spec, _is_merged_alone(left, right))


def _is_merged_alone(left: Piece, right: Piece) -> bool:
    """Whether two neighbours make each other certain: "six in the morning", "friday morning", "fri 3pm"."""
    weak = {piece.spec.weak for piece in (left, right) if not piece.alone}
    if not weak:
        return True
    said = (left.spec, right.spec)
    has_day = any(spec.day or spec.rule for spec in said)
    if "hour" in weak:
        return any(spec.part and not spec.clock for spec in said) and weak <= {"hour", "part"}
    if "short" in weak:
        return any(spec.clock for spec in said) and weak == {"short"} and _is_short(left, right)
    return has_day and weak <= {"minutes", "part", "never"}


def _is_short(left: Piece, right: Piece) -> bool:
    """Whether the abbreviation is no word of its own ("fri", not "sun")."""
    days = [piece.spec.day for piece in (left, right) if piece.spec.day]
    return all(day.by.weekdays and day.by.weekdays[0][1] in {1, 3, 4} for day in days)
