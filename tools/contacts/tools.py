"""The tools for people and businesses."""

from langchain_core.tools import BaseTool

from passfel.household.errors import NotFoundError, RequestError
from passfel.household.rows import Contact
from passfel.household.wording import plain_text, say_list
from passfel.tools.contract import READS, WRITES, Answer, InTurn, Outcome, tool
from passfel.tools.matching import Naming, all_words, best_matches, same_word, the_one, words_of
from passfel.tools.receipts import changed
from passfel.tools.records import RecordTable, read_back


class ContactTools:
    """The address book, as tools."""

    def __init__(self, contacts: RecordTable[Contact]) -> None:
        """Keep the table."""
        self._contacts = contacts

    def tools(self) -> list[BaseTool]:
        """All of them, in a fixed order."""
        return [
            tool(self.find_contact, domain="contacts", annotations=READS),
            tool(self.save_contact, domain="contacts", annotations=WRITES),
            tool(self.remove_contact, domain="contacts", annotations=WRITES),
        ]

    async def find_contact(self, turn: InTurn, who: str, about: str = "") -> Answer:
        """Look a person or a business up, by name or by what they are to the household.

        Args:
            turn: the turn.
            who: a name, or a role such as dentist or plumber.
            about: one detail only: phone, email, address or birthday.
        """
        contacts = await self._contacts.all(turn.person)
        matches = _with_role(who, contacts) or best_matches(who, contacts, lambda c: _label(c, who))
        if not matches:
            raise NotFoundError(
                f"I have no contact for “{who}”. Tell me, for example: “my {who} is Ana Silva, 555 0100”."
            )
        found = list(matches[:3])
        return " ".join(_say(contact, about) for contact in found), Outcome(result=list(found))

    async def save_contact(
        self,
        turn: InTurn,
        name: str,
        role: str = "",
        phone: str = "",
        email: str = "",
        address: str = "",
        birthday: str = "",
    ) -> Answer:
        """Keep a person or a business; details of someone already known are added to what is there.

        Args:
            turn: the turn.
            name: their name.
            role: what they are to the household: dentist, mother, plumber.
            phone: a telephone number.
            email: an e-mail address.
            address: where they are.
            birthday: an ISO date.
        """
        told = {"role": role, "phone": phone, "email": email, "address": address, "birthday": birthday}
        details = {field: plain_text(value) for field, value in told.items() if plain_text(value)}
        name, role = plain_text(name), details.get("role", "")
        if not name and not role:
            raise RequestError("Who is it? Tell me a name.")
        await self._contacts.hold(turn.person)
        contacts = await self._contacts.all(turn.person)
        known = _known(contacts, name, role)
        if known is None:
            added = await self._contacts.add(turn.person, **{"name": name or role, **details})
            contact = await read_back(self._contacts, added.id)
            return changed(contact, "added", f"Saved: {_describe(contact)}.{_say_others(contact, contacts)}")
        await self._contacts.change(known.id, **({"name": name} if name else {}), **details)
        contact = await read_back(self._contacts, known.id)
        return changed(contact, "changed", f"Updated: {_describe(contact)}.")

    async def remove_contact(self, turn: InTurn, who: str) -> Answer:
        """Remove a person or a business from the address book. Undo brings it back.

        Args:
            turn: the turn.
            who: a name or a role.
        """
        naming = Naming("contact", lambda c: _label(c, who), _describe, "delete contact {}", name=_full_label)
        contact = the_one(who, await self._contacts.all(turn.person), naming)
        if await self._contacts.lock(contact.id) is None:
            raise NotFoundError(f"{contact.name} is no longer in your contacts.")
        await self._contacts.remove(contact.id)
        return changed(contact, "removed", f"Removed {_describe(contact)} from your contacts.")


def contact_tools(contacts: RecordTable[Contact]) -> list[BaseTool]:
    """The address book's tools, over its table."""
    return ContactTools(contacts).tools()


def _known(contacts: list[Contact], name: str, role: str) -> Contact | None:
    """Who is told about, if already known: the same name in another role is another person.

    Raises:
        RequestError: it could be several.
    """
    if not name:
        return _only([contact for contact in contacts if _same(contact.role, role)], role)
    namesakes = [contact for contact in contacts if all_words(contact.name) == all_words(name)]
    if not role:
        return _only(namesakes, name)
    fitting = [contact for contact in namesakes if _same(contact.role, role)]
    fitting = fitting or [contact for contact in namesakes if not contact.role]
    # "my dentist's number is …" was told before the dentist's name.
    fitting = fitting or [c for c in contacts if _same(c.name, role) and _same(c.role, role)]
    return _only(fitting, name)


def _only(fitting: list[Contact], said: str) -> Contact | None:
    if len(fitting) > 1:
        choices = say_list([_describe(contact) for contact in fitting[:4]], "or")
        raise RequestError(
            f"Which {said} do you mean: {choices}? Say name and role, for example"
            f" “my {fitting[0].role or 'friend'} {fitting[0].name}”."
        )
    return fitting[0] if fitting else None


def _same(one: str, other: str) -> bool:
    return words_of(one) == words_of(other) != []


def _with_role(who: str, contacts: list[Contact]) -> list[Contact]:
    return [contact for contact in contacts if contact.role and _same(contact.role, who)]


def _label(contact: Contact, asked: str) -> str:
    """The name, and the role where all of it was asked for: a mother-in-law is no mother."""
    wanted = words_of(asked)
    role = words_of(contact.role)
    whole = role and all(any(same_word(part, word) for word in wanted) for part in role)
    return _full_label(contact) if whole else contact.name


def _full_label(contact: Contact) -> str:
    return contact.name if _same(contact.name, contact.role) else f"{contact.role} {contact.name}".strip()


def _say_others(contact: Contact, known: list[Contact]) -> str:
    """Whoever else has the name, so that nobody thinks the one was changed into the other."""
    others = [_describe(other) for other in known if all_words(other.name) == all_words(contact.name)]
    return f" You also have {say_list(others[:3])}." if others else ""


def _describe(contact: Contact) -> str:
    details = [contact.phone, contact.email, contact.address, contact.birthday and f"born {contact.birthday}"]
    who = f"{contact.name}, your {contact.role}" if contact.role else contact.name
    return ", ".join([who, *filter(None, details)])


def _say(contact: Contact, about: str) -> str:
    if about in {"phone", "email", "address", "birthday"}:
        value = getattr(contact, about)
        what = {"phone": "number", "email": "e-mail address"}.get(about, about)
        return f"{contact.name}'s {what} is {value}." if value else f"I don't know {contact.name}'s {what}."
    details = list(filter(None, [contact.phone, contact.email, contact.address]))
    tail = f": {say_list(details)}" if details else ""
    if contact.role:
        return f"Your {contact.role} is {contact.name}{tail}.".replace("..", ".")
    return f"{contact.name}{tail}."
