"""Documents over a real Postgres: what is kept, what is found, and what a change of the model does."""

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from langchain_core.embeddings import DeterministicFakeEmbedding

from passfel.household.errors import RequestError
from passfel.memory.documents import Documents
from passfel.memory.documents_sync import DocumentSettings, Step, Sync
from passfel.memory.embeddings import Embedder, shipped
from passfel.memory.postgres import Database

FILES = Path(__file__).parent / "files"
SHIPPED = shipped()
PIECES = 16
"""Chunks of all files that can be read."""


@pytest_asyncio.fixture
async def documents(shared_database: Database) -> AsyncIterator[Documents]:
    """No documents yet, and no vectors."""
    await emptied(shared_database)
    yield Documents(shared_database, SHIPPED)
    await emptied(shared_database)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A household's folder."""
    shutil.copytree(FILES, tmp_path / "papers")
    return tmp_path / "papers"


async def emptied(database: Database) -> None:
    async with database.connection() as connection:
        for table in await vector_tables(database):
            await connection.execute(f"DROP TABLE {table}")
        await connection.execute("TRUNCATE documents, chunks, vector_tables RESTART IDENTITY")


async def vector_tables(database: Database) -> list[str]:
    async with database.connection() as connection:
        cursor = await connection.execute(
            "SELECT relname FROM pg_class WHERE relname ~ '^chunks_vectors_[0-9]+$' AND relkind = 'r'"
        )
        return sorted(row["relname"] for row in await cursor.fetchall())


async def synced(
    documents: Documents, *paths: Path, owner: str = "home", forget: bool = False
) -> dict[str, Step]:
    sync = Sync(documents, owner, DocumentSettings(largest_mb=1))
    await sync.look(paths, forget=forget)
    return {Path(step.path).name: step async for step in sync.run()}


async def test_a_folder_is_read_and_answers_with_file_and_heading(documents: Documents, folder: Path):
    steps = await synced(documents, folder)
    assert steps["boiler.docx"].change == "read"
    best = (await documents.search("ana", "the heating lost water pressure"))[0]
    assert best.cited() == "boiler.docx, “Troubleshooting › Error 5”"
    assert best.certain
    storm = (await documents.search("ana", "are we insured against storm"))[0]
    assert storm.cited() == "insurance.pdf, “What is covered › Storm”, page 1"


async def test_a_damaged_file_is_named_and_passed_over_and_not_tried_again(
    documents: Documents, folder: Path
):
    steps = await synced(documents, folder)
    assert steps["locked.pdf"].problem == "locked.pdf can't be read: it needs a password."
    assert "lease.odt" in steps
    again = await synced(documents, folder)
    assert again["locked.pdf"] == steps["locked.pdf"]


async def test_only_what_changed_is_read_again(documents: Documents, folder: Path):
    (folder / "note.txt").write_text("The spare key is with the neighbour.")
    await synced(documents, folder)
    assert {step.change for step in (await synced(documents, folder)).values()} == {"same", "problem"}
    os.utime(folder / "note.txt")
    assert (await synced(documents, folder))["note.txt"].change == "same"
    (folder / "note.txt").write_text("The spare key is under the pot.")
    steps = await synced(documents, folder)
    assert [name for name, step in steps.items() if step.change == "read"] == ["note.txt"]
    found = await documents.search("ana", "where is the spare key")
    assert [one.text for one in found if one.name == "note.txt"] == ["The spare key is under the pot."]


async def test_what_is_deleted_is_let_go_of_with_its_vectors(documents: Documents, folder: Path):
    await synced(documents, folder)
    (folder / "boiler.docx").unlink()
    assert (await synced(documents, folder))["boiler.docx"].change == "gone"
    assert all(one.name != "boiler.docx" for one in await documents.search("ana", "boiler error 5"))


async def test_a_disk_that_is_not_there_forgets_nothing_without_being_told(
    documents: Documents, folder: Path
):
    await synced(documents, folder)
    shutil.move(folder, folder.with_name("elsewhere"))
    with pytest.raises(RequestError, match="is the disk connected"):
        await synced(documents, folder)
    os.mkdir(folder)  # noqa: PTH102 - the disk is there, and empty
    with pytest.raises(RequestError, match="is the disk connected"):
        await synced(documents, folder)
    assert await documents.titles("ana")
    await synced(documents, folder, forget=True)
    assert await documents.titles("ana") == []


