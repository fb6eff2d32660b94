"""Train the classifier of domains: nlu/weights/intents_en.npz from the sentences in nlu/data/intents/en.

    uv sync --group weights
    uv run --group weights python scripts/train_intents.py

The same sentences give the same bytes on the same kind of machine; the script prints their SHA-256 and the
figures of a five-fold cross-validation. The evaluation set is not looked at.
"""

import argparse
import sys
from hashlib import sha256
from pathlib import Path

from passfel.evals.intents_train import Trained, read_sentences, save, train
from passfel.memory.embeddings import MiniLm

ROOT = Path(__file__).parent.parent


def main() -> int:
    """Train both heads, write, and print the file's hash."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--language", default="en")
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    out = asked.out or ROOT / "nlu" / "weights" / f"intents_{asked.language}.npz"
    rows = read_sentences(ROOT / "nlu" / "data" / "intents" / asked.language, asked.language)
    words_only = train(rows, None)
    full = train(rows, MiniLm().layers)
    save(full, words_only, out)
    sys.stdout.write(
        f"{_told('with the embedding model', full)}\n{_told('words and letters alone', words_only)}\n"
    )
    raw = out.read_bytes()
    sys.stdout.write(f"{out.name}: {len(raw):,} bytes, SHA-256 {sha256(raw).hexdigest()}\n")
    return 0


def _told(name: str, trained: Trained) -> str:
    figures = ", ".join(
        f"{what.replace('_', ' ')} {value:.3f}" if isinstance(value, float) else f"{what} {value}"
        for what, value in trained.figures.items()
    )
    return (
        f"{name}, cross-validated: {figures} (sharpness {trained.sharpness:.2f}, several {trained.more:.2f})"
    )


if __name__ == "__main__":
    sys.exit(main())
