"""One small tree of errors, each with the words that a person sees.

PassfelError
├── SettingsError          the set-up is wrong: which setting, and what to do
├── RequestError           the request can't be carried out as it was said
│   └── NotFoundError      nothing the household has fits it
├── ProviderError          an outside service did not give an answer
│   ├── UnreachableError   no connection, or no answer in time
│   ├── LimitedError       it refuses for now (rate limit, quota)
│   └── BrokenAnswerError  it answered with something that makes no sense
└── MemoryUnavailableError Postgres can't be reached or started
"""

from datetime import timedelta


class PassfelError(Exception):
    """Something went wrong; `str(error)` is one clear sentence for the person."""

    exit_code = 1

    @property
    def sentence(self) -> str:
        """What the person is told."""
        return str(self)


class SettingsError(PassfelError):
    """A setting is missing or wrong."""

    exit_code = 78  # EX_CONFIG of sysexits.h


class RequestError(PassfelError):
    """The request can't be carried out as it was said (an end before its start, no such date)."""

    exit_code = 65  # EX_DATAERR


class NotFoundError(RequestError):
    """Nothing the household has fits the request."""


class ProviderError(PassfelError):
    """An outside service did not give an answer."""

    exit_code = 69  # EX_UNAVAILABLE

    def __init__(self, source: str, sentence: str) -> None:
        """Name the service (`source`) and say what happened."""
        super().__init__(sentence)
        self.source = source


class UnreachableError(ProviderError):
    """The service could not be reached, or did not answer in time."""


class LimitedError(ProviderError):
    """The service refuses for now; `retry_after` says for how long, where it told."""

    def __init__(self, source: str, sentence: str, retry_after: timedelta | None = None) -> None:
        """Keep how long the service asked us to wait."""
        super().__init__(source, sentence)
        self.retry_after = retry_after


class BrokenAnswerError(ProviderError):
    """The service answered with something that makes no sense."""


class MemoryUnavailableError(PassfelError):
    """Postgres can't be reached or started."""

    exit_code = 69  # EX_UNAVAILABLE
