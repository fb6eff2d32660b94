"""What is known, as finished sentences with source and age."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from passfel.household.errors import NotFoundError
from passfel.household.knowledge import (
    Fact,
    Named,
    Pages,
    Paper,
    Papers,
    PartialDate,
    Quantity,
    Statement,
    Summary,
    newest,
)
from passfel.household.turn import Turn
from passfel.household.wording import capital, say_count, say_list, say_number
from passfel.tools.knowledge.properties import (
    AREA,
    BORN,
    DIED,
    ELEVATION,
    HEIGHT,
    IN_SERVICE,
    INCEPTION,
    KINDS,
    LENGTH,
    OPENED,
    POPULATION,
)

TO_METRES = {
    "metre": Decimal(1),
    "meter": Decimal(1),
    "kilometre": Decimal(1000),
    "kilometer": Decimal(1000),
    "centimetre": Decimal("0.01"),
    "foot": Decimal("0.3048"),
    "inch": Decimal("0.0254"),
    "mile": Decimal("1609.344"),
}
MOST_NAMES = 4
MOST_AUTHORS = 2


def say_summary(found: Summary, asked: str) -> str:
    """Say what something is, or what its name may mean."""
    if found.choices:
        several = len(found.choices) > 1
        rest = f": {say_list(found.choices[:MOST_NAMES], 'or')}" if several else ""
        return f"“{found.title}” can mean several things{rest}; which one do you mean? ({found.source})."
    text = found.text or (capital(found.description) + "." if found.description else "")
    if not text:
        raise NotFoundError(f"{found.source} has a page “{found.title}” without an introduction.")
    named = "" if _names(text, found.title) else f"{found.title}: "
    age = f", as of {_day(found.edited_at)}" if found.edited_at else ""
    return f"{named}{text} ({found.source}{age})"


def say_instead(fact: str, subject: str, found: Summary) -> str:
    """Say what an encyclopaedia says, where the fact itself isn't known."""
    return f"I found no {fact} of {subject}, but this: {say_summary(found, subject)}"


def say_fact(fact: Fact, turn: Turn) -> str:
    """Say what was asked of the subject."""
    told = _SAYINGS.get(fact.about, _relation)(fact, turn)
    who = (
        f" {capital(fact.subject)} here is: {fact.description}." if fact.namesake and fact.description else ""
    )
    return f"{told} ({fact.source}).{who}"


def _birthday(fact: Fact, _: Turn) -> str:
    born, died = _date(fact, BORN), _date(fact, DIED)
    if born is None:
        raise _unknown(fact)
    return f"{fact.subject} was born {born.when}{f' and died {died.when}' if died else ''}"


def _age(fact: Fact, turn: Turn) -> str:
    born, died = _date(fact, BORN), _date(fact, DIED)
    if born is None:
        raise _unknown(fact)
    low, high = born.years_to(died or turn.now.date())
    years = str(high) if low == high else f"{low} or {high}"
    if born.span not in {"day", "month", "year"} or (high > 125 and died is None):
        return _birthday(fact, turn)
    if died:
        return f"{fact.subject} was born {born.when} and died {died.when}, aged {years}"
    return f"{fact.subject} is {years} years old, born {born.when}"


def _death(fact: Fact, turn: Turn) -> str:
    born, died = _date(fact, BORN), _date(fact, DIED)
    if died is None:
        return (
            f"{fact.subject} was born {born.when}, and no date of death is known"
            if born
            else _relation(fact, turn)
        )
    aged = ""
    if born and born.span in {"day", "month", "year"}:
        low, high = born.years_to(died)
        aged = f", aged {high if low == high else f'{low} or {high}'}"
    return f"{fact.subject} died {died.when}{aged}"


def _population(fact: Fact, _: Turn) -> str:
    counted = newest(fact.of(POPULATION))
    if not isinstance(counted.value, Quantity):
        raise _unknown(fact)
    return f"{fact.subject} has {say_number(counted.value.amount, 12)} inhabitants{_as_of(counted)}"


def _size(fact: Fact, turn: Turn) -> str:
    stated = _best(fact.statements)
    if not isinstance(stated.value, Quantity):
        raise _unknown(fact)
    words = {HEIGHT: "tall", ELEVATION: "high, above the sea", LENGTH: "long"}
    if stated.property == AREA:
        return f"{fact.subject} has an area of {_area(stated.value, turn)}{_as_of(stated)}"
    return f"{fact.subject} is {_length(stated.value, turn)} {words.get(stated.property, '')}{_as_of(stated)}"


def _founded(fact: Fact, _: Turn) -> str:
    words = {INCEPTION: "dates from", OPENED: "was opened", IN_SERVICE: "went into service"}
    told: list[str] = []
    for name, verb in words.items():
        when = _date(fact, name)
        if when is not None:
            told.append(f"{verb} {when.say() if name == INCEPTION else when.when}")
    if not told:
        raise _unknown(fact)
    return f"{fact.subject} {say_list(told)}"


