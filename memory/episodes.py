"""Episodes: what was said when."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import AwareDatetime, BaseModel

from passfel.memory.postgres import Database


class Episode(BaseModel):
    """One turn, as it was."""

    thread: str
    turn: str
    said: str
    answered: str
    happened_at: AwareDatetime


class Episodes:
    """Keeps each turn once, and finds turns by time."""

    def __init__(self, database: Database) -> None:
        """Keep the database."""
        self._database = database

    async def keep(
        self,
        *,
        thread: str,
        turn: str,
        person: str,
        said: str,
        answered: str,
        intents: Sequence[str],
        at: datetime,
    ) -> None:
        """Keep a turn; a replay of it changes nothing.

        This commit waits for the disk, and with it every checkpoint of the turn becomes safe.
        """
        async with self._database.connection() as connection:
            await connection.execute(
                "INSERT INTO episodes (thread, turn, person, said, answered, intents, happened_at)"
                " VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (thread, turn) DO NOTHING",
                (thread, turn, person, said, answered, list(intents), at),
            )

    async def between(self, person: str, start: datetime, end: datetime, limit: int = 20) -> list[Episode]:
        """The turns of a person in a half-open window, the newest first."""
        async with self._database.connection() as connection:
            cursor = await connection.execute(
                "SELECT thread, turn, said, answered, happened_at FROM episodes WHERE person = %s"
                " AND happened_at >= %s AND happened_at < %s ORDER BY happened_at DESC LIMIT %s",
                (person, start, end, limit),
            )
            return [Episode.model_validate(row) for row in await cursor.fetchall()]
