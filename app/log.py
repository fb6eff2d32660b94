"""The log: a file in the data folder, never the screen."""

import logging
import os
import sys
import tempfile
import traceback
from logging.handlers import RotatingFileHandler
from pathlib import Path

from passfel.household.errors import PassfelError

FILE = Path("log") / "passfel.log"
LARGEST, KEPT = 1_000_000, 3


def keep_log(data_dir: Path) -> None:
    """Send all logging and all warnings to the log file; where it can't be written there is no log."""
    path = data_dir / FILE
    handler: logging.Handler
    try:
        # As root the database's own account passes through the data folder.
        data_dir.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        path.touch(mode=0o600)
        handler = RotatingFileHandler(path, maxBytes=LARGEST, backupCount=KEPT, encoding="utf-8")
    except OSError:  # whoever needs the folder says so in a sentence; without a log there is still an answer
        handler = logging.NullHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    logging.getLogger("passfel").setLevel(logging.INFO)
    logging.captureWarnings(True)
    sys.unraisablehook = _log_unraisable


class UnexpectedError(PassfelError):
    """Something that nobody thought of; the log has it."""

    exit_code = 70  # EX_SOFTWARE of sysexits.h


def unexpected(error: BaseException) -> UnexpectedError:
    """Write what happened to the log, and say where."""
    file = _write_down(error)
    return UnexpectedError(f"Something went wrong inside PASSFEL; the details are in {file}.")


def _write_down(error: BaseException) -> Path:
    """In the log, or where there is none in a new file."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, RotatingFileHandler):
            logging.getLogger("passfel").error("unexpected", exc_info=error)
            return Path(handler.baseFilename)
    with tempfile.NamedTemporaryFile(
        "w", prefix="passfel-", suffix=".log", delete=False, encoding="utf-8"
    ) as file:
        file.writelines(traceback.format_exception(error))
    return Path(file.name)


def _log_unraisable(event: "sys.UnraisableHookArgs") -> None:
    logging.getLogger("passfel").warning(
        "%s: %r", event.err_msg or "ignored", event.object, exc_info=event.exc_value
    )
