"""`passfel eval intents`: which domain each sentence belongs to, on anybody's sentences.

In: a JSON line each, {"id", "text", "domain"?}; a label may be a list where several domains are asked at once.
Out: a JSON line each on standard output, {"id", "domain", "domains", "confidence", "reject"}; where there are
labels, figures on standard error. Domains are told by the names that other people's sets use: tasks, reminders,
notes and contacts are the calendar's, the time and sums are knowledge's.
"""

import json
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from passfel.graph.understanding import sentence_encoder
from passfel.household.errors import RequestError
from passfel.household.turn import Turn
from passfel.household.understanding import Understanding
from passfel.memory.embeddings import MiniLm
from passfel.nlu.features import Encode
from passfel.nlu.understand import Understander

REJECT = "reject"
REJECTED = frozenset({REJECT})
SEVEN = {
    **dict.fromkeys(
        ("tasks", "reminders", "notes", "contacts", "undo", "documents", "facts", "conversations"), "calendar"
    ),
    **dict.fromkeys(("clock", "calculator"), "knowledge"),
    "anything": "chat",
}
"""Our own domains under the names of the seven; what isn't here has its own name."""
UNSERVED = frozenset({"reject", "oos", "out_of_scope", "none", "other", "unsupported", "unknown"})
"""What sets of others call a request that no domain serves."""
SHARES = (0.1, 0.25, 0.5, 1.0)
"""Of the training sentences, for the learning curve."""
MONDAY = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Judged:
    """One sentence, what was made of it, and what it is."""

    id: str
    domains: tuple[str, ...]
    confidence: float
    milliseconds: float
    gold: frozenset[str] | None

    @property
    def domain(self) -> str:
        """The likeliest one."""
        return self.domains[0]

    @property
    def right(self) -> bool:
        """Strict: just the domains of the label, the first of them first."""
        return self.gold is not None and set(self.domains) == self.gold

    def line(self) -> str:
        """As it is printed."""
        told = {"id": self.id, "domain": self.domain, "domains": list(self.domains)}
        return json.dumps({**told, "confidence": round(self.confidence, 4), "reject": self.domain == REJECT})


def read(path: Path) -> list[dict[str, Any]]:
    """Read the sentences.

    Raises:
        RequestError: the file is missing, or a line of it is not what it should be.
    """
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise RequestError(
            f"{path} can't be read: {getattr(error, 'strerror', None) or 'it is no text'}."
        ) from error
    return [_row(path, number, line) for number, line in enumerate(lines, 1) if line.strip()]