def _relation(fact: Fact, turn: Turn) -> str:
    kind = KINDS[fact.about]
    stated = [one for one in fact.of(*kind.properties) if not _is_over(one, turn)] or list(fact.statements)
    if kind.relation and stated[0].since is not None and len(stated) > 1 and fact.about not in _PLURALS:
        stated = [newest(stated)]
    names = list(dict.fromkeys(_word(one) for one in stated))
    noun = kind.noun if len(names) == 1 else _plural(kind.noun)
    listed = say_list([*names[:MOST_NAMES], *(["others"] if len(names) > MOST_NAMES else [])])
    verb = "is" if len(names) == 1 else "are"
    since = stated[0].since
    after = f", since {since.say()}" if since is not None and len(names) == 1 and kind.relation else ""
    return f"The {noun} of {fact.subject} {verb} {listed}{after}"


_PLURALS = frozenset({"language", "currency"})
_SAYINGS: Mapping[str, Callable[[Fact, Turn], str]] = {
    "birthday": _birthday,
    "age": _age,
    "death": _death,
    "population": _population,
    "height": _size,
    "length": _size,
    "area": _size,
    "founded": _founded,
}


def say_papers(found: Papers, newest_first: bool, author: str = "") -> str:
    """Say which papers there are."""
    about = " ".join(
        filter(None, (f"on {found.query}" if found.query else "", f"by {author}" if author else ""))
    )
    index = f", index of {_day(found.at)}" if found.at else ""
    if not found.papers:
        return f"{found.source} has no papers {about} ({found.source}{index})."
    which = "The latest papers" if newest_first else "Papers"
    listed = "; ".join(_paper(paper) for paper in found.papers)
    return f"{which} {about}: {listed} ({found.source}, {say_count(found.total, 'paper')} in all{index})."


def say_pages(found: Pages, turn: Turn) -> str:
    """Say what a search of the web found."""
    when = found.at.astimezone(turn.zone)
    if not found.pages:
        return f"{found.source} found nothing for “{found.query}” (searched at {when:%H:%M})."
    listed = "\n".join(
        f"{number}. {page.title} ({page.site}){f': {page.snippet}' if page.snippet else ''}"
        for number, page in enumerate(found.pages, 1)
    )
    return f"For “{found.query}” {found.source} finds (searched at {when:%H:%M}):\n{listed}"


def _paper(paper: Paper) -> str:
    authors = list(paper.authors[:MOST_AUTHORS])
    more = " and others" if len(paper.authors) > MOST_AUTHORS else ""
    by = f" by {', '.join(authors) if more else say_list(authors)}{more}" if authors else ""
    return f"“{paper.title}”{by}, {_day(paper.published_at)}, {paper.id}"


def _day(moment: datetime) -> str:
    return f"{moment.day} {moment:%B %Y}"


def _names(text: str, title: str) -> bool:
    """Whether an introduction names its subject at its beginning: a part of the title will do."""
    beginning = text[:160].casefold()
    plain = title.partition(" (")[0].casefold()
    return any(word in beginning for word in plain.split() if len(word) > 2) or plain in beginning


def _date(fact: Fact, name: str) -> PartialDate | None:
    return next((one.value for one in fact.of(name) if isinstance(one.value, PartialDate)), None)


def _best(statements: Sequence[Statement]) -> Statement:
    """Of the property that answers best, the newest measure."""
    first = statements[0].property
    return newest([one for one in statements if one.property == first])


def _as_of(statement: Statement) -> str:
    return f", as of {statement.at.say()}" if statement.at else ""


def _is_over(statement: Statement, turn: Turn) -> bool:
    today = turn.now.date()
    return statement.until is not None and statement.until.key < (today.year, today.month, today.day)


def _word(statement: Statement) -> str:
    value = statement.value
    if isinstance(value, Named):
        return value.name
    if isinstance(value, PartialDate):
        return value.say()
    if isinstance(value, Quantity):
        return f"{say_number(value.amount, 12)} {value.unit}".strip()
    return value


def _length(quantity: Quantity, turn: Turn) -> str:
    factor = TO_METRES.get(quantity.unit)
    if factor is None:
        return f"{say_number(quantity.amount)} {quantity.unit}".strip()
    metres = quantity.amount * factor
    if turn.units == "imperial":
        feet = metres / TO_METRES["foot"]
        return (
            f"{say_number(round(metres / TO_METRES['mile']))} miles"
            if feet > 50_000
            else f"{say_number(round(feet, 1))} feet"
        )
    return (
        f"{say_number(round(metres / 1000, 1))} km"
        if metres >= 10_000
        else f"{say_number(round(metres, 2))} m"
    )


def _area(quantity: Quantity, turn: Turn) -> str:
    km2 = {"square kilometre": Decimal(1), "square kilometer": Decimal(1), "hectare": Decimal("0.01")}.get(
        quantity.unit
    )
    if km2 is None:
        return f"{say_number(quantity.amount)} {quantity.unit}".strip()
    size = quantity.amount * km2
    return (
        f"{say_number(size / Decimal('2.589988'))} square miles"
        if turn.units == "imperial"
        else f"{say_number(size)} km²"
    )


def _plural(noun: str) -> str:
    irregular = {"currency": "currencies", "country": "countries", "chief executive": "chief executives"}
    if noun.startswith("head of "):
        return noun.replace("head", "heads", 1)
    return irregular.get(noun, f"{noun}s")


def _unknown(fact: Fact) -> NotFoundError:
    return NotFoundError(f"{fact.source} does not know the {KINDS[fact.about].noun} of {fact.subject}.")
