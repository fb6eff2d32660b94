"""Facts in what people say: "I don't eat meat", "my sister's name is Ana", and the questions that ask for them.

Plain statements only, in whole sentences: no questions, nothing supposed, nothing quoted, nothing that is over
by tomorrow. A statement that is not known here is left alone, for a wrong fact is worse than none.
"""

import re
from functools import cache

from passfel.household.fact import ME, US, Statement
from passfel.household.secrets import secret_in
from passfel.nlu.facts_patterns import RELATION, STATEMENTS, TOLD, questions
from passfel.nlu.normalize import normalize

LONGEST = 160
"""Characters of a statement."""
LONGEST_MESSAGE = 400
"""Of a message in which statements are looked for: whoever sends more sends a text."""

_UNSURE = re.compile(
    r"\b(?:if|unless|when|whenever|because|but|so|maybe|perhaps|probably|possibly|might|could|would|should|must"
    r"|please|can|will|what|why|how|which|whose|then|until|while|think|guess|suppose|wish|hope|pretend|imagine|joking"
    r"|kidding|said|says|told|tell|remind|it|this|that|these|those|you|your|yours|nobody|everybody|someone|somebody"
    r"|afraid|sure|supposed|going|about to|one day|or)\b",
    re.IGNORECASE,
)
_PASSING = re.compile(
    r"\b(?:to(?:day|night|morrow)|yesterday|now|right now|currently|at the moment|soon|later|already|just|still|ago"
    r"|mon|tues|wednes|thurs|fri|satur|sun|noon|midnight|o'clock|lately|recently)(?:day)?\b"
    r"|\b(?:next|last|this|coming) (?:week|month|year|night|time|morning|afternoon|evening|weekend|summer|winter)\b"
    r"|\b\d{1,2}(?::\d\d| ?[ap]m)\b|\bin (?:an?|\d+|two|three) (?:minute|hour|day|week|month)s?\b",
    re.IGNORECASE,
)
_HABITUAL = re.compile(r"\bevery \w+|\b\w+days\b", re.IGNORECASE)
_REQUEST = re.compile(
    r"\b(?:and|then|,)\s+(?:then\s+|please\s+)?(?:add|cancel|move|remind|call|buy|turn|switch|set|book|put|delete"
    r"|remove|send|tell|show|give|play|open|close|lock|unlock|start|stop|find|what|when|where|how|who)\b",
    re.IGNORECASE,
)
_TEXT_WORK = re.compile(
    r"\b(?:translate|summari[sz]e|rewrite|rephrase|proofread|correct|spell|pronounce|draft|write|dictate|compose|quote"
    r"|lyrics|poem|story|role ?play|sentence|example|for instance|suppose|imagine|pretend|what if|let's say)\b",
    re.IGNORECASE,
)
_POINTING = re.compile(
    r"(?:it|this|that|these|those|you|them|him|her|here|there|to|the (?:idea|look|sound|way)\b.*)(?: .{1,6})?"
)
_SOMEWHERE = re.compile(
    r"(?:in|at|on|under|behind|with|by|near|parked|being|gone|here|there|broken|dirty|empty)\b"
)
_TRIMMED = re.compile(
    r"^(?:the|a|an|my|our) | ?\b(?:any ?more|again|at all|a lot|very much|so much)$| on \w+days$"
)
_NO_NAME_WORDS = """
back later soon maybe tomorrow today tonight now again when if asap taxi monday tuesday wednesday thursday friday
saturday sunday january february march april june july august september october november december
"""
_NO_NAMES = frozenset(_NO_NAME_WORDS.split())
_LEAD = re.compile(
    r"^(?:by the way|just so you know|for your information|so you know|fyi|btw|actually|also|and|oh|well|no|yes|hi"
    r"|hello|hey|you know|remember|please note|note)\b[ ,]+(?:that )?(?=\S)",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?<=[.!?;])\s+|\n+")
_QUOTES = re.compile(r"[\"“”„«»`>|]|(?:^|\s)'\w")


def read_fact(text: str, *, told: bool = False) -> Statement | None:
    """The fact that a plain statement states; None where it states none.

    Args:
        text: one statement, normalized.
        told: it was said to be remembered, so that more is taken for a fact.
    """
    plain = text.strip(" .!")
    if not 6 < len(plain) <= LONGEST or _QUOTES.search(plain) or "?" in plain or secret_in(plain):
        return None
    if _REQUEST.search(plain) or (not told and _UNSURE.search(plain)):
        return None
    for pattern, key in _compiled(told=told):
        found = pattern.fullmatch(plain)
        if found is not None:
            return _statement(plain, found, key, told=told)
    return None


def stated_facts(message: str, language: str = "en") -> list[Statement]:
    """The facts that somebody states in a message of their own, sentence by sentence."""
    if (
        len(message) > LONGEST_MESSAGE
        or ":" in message
        or _QUOTES.search(message)
        or _TEXT_WORK.search(message)
    ):
        return []
    found = []
    for sentence in _SENTENCE.split(message):
        if sentence.strip() and not sentence.rstrip().endswith("?"):
            statement = read_fact(_LEAD.sub("", normalize(sentence, language)))
            found += [statement] if statement is not None else []
    return found


def asks_for_fact(text: str) -> bool:
    """Whether a question asks for what a person has told of themselves."""
    return any(pattern.fullmatch(text.strip(" .?!")) for pattern in questions())


@cache
def _compiled(*, told: bool) -> list[tuple[re.Pattern[str], str]]:
    patterns = (*STATEMENTS, *TOLD) if told else STATEMENTS
    return [(re.compile(pattern, re.IGNORECASE), key) for pattern, key in patterns]


def _statement(plain: str, found: re.Match[str], key: str, *, told: bool) -> Statement | None:
    parts = {name: value for name, value in found.groupdict().items() if value}
    value, what = parts.get("value", "").casefold(), parts.get("what", "").casefold()
    if _POINTING.fullmatch(what):
        return None
    if key == "{topic}" and _SOMEWHERE.match(what):
        if not told:
            return None
        key = "where {topic}"
    if key != "birthday" and key != "born" and _is_passing(plain):
        return None
    if key.startswith("name") and (
        not value or _NO_NAMES.intersection(value.split()) or len(value.split()) > 4
    ):
        return None
    if key == "birthday" and not re.search(r"\d|january|february|march|april|may|june|july|august|september|october"
                                           r"|november|december", value):  # fmt: skip
        return None
    about = _about(parts)
    named = {name: _TRIMMED.sub("", part.casefold()) for name, part in parts.items()}
    named.setdefault("what", "")
    return Statement(plain, about, key.format(**named).strip() if key else "")


def _is_passing(plain: str) -> bool:
    """Whether it is over by tomorrow or next week."""
    return _PASSING.search(_HABITUAL.sub("", plain)) is not None


def _about(parts: dict[str, str]) -> str:
    """Whom a statement is about."""
    if "rel" in parts:
        return parts["rel"].casefold()
    who = parts.get("who") or parts.get("of") or "I"
    if who.casefold() in {"we", "our"}:
        return US
    if who.casefold() in {"i", "my"}:
        return ME
    owned = re.fullmatch(rf"(?:my|our) (?P<rel>{RELATION})(?:'s?)?(?: (?P<name>.+))?", who, re.IGNORECASE)
    if owned is not None:
        return (owned["name"] or owned["rel"].casefold()).removesuffix("'s")
    return re.sub(r"'s?$", "", who)
