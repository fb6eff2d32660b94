"""A turn on the screen: steps and reasoning dimmed while they run, the answer as it comes, then the proof."""

import time
from unicodedata import category

from rich.console import Console
from rich.live import Live
from rich.text import Text

from passfel.app.terminal.plain import FINISHING
from passfel.app.terminal.turns import Display, TurnRecord

LINES_OF_THOUGHT = 4


class Screen(Display):
    """Shows a turn with rich. Reasoning is folded to one line when the answer begins, or shown whole."""

    def __init__(self, console: Console, *, thinking: bool = False) -> None:
        """Show on `console`; `thinking` keeps the whole reasoning."""
        self.console = console
        self.thinking = thinking
        self._live: Live | None = None
        self._thoughts = ""
        self._thinking_since = 0.0
        self._running: list[str] = []
        self._said = ""

    def tell(self, text: str, style: str = "dim") -> None:
        """Show a line, or lines, of what is no answer."""
        self.console.print(_text(text, style), soft_wrap=True)

    def opening(self) -> None:
        """Tell what takes a moment."""
        self._below("… starting")

    def opened(self) -> None:
        """It has been opened."""
        self._clear()

    def resumed(self) -> None:
        """Tell why an answer comes that nobody has just asked for."""
        self.tell(FINISHING)

    def thought(self, text: str) -> None:
        """Show reasoning dimmed: all of it, or its latest lines until the answer begins."""
        if not self._thoughts:
            self._thinking_since = time.monotonic()
        self._thoughts += text
        if self.thinking:
            self._write(text, "dim")
        else:
            room = LINES_OF_THOUGHT * (self.console.width - 1)
            self._below(" ".join(self._thoughts.split())[-room:])

    def said(self, text: str) -> None:
        """Show a piece of the answer."""
        self._fold()
        self._said += text
        for line in text.splitlines(keepends=True):
            self._write(line, "green" if line.startswith("✓ ") else "")

    def tool_started(self, name: str) -> None:
        """Show the tool under what has been said, as long as it runs."""
        self._fold()
        self._end_line()
        self._running.append(_plain(name))
        self._below("\n".join(f"… {running}" for running in self._running))

    def tool_finished(self, name: str, *, ok: bool) -> None:
        """Leave a line of the tool."""
        plain = _plain(name)
        if plain in self._running:
            self._running.remove(plain)
        self._clear()
        self.tell(f"· {plain}" if ok else f"· {plain}: not done")
        if self._running:
            self._below("\n".join(f"… {running}" for running in self._running))

    def ended(self, record: TurnRecord) -> None:
        """Show what the words did not hold: receipts, a question, who answered."""
        self._fold()
        self._clear()
        if record.stopped:
            self._end_line()
            self.tell(record.answer)
        self._end_line()
        for sentence in [] if record.stopped else record.unsaid:
            self.tell(f"✓ {sentence}", "green")
        if record.interrupt:
            self.tell(record.question, "yellow")
        if record.rung not in {"", "rules"}:
            why = f": {record.stepped_down}" if record.stepped_down else ""
            self.tell(f"  {record.rung} model{why}")
        self._said, self._running = "", []

    def close(self) -> None:
        """Take away what is only there while something runs."""
        self._clear()
        self._thoughts, self._said, self._running = "", "", []

    def _fold(self) -> None:
        """The answer begins, or a tool: reasoning becomes one line."""
        if not self._thoughts:
            return
        self._clear()
        if self.thinking:
            self._write("\n", "")
        seconds = max(1, round(time.monotonic() - self._thinking_since))
        self.tell(f"· thought for {seconds} s" + ("" if self.thinking else "  (/thinking on shows it)"))
        self._thoughts = ""

    def _below(self, text: str) -> None:
        """Show something that goes away again."""
        content = _text(text, "dim")
        if self._live is None:
            self._live = Live(content, console=self.console, transient=True, refresh_per_second=8)
            self._live.start()
        else:
            self._live.update(content)

    def _clear(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _end_line(self) -> None:
        if self._said and not self._said.endswith("\n"):
            self._write("\n", "")
            self._said += "\n"

    def _write(self, text: str, style: str) -> None:
        self._clear()
        self.console.print(_text(text, style), end="", soft_wrap=True)


def _text(text: str, style: str) -> Text:
    """Text without control characters: what strangers wrote must not steer the terminal."""
    return Text("".join(char for char in text if char in "\n\t" or category(char) != "Cc"), style=style)


def _plain(name: str) -> str:
    return name.replace("_", " ")
