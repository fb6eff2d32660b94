"""One turn of a conversation, as it was kept."""

from pydantic import AwareDatetime, BaseModel


class Episode(BaseModel):
    """What a person said, and what was answered."""

    thread: str
    turn: str
    said: str
    answered: str
    happened_at: AwareDatetime
