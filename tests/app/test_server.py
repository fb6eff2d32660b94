"""The server as a client meets it: a real process, langgraph_sdk on one side, plain HTTP on the other."""

import asyncio
import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest
import pytest_asyncio
from langgraph_sdk import get_client
from langgraph_sdk.client import LangGraphClient

from passfel.app.sse import STOPPED, frame
from passfel.graph.house import build_house
from passfel.graph.settings import AssistantSettings
from passfel.memory.postgres import Database, PostgresSettings
from passfel.nodes.toolsets import heads
from passfel.tests.servers.server_process import ServerProcess
from passfel.tests.servers.sglang import CallTools, Say, SGLang, Stall, sglang

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
MODES: Any = ["messages-tuple", "updates", "custom"]
JSON = {"Content-Type": "application/json"}
Events = list[tuple[str, dict[str, Any]]]


@pytest.fixture(scope="module")
def model() -> Iterator[SGLang]:
    with sglang() as running:
        yield running


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, model: SGLang) -> Iterator[ServerProcess]:
    process = ServerProcess(tmp_path_factory.mktemp("server"), PASSFEL_LLM__BASE_URL=model.url)
    process.start()
    yield process
    if process.runs:
        process.end()


@pytest.fixture(autouse=True)
def told(server: ServerProcess) -> Iterator[None]:
    """What the server printed in a test is shown where the test fails; and nothing may block its event loop."""
    before = len(server.output())
    yield
    printed = server.output()[before:]
    sys.stdout.write(printed[-6000:])
    assert "BlockingError" not in printed


@pytest_asyncio.fixture
async def sdk(server: ServerProcess) -> AsyncIterator[LangGraphClient]:
    async with get_client(url=server.url) as client:
        yield client


@pytest_asyncio.fixture
async def http(server: ServerProcess) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=server.url, timeout=30) as client:
        yield client


async def run(sdk: LangGraphClient, thread: str, said: str = "", **options: Any) -> Events:
    """One turn over the SDK."""
    if said:
        options["input"] = {"messages": [{"role": "user", "content": said}]}
    stream = sdk.runs.stream(thread, "passfel", stream_mode=MODES, if_not_exists="create", **options)
    return [(part.event, part.data) async for part in stream]


async def chat(http: httpx2.AsyncClient, **asked: Any) -> Events:
    """One turn over our own route."""
    async with http.stream("POST", "/chat", json=asked) as answer:
        assert answer.status_code == 200, await answer.aread()
        return [event async for event in events_of(answer)]


async def events_of(answer: httpx2.Response) -> AsyncIterator[tuple[str, dict[str, Any]]]:
    name = ""
    async for line in answer.aiter_lines():
        kind, _, value = line.partition(": ")
        if kind == "event":
            name = value
        elif kind == "data":
            yield name, json.loads(value)


def of(events: Events, name: str) -> list[dict[str, Any]]:
    return [data for event, data in events if event == name]