async def test_a_path_that_never_was_is_told(documents: Documents, tmp_path: Path):
    with pytest.raises(RequestError, match="is not there"):
        await synced(documents, tmp_path / "nowhere")


async def test_too_large_a_file_is_named(documents: Documents, tmp_path: Path):
    (tmp_path / "large.txt").write_bytes(b"a" * (2 << 20))
    assert "PASSFEL_DOCUMENTS__LARGEST_MB" in (await synced(documents, tmp_path))["large.txt"].problem


async def test_a_name_that_is_no_text_is_told_and_passed_over(documents: Documents, tmp_path: Path):
    (tmp_path / os.fsdecode(b"caf\xe9.txt")).write_text("words")
    (tmp_path / "good.txt").write_text("words")
    steps = await synced(documents, tmp_path)
    assert steps["good.txt"].change == "read"
    assert any(step.problem for step in steps.values())


async def test_hidden_files_and_links_are_left_out(documents: Documents, tmp_path: Path):
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "description.txt").write_text("hidden")
    (tmp_path / "~$open.docx").write_text("lock")
    (tmp_path / "link.txt").symlink_to("/etc/hostname")
    assert await synced(documents, tmp_path) == {}


async def test_nobody_reads_the_papers_of_another(documents: Documents, folder: Path, tmp_path: Path):
    (tmp_path / "diary").mkdir()
    (tmp_path / "diary" / "diary.md").write_text("# Diary\nI am planning a surprise party for Tom.")
    await synced(documents, folder)
    await synced(documents, tmp_path / "diary", owner="ana")
    assert (await documents.search("ana", "surprise party"))[0].name == "diary.md"
    assert all(one.name != "diary.md" for one in await documents.search("tom", "surprise party", 50))
    assert all(one.name != "diary.md" for one in await documents.search("home", "surprise party", 50))
    assert "Diary" not in await documents.titles("tom")
    assert await documents.search("tom", "storm insurance")  # the household's own


async def test_the_same_file_can_belong_to_two_people(documents: Documents, folder: Path):
    await synced(documents, folder / "lease.odt", owner="ana")
    await synced(documents, folder / "lease.odt", owner="tom")
    assert (
        len([one for one in await documents.search("ana", "notice period") if one.name == "lease.odt"]) == 2
    )


@pytest.mark.parametrize(
    "words", ["", "   ", "the of and", "'", "a & b | !c:*", "\\ ' \0 (", "?" * 500, "x " * 3000, "😀"]
)
async def test_any_words_can_be_searched_for(documents: Documents, folder: Path, words: str):
    await synced(documents, folder / "lease.odt")
    await documents.search("ana", words)


async def test_before_anything_was_read_nothing_is_found(documents: Documents):
    assert await documents.search("ana", "anything at all") == []
    assert await documents.catch_up() == 0


async def test_without_a_model_words_alone_find_and_vectors_come_later(documents: Documents, folder: Path):
    class Gone(DeterministicFakeEmbedding):
        def embed_query(self, text: str) -> list[float]:
            raise ConnectionError

        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            raise ConnectionError

    wordy = Documents(documents._database, Embedder(Gone(size=8), "gone"))
    await synced(wordy, folder)
    assert (await wordy.search("ana", "wind force"))[0].name == "insurance.pdf"
    assert await vector_tables(documents._database) == []
    assert await documents.catch_up() == PIECES
    assert await documents.catch_up() == 0
    assert (await documents.search("ana", "the heating lost water pressure"))[0].name == "boiler.docx"


