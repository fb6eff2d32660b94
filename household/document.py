"""What was found in the household's documents."""

from pydantic import AwareDatetime, BaseModel, ConfigDict


class Passage(BaseModel):
    """A piece of a document, with the file and the headings that it stands under."""

    model_config = ConfigDict(frozen=True)

    title: str
    """What the document calls itself."""
    heading: str = ""
    """The path of headings, the outermost first."""
    text: str
    path: str
    page: int | None = None
    modified_at: AwareDatetime | None = None
    score: float = 0.0
    """Reciprocal rank fusion's; only good for comparing the passages of one search."""
    certain: bool = True
    """Whether the words or the meaning come near enough to be told as an answer."""

    @property
    def name(self) -> str:
        """The file's own name."""
        return self.path.replace("\\", "/").rpartition("/")[2]

    def cited(self) -> str:
        """Where it stands: "boiler.pdf, “Errors › E5”, page 12"."""
        heading = f", “{self.heading}”" if self.heading else ""
        return f"{self.name}{heading}{f', page {self.page}' if self.page else ''}"
