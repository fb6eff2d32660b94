"""How people state facts about themselves and those around them, as patterns over normalized sentences."""

import re
from functools import cache

RELATIONS = (
    "wife husband partner girlfriend boyfriend fiancée fiancé fiancee fiance mother father mum mom mummy dad daddy"
    " parents sister brother sisters brothers son daughter sons daughters child children kid kids baby twins"
    " grandmother grandfather grandma grandpa granny grandparents grandson granddaughter aunt uncle cousin niece"
    " nephew mother-in-law father-in-law sister-in-law brother-in-law stepmother stepfather stepson stepdaughter"
    " godmother godfather friend neighbour neighbor neighbours neighbors flatmate roommate boss colleague"
    " dog cat dogs cats puppy kitten rabbit hamster parrot horse tortoise bird"
)
TRAITS = (
    "vegetarian vegan pescatarian teetotal diabetic coeliac celiac asthmatic epileptic left-handed right-handed"
    " colour-blind color-blind colourblind colorblind short-sighted long-sighted deaf blind pregnant retired married"
    " single divorced widowed unemployed self-employed lactose.intolerant gluten.intolerant gluten-free"
    " lactose-intolerant gluten-intolerant halal kosher muslim jewish christian catholic hindu buddhist"
    " portuguese english british american german french spanish italian dutch irish scottish welsh brazilian polish"
    " swiss austrian danish swedish norwegian finnish greek turkish ukrainian russian indian chinese japanese"
)
KINDS = (
    "vegetarian vegan pescatarian teetotaller diabetic smoker non-smoker coeliac nurse doctor teacher engineer lawyer"
    " student carpenter plumber electrician farmer baker cook chef musician writer painter designer programmer"
    " developer scientist pensioner night owl early bird morning person twin only child widow widower veteran"
    " fisherman sailor driver pilot architect accountant pharmacist dentist midwife gardener waiter waitress"
    " firefighter policeman policewoman hairdresser translator journalist photographer"
)
POSSESSIONS = (
    "child children kid kids son sons daughter daughters brother brothers sister sisters sibling siblings twins"
    " grandchildren grandchild dog dogs cat cats pet pets horse horses rabbit rabbits chickens hens tortoise fish"
    " bees hamster"
)

_NAME = r"(?-i:[A-ZÀ-Þ][\w'’-]+)(?: (?:(?-i:[A-ZÀ-Þ][\w'’.-]+)|de|da|do|dos|van|von|der|di|la)){0,4}"


def _any(words: str) -> str:
    """Alternatives, the longer before the shorter; a dot stands for a space."""
    spaced = [word.replace(".", " ") for word in words.split()]
    return "|".join(sorted(spaced, key=len, reverse=True))


_ATTRIBUTE = (
    r"(?:(?:first|last|middle|full|maiden) name|(?:shoe|dress|ring|shirt|hat|glove) size|blood (?:type|group)"
    r"|star sign|mother tongue|(?:native|first) language|(?:eye|hair) colou?r|name|surname|nickname|job|profession"
    r"|height|age|nationality|religion|hometown|address|car)"
)
_KIND = (
    r"(?:night owl|early bird|morning person|only child|"
    + "|".join(
        sorted(set(KINDS.split()) - {"night", "owl", "early", "bird", "morning", "person", "only", "child"})
    )
    + ")"
)
RELATION = (
    rf"(?:(?:older|younger|elder|eldest|youngest|oldest|little|big|best|new|ex-?) ?)?(?:{_any(RELATIONS)})"
)
_WHO = rf"(?P<who>I|we|(?:my|our) {RELATION}(?: {_NAME})?|{_NAME})"
_OWNER = rf"(?P<of>my|our|(?:my|our) {RELATION}'s?|{_NAME}'s?)"
_NOT = r"(?P<not>(?:do|does) not (?:really )?|never |no longer |really |only |usually |always )*"
_WHAT = r"(?P<what>[^?!;:\"“”«»()]{2,90})"