async def test_another_model_answers_only_when_all_is_embedded_and_the_old_one_until_then(
    documents: Documents, folder: Path
):
    await synced(documents, folder)
    database = documents._database
    assert await vector_tables(database) == ["chunks_vectors_1"]
    other = Documents(database, Embedder(DeterministicFakeEmbedding(size=24), "other"))
    (folder / "note.txt").write_text("The spare key is with the neighbour.")
    await synced(other, folder)  # begins the new space: it is not whole
    table = await other.vectors.asked()
    assert table is not None
    assert table.embedder.is_shipped
    assert (await other.search("ana", "the heating lost water pressure"))[0].name == "boiler.docx"
    assert (await other.search("ana", "spare key"))[0].name == "note.txt"

    assert await other.catch_up() == PIECES
    assert await vector_tables(database) == ["chunks_vectors_2"]
    table = await other.vectors.asked()
    assert table is not None
    assert not table.embedder.is_shipped
    assert await documents.search("ana", "wind force")  # a process that still has the old model: words alone
    async with database.connection() as connection:
        cursor = await connection.execute(
            "SELECT count(*) = (SELECT count(*) FROM chunks) AS whole, bool_and(vector_dims(embedding) = 24) AS one"
            " FROM chunks_vectors_2"
        )
        assert await cursor.fetchone() == {"whole": True, "one": True}


async def test_two_runs_at_once_keep_everything_once(documents: Documents, folder: Path):
    other = Documents(documents._database, SHIPPED)
    await asyncio.gather(synced(documents, folder), synced(other, folder))
    assert len(await documents.titles("home")) == 7
    async with documents._database.connection() as connection:
        cursor = await connection.execute(
            "SELECT count(*) AS chunks, count(DISTINCT (document, position)) AS once,"
            " (SELECT count(*) FROM chunks_vectors_1) AS vectors FROM chunks"
        )
        assert await cursor.fetchone() == {"chunks": PIECES, "once": PIECES, "vectors": PIECES}


async def test_without_pgvector_words_find(documents: Documents, folder: Path):
    async with documents._database.connection() as connection:
        await connection.execute("CREATE DATABASE plain")
    url = documents._database._url.replace("@/passfel?", "@/plain?")
    assert url != documents._database._url
    await _without_pgvector(url, folder)
    async with documents._database.connection() as connection:
        await connection.execute("DROP DATABASE plain WITH (FORCE)")


async def _without_pgvector(url: str, folder: Path) -> None:
    from pydantic import SecretStr

    from passfel.memory.postgres import PostgresSettings

    async with Database(PostgresSettings(url=SecretStr(url)), folder) as database:
        async with database.connection() as connection:
            await connection.execute("DROP EXTENSION vector CASCADE")
        documents = Documents(database, SHIPPED)
        await synced(documents, folder)
        assert not await documents.vectors.can()
        assert await documents.catch_up() == 0
        assert (await documents.search("ana", "wind force"))[0].name == "insurance.pdf"


@pytest.mark.slow
async def test_a_run_that_is_killed_has_read_files_whole_or_not_at_all(tmp_path: Path):
    papers = tmp_path / "papers"
    papers.mkdir()
    for number in range(20):
        parts = [f"# Paper {number}\n"] + [f"## Part {part}\nWords of part {part}.\n" for part in range(3)]
        (papers / f"{number:02}.md").write_text("\n".join(parts))
    environment = {**os.environ, "PASSFEL_DATA_DIR": str(tmp_path / "data")}
    command = [sys.executable, "-m", "passfel.app.cli", "ingest", str(papers), "--json"]
    first = await asyncio.create_subprocess_exec(
        *command,
        env=environment,
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert first.stdout is not None
    for _ in range(3):
        assert await first.stdout.readline()
    first.send_signal(signal.SIGKILL)
    await first.wait()

    from passfel.memory.postgres import PostgresSettings

    async with Database(PostgresSettings(), tmp_path / "data") as database:
        documents = Documents(database, SHIPPED)
        async with database.connection() as connection:
            cursor = await connection.execute(
                "SELECT count(*) AS files, (SELECT count(*) FROM chunks) AS chunks,"
                " (SELECT count(*) FROM chunks_vectors_1) AS vectors FROM documents"
            )
            row = await cursor.fetchone()
        assert row is not None
        assert 3 <= row["files"] < 20
        assert row["chunks"] == row["vectors"] == 3 * row["files"]
        steps = await synced(documents, papers)
        assert len([step for step in steps.values() if step.change == "read"]) == 20 - row["files"]
        assert len(await documents.titles("home")) == 20
