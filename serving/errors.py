"""The ways in which a language model fails to answer, on top of the household's tree of errors.

ProviderError
├── UnreachableError   no connection, no answer in time, a failure inside the server
├── LimitedError       its queue is full, or it limits the rate
│   └── EmptyAccountError  the account that pays for it has run dry
├── BrokenAnswerError  cut short, aborted, empty or malformed
│   └── BrokenStream   the same after the person has already seen words of it
└── RefusedError       it does not accept the request: somebody has to change a setting
"""

from passfel.household.errors import BrokenAnswerError, LimitedError, ProviderError

SOURCE = "the language model"


class RefusedError(ProviderError):
    """The server refuses the request as it is put; the sentence says what to change.

    Never a reason to step down: another rung would hide a wrong setting.
    """

    exit_code = 78  # EX_CONFIG of sysexits.h

    def __init__(self, sentence: str) -> None:
        """Say what has to be changed."""
        super().__init__(SOURCE, sentence)


class EmptyAccountError(LimitedError):
    """The account has run dry: money mends that, not another try. Others answer meanwhile."""


class BrokenStream(BrokenAnswerError):  # noqa: N818 - what it is in the field's words
    """An answer broke off after its first visible words; `__cause__` says why."""

    def __init__(self, said: str, rung: str) -> None:
        """Keep what the person has seen (`said`) and which rung was speaking."""
        super().__init__(SOURCE, "The language model was lost in the middle of its answer.")
        self.said = said
        self.rung = rung