def _row(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
        return {"id": str(row.get("id", number)), "text": str(row["text"]), "domain": row.get("domain")}
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise RequestError(f'Line {number} of {path} is no JSON object with "text".') from error


def judge(
    rows: Iterable[dict[str, Any]], locale: str = "en-GB", encode: Encode | None = None
) -> Iterator[Judged]:
    """Understand each sentence as a turn would, without a language model and without a conversation."""
    understander, turn = Understander(locale, encode=encode), Turn(now=MONDAY, locale=locale)
    understander.warm(turn)
    understander.understand("gibberish of no kind", turn)  # what is loaded beside is waited for here
    for row in rows:
        begin = time.perf_counter()
        understood = understander.understand(row["text"], turn)
        milliseconds = (time.perf_counter() - begin) * 1000
        yield Judged(
            row["id"], domains_of(understood), understood.confidence, milliseconds, gold_of(row["domain"])
        )


def domains_of(understood: Understanding) -> tuple[str, ...]:
    """The seven's names for what was understood; reject stands alone."""
    return seven_of(understood.intents)


def seven_of(intents: Sequence[str]) -> tuple[str, ...]:
    """Domains under the seven's names; a joke that is asked for beside the heating counts like the heating."""
    if tuple(intents[:1]) == (REJECT,):
        return (REJECT,)
    return tuple(dict.fromkeys(SEVEN.get(intent, intent) for intent in intents if intent != REJECT)) or (
        "chat",
    )


def gold_of(label: Any) -> frozenset[str] | None:
    """What a label says, in the seven's names."""
    if label in (None, "", []):
        return None
    names = [label] if isinstance(label, str) else list(label)
    folded = [str(name).casefold().strip() for name in names]
    return frozenset(REJECT if name in UNSERVED else SEVEN.get(name, name) for name in folded)


def figures(judged: Sequence[Judged]) -> dict[str, Any]:
    """Strict accuracy, macro-F1, recall a domain, rejects, and times."""
    labelled = [one for one in judged if one.gold]
    scores = {
        domain: _scores(domain, labelled)
        for domain in sorted({d for one in labelled for d in one.gold or ()})
    }
    served = [one for one in labelled if one.gold != REJECTED]
    unserved = [one for one in labelled if one.gold == REJECTED]
    times = sorted(one.milliseconds for one in judged)
    return {
        "sentences": len(judged),
        "labelled": len(labelled),
        "strict": _share([one.right for one in labelled]),
        "macro_f1": sum(score["f1"] for score in scores.values()) / len(scores) if scores else None,
        "recall": {domain: score["recall"] for domain, score in scores.items()},
        "precision": {domain: score["precision"] for domain, score in scores.items()},
        "reject_recall": _share([one.domain == REJECT for one in unserved]),
        "false_rejects": _share([one.domain == REJECT for one in served]),
        "calibration_error": calibration_error(labelled),
        "p50_ms": times[len(times) // 2] if times else None,
        "p95_ms": times[int(len(times) * 0.95)] if times else None,
        "confusions": Counter(
            f"{'+'.join(sorted(one.gold or ()))} → {'+'.join(sorted(one.domains))}"
            for one in labelled
            if not one.right
        ).most_common(12),
    }


def calibration_error(judged: Sequence[Judged], bins: int = 10) -> float | None:
    """How far confidences are from how often the first domain is right, on average (ECE)."""
    error, parts = 0.0, [int(min(one.confidence, 0.999) * bins) for one in judged]
    for part in set(parts):
        inside = [one for one, its in zip(judged, parts, strict=True) if its == part]
        right = sum(one.domain in (one.gold or ()) for one in inside)
        error += abs(sum(one.confidence for one in inside) - right) / len(judged)
    return error if judged else None


def _scores(domain: str, labelled: Sequence[Judged]) -> dict[str, float]:
    hits = sum(1 for one in labelled if domain in (one.gold or ()) and domain in one.domains)
    wanted = sum(1 for one in labelled if domain in (one.gold or ()))
    told = sum(1 for one in labelled if domain in one.domains)
    precision, recall = hits / told if told else 0.0, hits / wanted if wanted else 0.0
    both = precision + recall
    return {"precision": precision, "recall": recall, "f1": 2 * precision * recall / both if both else 0.0}


def _share(found: Sequence[bool]) -> float | None:
    return sum(found) / len(found) if found else None


def main(path: Path, *, wrong: bool = False, words_only: bool = False, against: Path | None = None) -> int:
    """Print a line for each sentence, and figures on standard error; exit code 1 where fewer are right than `against`.

    Raises:
        RequestError: a file can't be read.
    """
    rows = read(path)
    before = _told_before(against) if against else {}
    judged = []
    for one in judge(rows, encode=None if words_only else sentence_encoder()):
        judged.append(one)
        sys.stdout.write(one.line() + "\n")
    found = figures(judged)
    _print(found, Console(stderr=True))
    if wrong:
        texts = {row["id"]: row["text"] for row in rows}
        for one in judged:
            if one.gold and not one.right:
                sys.stderr.write(f"{'+'.join(sorted(one.gold))} → {'+'.join(one.domains)}: {texts[one.id]}\n")
    return _compare(judged, before) if against else 0


def _told_before(path: Path) -> dict[str, frozenset[str]]:
    try:
        lines = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
        return {str(line["id"]): frozenset(line["domains"]) for line in lines}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RequestError(f"{path} is not what an earlier run of this command printed.") from error


def _compare(judged: Sequence[Judged], before: dict[str, frozenset[str]]) -> int:
    """Say what changed since an earlier run, in counts."""
    both = [one for one in judged if one.gold and one.id in before]
    was_right = [before[one.id] == one.gold for one in both]
    gained = sum(one.right and not was for one, was in zip(both, was_right, strict=True))
    lost = sum(was and not one.right for one, was in zip(both, was_right, strict=True))
    sys.stderr.write(
        f"{len(both)} sentences of both runs: right before {sum(was_right)}, now {sum(was_right) + gained - lost}"
        f" ({gained} gained, {lost} lost).\n"
    )
    return int(lost > gained)


def curve() -> int:
    """Print the learning curve, cross-validated on the training sentences: is it data that is missing?

    Raises:
        RequestError: scikit-learn or the training sentences are not here.
    """
    try:
        from passfel.evals import intents_train
    except ImportError as error:
        raise RequestError("The learning curve needs scikit-learn: uv sync --group weights.") from error
    folder = Path(str(files("passfel.nlu"))) / "data" / "intents" / "en"
    rows = intents_train.read_sentences(folder)
    if not rows:
        raise RequestError("The training sentences are only in the repository: run this from there.")
    for name, encode in (
        ("with the embedding model", MiniLm().layers),
        ("words and letters alone", None),
    ):
        table = Table(
            "learned from", "strict", "reject recall", "false rejects", "calibration error", title=name
        )
        for learned, found in intents_train.learning_curve(rows, encode, SHARES):
            shown = [found[one] for one in ("strict", "reject_recall", "false_rejects", "calibration_error")]
            table.add_row(str(learned), *(f"{value:.3f}" for value in shown))
        Console().print(table)
    return 0


def _print(found: dict[str, Any], console: Console) -> None:
    table = Table("figure", "value", title="domains of sentences")
    for name in (
        "sentences",
        "labelled",
        "strict",
        "macro_f1",
        "reject_recall",
        "false_rejects",
        "calibration_error",
        "p50_ms",
        "p95_ms",
    ):
        value = found[name]
        shown = "—" if value is None else f"{value:.3f}" if isinstance(value, float) else str(value)
        table.add_row(name.replace("_", " "), shown)
    for domain, recall in found["recall"].items():
        table.add_row(f"recall, precision: {domain}", f"{recall:.3f}, {found['precision'][domain]:.3f}")
    for confusion, count in found["confusions"]:
        table.add_row(f"wrong: {confusion}", str(count))
    console.print(table)
