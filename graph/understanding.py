"""The embedding model in the service of understanding: what no grammar takes, a classifier knows better with it."""

import logging
from typing import Any

from passfel.household.errors import MemoryUnavailableError
from passfel.memory.embeddings import MiniLm
from passfel.nlu.features import Encode

log = logging.getLogger(__name__)


class SentenceEncoder:
    """The shipped model's layers of a sentence; None on a machine that can't run it."""

    def __init__(self, model: MiniLm) -> None:
        """Begin to load the model beside whatever goes on."""
        self._model: MiniLm | None = model
        model.prepare()

    def __call__(self, text: str) -> Any:
        """Encode one sentence."""
        if self._model is None:
            return None
        try:
            return self._model.layers(text)
        except MemoryUnavailableError:
            log.warning("no onnxruntime here: domains are told by words and letters alone")
            self._model = None
            return None


def sentence_encoder() -> Encode:
    """An encoder by the shipped model, which a process holds once."""
    return SentenceEncoder(MiniLm())