STATEMENTS: tuple[tuple[str, str], ...] = (
    # pattern, key ({topic} is the object in small letters)
    (rf"my name is (?P<value>{_NAME})", "name"),
    (rf"(?:call me|i am called|i go by) (?P<value>{_NAME})", "name"),
    (rf"(?P<of>my|our) (?P<rel>{RELATION})(?:'s name is| is called| is named) (?P<value>[\w' -]{{2,40}})",
     "name of {rel}"),
    (rf"the name of (?P<of>my|our) (?P<rel>{RELATION}) is (?P<value>[\w' -]{{2,40}})", "name of {rel}"),
    (rf"{_OWNER} birthday is (?:on )?(?P<value>[\w ,.'-]{{3,40}})", "birthday"),
    (rf"{_WHO} (?:was|were) born (?:on|in) {_WHAT}", "born"),
    (rf"{_OWNER} favou?rite (?P<topic>[\w -]{{2,30}}?) (?:is|are) {_WHAT}", "favourite {topic}"),
    (rf"{_OWNER} (?P<topic>{_ATTRIBUTE}) is {_WHAT}", "{topic}"),
    (rf"{_WHO} (?:am|is|are) (?:not |no longer |also )*(?:allergic|intolerant) to {_WHAT}", "allergic to {what}"),
    (rf"{_WHO} (?:have|has) (?:a |an |no )?(?:bad |severe )?(?P<topic>[\w-]+) (?:allergy|intolerance)",
     "allergic to {topic}"),
    (rf"{_WHO} (?:have|has) an (?:allergy|intolerance) to {_WHAT}", "allergic to {what}"),
    (rf"{_WHO} (?:am|is|are) (?:not |no longer )?(?P<topic>{_any(TRAITS)})(?: again)?", "being {topic}"),
    (rf"{_WHO} (?:am|is|are) (?:not |no longer )?an? (?P<topic>(?:strict )?{_KIND})", "being {topic}"),
    (rf"{_WHO} (?:am|is) \d{{1,3}}(?: years old)?", "age"),
    (rf"{_WHO} (?:am|is|are|come|comes) (?:originally )?from (?P<what>{_NAME})", "origin"),
    (rf"{_WHO} {_NOT}(?:like|love|hate|dislike|enjoy|prefer|adore|detest)s? (?:to )?{_WHAT}", "taste for {what}"),
    (rf"{_WHO} (?:(?:do|does) not |never |no longer |only )+(?:eat|drink|smoke|cook|drive|use|wear|take)s?"
     rf"(?: {_WHAT})?", "habit {what}"),
    (rf"{_WHO} (?:eat|drink|smoke)s? (?P<what>[\w -]+) again", "habit {what}"),
    (rf"{_WHO} (?:live|lives) (?:in|at|on|near|by|next to) {_WHAT}", "home"),
    (rf"{_WHO} (?:live|lives) with {_WHAT}", "living with"),
    (rf"{_WHO} (?:work|works) (?:at|for|in|as|from|on) {_WHAT}", "work"),
    (rf"{_WHO} (?:speak|speaks) {_WHAT}", "languages"),
    (rf"{_WHO} (?:have|has|own|owns) (?:a|an|one|two|three|four|five|six|seven|eight|\d+|no|some) "
     rf"(?:\w+ )?(?P<topic>{_any(POSSESSIONS)})(?: (?:called|named) {_WHAT})?", "having {topic}"),
    (rf"{_WHO} (?:have|has) (?P<topic>asthma|diabetes|epilepsy|migraines|hay fever)", "having {topic}"),
    (rf"(?P<who>I|we|(?:my|our) {RELATION}) (?:usually|normally|always) (?P<what>(?!forget|lose)[^?!;:\"]{{4,80}})",
     ""),
    (rf"(?P<who>I|we|(?:my|our) {RELATION}) (?:drive|drives) an? (?P<what>[\w -]{{2,40}})", "car"),
    (rf"(?P<who>I|(?:my|our) {RELATION}) (?:play|plays) (?P<what>[\w -]{{3,40}})", "playing {what}"),
)  # fmt: skip

TOLD: tuple[tuple[str, str], ...] = (
    # What is said after "remember that" may be more.
    (rf"(?P<of>my|our|(?:my|our) {RELATION}'s?|{_NAME}'s?) (?P<topic>\w[\w -]{{1,40}}?) (?:is|are|has|have) {_WHAT}",
     "{topic}"),
    (rf"{_WHO} (?:am|is|are|have|has|own|owns|need|needs|use|uses|take|takes|wear|wears|drive|drives|want|wants"
     rf"|usually|always|never|cannot|can not|got married|studied|studies|go|goes) {_WHAT}", ""),
)  # fmt: skip


@cache
def questions() -> list[re.Pattern[str]]:
    """The questions that ask for such facts."""
    who = rf"(?:i|we|(?:my|our) {RELATION}|{_NAME})"
    of = rf"(?:my|our|(?:my|our) {RELATION}'s?|{_NAME}'s?)"
    verb = r"(?:eat|drink|like|love|hate|dislike|enjoy|prefer|smoke|speak|play|wear|drive)"
    patterns = (
        rf"(?:am|are|is) {who} (?:allergic|intolerant) to .+",
        rf"what (?:else )?(?:am|are|is) {who} (?:allergic|intolerant) to",
        rf"(?:do|does) {who} have any (?:allergies|intolerances)",
        rf"what allergies (?:do|does) {who} have",
        rf"(?:do|does) {who} {verb} .+",
        rf"what (?:do|does) {who} (?:not )?{verb}(?: to eat| to drink)?",
        rf"what (?:languages? )(?:do|does) {who} speak",
        rf"(?:am|are|is) {who} (?:an? )?(?:{_any(TRAITS)}|{_KIND})",
        rf"what (?:is|are) {of} (?:favou?rite [\w -]+|{_ATTRIBUTE})",
        rf"what (?:is|are) (?:my|our) {RELATION} called",
        r"what is the name of (?:my|our) (?:dogs?|cats?|puppy|kitten|rabbit|hamster|parrot|horse|tortoise|bird)",
        rf"where (?:do|does) {who} (?:live|work|come from)",
        rf"where (?:am|are|is) {who} from",
        rf"(?:when|where) (?:was|were) {who} born",
        r"how old am i",
        rf"how many (?:{_any(POSSESSIONS)}) (?:do|does) {who} have",
        rf"(?:do|does) {who} have (?:any |a |an )?(?:{_any(POSSESSIONS)})",
        rf"(?:when|what days) (?:do|does) {who} work",
        r"what do i do for a living",
        r"(?:who am i|what am i called|do you know (?:who i am|my name))",
    )  # fmt: skip
    return [re.compile(pattern, re.IGNORECASE) for pattern in patterns]
