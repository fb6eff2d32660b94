"""The catalogue: every model that was weighed for the household's box, its builds, and the boxes. One data file."""

from functools import cache
from importlib.resources import files
from typing import Any, Literal, Self, TypeVar

import yaml
from pydantic import Field, model_validator

from passfel.household.errors import NotFoundError, SettingsError
from passfel.serving.architecture import Architecture, Entry, TensorClass

T = TypeVar("T")


class Figure(Entry):
    """One number and where it comes from."""

    value: float
    source: str = Field(min_length=1)


class Precision(Entry):
    """How one tensor class is stored: bits a weight, and one scale for each group of rows × columns."""

    bits: int = Field(gt=0)
    scale_bits: int = Field(0, ge=0, description="Bits of scale (and zero point) a group; 0: no scales.")
    group_rows: int = Field(0, ge=0, description="Rows that share a scale; 0: all.")
    group_columns: int = Field(0, ge=0, description="Columns that share a scale; 0: all.")


class Build(Entry):
    """One checkpoint, or one that could be made: which tensor class is stored how."""

    quant: Literal["BF16", "FP8", "INT4", "NVFP4"]
    repository: str | None = None
    precision: str
    keep: dict[TensorClass, str] = Field(default_factory=dict)
    keep_mtp: str | None = Field(None, description="The precision of the whole MTP head, where it differs.")
    source: str = Field(min_length=1)
    assumed: str = Field("", description="What could not be verified about it.")


class Score(Entry):
    """One tool-calling score. Versions of one benchmark are not comparable."""

    benchmark: str
    version: str
    value: float
    source: str = Field(min_length=1)


class Words(Entry):
    """A licence, or another short text with its source."""

    text: str
    source: str = Field(min_length=1)


class Model(Entry):
    """One model that was weighed."""

    name: str
    licence: Words
    context: Figure | None = None
    thinks: Literal["always", "switchable", "no"]
    chosen: bool = False
    architecture: Architecture | None = None
    why_no_plan: str = ""
    scores: tuple[Score, ...] = ()
    builds: tuple[Build, ...] = ()
    remark: str = ""

    @model_validator(mode="after")
    def _plannable_or_says_why(self) -> Self:
        if (self.architecture is None) == (not self.why_no_plan):
            raise ValueError("either an architecture, or the reason why there is none")
        return self

    def build(self, quant: str) -> Build:
        """The build of this quantization, or a sentence that lists those there are."""
        found = next((build for build in self.builds if build.quant == quant.upper()), None)
        if found is None:
            have = ", ".join(build.quant for build in self.builds) or "no builds at all"
            raise NotFoundError(f"The catalogue has no {quant} build of {self.name}; it has {have}.")
        return found


class Box(Entry):
    """One machine. Memory in GiB as its system reports it, bandwidth in GB/s."""

    name: str
    label: str
    memory_gib: Figure
    bandwidth_gbs: Figure
    reserve_gib: Figure
    boot_gib: Figure = Field(description="What is free when the server starts.")
    unified: bool = Field(description="Processor and accelerator share the memory.")
    sglang: bool = True
    remark: str = ""


class Catalogue(Entry):
    """Everything in catalogue.yaml."""

    precisions: dict[str, Precision]
    models: tuple[Model, ...]
    boxes: tuple[Box, ...]

    @model_validator(mode="after")
    def _precisions_exist(self) -> Self:
        for model in self.models:
            for build in model.builds:
                for name in (build.precision, *build.keep.values(), build.keep_mtp or build.precision):
                    if name not in self.precisions:
                        raise ValueError(f"{model.name} {build.quant}: unknown precision {name}")
        return self

    def model(self, name: str) -> Model:
        """The model of this name; a part of the name is enough where only one has it."""
        return _named(name, {model.name: model for model in self.models}, "model")

    def box(self, name: str) -> Box:
        """The box of this name."""
        return _named(name, {box.name: box for box in self.boxes}, "box")

    @property
    def chosen(self) -> Model:
        """The model that the household's box was planned for."""
        return next(model for model in self.models if model.chosen)


def _named(name: str, entries: dict[str, T], what: str) -> T:
    folded = {key.casefold(): entry for key, entry in entries.items()}
    wanted = name.casefold()
    if wanted in folded:
        return folded[wanted]
    near = [key for key in folded if wanted in key]
    if len(near) == 1:
        return folded[near[0]]
    raise NotFoundError(f"“{name}” does not name one {what} of the catalogue; it has: {', '.join(entries)}.")


@cache
def load_catalogue() -> Catalogue:
    """Read the catalogue that comes with the package."""
    text = files("passfel.serving").joinpath("catalogue.yaml").read_text("utf-8")
    return parse_catalogue(yaml.safe_load(text))


def parse_catalogue(data: Any) -> Catalogue:
    """Check a catalogue's data."""
    try:
        return Catalogue.model_validate(data)
    except ValueError as error:
        raise SettingsError(f"The catalogue of models is broken: {error}") from error