def answer_of(events: Events) -> str:
    """The answer of a turn, from either side."""
    if events[-1][0] in {"done", "error", "interrupt"}:
        assert events[-1][0] == "done", events[-1]
        return str(events[-1][1]["answer"])
    return str(of(events, "messages")[-1][0]["content"])  # type: ignore[index]


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what another process does."""

    def wait() -> None:
        end = time.monotonic() + 30
        while not condition():
            assert time.monotonic() < end, "it did not come about in 30 seconds"
            time.sleep(0.05)

    await asyncio.to_thread(wait)


async def test_studio_sees_the_narrow_input_and_what_each_field_of_the_context_means(sdk: LangGraphClient):
    [assistant] = await sdk.assistants.search(graph_id="passfel")
    schemas = await sdk.assistants.get_schemas(assistant["assistant_id"])
    taken, context = schemas["input_schema"], schemas["context_schema"]
    assert taken is not None
    assert context is not None
    assert set(taken["properties"]) == {"messages"}
    fields = context["properties"]
    assert set(fields) == {"user", "time_zone", "locale", "units", "home_place"}
    assert all(field["description"] for field in fields.values())


async def test_the_prompt_heads_are_primed_at_the_start_each_once(model: SGLang):
    tools = build_house(AssistantSettings(), Database(PostgresSettings(), ROOT)).tools
    expected = len(heads(tools))
    await until(lambda: len(model.primed) >= expected)
    primes = [json.dumps([body["messages"][0], body.get("tools")]) for body in model.primed]
    assert len(set(primes)) == len(primes) == expected


async def test_the_sdk_streams_messages_updates_and_custom_events(sdk: LangGraphClient):
    events = await run(sdk, str(uuid4()), "add vet on thursday at 9:00")
    steps = [next(iter(update)) for update in of(events, "updates")]
    assert steps == ["classify", "act", "respond", "remember"]
    assert {"tool_started", "tool_finished", "receipt"} <= {data["type"] for data in of(events, "custom")}
    assert answer_of(events).startswith("Added vet")
    assert not of(events, "error")


async def test_the_sdk_is_asked_before_anything_is_destroyed_and_its_yes_is_taken(sdk: LangGraphClient):
    thread = str(uuid4())
    await run(sdk, thread, "add barber on friday at 11:00")
    asked = await run(sdk, thread, "clear my calendar on friday")
    assert of(asked, "updates")[-1]["__interrupt__"][0]["value"]["question"].startswith("Shall I")
    assert answer_of(await run(sdk, thread, command={"resume": True})).startswith("Cancelled")


async def test_a_conversation_begun_over_the_sdk_goes_on_over_chat_and_the_reverse(
    sdk: LangGraphClient, http: httpx2.AsyncClient
):
    thread = str(uuid4())
    await run(sdk, thread, "add milk to my tasks")
    assert "milk" in answer_of(await chat(http, text="what are my tasks?", thread=thread.upper()))
    assert answer_of(await run(sdk, thread, "what is 15% of 80")) == "15% of 80 is 12."
    values = (await sdk.threads.get_state(thread))["values"]
    told = (await http.get(f"/chat/{thread}")).json()["messages"]
    assert [message["content"] for message in told] == [message["content"] for message in values["messages"]]  # type: ignore[call-overload]
    assert sum(message["type"] == "human" for message in told) == 3

    begun_on_chat = str(uuid4())
    await chat(http, text="what is 2 + 2", thread=begun_on_chat)
    await run(sdk, begun_on_chat, "what is 3 + 3")
    kept = (await http.get(f"/chat/{begun_on_chat}")).json()["messages"]
    assert [message["content"] for message in kept if message["type"] == "human"] == [
        "what is 2 + 2",
        "what is 3 + 3",
    ]


async def test_a_question_asked_on_chat_is_kept_and_may_be_answered_over_the_sdk(
    sdk: LangGraphClient, http: httpx2.AsyncClient
):
    thread = str(uuid4())
    await chat(http, text="add florist on saturday at 11:00", thread=thread)
    asked = await chat(http, text="clear my calendar on saturday", thread=thread)
    name, question = asked[-1]
    assert name == "interrupt"
    assert set(question) == {"question", "calls", "thread"}
    assert (await http.get(f"/chat/{thread}")).json()["waiting"][0]["question"] == question["question"]
    assert answer_of(await run(sdk, thread, command={"resume": True})).startswith("Cancelled")


@pytest.mark.parametrize("words", [False, "no", {"approved": []}])
async def test_whatever_is_no_yes_leaves_everything_as_it_was(words: Any, http: httpx2.AsyncClient):
    thread = str(uuid4())
    await chat(http, text="add optician on sunday at 11:00", thread=thread)
    await chat(http, text="clear my calendar on sunday", thread=thread)
    events = await chat(http, resume=words, thread=thread)
    assert answer_of(events) == "All right, I left it as it was."
    assert not [data for data in of(events, "custom") if data["type"] == "receipt"]


async def test_chat_tells_a_turn_from_its_first_event_to_its_receipt(http: httpx2.AsyncClient):
    async with http.stream("POST", "/chat", json={"text": "add dentist on tuesday at 15:00"}) as answer:
        assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert answer.headers["cache-control"] == "no-cache, no-transform"
        assert answer.headers["x-accel-buffering"] == "no"
        events = [event async for event in events_of(answer)]
    assert events[0][0] == "turn"
    assert events[0][1]["turn"]
    assert {name for name, _ in events} == {"turn", "messages", "updates", "custom", "done"}
    done = events[-1][1]
    assert done["thread"] == events[0][1]["thread"]
    assert done["rung"] == "rules"
    assert [receipt["action"] for receipt in done["receipts"]] == ["added"]
    assert done["answer"].startswith("Added dentist")


async def test_what_the_model_thinks_and_says_is_streamed_piece_by_piece(
    http: httpx2.AsyncClient, model: SGLang
):
    model.forget()
    model.will(Say("Once upon a time there was a lamp.", reasoning="They want a story, a short one."))
    events = await chat(http, text="tell me a bedtime story about a lamp")
    pieces = [data for data in of(events, "messages") if data["type"] == "ai"]
    assert len(pieces) > 3
    assert "".join(piece.get("reasoning", "") for piece in pieces) == "They want a story, a short one."
    assert "".join(piece["content"] for piece in pieces).strip() == "Once upon a time there was a lamp."
    assert events[-1][1]["answer"].strip() == "Once upon a time there was a lamp."


async def test_an_answer_that_was_cut_by_its_length_is_marked_on_chat_and_over_the_sdk(
    http: httpx2.AsyncClient, sdk: LangGraphClient, model: SGLang
):
    marked = "Once upon a … (cut off at the length limit)"
    model.forget()
    model.will(*[Say("Once upon a", finish="length")] * 2)
    events = await chat(http, text="tell me a bedtime story about a lamp")
    pieces = [data["content"] for data in of(events, "messages") if data["type"] == "ai"]
    assert "".join(pieces).strip() == answer_of(events).strip() == marked
    thread = str(uuid4())
    told = of(await run(sdk, thread, "tell me a bedtime story about a lamp"), "messages")
    said = [message["content"] for message, _ in told if message["type"].startswith(("ai", "AI"))]  # type: ignore[index]
    assert "".join(said).strip() == marked
    assert (await sdk.threads.get_state(thread))["values"]["messages"][-1]["content"] == marked  # type: ignore[call-overload]


async def test_the_first_event_leaves_at_once(http: httpx2.AsyncClient):
    await chat(http, text="what is 1 + 1")
    firsts, answers = [], []
    for number in range(10):
        start = time.perf_counter()
        async with http.stream("POST", "/chat", json={"text": f"what is {number} + 1"}) as answer:
            async for name, data in events_of(answer):
                passed = (time.perf_counter() - start) * 1000
                if name == "turn":
                    firsts.append(passed)
                if name == "messages" and data["type"] == "ai" and data["content"]:
                    answers.append(passed)
    sys.stdout.write(
        f"first event {sorted(firsts)[5]:.0f} ms, answer {sorted(answers)[5]:.0f} ms (p50 of 10)\n"
    )
    assert sorted(firsts)[5] < 1000


async def test_a_client_that_goes_away_stops_its_turn_and_the_thread_goes_on(
    http: httpx2.AsyncClient, model: SGLang
):
    thread = str(uuid4())
    model.forget()
    model.will(Stall(30, after=4, of=Say("A story that nobody hears to its end.", reasoning="Slowly.")))
    asked = {"text": "tell me a long story about a heron", "thread": thread}
    async with http.stream("POST", "/chat", json=asked) as answer:
        async for name, _ in events_of(answer):
            if name == "messages":
                break
    assert await asyncio.to_thread(model.disconnected.wait, 10)
    assert answer_of(await chat(http, text="what is 15% of 80", thread=thread)) == "15% of 80 is 12."


WRONG = [
    ("{", 422, "can't be read"),
    ("[]", 422, "can't be read"),
    ("{}", 422, 'either "text" or "resume"'),
    ('{"text": "hi", "resume": true}', 422, 'either "text" or "resume"'),
    ('{"text": 7}', 422, "text: "),
    ('{"text": "\\ud800"}', 422, "can't be read"),
    ('{"text": "hi", "txet": 1}', 422, "txet: there is no such field"),
    ('{"text": "hi", "thread": 7}', 422, "thread: "),
    ('{"text": "hi", "thread": ""}', 422, "thread: "),
    ('{"text": "hi", "thread": "a\\u0000b"}', 422, "printable"),
    ('{"text": "hi", "context": {"shoe_size": 44}}', 422, "context.shoe_size: there is no such field"),
    ('{"text": "hi", "context": {"time_zone": "Mars/Olympus"}}', 422, "Mars/Olympus"),
    ('{"text": "hi", "context": {"units": "furlongs"}}', 422, "metric or imperial"),
    ('{"resume": true}', 422, '"thread"'),
    ('{"resume": 1.5, "thread": "t"}', 422, "resume"),
    ('{"resume": true, "thread": "nobody asked here"}', 409, "waits for an answer"),
    (json.dumps({"text": "a" * 2_200_000}), 413, "2 MB"),
]


@pytest.mark.parametrize(("body", "status", "words"), WRONG, ids=[body[:40] for body, _, _ in WRONG])
async def test_a_wrong_request_is_answered_with_a_sentence(
    body: str, status: int, words: str, http: httpx2.AsyncClient
):
    answer = await http.post("/chat", content=body, headers=JSON)
    assert answer.status_code == status, answer.text
    assert words in answer.json()["sentence"]
    assert "Traceback" not in answer.text


@pytest.mark.parametrize("text", ["", "   ", "\x00\x01\x02\x03\x04", "a" * 1_000_000])
async def test_text_that_says_nothing_still_gets_an_answer(text: str, http: httpx2.AsyncClient):
    assert answer_of(await chat(http, text=text))


FOREIGN = [
    ({"Origin": "https://evil.example", **JSON}, "/chat", 403),
    ({"Origin": "null", **JSON}, "/chat", 403),
    ({"Origin": "https://smith.langchain.com", **JSON}, "/chat", 403),
    ({"Origin": "https://evil.example", **JSON}, "/threads", 403),
    ({"Origin": "https://smith.langchain.com", **JSON}, "/threads", 200),
    ({"Host": "evil.example", **JSON}, "/threads", 403),
    ({"Host": "evil.example:2024", **JSON}, "/chat", 403),
    ({"Content-Type": "text/plain"}, "/chat", 415),
    ({"Content-Type": "application/x-www-form-urlencoded"}, "/chat", 415),
]


@pytest.mark.parametrize(("headers", "path", "status"), FOREIGN)
async def test_web_pages_of_others_are_kept_out(
    headers: dict[str, str], path: str, status: int, http: httpx2.AsyncClient
):
    body = {"text": "what is 1 + 1"} if path == "/chat" else {}
    answer = await http.post(path, content=json.dumps(body), headers=headers)
    assert answer.status_code == status, answer.text
    if status != 200:
        assert answer.json()["sentence"]
        assert "access-control-allow-origin" not in answer.headers


async def test_a_page_of_our_own_may_chat(http: httpx2.AsyncClient, server: ServerProcess):
    answer = await http.post("/chat", json={"text": "what is 1 + 1"}, headers={"Origin": server.url})
    assert answer.status_code == 200


async def test_health_says_that_memory_answers(http: httpx2.AsyncClient):
    assert (await http.get("/health")).json() == {"status": "ok", "postgres": True}


async def test_a_conversation_that_never_began_is_not_found(http: httpx2.AsyncClient):
    assert (await http.get("/chat/never")).status_code == 404


def test_the_documented_examples_work_as_written(server: ServerProcess):
    text = (ROOT / "docs" / "server.md").read_text(encoding="utf-8")
    for language, code in re.findall(r"```(sh|python)\n(.*?)```", text, re.DOTALL):
        here = code.replace("http://127.0.0.1:2024", server.url)
        command = ["sh", "-c", here] if language == "sh" else [sys.executable, "-c", here]
        told = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert told.returncode == 0, told.stderr
        assert "Added " in told.stdout


async def test_threads_survive_kill_9_on_both_sides(
    server: ServerProcess, sdk: LangGraphClient, http: httpx2.AsyncClient
):
    over_sdk, over_chat = str(uuid4()), "the kitchen"
    await run(sdk, over_sdk, "add eggs to my tasks")
    await chat(http, text="add bread to my tasks", thread=over_chat)
    server.end(signal.SIGKILL)
    server.start()
    assert "eggs" in answer_of(await run(sdk, over_sdk, "what are my tasks?"))
    assert "bread" in answer_of(await chat(http, text="what are my tasks?", thread=over_chat))
    for thread in (over_sdk, over_chat):
        kept = (await http.get(f"/chat/{thread}")).json()["messages"]
        assert sum(message["type"] == "human" for message in kept) == 2


async def test_a_run_that_the_queue_starts_again_after_a_crash_repeats_no_effect(
    server: ServerProcess, sdk: LangGraphClient, http: httpx2.AsyncClient, model: SGLang
):
    thread, said = str(uuid4()), "the samovar has lost its shine, see to it"
    add = CallTools([("add_task", {"title": "polish the samovar"})])
    model.forget()
    model.will(add, Stall(300))
    cut_off = asyncio.create_task(run(sdk, thread, said, durability="exit"))
    queue = server.data / "server" / ".langgraph_api" / ".langgraph_ops.pckl"  # written every ten seconds
    await until(lambda: len(model.requests) == 2 and queue.exists() and said.encode() in queue.read_bytes())
    [begun] = await sdk.runs.list(thread)
    server.end(signal.SIGKILL)
    cut_off.cancel()
    model.forget()
    model.will(add, Say("It is on your list."))
    server.start()
    await sdk.runs.join(thread, begun["run_id"])
    assert answer_of(await chat(http, text="what are my tasks?")).count("samovar") == 1


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "Ctrl-C"])
def test_it_leaves_cleanly_in_the_middle_of_a_turn_and_lets_go_of_postgres(
    server: ServerProcess, model: SGLang, how: signal.Signals
):
    if not server.runs:
        server.start()
    model.forget()
    model.will(Stall(300))
    with httpx2.stream(
        "POST", f"{server.url}/chat", json={"text": "write me a poem about herons"}, timeout=10
    ) as answer:
        assert model.asked.wait(10)
        assert server.end(how) == 0
        assert answer.read().endswith(frame(("error", {"sentence": STOPPED})))
    assert not (server.data / "postgres" / "postmaster.pid").exists()
    assert (server.data / "server" / ".langgraph_api").is_dir()
    assert not (server.folder / ".langgraph_api").exists()
