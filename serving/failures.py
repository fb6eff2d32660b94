"""What went wrong on the wire, in the household's errors.

Texts of the server are never passed on: those of SGLang name paths of its machine.
"""

import contextlib
import json
import re
from collections.abc import Iterator
from datetime import timedelta

import httpx2
import openai
from langchain_core.exceptions import ContextOverflowError

from passfel.household.errors import BrokenAnswerError, LimitedError, ProviderError, UnreachableError
from passfel.serving.errors import SOURCE, EmptyAccountError, RefusedError

TOO_LONG = (
    "longer than the model's context length",
    "context length",
    "context_length",
    "context window",
    "maximum context",
    "maximum allowed length",  # SGLang, of a prompt that is larger than its pool
    "exceed_context_size",  # llama.cpp
    "available context size",
    "must be at least 1, got -",  # vLLM before it had words for it: what is left for the answer
)
CODES = {"insufficient_quota": 429, "rate_limit_exceeded": 429, "context_length_exceeded": 400}
"""OpenAI's words in an error event of a stream, which has no status."""
STRICT = re.compile(r"(?<![-\w])strict(?![-\w])")
TRY_AGAIN = re.compile(r"try again in (?:(\d+)h)?(?:(\d+)m(?!s))?(?:([\d.]+)(ms|s))?")


@contextlib.contextmanager
def household_errors(server: str, settings: str = "llm") -> Iterator[None]:
    """Raise what the OpenAI client raises as one of our errors.

    The sentence names the `server`, and the group of `settings` where something has to be mended.
    """
    try:
        yield
    except openai.OpenAIError as error:
        raise _from_openai(error, server, settings) from error
    except (TimeoutError, httpx2.TimeoutException) as error:
        raise UnreachableError(SOURCE, f"The language model at {server} stopped answering.") from error
    except httpx2.HTTPError as error:
        raise UnreachableError(SOURCE, f"The language model at {server} dropped the connection.") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise broken(f"The language model at {server} sent something that can't be read.") from error


def broken(sentence: str) -> BrokenAnswerError:
    """Make the error of an answer that is no whole answer."""
    return BrokenAnswerError(SOURCE, sentence)


def too_long() -> RefusedError:
    """Make the error of a prompt that the server can't hold."""
    return RefusedError(
        "The conversation has grown longer than the language model can read: start a new one, or start "
        "the model with a larger context."
    )


def _from_openai(error: openai.OpenAIError, server: str, settings: str) -> ProviderError:
    if isinstance(error, openai.APITimeoutError):
        return UnreachableError(SOURCE, f"The language model at {server} did not answer in time.")
    if isinstance(error, openai.APIConnectionError):
        what = "could not be reached" if _never_connected(error) else "dropped the connection"
        return UnreachableError(SOURCE, f"The language model at {server} {what}.")
    code = _code(error)
    if code in {429, 503}:
        return _limit(error, server)
    if code is None or code < 400:
        return broken(f"The language model at {server} sent something that can't be read.")
    if code in {408, 504}:
        return UnreachableError(SOURCE, f"The language model at {server} did not answer in time.")
    if code >= 500:
        return UnreachableError(
            SOURCE, f"The language model at {server} reported a failure of its own ({code})."
        )
    return _refusal(error, code, server, settings)


def _limit(error: openai.OpenAIError, server: str) -> ProviderError:
    """OpenAI says 429 for three things, and only one of them is over after a while."""
    text = _text(error)
    if "insufficient_quota" in text or "exceeded your current quota" in text:
        return _empty_account(server)
    if "request too large" in text:
        return RefusedError(
            f"The conversation has grown larger than the account at {server} may send in a minute: start a new "
            "one, or have the account's limit raised."
        )
    return LimitedError(
        SOURCE, f"The language model at {server} is too busy at the moment.", _retry_after(error)
    )


def _empty_account(server: str) -> EmptyAccountError:
    return EmptyAccountError(
        SOURCE, f"The account at {server} is empty: it has no balance left, or its key has none."
    )


def _never_connected(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, httpx2.ConnectError):
            return True
        error = error.__cause__
    return False


def _refusal(error: openai.OpenAIError, code: int, server: str, settings: str) -> ProviderError:
    if code in {401, 403}:
        return RefusedError(
            f"The language model at {server} does not accept our key: check {settings}.api_key."
        )
    if code == 402:
        return _empty_account(server)
    if code in {404, 410}:
        return RefusedError(
            f"The server at {server} knows no such address or model: check {settings}.base_url, which mostly "
            f"ends in /v1, and {settings}.model."
        )
    text = _text(error)
    if code == 413 or isinstance(error, ContextOverflowError) or any(phrase in text for phrase in TOO_LONG):
        return too_long()
    if STRICT.search(text):
        return RefusedError(
            f"The language model at {server} does not take strict tools: set {settings}.strict_tools to off."
        )
    return RefusedError(
        f"The language model at {server} refused the request ({code}): check {settings}.model and the sampling "
        "settings; the server's log says more."
    )


def _code(error: openai.OpenAIError) -> int | None:
    """The HTTP status, or the code of an error event inside a stream that began with 200."""
    status = getattr(error, "status_code", None) or getattr(error, "code", None)
    if isinstance(status, str) and status in CODES:
        return CODES[status]
    try:
        return int(status) if status is not None else None
    except (TypeError, ValueError):
        return None


def _text(error: openai.OpenAIError) -> str:
    """The server's own words, to be looked through and never shown."""
    marks = (getattr(error, name, None) for name in ("code", "type"))
    return " ".join(map(str, (error, *filter(None, marks)))).lower()


def _retry_after(error: openai.OpenAIError) -> timedelta | None:
    response = getattr(error, "response", None)
    seconds = response.headers.get("retry-after", "") if response is not None else ""
    if seconds.isdecimal():
        return timedelta(seconds=int(seconds))
    told = TRY_AGAIN.search(str(error).lower())
    if told is None or not any(told.groups()):
        return None
    hours, minutes, rest, unit = told.groups()
    return timedelta(
        hours=int(hours or 0),
        minutes=int(minutes or 0),
        **{"milliseconds" if unit == "ms" else "seconds": float(rest.rstrip(".") if rest else 0)},
    )
