"""`passfel search`: what the household's documents say, with file and heading."""

import sys

from passfel.app.log import keep_log
from passfel.app.running import run
from passfel.app.settings import Settings, load_settings
from passfel.app.terminal.lines import plain_output

SHOWN = 400
NOTHING = 1


def search(words: str, *, user: str, limit: int, as_json: bool) -> int:
    """Print the best passages; exit code 1 where there is none."""
    settings = load_settings()
    keep_log(settings.data_dir)
    plain_output()
    return run(_search(settings, words, user or settings.household.user, limit, as_json=as_json))


async def _search(settings: Settings, words: str, person: str, limit: int, *, as_json: bool) -> int:
    from passfel.graph.documents import build_documents
    from passfel.household.wording import plain_text
    from passfel.memory.postgres import Database

    async with Database(settings.postgres, settings.data_dir) as database:
        documents = build_documents(settings, database)
        try:
            found = await documents.search(person, words, limit)
            can = await documents.vectors.can()
        finally:
            await documents.aclose()
    for passage in found:
        if as_json:
            print(passage.model_dump_json())
            continue
        text = " ".join(plain_text(passage.text).split())
        print(plain_text(passage.cited()))
        print(f"    {text[:SHOWN]}{' …' if len(text) > SHOWN else ''}\n")
    if not can and not as_json:
        print("This Postgres has no pgvector: searched by words only, not by meaning.", file=sys.stderr)
    if not found:
        print("Nothing was found.", file=sys.stderr)
    return 0 if found else NOTHING
