"""The conversation in a terminal: a prompt with history, and turns that Ctrl-C stops."""

import asyncio
from contextlib import suppress
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.patch_stdout import patch_stdout
from rich.console import Console

from passfel.app.opening import Opening
from passfel.app.settings import Settings
from passfel.app.terminal.screen import Screen
from passfel.app.terminal.turns import context_of, outlive_ctrl_c, take_turn
from passfel.household.errors import PassfelError

HELP = """\
Say what you would like: “what is on today?”, “remind me at six to call Ana”, “help”.
/new            begin a new conversation
/thinking on    show the model's reasoning whole; /thinking off folds it
/quit           leave, as Ctrl-D does
Ctrl-C stops an answer. A question is answered with yes or no; anything else leaves things as they are."""
LEAVING = frozenset({"/quit", "/exit", "exit", "quit"})
REMINDERS_EVERY_S = 5.0


class Conversation:
    """One person at a terminal."""

    def __init__(self, settings: Settings, *, thread: str, user: str) -> None:
        """Talk in `thread`, as `user` or else as the household."""
        self._settings = settings
        self._thread = self._first_thread = thread
        self._user = user
        self._screen = Screen(Console(highlight=False))
        self._asked = False
        self._at_prompt = asyncio.Event()

    async def talk(self) -> int:
        """Talk until the person leaves."""
        self._screen.tell(f"PASSFEL {version('passfel')}  /help")
        outlive_ctrl_c()
        session: PromptSession[str] = PromptSession(history=_history(self._settings.data_dir))
        async with Opening(self._settings) as opening:
            told = asyncio.create_task(self._keep_telling(opening))
            try:
                while (said := await self._next(session, opening)) is not None:
                    await self._answer(said.strip(), opening)
            finally:
                told.cancel()
                await asyncio.wait({told})
        return 0

    async def _next(self, session: PromptSession[str], opening: Opening) -> str | None:
        """The next line, or None when the person leaves. What can't be opened ends the prompt at once."""
        prompt = asyncio.create_task(self._prompt(session))
        waiting = {prompt, opening.task}
        try:
            while not prompt.done():
                await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                if opening.task.done():
                    opening.task.result()
                    waiting = {prompt}
        finally:
            if not prompt.done():
                prompt.cancel()
                await asyncio.wait({prompt})
        said = prompt.result()
        return None if said is None or said.strip().casefold() in LEAVING else said

    async def _prompt(self, session: PromptSession[str]) -> str | None:
        mark = "yes/no › " if self._asked else "› "
        with patch_stdout(raw=True):
            self._at_prompt.set()
            try:
                return await session.prompt_async(mark, handle_sigint=False)
            except KeyboardInterrupt:
                return ""
            except EOFError:
                return None
            finally:
                self._at_prompt.clear()

    async def _answer(self, said: str, opening: Opening) -> None:
        if not said:
            return
        if said.startswith("/"):
            self._obey(said)
            return
        self._asked = False
        try:
            record = await take_turn(
                opening, said, thread=self._thread, user=self._user, display=self._screen, stays=True
            )
            self._asked = record.interrupt is not None
        except PassfelError as error:
            if opening.task.done() and opening.task.exception() is not None:
                raise
            self._screen.close()
            self._screen.tell(error.sentence, "red")
        finally:
            self._screen.close()

    def _obey(self, command: str) -> None:
        match command.casefold().split():
            case ["/help"]:
                self._screen.tell(HELP)
            case ["/new"]:
                self._thread = f"{self._first_thread}-{datetime.now().astimezone():%Y%m%d-%H%M%S}"
                self._asked = False
                self._screen.tell("A new conversation.")
            case ["/thinking", ("on" | "off") as wish]:
                self._screen.thinking = wish == "on"
                self._screen.tell(f"Reasoning is {'shown' if wish == 'on' else 'folded'}.")
            case _:
                self._screen.tell(f"There is no {command.split()[0]}; /help tells what there is.")

    async def _keep_telling(self, opening: Opening) -> None:
        """Say reminders when they are due, as long as the person is at the prompt."""
        from passfel.app.reminders import say_due

        with suppress(PassfelError):  # the conversation itself says that memory is gone
            assistant = await opening.assistant()
            turn_of = assistant.house.make_turn
            questions = await assistant.pending(self._thread)
            if questions:
                self._screen.tell(f"Still open: {questions[0]['question']}", "yellow")
            while True:
                await self._at_prompt.wait()
                await say_due(assistant, turn_of(context_of(self._user)), self._remind)
                await asyncio.sleep(REMINDERS_EVERY_S)

    def _remind(self, sentence: str) -> None:
        self._screen.tell(f"⏰ {sentence}", "bold")


def _history(data_dir: Path) -> History:
    """What was typed, for the arrow keys and Ctrl-R, in a file that only its owner reads."""
    path = data_dir / "history"
    try:
        path.touch(mode=0o600)
    except OSError:  # without the file there is still this session's history
        return InMemoryHistory()
    return FileHistory(path)
