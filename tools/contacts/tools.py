"""The tools for people and businesses."""

from langchain_core.tools import BaseTool

from passfel.household.errors import NotFoundError, RequestError
from passfel.household.receipt import Action, Receipt
from passfel.household.rows import Contact
from passfel.household.wording import say_list
from passfel.tools.contract import READS, WRITES, Answer, InTurn, Outcome, tool
from passfel.tools.matching import best_matches, the_one
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
        matches = best_matches(who, await self._contacts.all(turn.person), _label)
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
        details = {field: value.strip() for field, value in told.items() if value.strip()}
        if not name.strip() and not role.strip():
            raise RequestError("Who is it? Tell me a name.")
        known = await self._known(turn.person, name.strip(), role.strip())
        if known is None:
            added = await self._contacts.add(turn.person, name=name.strip() or role.strip(), **details)
            contact, action = await read_back(self._contacts, added.id), "added"
        else:
            await self._contacts.change(
                known.id, **({"name": name.strip()} if name.strip() else {}), **details
            )
            contact, action = await read_back(self._contacts, known.id), "changed"
        verb = "Saved" if action == "added" else "Updated"
        return _changed(
            contact, "added" if action == "added" else "changed", f"{verb}: {_describe(contact)}."
        )

    async def remove_contact(self, turn: InTurn, who: str) -> Answer:
        """Remove a person or a business from the address book. Undo brings it back.

        Args:
            turn: the turn.
            who: a name or a role.
        """
        contact = the_one(who, await self._contacts.all(turn.person), _label, kind="contact")
        await self._contacts.remove(contact.id)
        return _changed(contact, "removed", f"Removed {_describe(contact)} from your contacts.")

    async def _known(self, person: str, name: str, role: str) -> Contact | None:
        contacts = await self._contacts.all(person)
        same_name = [contact for contact in contacts if name and contact.name.casefold() == name.casefold()]
        same_role = [contact for contact in contacts if role and contact.role.casefold() == role.casefold()]
        # A new dentist takes the old one's place only where no name says that it is somebody else.
        return next(iter(same_name or ([] if name else same_role)), None)


def contact_tools(contacts: RecordTable[Contact]) -> list[BaseTool]:
    """The address book's tools, over its table."""
    return ContactTools(contacts).tools()


def _label(contact: Contact) -> str:
    return f"{contact.role} {contact.name}".strip()


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


def _changed(contact: Contact, action: Action, sentence: str) -> Answer:
    receipt = Receipt(action=action, kind="contact", sentence=sentence, reference=str(contact.id))
    return sentence, Outcome(result=contact, receipts=(receipt,))
