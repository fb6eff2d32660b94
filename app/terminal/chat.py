"""`passfel chat`: the conversation, in a terminal or line by line."""

import sys

from passfel.app.log import keep_log
from passfel.app.running import run
from passfel.app.settings import load_settings
from passfel.app.terminal.lines import plain_output


def chat(*, thread: str, user: str, as_json: bool) -> int:
    """Talk until the input ends, and return the exit code."""
    settings = load_settings()
    keep_log(settings.data_dir)
    plain_output()
    if as_json or not (sys.stdin.isatty() and sys.stdout.isatty()):
        from passfel.app.terminal.plain import converse

        return run(converse(settings, thread=thread, user=user, as_json=as_json))
    from passfel.app.terminal.conversation import Conversation

    return run(Conversation(settings, thread=thread, user=user).talk())
