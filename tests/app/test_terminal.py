"""The conversation in a terminal: typed keys, what the screen shows, Ctrl-C and Ctrl-D."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from passfel.memory.postgres import Database
from passfel.memory.records import Records
from passfel.tests.servers.command_line import CommandLine, SilentServer
from passfel.tests.servers.sglang import sglang
from passfel.tests.servers.sglang_answers import Say

pytestmark = pytest.mark.slow

PROMPT = "›"
CTRL_C, CTRL_D, UP = "\x03", "\x04", "\x1b[A"


def test_typing_stopping_asking_and_leaving(passfel: CommandLine) -> None:
    with (
        SilentServer() as server,
        passfel.with_settings(**server.settings).terminal("chat", "--thread", "tty") as tty,
    ):
        tty.wait_for("/help")
        tty.wait_for(PROMPT)
        tty.type("what is 15% of 80\r")
        tty.wait_for("15% of 80 is 12.\n")

        tty.wait_for(PROMPT)
        tty.type("weather in Oslo\r")
        server.wait()
        tty.type(CTRL_C)
        tty.wait_for("Stopped. Nothing had been changed.")

        tty.wait_for(PROMPT)
        tty.type("half a line" + CTRL_C)
        tty.wait_for(PROMPT)
        tty.type("clear my calendar tomorrow\r")
        tty.wait_for("Shall I cancel everything")
        tty.wait_for("yes/no ›")
        tty.type("no\r")
        tty.wait_for("I left it as it was.")

        tty.wait_for(PROMPT)
        tty.type("/nonsense\r")
        tty.wait_for("There is no /nonsense")
        tty.wait_for(PROMPT)
        tty.type(UP + UP)
        tty.wait_for("no")
        tty.type(CTRL_C)
        tty.wait_for(PROMPT)
        tty.type(CTRL_D)
        assert tty.end() == 0


async def test_what_is_due_is_said_at_the_prompt_once_and_what_repeats_is_moved_on(
    passfel: CommandLine, shared_database: Database
) -> None:
    reminders = Records(shared_database).reminders
    yesterday = datetime.now(UTC) - timedelta(days=1)
    once = await reminders.add(
        "due", text="water the basil", due_at=yesterday - timedelta(hours=1), time_zone="UTC"
    )
    daily = await reminders.add(
        "due", text="feed the cat", due_at=yesterday, time_zone="UTC", rule="FREQ=DAILY"
    )
    await asyncio.to_thread(_see_reminders, passfel)
    said, moved = await reminders.get(once.id), await reminders.get(daily.id)
    assert said is not None
    assert said.delivered_at is not None
    assert moved is not None
    assert moved.delivered_at is None
    assert moved.due_at > datetime.now(UTC)


def _see_reminders(passfel: CommandLine) -> None:
    with passfel.terminal("chat", "--user", "due", "--thread", "due") as tty:
        tty.wait_for("Reminder: feed the cat (yesterday at ")
        tty.wait_for(PROMPT)
        tty.type("exit\r")
        assert tty.end() == 0
    assert tty.seen.count("Reminder: water the basil (") == 1


def test_a_models_reasoning_is_folded_and_the_answer_names_who_spoke(passfel: CommandLine) -> None:
    with sglang() as model, passfel.with_settings(PASSFEL_LLM__BASE_URL=model.url).terminal("chat") as tty:
        model.will(Say("Whales are mammals.", "The person asks about whales."))
        tty.wait_for(PROMPT)
        tty.type("why are whales no fish, tell me in depth\r")
        tty.wait_for("thought for 1 s")
        tty.wait_for("Whales are mammals.\n")
        tty.wait_for("sglang model")
        tty.wait_for(PROMPT)
        tty.type("/thinking on\r")
        tty.wait_for("Reasoning is shown.")
        model.will(Say("They breathe air.", "The person asks again."))
        tty.type("and what does their breathing say about that\r")
        tty.wait_for("The person asks again.\n")
        tty.wait_for("They breathe air.\n")
        tty.wait_for(PROMPT)
        tty.type(CTRL_D)
        assert tty.end() == 0
