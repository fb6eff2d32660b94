"""Keep a model server running: start it, wait for it, ask it for a token now and then, start it again."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from passfel.household.errors import ProviderError
from passfel.serving.engines.process import EngineProcess, Launched
from passfel.serving.engines.watch import Watcher, prompt_cap
from passfel.serving.errors import SOURCE

State = Literal["stopped", "starting", "ready", "waiting", "given up"]
KNOWN_ENDS = (
    ("No available memory for cache blocks", "There was no memory left for its caches: lower the context."),
    ("NV_ERR_NO_MEMORY", "The driver had no memory left: drop the page cache, lower the memory fraction."),
    ("out of memory", "It ran out of memory: lower the memory fraction, the context or the requests at once."),
    ("illegal instruction", "It died in a GPU kernel, which happens now and then while CUDA graphs are captured."),
    ("Address already in use", "Its port is taken: end what listens there, or choose another."),
    ("unrecognized arguments", "It does not know one of its arguments: its version is another one."),
)  # fmt: skip


class ModelServerError(ProviderError):
    """The model server could not be kept running."""

    def __init__(self, sentence: str) -> None:
        """Say what happened and where its log is."""
        super().__init__(SOURCE, sentence)


@dataclass(frozen=True)
class Patience:
    """How long to wait for what."""

    ready_s: float = 1800
    """A start reads 80 GB and captures CUDA graphs."""
    poll_s: float = 2
    canary_every_s: float = 60
    canary_deadline_s: float = 90
    """It waits its turn behind long answers."""
    silent_canaries: int = 2
    """So many in a row without a token, and without any progress of others, and it is wedged."""
    backoff_s: float = 5
    longest_backoff_s: float = 300
    quick_death_s: float = 120
    """A death so soon after it was ready counts like one before it was."""
    quick_deaths: int = 6
    """So many in a row, and it is given up."""
    grace_s: float = 30
    answer_tokens: int = 16_384
    """Room that a prompt must leave for its answer."""


class ModelServer:
    """A model server that is kept running until it is stopped, or can't be."""

    def __init__(
        self,
        launched: Launched,
        patience: Patience | None = None,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Name what is started; `tell` gets a sentence for everything that happens."""
        self._launched = launched
        self._patience = patience or Patience()
        self._tell = tell
        self._stop = asyncio.Event()
        self._ready = asyncio.Event()
        self._ready_at = 0.0
        self.state: State = "stopped"
        self.starts = 0
        self.prompt_cap: int | None = None
        """The longest prompt it may be sent; a longer one than its pool would wedge it. None until it is ready."""

    async def run(self) -> None:
        """Keep it running until `stop`.

        Raises:
            ModelServerError: it died too often in a row, right after its start.
            SettingsError: it can't be started at all.
        """
        quick = 0
        try:
            while not self._stop.is_set():
                lived_s, why = await self._one_life()
                if self._stop.is_set():
                    return
                quick = quick + 1 if lived_s <= self._patience.quick_death_s else 0
                if quick >= self._patience.quick_deaths:
                    raise self._given_up(quick, why)
                await self._wait_before_next(quick, why)
        finally:
            self._is("stopped" if self.state != "given up" else "given up")

    async def stop(self) -> None:
        """Have `run` end the server and return."""
        self._stop.set()

    async def until_ready(self) -> None:
        """Wait until it answers."""
        await self._ready.wait()

    async def _one_life(self) -> tuple[float, str]:
        """Start it and watch it to its end; how long it was ready, and why it ended."""
        self._is("starting")
        self.starts += 1
        process = await EngineProcess.start(self._launched)
        self._tell(f"The model server is starting (process {process.pid}, log {self._launched.log}).")
        watcher = Watcher(self._launched.url, self._launched.model, self._patience.canary_deadline_s)
        ending = asyncio.ensure_future(process.wait())
        stopping = asyncio.ensure_future(self._stop.wait())
        watching = asyncio.ensure_future(self._watch(watcher))
        try:
            await asyncio.wait({ending, stopping, watching}, return_when=asyncio.FIRST_COMPLETED)
            lived_s = time.monotonic() - self._ready_at if self._ready.is_set() else 0.0
            if ending.done():
                why = f"it ended with status {ending.result()}"
            else:
                why = watching.result() if watching.done() else "it was asked to stop"
        finally:
            self._ready.clear()
            self.prompt_cap = None
            await _dropped(watching, stopping)
            await process.stop(self._patience.grace_s)
            await _dropped(ending)
            await watcher.close()
        return lived_s, why

    async def _watch(self, watcher: Watcher) -> str:
        """Wait for its first token, then ask for one now and then; returns why it has to be started again."""
        try:
            async with asyncio.timeout(self._patience.ready_s):
                while not await watcher.generates():  # noqa: ASYNC110 - asked over the network
                    await asyncio.sleep(self._patience.poll_s)
        except TimeoutError:
            return f"it did not answer within {self._patience.ready_s:.0f} seconds of its start"
        await self._is_ready(watcher)
        silent, before = 0, await watcher.progress()
        while silent < self._patience.silent_canaries:
            await asyncio.sleep(self._patience.canary_every_s)
            if await watcher.generates():
                silent = 0
                continue
            now = await watcher.progress()
            # A full house keeps the canary waiting: that is no reason to throw everybody out.
            silent = 0 if now and now != before else silent + 1
            before = now
        return "it no longer wrote a single token, whatever its health route says"

    async def _is_ready(self, watcher: Watcher) -> None:
        self.prompt_cap = prompt_cap(await watcher.info(), self._patience.answer_tokens)
        self._is("ready")
        self._ready_at = time.monotonic()
        self._ready.set()
        cap = f"; a prompt may have {self.prompt_cap} tokens" if self.prompt_cap is not None else ""
        self._tell(f"The model server is ready at {self._launched.url}{cap}.")

    async def _wait_before_next(self, quick: int, why: str) -> None:
        self._is("waiting")
        pause = min(self._patience.backoff_s * 2 ** max(0, quick - 1), self._patience.longest_backoff_s)
        self._tell(f"The model server has to be started again: {why}. That happens in {pause:.0f} seconds.")
        try:
            await asyncio.wait_for(self._stop.wait(), pause)
        except TimeoutError:
            return

    def _given_up(self, times: int, why: str) -> ModelServerError:
        self._is("given up")
        tail = self._tail()
        hint = next((f" {sentence}" for sign, sentence in KNOWN_ENDS if sign.lower() in tail), "")
        return ModelServerError(
            f"The model server was started {times} times in a row and never lasted: at last {why}.{hint} "
            f"Its log is {self._launched.log}."
        )

    def _tail(self) -> str:
        log = self._launched.log
        if not log.exists():
            return ""
        with log.open("rb") as opened:
            opened.seek(max(0, log.stat().st_size - 20_000))
            return opened.read().decode(errors="replace").lower()

    def _is(self, state: State) -> None:
        self.state = state


async def _dropped(*tasks: "asyncio.Future[Any]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
