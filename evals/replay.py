"""`passfel eval replay DIR`: recorded answers of real model servers, replayed through the real client.

Each capture goes byte for byte over a loopback socket. What comes out is held against what the bytes say:
none may hang, crash, or be passed off as whole when it is not.
"""

import asyncio
import json
import logging
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.messages.ai import UsageMetadata, add_ai_message_chunks
from rich.console import Console
from rich.table import Table

from passfel.evals.captures import Capture, captures
from passfel.household.errors import PassfelError, SettingsError
from passfel.nodes.respond import CUT_OFF
from passfel.serving.chat import SGLangChat
from passfel.serving.settings import LlmSettings
from passfel.tests.servers.sglang import SGLang, sglang

DEADLINE_S = 10.0
QUESTION = "When is my next meeting?"


@dataclass(frozen=True)
class Outcome:
    """What came out of one capture."""

    name: str
    kind: str
    verdict: str
    """"whole", "cut short" (text up to the token limit, marked so), "refused" (rightly an error), or what went wrong:
    "hung", "crashed", "passed off" (broken, and given as whole), "lost" (whole, and given as an error)."""
    fault: str
    """Why the bytes are no whole answer; empty where they are one."""
    error: str = ""
    sentence: str = ""
    text: str = ""
    reasoning: str = ""
    calls: tuple[str, ...] = ()
    usage: str = ""

    @property
    def good(self) -> bool:
        """Whether the client did right by it."""
        return self.verdict in {"whole", "cut short", "refused"}


async def replay(capture: Capture, server: SGLang, chat: SGLangChat) -> Outcome:
    """Send one capture through the client."""
    server.forget()
    server.will(capture.answer)
    fault = capture.fault()

    def told(verdict: str, error: BaseException | None = None) -> Outcome:
        name = type(error).__name__ if error else ""
        return Outcome(capture.name, capture.kind, verdict, fault, name, str(error) if error else "")

    try:
        async with asyncio.timeout(DEADLINE_S):
            message = await _ask(chat, streamed=capture.streamed)
    except PassfelError as error:
        return told("refused" if fault else "lost", error)
    except TimeoutError as error:
        return told("hung", error)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what this looks for
        return told("crashed", error)
    return _answered(capture, fault, message)


async def _ask(chat: SGLangChat, *, streamed: bool) -> AIMessage:
    if not streamed:
        return await chat.ainvoke(QUESTION)
    chunks: list[AIMessageChunk] = [chunk async for chunk in chat.astream(QUESTION)]
    return add_ai_message_chunks(*chunks)


def _answered(capture: Capture, fault: str, message: AIMessage) -> Outcome:
    calls = tuple(
        f"{call['name']}({json.dumps(call['args'], ensure_ascii=False)})" for call in message.tool_calls
    )
    return Outcome(
        capture.name,
        capture.kind,
        _verdict(fault, message, cut_short=capture.cut_short()),
        fault,
        text=message.text,
        reasoning=str(message.additional_kwargs.get("reasoning_content", "")),
        calls=calls,
        usage=_say_usage(message.usage_metadata),
    )


def _verdict(fault: str, message: AIMessage, *, cut_short: bool) -> str:
    marked = message.response_metadata.get("finish_reason") == "length"
    if fault or cut_short is not marked:
        return "passed off"
    return "cut short" if cut_short else "whole"


def _say_usage(usage: UsageMetadata | None) -> str:
    if usage is None:
        return ""
    cached = (usage.get("input_token_details") or {}).get("cache_read")
    thought = (usage.get("output_token_details") or {}).get("reasoning")
    read = f"{usage['input_tokens']}{f' ({cached} cached)' if cached else ''}"
    return f"{read} → {usage['output_tokens']}{f' ({thought} thought)' if thought else ''}"


async def replay_all(folder: Path) -> list[Outcome]:
    """Replay every capture under a folder."""
    # The stand-in's own server would complain of answers that are cut off on purpose.
    logging.getLogger("uvicorn").addHandler(logging.NullHandler())
    with sglang() as server, warnings.catch_warnings():
        # Answers of other servers have fields that OpenAI's own models don't expect.
        warnings.filterwarnings("ignore", message="Pydantic serializer warnings")
        chat = SGLangChat.from_settings(LlmSettings(base_url=server.url))
        try:
            return [await replay(capture, server, chat) for capture in captures(folder)]
        finally:
            await chat.aclose()


def main(folder: Path, *, as_json: bool = False) -> int:
    """Replay and print; exit code 1 when a capture hung, crashed, was lost, or was passed off as whole.

    Raises:
        SettingsError: the folder holds no capture.
    """
    outcomes = asyncio.run(replay_all(folder)) if folder.is_dir() else []
    if not outcomes:
        raise SettingsError(f"There are no recorded answers in {folder}.")
    if as_json:
        for outcome in outcomes:
            print(json.dumps(asdict(outcome), ensure_ascii=False))
    else:
        _show(outcomes)
    return 0 if all(outcome.good for outcome in outcomes) else 1


def _show(outcomes: Sequence[Outcome]) -> None:
    table = Table(title=f"{len(outcomes)} recorded answers through the client")
    for column in (
        "capture",
        "came as",
        "came out",
        "text, or what the person is told",
        "thought",
        "calls",
        "tokens",
    ):
        table.add_column(column, overflow="fold")
    for outcome in outcomes:
        out = outcome.error or outcome.verdict
        if not outcome.good:
            out = f"{outcome.verdict.upper()} {outcome.error} ({outcome.fault})"
        said = outcome.sentence or _short(outcome.text, 60)
        if outcome.verdict == "cut short":
            said = f"{said} {CUT_OFF}"
        thought = f"{len(outcome.reasoning)} characters" if outcome.reasoning else ""
        calls = _short(", ".join(outcome.calls), 60)
        table.add_row(outcome.name, outcome.kind, out, said, thought, calls, outcome.usage)
    console = Console()
    console.print(table)
    counts = Counter(outcome.verdict for outcome in outcomes)
    console.print(", ".join(f"{count} {verdict}" for verdict, count in counts.most_common()))


def _short(text: str, length: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= length else f"{line[: length - 1]}…"
