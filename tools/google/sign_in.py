"""A household's sign-in at Google: kept as a refresh token in a file of its own, never in state or logs."""

import asyncio
import json
import os
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from passfel.household.errors import BrokenAnswerError, PassfelError, SettingsError
from passfel.tools.google.settings import GoogleSettings
from passfel.tools.http import JSON, Http
from passfel.tools.http_failures import StatusError

SOURCE = "Google Calendar"
SPARE_S = 60.0
"""A key is not used in its last minute."""
AGAIN = (
    "Google no longer takes this household's sign-in: run “passfel login google” again. It ends after seven days while"
    " the project's status at Google is “Testing”; set it to “In production” there, and it lasts."
)


class SignIn:
    """Gives out keys for the calendar as long as the sign-in holds."""

    def __init__(self, http: Http, settings: GoogleSettings, data_dir: Path) -> None:
        """Nothing is read yet."""
        self.settings = settings
        self.file = data_dir / "google" / "sign-in.json"
        self._http = http
        self._key, self._ends_at = "", 0.0
        self._lock = asyncio.Lock()

    async def key(self, refused: str = "") -> str:
        """A key for the next request, a new one if the last one is over or is the one that was refused.

        Raises:
            SettingsError: nobody has signed in, or the sign-in has ended.
        """
        async with self._lock:
            if self._key == refused or time.monotonic() > self._ends_at:
                given = self.settings.refresh_token.get_secret_value()
                refresh = given or await asyncio.to_thread(self._read)
                self._take(await self.ask({"grant_type": "refresh_token", "refresh_token": refresh}))
            return self._key

    async def ask(self, form: dict[str, str]) -> dict[str, Any]:
        """Ask the token endpoint; its errors become sentences that hold no secret."""
        secret = self.settings.client_secret.get_secret_value()
        body = urlencode({"client_id": self.settings.client_id, "client_secret": secret, **form}).encode()
        try:
            reply = await self._http.request(
                "POST",
                self.settings.token_url,
                source=SOURCE,
                accept=JSON,
                headers={"Content-Type": "application/x-www-form-urlencoded"},
                content=body,
                reads_only=form["grant_type"] == "refresh_token",
            )
        except StatusError as error:
            raise _told(error) from error
        answer = reply.json()
        if not isinstance(answer, dict) or not isinstance(answer.get("access_token"), str):
            raise BrokenAnswerError(SOURCE, f"{SOURCE} gave an answer that makes no sense.")
        return answer

    def keep(self, answer: dict[str, Any]) -> None:
        """Keep a new sign-in: its file can be read by its owner alone.

        Raises:
            BrokenAnswerError: Google gave no refresh token.
        """
        token = answer.get("refresh_token")
        if not isinstance(token, str) or not token:
            raise BrokenAnswerError(
                SOURCE, f"{SOURCE} gave no lasting sign-in. Run “passfel login google” again."
            )
        self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = self.file.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as kept:
            json.dump({"client_id": self.settings.client_id, "refresh_token": token}, kept)
        fresh.replace(self.file)
        self._take(answer)

    def _take(self, answer: dict[str, Any]) -> None:
        lasts = answer.get("expires_in")
        seconds = float(lasts) if isinstance(lasts, int | float) else 0.0
        self._key, self._ends_at = str(answer["access_token"]), time.monotonic() + seconds - SPARE_S

    def _read(self) -> str:
        try:
            kept = json.loads(self.file.read_text("utf-8"))
            token, client = str(kept["refresh_token"]), str(kept["client_id"])
        except FileNotFoundError:
            raise SettingsError("Nobody has signed in to Google yet: run “passfel login google”.") from None
        except (OSError, ValueError, KeyError, TypeError) as error:
            told = f"The sign-in at Google ({self.file}) can't be read: run “passfel login google” again."
            raise SettingsError(told) from error
        if client != self.settings.client_id:
            raise SettingsError(
                "The sign-in at Google belongs to another PASSFEL_GOOGLE__CLIENT_ID: run “passfel login google” again."
            )
        return token


def _told(error: StatusError) -> PassfelError:
    try:
        reason = str(json.loads(error.body)["error"])
    except (ValueError, KeyError, TypeError):
        return error
    if reason == "invalid_grant":
        return SettingsError(AGAIN)
    if reason in {"invalid_client", "unauthorized_client"}:
        return SettingsError(
            "Google does not know this OAuth client: mend PASSFEL_GOOGLE__CLIENT_ID and PASSFEL_GOOGLE__CLIENT_SECRET"
            " (https://console.cloud.google.com/apis/credentials)."
        )
    return error
