"""A person as they are told: a name, and perhaps a number, an address, a birthday."""

import re
from dataclasses import dataclass

EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
PHONE = re.compile(r"(?<![\w@.])\+?\(?\d[\d\s()./-]{4,}\d(?!\w)")
DATE = re.compile(r"\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}|\d{4}-\d{1,2}-\d{1,2}")
"""Looks like a number, and is none."""
LINKS = re.compile(
    r"(?:[\s,;:(]|\b(?:and|at|on|with|her|his|their|the|is|number|phone|telephone|tel|mobile|e-?mail|mail|address)\b)+$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class ToldPerson:
    """What was said of a person; empty where nothing was."""

    name: str
    phone: str = ""
    email: str = ""
    birthday: str = ""


def read_person(text: str) -> ToldPerson:
    """Take "Dr. Ana Silva, 555 0100" apart."""
    email = EMAIL.search(text)
    rest = text.replace(email[0], " ") if email else text
    phone = PHONE.search(rest)
    phone = None if phone and DATE.fullmatch(phone[0].strip()) else phone
    name = rest[: phone.start()] if phone else rest
    if email:
        name = name if phone and phone.start() < email.start() else text[: email.start()]
        name = name[: phone.start()] if phone else name
    name = LINKS.sub("", name.strip(" ,;:()"))
    return ToldPerson(
        name=" ".join(name.split()),
        phone=" ".join(phone[0].split()) if phone else "",
        email=email[0] if email else "",
    )
