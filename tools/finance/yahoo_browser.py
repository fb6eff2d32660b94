"""yfinance's session: cookies, consent pages and the look of a browser, without which Yahoo refuses."""

import threading
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from passfel.household.errors import LimitedError, SettingsError, UnreachableError
from passfel.tools.finance.yahoo import TURN_ON, Params
from passfel.tools.finance.yahoo_answers import SOURCE


class YFinanceSession:
    """Fetches through yfinance, one request after the other; the library is imported at the first."""

    def __init__(self, folder: Path) -> None:
        """Keep yfinance's cookies in `folder`."""
        self._folder = folder
        self._turn = threading.Lock()
        self._data: Any = None

    def check(self) -> None:
        """See that the extra is installed."""
        if find_spec("yfinance") is None:
            raise SettingsError(TURN_ON)

    def get(self, url: str, params: Params, seconds: float) -> tuple[int, str]:
        """Fetch in the calling thread; what curl_cffi and yfinance raise is told as ours."""
        from yfinance.exceptions import YFRateLimitError

        with self._turn:
            data = self._data = self._data or self._opened()
            try:
                response = data.get(url, params=dict(params), timeout=seconds)
            except YFRateLimitError as error:
                raise LimitedError(SOURCE, f"{SOURCE} takes no more requests for now.") from error
            except Exception as error:  # of three libraries, and without a common base
                raise UnreachableError(SOURCE, f"{SOURCE} could not be reached.") from error
        return int(response.status_code), str(response.text)

    def _opened(self) -> Any:
        import yfinance

        self._folder.mkdir(parents=True, exist_ok=True)
        yfinance.set_tz_cache_location(str(self._folder))
        yfinance.config.debug.hide_exceptions = False
        yfinance.config.network.retries = 1
        return yfinance.data.YfData()
