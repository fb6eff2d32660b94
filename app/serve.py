"""`passfel serve`: LangGraph's development server on our langgraph.json, in this process."""

import os
import signal
import socket
import sys
from importlib.util import find_spec
from pathlib import Path
from types import FrameType

from passfel.household.errors import SettingsError

JOBS = 10
"""Runs of `/threads/…/runs` side by side."""
QUIET = {
    "LANGGRAPH_CLI_NO_ANALYTICS": "1",
    "LANGGRAPH_NO_VERSION_CHECK": "true",
    "LANGSMITH_TRACING": "false",
    # Our connections belong to the loop that opened them.
    "BG_JOB_ISOLATED_LOOPS": "false",
}
"""Nothing is reported to anybody."""


def serve(host: str, port: int) -> int:
    """Serve until Ctrl-C or SIGTERM, and return the exit status.

    Raises:
        SettingsError: the server isn't installed, or its address can't be had.
    """
    config = _langgraph_json()
    if find_spec("langgraph_cli") is None or find_spec("langgraph_api") is None:
        raise SettingsError("The server isn't installed: run `uv sync --extra server` and try again.")
    _check_address(host, port)
    os.environ.update(QUIET)

    # Settings and grammars are read here, before the working folder changes: what is wrong is said in a sentence.
    from passfel.app.studio import household

    folder = household.settings.data_dir.expanduser().absolute() / "server"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # LangGraph keeps its list of threads in .langgraph_api of the working folder.
        os.chdir(folder)
    except OSError as error:
        raise SettingsError(f"The server can't keep its data in {folder}: {error.strerror}.") from error
    return _run(host, port, config)


def _run(host: str, port: int, config: Path) -> int:
    """Run until a signal ends it; by then the server has let go of Postgres."""
    from langgraph_cli.cli import dev

    arguments = [
        "--host",
        host,
        "--port",
        str(port),
        "--config",
        str(config),
        "--n-jobs-per-worker",
        str(JOBS),
    ]
    before = signal.signal(signal.SIGTERM, _leave)
    try:
        dev.main(
            [*arguments, "--no-reload", "--no-browser"], prog_name="passfel serve", standalone_mode=False
        )
    except KeyboardInterrupt:
        return 0
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else 0
    finally:
        signal.signal(signal.SIGTERM, before)
    return 0


def _leave(_: int, __: FrameType | None) -> None:
    """Uvicorn sends the signal again after it has shut down; this is where it ends."""
    sys.exit(0)


def _langgraph_json() -> Path:
    found = Path(__file__).resolve().parents[1] / "langgraph.json"
    if not found.is_file():
        raise SettingsError("passfel serve works from a checkout of PASSFEL, where langgraph.json is.")
    return found


def _check_address(host: str, port: int) -> None:
    """LangGraph would silently take another port."""
    if not 0 < port < 65536:
        raise SettingsError(f"{port} is no port; use a number from 1 to 65535.")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise SettingsError(
            f"The server can't listen on {host}:{port} ({error.strerror}); choose another with --port."
        ) from error
