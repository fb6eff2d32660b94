"""An effect happens once, and can be taken back."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from passfel.household.errors import NotFoundError, RequestError
from passfel.household.rows import Note
from passfel.memory.effects import EffectsLedger, OutcomeUnknownError, Run
from passfel.memory.postgres import Database
from passfel.memory.records import Records


class Scene:
    """A ledger over real tables, and a tool that adds a note."""

    def __init__(self, database: Database) -> None:
        self.records = Records(database)
        self.ledger = EffectsLedger(database)
        self.runs = 0

    def adding(self, text: str) -> Run:
        async def run() -> tuple[str, dict[str, Any]]:
            self.runs += 1
            await self.records.notes.add("home", text=text)
            return f"Noted: {text}.", {"receipts": [{"sentence": f"Noted: {text}."}]}

        return run

    async def once(
        self, run: Run, call: str = "call-1", *, local: bool = True, tool: str = "add_note"
    ) -> str:
        content, _ = await self.ledger.once(
            thread="t", call=call, person="home", tool=tool, arguments={}, run=run, local=local
        )
        return content

    async def undo(self) -> list[str]:
        async def run() -> tuple[str, dict[str, Any]]:
            return " ".join(await self.ledger.undo_latest("home", "t")), {}

        return [await self.once(run, call=str(uuid4()), tool="undo_last_change")]

    async def texts(self) -> list[str]:
        return [note.text for note in await self.records.notes.all("home")]


@pytest.fixture
def scene(database: Database) -> Scene:
    return Scene(database)


async def test_a_replayed_call_finds_its_result_and_does_nothing_again(scene: Scene):
    first = await scene.once(scene.adding("milk"))
    again = await scene.once(scene.adding("milk"))
    assert first == again == "Noted: milk."
    assert (scene.runs, await scene.texts()) == (1, ["milk"])


async def test_two_processes_with_the_same_call_do_it_once(scene: Scene):
    answers = await asyncio.gather(*(scene.once(scene.adding("milk")) for _ in range(4)))
    assert set(answers) == {"Noted: milk."}
    assert await scene.texts() == ["milk"]


async def test_a_local_effect_that_fails_leaves_neither_row_nor_entry(scene: Scene):
    async def failing() -> tuple[str, dict[str, Any]]:
        await scene.records.notes.add("home", text="half done")
        raise RequestError("no")

    with pytest.raises(RequestError):
        await scene.once(failing)
    assert await scene.texts() == []
    assert await scene.once(scene.adding("milk")) == "Noted: milk."


async def test_a_remote_effect_that_was_cut_off_is_never_begun_again(scene: Scene):
    async def cut_off() -> tuple[str, dict[str, Any]]:
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await scene.once(cut_off, local=False)
    with pytest.raises(OutcomeUnknownError, match="check before asking again"):
        await scene.once(scene.adding("milk"), local=False)
    assert scene.runs == 0


async def test_a_finished_remote_effect_is_found_again(scene: Scene):
    assert await scene.once(scene.adding("milk"), local=False) == "Noted: milk."
    assert await scene.once(scene.adding("milk"), local=False) == "Noted: milk."
    assert scene.runs == 1


async def test_undo_takes_back_the_latest_change_then_the_one_before(scene: Scene):
    await scene.once(scene.adding("milk"), "call-1")
    await scene.once(scene.adding("bread"), "call-2")
    assert await scene.undo() == ["Noted: bread."]
    assert await scene.texts() == ["milk"]
    await scene.undo()
    assert await scene.texts() == []
    with pytest.raises(NotFoundError, match="nothing in this conversation"):
        await scene.undo()


async def test_undo_restores_a_changed_and_a_deleted_row_as_they_were(scene: Scene):
    note: Note = await scene.records.notes.add("home", text="blue")

    async def change() -> tuple[str, dict[str, Any]]:
        await scene.records.notes.change(note.id, text="red")
        await scene.records.notes.remove(note.id)
        return "Removed.", {}

    await scene.once(change)
    assert await scene.records.notes.get(note.id) is None
    await scene.undo()
    assert await scene.records.notes.get(note.id) == note


async def test_undo_refuses_when_the_row_was_changed_since(scene: Scene):
    await scene.once(scene.adding("milk"))
    note = (await scene.records.notes.all("home"))[0]
    await scene.records.notes.change(note.id, text="oat milk")
    with pytest.raises(RequestError, match="changed since"):
        await scene.undo()
    assert await scene.texts() == ["oat milk"]


async def test_undo_stays_within_its_conversation_and_person(scene: Scene):
    await scene.once(scene.adding("milk"))
    with pytest.raises(NotFoundError):
        await scene.ledger.undo_latest("home", "another thread")
    with pytest.raises(NotFoundError):
        await scene.ledger.undo_latest("somebody else", "t")
