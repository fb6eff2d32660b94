"""WordPiece as BERT has it: texts to the numbers of their pieces.

The `tokenizers` package does the same and brings a client of a model hub with it; a test holds the two against
each other.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache

LONGEST_WORD = 100
CJK = (
    *((0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F), (0x2B740, 0x2B81F)),
    *((0x2B820, 0x2CEAF), (0xF900, 0xFAFF), (0x2F800, 0x2FA1F)),
)
"""Signs that are each a word of their own."""


class WordPiece:
    """A vocabulary of lower-case pieces, a line each; `##` begins a piece inside a word."""

    def __init__(self, vocabulary: str) -> None:
        """Number the lines."""
        self._ids = {piece: number for number, piece in enumerate(vocabulary.splitlines())}
        self._unknown = self._ids["[UNK]"]
        self._word = lru_cache(20_000)(self._pieces)

    def ids(self, text: str, longest: int) -> list[int]:
        """The numbers of a text's pieces between [CLS] and [SEP], at most `longest` of them in all."""
        found = [self._ids["[CLS]"]]
        for word in _words(text):
            found.extend(self._word(word))
            if len(found) >= longest:
                break
        return [*found[: longest - 1], self._ids["[SEP]"]]

    def _pieces(self, word: str) -> Sequence[int]:
        """The longest piece that the word begins with, and so on; unknown as a whole where one is missing."""
        if len(word) > LONGEST_WORD:
            return (self._unknown,)
        found, begin = [], 0
        while begin < len(word):
            for end in range(len(word), begin, -1):
                number = self._ids.get(("##" if begin else "") + word[begin:end])
                if number is not None:
                    break
            else:
                return (self._unknown,)
            found.append(number)
            begin = end
        return tuple(found)


def _words(text: str) -> Iterator[str]:
    """Words in lower case without accents; every mark is one of its own."""
    for word in "".join(_cleaned(text)).split():
        yield from _at_marks(_plain(word))


@lru_cache(20_000)
def _plain(word: str) -> str:
    if word.isascii():
        return word.lower()
    bare = "".join(sign for sign in unicodedata.normalize("NFD", word) if unicodedata.category(sign) != "Mn")
    return "".join(map(str.lower, bare))  # sign by sign: a sigma at the end is like any other


def _cleaned(text: str) -> Iterator[str]:
    for sign in text:
        if " " <= sign <= "~":
            yield sign
        elif sign in "\t\n\r":
            yield " "
        elif sign == "\ufffd" or unicodedata.category(sign) in {"Cc", "Cf", "Co", "Cs"}:
            continue
        elif sign.isspace():
            yield " "
        elif any(first <= ord(sign) <= last for first, last in CJK):
            yield f" {sign} "
        else:
            yield sign


def _at_marks(word: str) -> Iterator[str]:
    if word.isalnum():
        yield word
        return
    begin = 0
    for end, sign in enumerate(word):
        if _is_mark(sign):
            if begin < end:
                yield word[begin:end]
            yield sign
            begin = end + 1
    if begin < len(word):
        yield word[begin:]


@lru_cache(4096)
def _is_mark(sign: str) -> bool:
    if sign.isascii():
        return sign.isprintable() and not sign.isalnum() and sign != " "
    return unicodedata.category(sign).startswith("P")
