"""Train and cross-validate the classifier of domains: what scripts/train_intents.py and the learning curve share.

Needs scikit-learn (`uv sync --group weights`). Whatever is chosen here is chosen by cross-validation on the training
sentences; the evaluation set is never looked at.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax
from sklearn.model_selection import KFold
from sklearn.svm import LinearSVC

from passfel.evals.intents import Judged, figures, gold_of, seven_of
from passfel.nlu.classifier import REJECT, SEVERAL, decide
from passfel.nlu.features import LETTERS, SIZE, WORDS, Encode, counted, meant, said
from passfel.nlu.normalize import normalize

Array = npt.NDArray[Any]
SEED = 6
STRENGTH = 0.3
"""C of the linear SVMs, less of it the stronger the regularization."""
JOINED = 250
"""Requests for two things at once that are made of two sentences each."""
JOINTS = (" and ", ", and ", ", then ", " and also ", " and then ", ", also ", ". ", " plus ")
SELDOM = {"words": 1, "letters": 2}
"""Sentences that a word, or a group of letters, must stand in to count."""


@dataclass(frozen=True)
class Sentences:
    """Training sentences with all that is computed of them once."""

    texts: list[str]
    gold: list[frozenset[str]]
    fold: Array
    """Which part of the cross-validation each belongs to."""
    made: Array
    """Which were put together from two others; they are learned from, never counted."""
    layers: Array | None

    def some(self, chosen: Array) -> "Sentences":
        """Those of a mask."""
        at = np.flatnonzero(chosen)
        layers = self.layers[at] if self.layers is not None else None
        return Sentences(
            [self.texts[i] for i in at], [self.gold[i] for i in at], self.fold[at], self.made[at], layers
        )


@dataclass
class Trained:
    """One fit: what a head needs, in full precision."""

    labels: tuple[str, ...]
    rarity: Array
    centre: Array
    weights: Array
    """A row for each feature, a column for each label."""
    bias: Array
    sharpness: float = 3.0
    more: float = 0.0
    figures: dict[str, Any] = field(default_factory=dict)

    def margins(self, sentences: Sentences) -> Array:
        """Of every sentence to every label."""
        return np.asarray(matrix(sentences, self.rarity, self.centre) @ self.weights + self.bias)


def read_sentences(folder: Path, language: str = "en") -> list[tuple[str, frozenset[str]]]:
    """The sentences of a folder: a file for each domain, and `several.txt` with "a+b | sentence"."""
    found = {}
    for path in sorted(folder.glob("*.txt")):
        for line in filter(None, map(str.strip, path.read_text("utf-8").splitlines())):
            names, text = line.split(" | ", 1) if path.stem == SEVERAL else (path.stem, line)
            found[normalize(text, language)] = frozenset(names.strip().split("+"))
    return list(found.items())


def prepare(rows: Sequence[tuple[str, frozenset[str]]], encode: Encode | None, folds: int = 5) -> Sentences:
    """Divide into folds, put some sentences together within each, and encode all."""
    chance = np.random.default_rng(SEED)
    texts, gold = [text for text, _ in rows], [labels for _, labels in rows]
    fold = np.zeros(len(rows), int)
    for number, (_, at) in enumerate(KFold(folds, shuffle=True, random_state=SEED).split(texts)):
        fold[at] = number
    parts = [[i for i in np.flatnonzero(fold == n) if len(texts[i]) < 60] for n in range(folds)]
    more = []
    for count in range(JOINED):
        first, second = chance.choice(parts[count % folds], 2, replace=False)
        if gold[first].isdisjoint(gold[second]) and REJECT not in gold[first] | gold[second]:
            texts.append(texts[first] + str(chance.choice(JOINTS)) + texts[second])
            gold.append(gold[first] | gold[second])
            more.append(count % folds)
    made = np.arange(len(texts)) >= len(rows)
    layers = np.array([encode(text) for text in texts], np.float32) if encode is not None else None
    return Sentences(texts, gold, np.concatenate([fold, np.array(more, int)]), made, layers)


def labels_of(sentences: Sentences) -> tuple[str, ...]:
    """The domains, and what tells that there are several of them."""
    return (*sorted(set().union(*sentences.gold)), SEVERAL)


def rarity_of(texts: Sequence[str]) -> Array:
    """The IDF of each place of the tables; zero where it was seen too seldom."""
    seen = np.zeros(SIZE)
    for text in texts:
        seen[list(counted(text))] += 1
    least = np.repeat([SELDOM["words"], SELDOM["letters"]], [WORDS, LETTERS])
    return np.where(seen >= least, np.log((1 + len(texts)) / (1 + seen)) + 1, 0).astype(np.float32)


def matrix(sentences: Sentences, rarity: Array, centre: Array) -> sparse.csr_matrix:
    """A row of features for each sentence, as the classifier sees it."""
    at, weights, ends = [], [], [0]
    for text in sentences.texts:
        places, values = said(text, rarity)
        at.append(places)
        weights.append(values)
        ends.append(ends[-1] + len(places))
    tables = sparse.csr_matrix(
        (np.concatenate(weights), np.concatenate(at), ends), shape=(len(sentences.texts), SIZE)
    )
    if sentences.layers is None:
        return tables
    dense = np.array([meant(layers, centre) for layers in sentences.layers])
    return sparse.hstack([tables, sparse.csr_matrix(dense)]).tocsr()


def fit(sentences: Sentences) -> Trained:
    """One linear SVM for each label, against all the rest."""
    labels = labels_of(sentences)
    rarity = rarity_of([text for text, made in zip(sentences.texts, sentences.made, strict=True) if not made])
    layers = sentences.layers
    centre = layers[~sentences.made].mean(0) if layers is not None else np.zeros(0)
    features = matrix(sentences, rarity, centre)
    columns, bias = [], []
    for label in labels:
        wanted = np.array([label in gold or (label == SEVERAL and len(gold) > 1) for gold in sentences.gold])
        svm = LinearSVC(C=STRENGTH, random_state=SEED, max_iter=5000).fit(features, wanted)
        columns.append(svm.coef_[0])
        bias.append(svm.intercept_[0])
    return Trained(labels, rarity, centre, np.array(columns).T, np.array(bias))


def cross_validated(sentences: Sentences, used: Array | None = None) -> tuple[Array, tuple[str, ...]]:
    """The margins of every sentence, each from a fit that has not seen it; only those `used` are learned from."""
    labels = labels_of(sentences)
    margins = np.full((len(sentences.texts), len(labels)), -1.0)
    learned = np.ones(len(sentences.texts), bool) if used is None else used
    for number in np.unique(sentences.fold):
        held = sentences.fold == number
        trained = fit(sentences.some(~held & learned))
        at = [labels.index(label) for label in trained.labels]
        margins[np.ix_(held, at)] = trained.margins(sentences.some(held))
    return margins, labels


def choose(margins: Array, gold: Sequence[frozenset[str]], labels: tuple[str, ...]) -> tuple[float, float]:
    """The sharpness that makes confidences true, and the margin from which a second domain counts."""
    single = [i for i, names in enumerate(gold) if len(names) == 1]
    at = np.array([labels.index(next(iter(gold[i]))) for i in single])

    def surprise(sharpness: float) -> float:
        domains = margins[single][:, : labels.index(SEVERAL)]
        return float(-log_softmax(sharpness * domains, 1)[np.arange(len(at)), at].mean())

    sharpness = float(minimize_scalar(surprise, bounds=(0.5, 20), method="bounded").x)

    def strict(more: float) -> float:
        told = [decide(row, labels, sharpness, more)[0] for row in margins]
        return sum(set(names) == wanted for names, wanted in zip(told, gold, strict=True)) / len(gold)

    return sharpness, max(np.arange(-1, 1, 0.05), key=strict)


def train(rows: Sequence[tuple[str, frozenset[str]]], encode: Encode | None) -> Trained:
    """Cross-validate for the figures and the choices, then learn from everything."""
    sentences = prepare(rows, encode)
    margins, labels = cross_validated(sentences)
    real = ~sentences.made
    gold = [names for names, one in zip(sentences.gold, real, strict=True) if one]
    sharpness, more = choose(margins[real], gold, labels)
    trained = fit(sentences)
    trained.sharpness, trained.more = sharpness, more
    trained.figures = figures_of([decide(row, labels, sharpness, more) for row in margins[real]], gold)
    return trained


def figures_of(
    told: Sequence[tuple[tuple[str, ...], float]], gold: Sequence[frozenset[str]]
) -> dict[str, Any]:
    """The figures of `passfel eval intents`, and how true the confidence is."""
    judged = [
        Judged("", seven_of(names), confidence, 0.0, gold_of(sorted(wanted)))
        for (names, confidence), wanted in zip(told, gold, strict=True)
    ]
    found = figures(judged)
    names = ("strict", "macro_f1", "reject_recall", "false_rejects", "calibration_error")
    return {"sentences": len(gold), **{name: found[name] for name in names}}


def save(full: Trained, words_only: Trained, path: Path) -> None:
    """Write both heads as one file; the same fits give the same bytes."""
    places = np.flatnonzero(full.rarity)
    kept = {"labels": np.array(full.labels), "places": places.astype(np.uint32)}
    kept |= {"rarity": full.rarity.astype(np.float16), "centre": full.centre.astype(np.float16)}
    for name, head in (("full", full), ("words", words_only)):
        kept[f"{name}.tables"] = head.weights[places].astype(np.float16)
        kept[f"{name}.bias"] = head.bias.astype(np.float32)
        kept[f"{name}.chosen"] = np.array([head.sharpness, head.more], np.float32)
    kept["full.layers"] = full.weights[SIZE:].astype(np.float16)
    path.parent.mkdir(exist_ok=True)
    np.savez_compressed(path, allow_pickle=False, **kept)


def learning_curve(
    rows: Sequence[tuple[str, frozenset[str]]], encode: Encode | None, shares: Sequence[float]
) -> list[tuple[int, dict[str, Any]]]:
    """Cross-validated figures when only a share of each training part is learned from, by sentences learned from."""
    sentences, chance = prepare(rows, encode), np.random.default_rng(SEED)
    order, real = chance.permutation(len(sentences.texts)), ~sentences.made
    gold = [names for names, one in zip(sentences.gold, real, strict=True) if one]
    rank = np.empty(len(order))
    rank[order] = np.arange(len(order)) / len(order)
    found = []
    for share in shares:
        margins, labels = cross_validated(sentences, rank < share)
        sharpness, more = choose(margins[real], gold, labels)
        told = [decide(row, labels, sharpness, more) for row in margins[real]]
        learned = int((real & (rank < share)).sum() * (1 - 1 / len(np.unique(sentences.fold))))
        found.append((learned, figures_of(told, gold)))
    return found
