"""`passfel bench embeddings`: what an embedding model finds, how fast, and how large it is.

Every model is measured in a process of its own, one after the other, on the same three tasks: a household's questions
over its papers (evals/data/documents), texts by their own headings (sections of the installed packages' descriptions,
and what the standard library says of its functions), and the domain of a sentence by ridge regression on vectors of
the sentences that the classifier learns from.
"""

import inspect
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from functools import partial
from importlib import import_module
from importlib.metadata import distributions
from importlib.resources import files
from itertools import chain, islice
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from passfel.household.errors import RequestError
from passfel.memory.chunks import cut, embedded_text
from passfel.memory.documents_read import read
from passfel.memory.embeddings import MiniLm, shipped_file

if TYPE_CHECKING:
    import numpy.typing as npt

SHORT = "when does the boiler have to be serviced"
MOST = 800
"""Texts of each of the two kinds, at most."""
SECTION_CHARACTERS = (200, 900)
HEADING_WORDS = (4, 25)
MODULES = """
argparse asyncio calendar collections configparser contextlib copy csv datetime decimal difflib email.message enum
fileinput fractions functools gettext glob gzip heapq hmac html imaplib inspect io ipaddress itertools json locale
logging mailbox math mimetypes operator os pathlib pickle pprint queue random re sched shelve shlex shutil smtplib
socket sqlite3 ssl statistics string struct subprocess tarfile tempfile textwrap threading time tokenize traceback
types typing unicodedata unittest urllib.parse urllib.request uuid warnings wave weakref webbrowser zipfile zlib
"""
NOT_STATED = 0.0
COLUMNS = {
    "file_mb": "file MB",
    "memory_mb": "memory MB",
    "load_ms": "load ms",
    "short_ms": "question ms",
    "chunk_ms": "128 pieces ms",
    "papers_1": "papers r@1",
    "papers_5": "r@5",
    "sections_1": "sections r@1",
    "sections_5": "r@5",
    "sections_10": "r@10",
    "functions_1": "functions r@1",
    "functions_5": "r@5",
    "functions_10": "r@10",
    "domains": "domain",
}


