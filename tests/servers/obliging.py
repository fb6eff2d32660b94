"""A stand-in model that knows what each sentence wants: it makes the right call where it is offered the tool.

with obliging({"what time is it": Gold(calls=(("get_time", {}),))}) as server: ...

It plays no favourites: whoever asks, it looks at the last words of the person, at the tools in the request, and at
what the tools have answered since.
"""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from typing_extensions import override

from passfel.tests.servers.loopback import serve
from passfel.tests.servers.sglang import SGLang
from passfel.tests.servers.sglang_answers import Answer, CallTools, Fail, Say, error_body

CLASSIFY = "Name the domains of the request"
"""A system prompt that begins so is asking for labels, not for an answer."""
UNABLE = "I have no tool for that."
LONGEST = 400
"""Characters of an answer that restates what tools said."""


@dataclass(frozen=True)
class Gold:
    """What a sentence wants: these calls, or these words where no tool helps."""

    calls: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    text: str = ""
    labels: str = "chat"
    """Its domains, for who asks for them."""


class Obliging(SGLang):
    """The stand-in server, answering by what is asked and not by a script."""

    def __init__(self, gold: Mapping[str, Gold], model: str = "passfel") -> None:
        """Know the sentences."""
        super().__init__(model, api_key="")
        self._gold = dict(gold)

    def learn(self, gold: Mapping[str, Gold]) -> None:
        """Know more sentences."""
        self._gold.update(gold)

    @override
    def next_answer(self, body: dict[str, Any]) -> Answer:
        messages = body["messages"]
        last = max(number for number, message in enumerate(messages) if message["role"] == "user")
        gold = self._gold.get(words_of(messages[last]["content"]))
        if gold is None:
            return Fail(400, error_body(400, f"Nobody told the model about: {messages[last]['content']}"))
        if str(messages[0]["content"]).startswith(CLASSIFY):
            return Say(gold.labels)
        results = [message["content"] for message in messages[last:] if message["role"] == "tool"]
        if results:
            return Say(" ".join(results)[:LONGEST] or "Done.")
        offered = {tool["function"]["name"] for tool in body.get("tools") or []}
        calls = [call for call in gold.calls if call[0] in offered]
        return CallTools(calls) if calls else Say(gold.text or UNABLE)


def words_of(content: str) -> str:
    """What the person said, without the context that stands in brackets before it."""
    return content.split("]\n\n", 1)[-1] if content.startswith("[") else content


@contextlib.contextmanager
def obliging(gold: Mapping[str, Gold]) -> Iterator[Obliging]:
    """Run the stand-in for as long as the block lasts."""
    server = Obliging(gold)
    with serve(server.app) as url:
        server.url = f"{url}/v1"
        yield server
