"""The tools for facts about people and the house: keep one, say what is known and how, forget for good."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Protocol

from langchain_core.tools import BaseTool

from passfel.household.errors import NotFoundError, RequestError
from passfel.household.fact import ME, US, Fact, Statement, second_person
from passfel.household.receipt import Action, Receipt
from passfel.household.secrets import secret_in
from passfel.household.turn import Turn
from passfel.household.wording import capital, plain_text, quoted, say_count, say_list, say_moment
from passfel.tools.contract import DESTROYS, READS, WRITES, Answer, InTurn, Outcome, tool
from passfel.tools.matching import all_words, same_word

LONGEST = 500
"""Characters of a fact."""
MOST = 12
"""Facts told at once."""
NEAREST = 3
ASKING_WORDS = """
what who whom where when which how why do does did am is are was were have has i me my mine we us our you your know
remember told tell say said about of the a an any anything something some else to for in at on with that this it and
or not there so ever name named called many much old come comes
"""
ASKING = frozenset(ASKING_WORDS.split())
"""Words of a question that tell nothing of what is asked for."""
HOUSE = frozenset({US, "us", "house", "home", "the house", "the household", "family"})


class FactStore(Protocol):
    """What is known; memory/facts.py has it."""

    async def of(self, person: str) -> list[Fact]:
        """Everything that a person may be told, the oldest first."""
        ...

    async def near(self, person: str, words: str, limit: int) -> list[Fact]:
        """The facts that fit a sentence by meaning."""
        ...

    async def learn(self, turn: Turn, statement: Statement, said: str) -> tuple[Fact, Fact | None]:
        """Keep a fact; returns it as it was read back, and what it was before."""
        ...

    async def forget(self, facts: Sequence[Fact]) -> None:
        """Forget for good."""
        ...


Read = Callable[[str], Statement | None]
"""Reads a statement: whom it is about, and what it is the only answer to."""
Answered = Callable[[str, str], Awaitable[str]]
"""What was answered last in a conversation of a person's."""


class FactTools:
    """Facts, as tools."""

    def __init__(self, facts: FactStore, read: Read, answered: Answered) -> None:
        """Keep the facts, who reads statements, and who knows what was answered last."""
        self._facts = facts
        self._read = read
        self._answered = answered

    def tools(self) -> list[BaseTool]:
        """All of them, in a fixed order."""
        return [
            tool(self.recall_facts, domain="facts", annotations=READS),
            tool(self.remember_fact, domain="facts", annotations=WRITES),
            tool(
                self.forget_fact,
                domain="facts",
                annotations=DESTROYS,
                question="forget that for good",
                concern=self._would_forget,
            ),
        ]

    async def recall_facts(self, turn: InTurn, about: str = ME, source: bool = False) -> Answer:
        """Say what the person has told about themselves, the people around them or the house.

        Args:
            turn: the turn.
            about: "me", "household", a person, a thing, or the whole question; empty for what was just said.
            source: also say when it was learned, and from which words.
        """
        known = await self._facts.of(turn.person)
        if source and about in {"", ME}:
            return await self._say_source(turn, known)
        found = await self._about(turn.person, about, known)
        if not found:
            raise NotFoundError(_nothing(about))
        if source:
            return " ".join(_how(fact, turn) for fact in found[:MOST]), Outcome(result=list(found[:MOST]))
        said = [fact.told() for fact in found[:MOST]]
        more = f" There are {len(found) - MOST} more." if len(found) > MOST else ""
        missing = _missing(about, found)
        return f"You told me: {'; '.join(said)}.{more}{missing}", Outcome(result=list(found[:MOST]))

    async def remember_fact(self, turn: InTurn, text: str) -> Answer:
        """Keep a fact about the person, somebody they know or the house, when they ask for it to be remembered.

        Args:
            turn: the turn.
            text: the fact in the person's own words: "I am allergic to nuts". No passwords or other secrets.
        """
        words = " ".join(plain_text(text).split()).rstrip(".! ")
        if not words:
            raise RequestError("What should I remember?")
        if len(words) > LONGEST:
            raise RequestError("That is too long for a fact. Say “note that …” to keep it as a note.")
        secret = secret_in(words)
        if secret:
            raise RequestError(
                f"That looks like a secret ({secret}), so I don't keep it: a password manager is the place for it."
            )
        said = turn.said.strip() if 0 < len(turn.said) <= LONGEST else words
        fact, before = await self._facts.learn(turn, self._read(words) or Statement(words), said)
        if before == fact:
            sentence = f"I know that already: {fact.told()}."
            return sentence, Outcome(result=fact)
        was = f" I no longer go by “{second_person(before.text)}”." if before else ""
        sentence = f"I'll remember: {fact.told()}.{was}"
        action: Action = "changed" if before else "noted"
        receipt = Receipt(action=action, kind="fact", sentence=sentence, reference=str(fact.id))
        return sentence, Outcome(result=fact, receipts=(receipt,))

    async def forget_fact(self, turn: InTurn, about: str = "") -> Answer:
        """Forget for good what the person has told: it can't be brought back.

        Args:
            turn: the turn.
            about: "me" for everything they told about themselves, "household", a person or thing; empty for what they
                told last in this conversation.
        """
        found = await self._forgettable(turn, about)
        if not found:
            raise NotFoundError(_nothing(about))
        await self._facts.forget(found)
        left = {fact.id for fact in await self._facts.of(turn.person)}
        if left.intersection(fact.id for fact in found):
            raise LookupError("a fact was forgotten and is still there")
        # Without its words: the receipt is kept.
        sentence = f"Forgotten for good: {say_count(len(found), 'thing')} that you told me."
        receipt = Receipt(action="removed", kind="fact", sentence=sentence, reversible=False)
        return sentence, Outcome(receipts=(receipt,))

    async def _would_forget(self, turn: Turn, about: str = "") -> str:
        found = await self._forgettable(turn, about)
        told = say_list([f"“{fact.told()}”" for fact in found[:MOST]])
        more = f" and {len(found) - MOST} more" if len(found) > MOST else ""
        return f"You told me {told}{more}, and I can't bring it back once it is forgotten." if found else ""

    async def _forgettable(self, turn: Turn, about: str) -> list[Fact]:
        known = await self._facts.of(turn.person)
        if not about.strip():
            here = [fact for fact in known if fact.thread == turn.thread and fact.owner == turn.person]
            return here[-1:]
        if about.casefold() in {ME, "myself", "everything"}:
            return [fact for fact in known if not fact.shared]
        if about.casefold() in HOUSE:
            return [fact for fact in known if fact.shared]
        return _by_words(about, known)

    async def _about(self, person: str, about: str, known: Sequence[Fact]) -> list[Fact]:
        """The facts that are asked for: all of a person, those with the words, or those that come near."""
        if about.casefold() in {ME, "myself", ""}:
            return list(known)
        if about.casefold() in HOUSE:
            return [fact for fact in known if fact.shared]
        return _by_words(about, known) or (await self._facts.near(person, about, NEAREST))

    async def _say_source(self, turn: Turn, known: Sequence[Fact]) -> Answer:
        """When and from which words the latest answer was known; of no answer, the latest that was told."""
        answer = await self._answered(turn.person, turn.thread)
        told = [fact for fact in known if fact.told().casefold() in answer.casefold()]
        if not told and answer:
            told = await self._facts.near(turn.person, answer, 1)
        if not told:
            raise NotFoundError("That is not something that you told me, as far as I know.")
        return " ".join(_how(fact, turn) for fact in told[:MOST]), Outcome(result=told[:MOST])


