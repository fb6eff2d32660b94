"""What a model outside the house gets to see where the household's context is withheld.

One rule, simple enough to be checked: a fixed head, and the words of the present request as the person
said them. No time and place, no calendar, no earlier turn, no tool and no tool's answer.
"""

from collections.abc import Sequence

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage, ToolMessage

WITHHELD_HEAD = """\
You are PASSFEL, the private assistant of one household. Its own language model is away, and you stand in for it.

The household's data is withheld from you: you see this one request, and neither the conversation before it nor \
any calendar, task, note, contact, reminder, device, place or time. You have no tools, and can't look anything up or \
change anything.

- Answer from general knowledge, in the language of the request, in one to three short sentences unless more is \
asked for.
- If the request needs the household's data, or asks for something to be done, say in one sentence that you can't \
while the household's own model is away. Never pretend that something was done."""


def withhold(messages: Sequence[BaseMessage]) -> list[BaseMessage]:
    """The prompt without anything of the household but the words of the present request."""
    request = next((message for message in reversed(messages) if isinstance(message, HumanMessage)), None)
    said = "" if request is None else str(request.additional_kwargs.get("said") or request.text)
    return [SystemMessage(WITHHELD_HEAD), HumanMessage(said)]


def holds_results(messages: Sequence[BaseMessage]) -> bool:
    """Whether tools have answered in this turn: a model that may not see that can't finish it."""
    for message in reversed(messages):
        if isinstance(message, HumanMessage):
            return False
        if isinstance(message, ToolMessage):
            return True
    return False
