"""What nobody should have to remember for a household: passwords, PINs, card numbers."""

import re

_NAMED = re.compile(
    r"\b(?P<what>pass\s?(?:word|code|phrase|key)s?|pin(?:\s(?:code|number))?s?|cvv|cvc|(?:credit|debit|bank)\scards?"
    r"|card\snumbers?|(?:security|alarm|door|safe|gate|unlock|access|recovery|lock)\scodes?"
    r"|(?:api|private|secret)\skeys?|(?:access|api)\stokens?|(?:seed|recovery)\sphrases?|social\ssecurity\snumber"
    r"|safe\scombination|log\s?in|credentials)\b[^.;]*?(?:\bis\b|\bare\b|[:=]|(?=\d))\s*(?P<value>\S+)",
    re.IGNORECASE,
)
_PLACE_WORDS = """
on in under at with behind inside above below near next written kept stored saved not hard easy long short too very
the my our a an
"""
_PLACES = frozenset(_PLACE_WORDS.split())
"""Behind these comes where a secret is, or how, and not the secret."""
_DIGITS = re.compile(r"\b\d(?:[ -]?\d){12,18}\b")


def secret_in(text: str) -> str:
    """What kind of secret a text gives away ("password", "card number"); empty where it gives none."""
    if any(_is_card(found[0]) for found in _DIGITS.finditer(text)):
        return "card number"
    for found in _NAMED.finditer(text):
        if found["value"].strip("\"'“”.,").casefold() not in _PLACES:
            return " ".join(found["what"].casefold().split())
    return ""


def _is_card(number: str) -> bool:
    """Luhn's sum, which every payment card's number keeps."""
    digits = [int(sign) for sign in reversed(number) if sign.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0