def main(models: Sequence[Path], *, as_json: bool) -> int:
    """Measure the shipped model and those in `models`, and print a row each."""
    rows = []
    for path in [Path(str(shipped_file())), *models]:
        if not path.is_file():
            raise RequestError(f"{path} is not there; scripts/build_embeddings.py --kind builds other kinds.")
        done = subprocess.run(  # noqa: S603 - ourselves, so that each model's memory is its own
            [sys.executable, "-m", "passfel.evals.bench_embeddings", str(path)],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RequestError(f"{path} can't be measured: {done.stderr.strip().splitlines()[-1]}")
        rows.append(json.loads(done.stdout))
        if as_json:
            print(json.dumps(rows[-1]), flush=True)
    if not as_json:
        _print(rows)
    return 0


def _print(rows: Sequence[dict[str, Any]]) -> None:
    table = Table(title="Embedding models, one thread")
    table.add_column("model")
    for title in COLUMNS.values():
        table.add_column(title, justify="right")
    for row in rows:
        table.add_row(
            row["kind"], *(f"{row[name]:.3f}" if row[name] <= 1 else f"{row[name]:.1f}" for name in COLUMNS)
        )
    console = Console(width=200)
    console.print(table)
    told = rows[0]
    console.print(
        f"{told['questions']} questions over {told['pieces']} pieces of papers; {told['sections']} sections of the "
        f"packages installed here; {told['functions']} functions; {told['sentences']} sentences, learned from "
        f"{told['lines']}."
    )


def measure(path: Path) -> dict[str, Any]:
    """Everything about one model."""
    model, before = MiniLm(path), _memory_mb()
    begun = time.perf_counter()
    model.embed_query("loaded")
    row: dict[str, Any] = {
        "load_ms": (time.perf_counter() - begun) * 1000,
        "file_mb": path.stat().st_size / 1e6,
    }
    row["kind"] = model.told()["kind"]
    row["short_ms"] = _time_ms(partial(model.embed_documents, [SHORT]), 100)
    row["chunk_ms"] = _time_ms(partial(model.embed_documents, ["word " * 126]), 20)
    row["memory_mb"] = _memory_mb()
    row["memory_of_model_mb"] = row["memory_mb"] - before
    row |= _own_headings(model, "sections", _described())
    row |= _own_headings(model, "functions", _documented())
    return row | _papers(model) | _domains(model)


def _papers(model: MiniLm) -> dict[str, float]:
    """A household's questions: is the right piece the first, or among five?"""
    pieces = [
        (path.name, chunk.heading, embedded_text(reading.title, chunk))
        for path in sorted((_data() / "documents").iterdir())
        for reading in [read(path, path.read_bytes())]
        for chunk in cut(reading)
    ]
    rows = [line.split(" | ") for line in (_data() / "documents.txt").read_text("utf-8").splitlines()]
    asked = [(question, file, heading) for question, file, heading in rows if file.endswith(".md")]
    order = _ranked(model, [question for question, _, _ in asked], [text for _, _, text in pieces])
    right = [
        [pieces[place][0] == file and heading in pieces[place][1] for place in ranking]
        for ranking, (_, file, heading) in zip(order, asked, strict=True)
    ]
    return {
        "papers_1": _recall(right, 1),
        "papers_5": _recall(right, 5),
        "questions": len(asked),
        "pieces": len(pieces),
    }


def _own_headings(model: MiniLm, name: str, texts: Iterator[tuple[str, str]]) -> dict[str, float]:
    """Is a text found by its own heading, which is left out of it?"""
    found = dict(islice(({text: heading for heading, text in texts}).items(), MOST))
    order = _ranked(model, list(found.values()), list(found))
    right = [[place == own for place in ranking] for own, ranking in enumerate(order)]
    return {f"{name}_{k}": _recall(right, k) for k in (1, 5, 10)} | {name: len(found)}


def _described() -> Iterator[tuple[str, str]]:
    """Headings with their package's name, and the text under them, of what is installed here."""
    least, most = SECTION_CHARACTERS
    for package in sorted(distributions(), key=lambda package: package.name.casefold()):
        body = str(package.metadata.json.get("description", ""))
        for heading, text in re.findall(r"^#{1,4} +(.+)\n([^#]+?)(?=^#|\Z)", body, re.MULTILINE):
            words = re.sub(r"[^\w\s,.-]", "", heading).strip()
            if len(words.split()) > 1 and len(text) >= least:
                yield f"{words} ({package.name})", " ".join(text.split())[:most]


def _documented() -> Iterator[tuple[str, str]]:
    """The first line, and the rest, of what the standard library says of its functions and classes."""
    least, most = SECTION_CHARACTERS
    for module in map(import_module, MODULES.split()):
        things = [thing for name, thing in sorted(vars(module).items()) if not name.startswith("_")]
        inner = [vars(thing).values() for thing in things if inspect.isclass(thing)]
        for thing in (*things, *chain.from_iterable(inner)):
            told = getattr(thing, "__doc__", None)
            heading, _, text = inspect.cleandoc(told if isinstance(told, str) else "").partition("\n\n")
            words, rest = " ".join(heading.split()), " ".join(text.split())
            if HEADING_WORDS[0] <= len(words.split()) <= HEADING_WORDS[1] and len(rest) >= least:
                yield words, rest[:most]


def _domains(model: MiniLm) -> dict[str, float]:
    """The share of sentences whose domain is right; those of several domains are left out."""
    import numpy as np

    learned = [
        (line, path.name.removesuffix(".txt"))
        for path in sorted(
            (files("passfel.nlu") / "data" / "intents" / "en").iterdir(), key=lambda path: path.name
        )
        if path.name != "several.txt"
        for line in path.read_text("utf-8").splitlines()
        if line.strip() and not line.startswith("#")
    ]
    rows = [json.loads(line) for line in (_data() / "intents_en.jsonl").read_text("utf-8").splitlines()]
    asked = [(row["text"], row["domain"]) for row in rows if isinstance(row["domain"], str)]
    names = sorted({domain for _, domain in learned})
    wanted = np.array([[domain == name for name in names] for _, domain in learned], np.float64)
    known = _matrix(model, [line for line, _ in learned])
    weights = np.linalg.solve(known.T @ known + np.eye(known.shape[1]), known.T @ (wanted - wanted.mean(0)))
    best = (_matrix(model, [text for text, _ in asked]) @ weights + wanted.mean(0)).argmax(1)
    right = [names[place] == domain for place, (_, domain) in zip(best, asked, strict=True)]
    return {"domains": sum(right) / len(right), "sentences": len(asked), "lines": len(learned)}


def _ranked(model: MiniLm, questions: list[str], texts: list[str]) -> list[list[int]]:
    ranked: list[list[int]] = (
        (-_matrix(model, questions) @ _matrix(model, texts).T).argsort(1)[:, :10].tolist()
    )
    return ranked


def _matrix(model: MiniLm, texts: list[str]) -> "npt.NDArray[Any]":
    import numpy as np

    return np.array(model.embed_documents(texts))


def _recall(right: Sequence[Sequence[bool]], k: int) -> float:
    return sum(any(ranking[:k]) for ranking in right) / len(right)


def _time_ms(work: Any, times: int) -> float:
    took = []
    for _ in range(times):
        begun = time.perf_counter()
        work()
        took.append((time.perf_counter() - begun) * 1000)
    return median(took)


def _memory_mb() -> float:
    """What the process holds in memory, where the system tells it."""
    status = Path("/proc/self/status")
    found = re.search(r"VmRSS:\s+(\d+)", status.read_text()) if status.exists() else None
    return int(found[1]) / 1024 if found else NOT_STATED


def _data() -> Path:
    return Path(str(files("passfel.evals"))) / "data"


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1]))))
