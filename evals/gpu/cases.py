"""What a running server is asked: prompt layouts, tokens a second, too many and too long requests, a forced call.

Each case gives rows for a table. Standard library only.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import Any

from passfel.evals.gpu.asking import CHAT, Answer, Server, conversation, prose, some_ids

Row = dict[str, Any]
TURNS = 6
NAMED = {"type": "function", "function": {"name": "switch_light"}}
BEFORE = 8
"""Exchanges that a conversation has at its first turn."""


def layouts(server: Server, turns: int = TURNS) -> list[Row]:
    """Time to the first token and tokens from the cache, turn by turn, for three ways to lay out a prompt.

    Stable head: nothing that was sent ever changes, the time stands in the message of its turn. Changing head:
    the time stands at the beginning. Alternating tools: as the first, with two fixed sets of tools in turn. And
    the first again after its head was read once for a single token. Each is run twice from an empty cache; the
    second run counts, for the first compiles kernels.
    """
    rows: list[Row] = []
    for name in ("stable head", "changing head", "alternating tools", "stable head, primed"):
        for run in ("first", "second"):
            server.forget()
            if name.endswith("primed"):
                server.chat(
                    [_system("stable", 0), {"role": "user", "content": "hello"}],
                    tools=_tools(0),
                    max_tokens=1,
                )
            found = [_turn(server, name, turn) for turn in range(turns)]
            rows += found if run == "second" else []
    return rows


def decoding(server: Server, depth: int, simulated: float, rounds: int = 3, tokens: int = 256) -> list[Row]:
    """Tokens a second of one and of four requests at once."""
    server.generate(some_ids(64, 0), 32)
    rows: list[Row] = []
    for users in (1, 4):
        for number in range(rounds + 1):
            seeds = [1000 * users + 10 * number + user for user in range(users)]
            begun = time.monotonic()
            answers = _together([partial(server.generate, some_ids(64, seed), tokens) for seed in seeds])
            if number:
                rows.append(_rate(answers, depth, simulated, tokens, time.monotonic() - begun))
    return rows


def reading(server: Server) -> list[Row]:
    """Time to the first token of prompts of several lengths, never seen and seen before."""
    server.generate(some_ids(16384, 9), 2)
    rows: list[Row] = []
    for length in (512, 4096, 16384):
        ids = some_ids(length, length)
        for seen in ("new", "same again"):
            answer = server.generate(ids, 2)
            cached = answer.meta.get("cached_tokens")
            rows.append({"prompt": length, "seen": seen, "cached": cached, "first_ms": answer.first_ms})
    return rows


def queue_full(server: Server, running: int, queued: int, tokens: int = 800) -> list[Row]:
    """Fill every place and every place in the queue, and ask twice more."""
    fillers = [
        threading.Thread(target=_fill, args=(server, number, tokens)) for number in range(running + queued)
    ]
    for filler in fillers:
        filler.start()
        time.sleep(0.15)
    question = [{"role": "user", "content": "when is the dentist"}]
    rows = [
        _seen("queue full, stream", server.chat(question)),
        _seen("queue full, whole", server.chat(question, stream=False)),
        _seen("queue full, /health", server.ask("/health", None, "GET")),
    ]
    for filler in fillers:
        filler.join()
    return [*rows, _seen("afterwards", server.chat(question))]


def too_long(server: Server, context: int) -> list[Row]:
    """Prompts and answers beyond the context."""
    long = [{"role": "user", "content": prose(context + 4000, "long")}]
    short = [{"role": "user", "content": "when is the dentist"}]
    return [
        _seen("prompt beyond the context, stream", server.chat(long)),
        _seen("prompt beyond the context, whole", server.chat(long, stream=False)),
        _seen("max_tokens beyond the context, stream", server.chat(short, max_tokens=context)),
        _seen("max_tokens beyond the context, whole", server.chat(short, max_tokens=context, stream=False)),
        _seen("afterwards", server.chat(short)),
    ]


def first_answers(server: Server) -> list[Row]:
    """What the first answers after a boot wait for: kernels of a plain one, then those of a grammar."""
    rows: list[Row] = []
    for name in ("plain, first", "plain, second"):
        answer = server.generate(some_ids(64, len(name)), 8)
        rows.append({"what": name, "total_ms": answer.total_ms, "error": answer.error})
    for name in ("forced call, first", "forced call, second"):
        row = _forced(server, NAMED, 4, 128, stream=True)
        rows.append({"what": name, "total_ms": row["total_ms"], "calls": row["calls"], "error": row["error"]})
    return rows


def beyond_the_pool(server: Server, tokens: int) -> list[Row]:
    """A prompt within the context that is larger than the pool, and whether anything is answered after it."""
    long = {
        "model": "passfel",
        "messages": [{"role": "user", "content": prose(tokens, "pool")}],
        "max_tokens": 4,
    }
    short = {**long, "messages": [{"role": "user", "content": "when is the dentist"}]}
    return [
        _seen("a short one before", server.ask(CHAT, short, timeout=12)),
        _seen("prompt larger than the pool, whole", server.ask(CHAT, long, timeout=12)),
        _seen("prompt larger than the pool, stream", server.ask(CHAT, {**long, "stream": True}, timeout=12)),
        _seen("a short one after", server.ask(CHAT, short, timeout=12)),
        _seen("/health after", server.ask("/health", None, "GET", timeout=22)),
    ]


def forced_call(server: Server, budget: int = 32) -> list[Row]:
    """A tool call that the server's grammar forces out of random weights, thoughts bounded."""
    return [
        {"choice": wanted, "stream": stream, **_forced(server, choice, budget, 512, stream=stream)}
        for wanted, choice in (("required", "required"), ("named", NAMED))
        for stream in (True, False)
    ]


