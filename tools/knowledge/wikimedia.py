"""What Wikipedia and Wikidata have in common: the action API, its etiquette and its errors.

Etiquette (mediawiki.org, API:Etiquette, and the foundation's User-Agent policy): an agent that names its operator,
one request after another, gzip, Retry-After honoured. `maxlag` is for jobs nobody waits for, and is not sent.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from passfel.household.errors import BrokenAnswerError, LimitedError, UnreachableError
from passfel.household.sharing import Rate
from passfel.tools.http import Http
from passfel.tools.http_failures import StatusError
from passfel.tools.http_messages import Params

RATE = Rate(5)
STAYS = timedelta(days=1)
BUSY = frozenset({"maxlag", "ratelimited", "readonly"})


class RefusedError(UnreachableError):
    """Wikimedia does not let us in: it wants to know whose program this is."""


async def get(
    http: Http, url: str, params: Params | None, source: str, *, lifetime: timedelta = STAYS
) -> Mapping[str, Any]:
    """Ask for an object of JSON.

    Raises:
        RefusedError: blocked for want of a name.
        StatusError: another HTTP status that is no success.
        ProviderError: anything else.
    """
    try:
        answer = await http.get_json(url, params, source=source, lifetime=lifetime, rate=RATE)
    except StatusError as error:
        if error.status == 403:
            raise RefusedError(source, _refused(source)) from error
        raise
    return read_action(answer, source)


def read_action(answer: Any, source: str) -> Mapping[str, Any]:
    """The action API answers its errors with 200 too: turn those into ours."""
    if not isinstance(answer, dict):
        raise broken(source)
    error = answer.get("error")
    if error is None:
        return answer
    code = str(error.get("code", "")) if isinstance(error, dict) else ""
    if code in BUSY:
        raise LimitedError(source, f"{source} takes no more requests for now.")
    raise BrokenAnswerError(source, f"{source} could not answer that.")


def broken(source: str) -> BrokenAnswerError:
    """It answered with something that can't be its answer."""
    return BrokenAnswerError(source, f"{source} gave an answer that makes no sense.")


def _refused(source: str) -> str:
    return (
        f"{source} lets no program in that doesn't say whose it is: set PASSFEL_HTTP__CONTACT to your mail address "
        "or web page (Wikimedia's User-Agent policy asks for it)."
    )
