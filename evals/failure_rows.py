"""The rows of the failure table: what the person asks, and how the servers fail."""

from dataclasses import dataclass

from passfel.tests.servers.sglang import (
    Abort,
    CallTools,
    CutAfter,
    ErrorEvent,
    Fail,
    QueueFull,
    Raw,
    Say,
    Stall,
    error_body,
)
from passfel.tests.servers.sglang_answers import Answer

QUESTION = "talk me into a visit to Lisbon"
CHORE = "stick sponges with the other chores"
CALL = CallTools([("add_task", {"title": "sponges"})], reasoning="A task.")
COUNT = Say("Lisbon is the capital, and has been so since 1255.", reasoning="An easy one.")
OVERFLOW = error_body(
    400, "The input (40017 tokens) is longer than the model's context length (32768 tokens)."
)
LLAMACPP_OVERFLOW = {
    "error": {
        "code": 400,
        "message": "the request exceeds the available context size, try increasing it",
        "type": "exceed_context_size_error",
    }
}


def openai_429(message: str, code: str) -> Fail:
    """OpenAI's 429, which means three things."""
    return Fail(429, {"error": {"message": message, "type": "tokens", "param": None, "code": code}})


@dataclass(frozen=True)
class Row:
    """One failure. `answers` are what the box says, `other` the second box, `venice` Venice.ai.

    Rows of one `setup` share a house; a failure that closes a breaker for longer has one of its own.
    """

    failure: str
    wire: str
    answers: tuple[Answer, ...] = ()
    asked: str = QUESTION
    setup: str = "one box"
    other: tuple[Answer, ...] = ()
    venice: tuple[Answer, ...] = ()


ROWS = (
    Row("none", "200, a whole stream", (COUNT,)),
    Row("queue full, displaced, waited too long", "200, error event 503", (QueueFull(),)),
    Row("a proxy says it is busy", "503", (Fail(503, "<html>Busy</html>"),)),
    Row("rate limit", "429", (Fail(429, None),)),
    Row("out of memory in the server", "200, error event 500", (ErrorEvent(500, "Out of memory"),)),
    Row("failure in the server", "500", (Fail(500, None),)),
    Row("the server is gone behind a proxy", "502", (Fail(502, "<html>Bad Gateway</html>"),)),
    Row("a proxy gave up waiting", "504", (Fail(504, None),)),
    Row("crash before the first token", "connection dropped", (CutAfter(0),)),
    Row("crash while thinking", "connection dropped", (CutAfter(3, of=COUNT),)),
    Row("crash in the answer", "connection dropped", (CutAfter(6, of=COUNT),)),
    Row("stream ends early as if all were well", "no finish_reason", (CutAfter(6, of=COUNT, clean=True),)),
    Row("aborted on the server", 'finish_reason "abort"', (Abort(),)),
    Row("aborted in the answer", 'finish_reason "abort"', (Abort("Lisbon is"),)),
    Row("silence before the first token", "nothing until the deadline", (Stall(60),)),
    Row("silence in the answer", "nothing until the deadline", (Stall(60, after=6, of=COUNT),)),
    Row("the model would not stop thinking", "the client closes it", (Say("", "Hm. " * 99), COUNT)),
    Row(
        "it would not stop even then",
        "the client closes it once",
        (Say("", "Hm. " * 99), Say("", "Hm. " * 99)),
    ),
    Row(
        "out of tokens while thinking",
        'finish_reason "length"',
        (Say("", "I think and think.", finish="length"), COUNT),
    ),
    Row("out of tokens in the answer", 'finish_reason "length"', (Say("Lisbon is the", finish="length"),)),
    Row("an empty answer", "200, nothing in it", (Say("", reasoning="Hm."),)),
    Row("half a tool call", "arguments cut off", (CallTools([("add_task", '{"title": "spo')]),)),
    Row("not JSON", "200, garbage", (Raw(b"data: {not json}\n\ndata: [DONE]\n\n"),)),
    Row("something else at the address", "200, HTML", (Raw(b"<html></html>", content_type="text/html"),)),
    Row("the conversation is too long", "400", (Fail(400, OVERFLOW),)),
    Row("the same, said by llama.cpp", "400, exceed_context_size_error", (Fail(400, LLAMACPP_OVERFLOW),)),
    Row(
        "larger than OpenAI takes in a minute",
        "429, Request too large",
        (openai_429("Request too large: Limit 30000, Requested 250011.", "rate_limit_exceeded"),),
    ),
    Row("grammar or sampling refused", "200, error event 400", (ErrorEvent(400, "Failed to compile"),)),
    Row("bad key", "401", (Fail(401, {"error": "Unauthorized"}),)),
    Row("no such address", "404", (Fail(404, {"detail": "Not Found"}),)),
    Row("crash after a tool has answered", "connection dropped", (CALL, CutAfter(0)), CHORE),
    Row("crash in the answer, after a tool", "connection dropped", (CALL, CutAfter(6, of=COUNT)), CHORE),
    Row("refusal after a tool has answered", "400", (CALL, Fail(400, OVERFLOW)), CHORE),
    Row("nobody there", "connection refused", setup="nobody"),
    Row(
        "OpenAI limits the rate",
        "429, rate_limit_exceeded",
        (openai_429("Rate limit reached. Please try again in 2s.", "rate_limit_exceeded"),),
        setup="one box, limited",
    ),
    Row(
        "OpenAI's account is empty",
        "429, insufficient_quota",
        (openai_429("You exceeded your current quota.", "insufficient_quota"),),
        setup="one box, empty account",
    ),
    Row("maintenance", "not asked", setup="maintenance"),
    Row("one of two boxes is dead", "connection refused", (), other=(COUNT,), setup="two boxes, one dead"),
    Row("the own box is busy, Venice.ai is on", "503", (QueueFull(),), setup="venice", venice=(COUNT,)),
    Row(
        "Venice.ai has no balance",
        "402",
        (QueueFull(),),
        setup="venice, empty account",
        venice=(Fail(402, {"error": "Insufficient balance"}),),
    ),
    Row(
        "Venice.ai does not take the key",
        "401",
        (QueueFull(),),
        setup="venice",
        venice=(Fail(401, {"error": "Authentication failed"}),),
    ),
    Row(
        "Venice.ai is on, and a tool has answered",
        "503",
        (CALL, QueueFull()),
        CHORE,
        setup="venice",
        venice=(COUNT,),
    ),
)