def _forced(server: Server, choice: Any, budget: int, most: int, *, stream: bool) -> Row:
    parameters = {
        "type": "object", "additionalProperties": False, "required": ["room", "on"],
        "properties": {"room": {"type": "string", "enum": ["kitchen", "garden"]}, "on": {"type": "boolean"}},
    }  # fmt: skip
    light = {
        "name": "switch_light",
        "description": "Switch a light.",
        "strict": True,
        "parameters": parameters,
    }
    answer = server.chat(
        [{"role": "user", "content": "switch on the light in the kitchen"}],
        tools=[{"type": "function", "function": light}], tool_choice=choice, stream=stream, max_tokens=most,
        custom_params={"thinking_budget": budget},
    )  # fmt: skip
    return _call(answer)


def _turn(server: Server, layout: str, turn: int) -> Row:
    hour = f"time {10 + turn} noon "
    changing = layout == "changing head"
    messages = [_system(hour if changing else "stable", turn)]
    for number, message in enumerate(conversation(BEFORE + turn)):
        past = number // 2 - BEFORE
        stamp = f"time {10 + past} noon " if past >= 0 and message["role"] == "user" and not changing else ""
        messages.append({**message, "content": stamp + message["content"]})
    asked = next(conversation(1, BEFORE + turn))
    messages.append({**asked, "content": ("" if changing else hour) + asked["content"]})
    answer = server.chat(messages, tools=_tools(turn % 2 if layout == "alternating tools" else 0))
    return {
        "layout": layout, "turn": turn + 1, "prompt": answer.prompt, "cached": answer.cached,
        "first_ms": answer.first_ms, "error": answer.error,
    }  # fmt: skip


def _system(stamp: str, turn: int) -> Row:
    return {"role": "system", "content": f"{stamp} {prose(700, 'system')}"}


def _tools(subset: int) -> list[Row]:
    """Ten of fourteen tools: one set or the other."""
    numbers = range(4, 14) if subset else range(10)
    text = {"type": "string"}
    return [
        {"type": "function", "function": {
            "name": f"tool_{number}", "description": prose(60, f"tool {number}"),
            "parameters": {"type": "object", "properties": {"what": text}, "required": ["what"]},
        }}
        for number in numbers
    ]  # fmt: skip


def _together(asks: list[Callable[[], Answer]]) -> list[Answer]:
    answers: list[Answer] = []

    def keep(ask: Callable[[], Answer]) -> None:
        answers.append(ask())

    threads = [threading.Thread(target=keep, args=(ask,)) for ask in asks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def _rate(answers: list[Answer], depth: int, simulated: float, tokens: int, seconds: float) -> Row:
    spans = [(answer.last_ms or 0) - (answer.first_ms or 0) for answer in answers]
    accepted = [answer.meta.get("spec_accept_length") for answer in answers]
    return {
        "depth": depth, "simulated": simulated, "users": len(answers), "accepted": accepted[0],
        "per_request": (tokens - 1) / (sum(spans) / len(spans)) * 1000 if all(spans) else None,
        "together": tokens * len(answers) / seconds, "first_ms": max(answer.first_ms or 0 for answer in answers),
        "error": next((answer.error for answer in answers if answer.error), ""),
    }  # fmt: skip


def _fill(server: Server, number: int, tokens: int) -> None:
    message = {"role": "user", "content": prose(20, f"filler {number}")}
    server.chat([message], max_tokens=tokens, ignore_eos=True)


def _seen(what: str, answer: Answer) -> Row:
    return {"what": what, **asdict(answer)}


def _call(answer: Answer) -> Row:
    thoughts = answer.usage.get("reasoning_tokens")
    return {
        "status": answer.status, "finish": answer.finish, "calls": answer.calls, "thoughts": thoughts,
        "tokens": answer.usage.get("completion_tokens"), "total_ms": answer.total_ms, "error": answer.error,
        "raw": answer.raw,
    }  # fmt: skip