def fact_tools(facts: FactStore, read: Read, answered: Answered) -> list[BaseTool]:
    """The facts' tools."""
    return FactTools(facts, read, answered).tools()


def _asked_words(about: str) -> list[str]:
    return [word for word in all_words(about) if word not in ASKING]


def _by_words(about: str, known: Sequence[Fact]) -> list[Fact]:
    """The facts with the most of the asked words; those of the right person where the question says whose."""
    wanted = _asked_words(about)
    mine = _mine(about)
    scored = []
    for fact in known:
        there = all_words(f"{fact.text} {fact.key} {fact.about}")
        found = sum(any(same_word(word, other) for other in there) for word in wanted)
        if found and (not mine or fact.about in {ME, US}):
            scored.append((found, fact))
    best = max((found for found, _ in scored), default=0)
    exact = [fact for found, fact in scored if found == best]
    if exact or not mine:
        return exact
    named = {"name": "name"} if {"who", "name", "called"} & set(all_words(about)) else {}
    return [fact for fact in known if fact.about == ME and fact.key in named]


def _mine(about: str) -> bool:
    """Whether a question is about the one who asks: "what is my favourite colour", not "my sister's"."""
    words = all_words(about)
    return bool({"i", "my", "me"} & set(words)) and "'s" not in about.replace("’", "'")


def _missing(about: str, found: Sequence[Fact]) -> str:
    """What was asked for by name and stands in none of the facts."""
    there = [word for fact in found for word in all_words(f"{fact.text} {fact.key} {fact.about}")]
    words = [word for word in _asked_words(about) if word not in {ME, US}]
    left = [word for word in words if not any(same_word(word, other) for other in there)]
    if not left or len(left) == len(words):
        return ""
    return f" You have told me nothing about “{' '.join(left)}”."


def _nothing(about: str) -> str:
    if about.casefold() in {"", ME}:
        return "You have told me nothing about yourself yet. Say, for example: “remember that I'm allergic to nuts”."
    words = " ".join(_asked_words(about)) or about
    return f"You have told me nothing about “{words}”."


def _how(fact: Fact, turn: Turn) -> str:
    """When and from which words: and what it was before."""
    at = _moment(fact.learned_at, turn)
    before = "".join(
        f" Before that, {_moment(one.learned_at, turn)}, it was {quoted(one.said)}"
        for one in fact.history[::-1]
    )
    return f"{capital(at)} you said: {quoted(fact.said or fact.text)}{before}"


def _moment(at: datetime, turn: Turn) -> str:
    told = say_moment(at, turn.now, turn.locale)
    return told if told.startswith(("today", "yesterday")) else f"on {told}"
