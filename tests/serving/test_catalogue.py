"""The catalogue of models and boxes: complete, sourced, and asked for by name."""

import pytest
from pydantic import BaseModel

from passfel.household.errors import NotFoundError, SettingsError
from passfel.serving.caches import kv_bytes_a_token, pooled_bytes_a_token
from passfel.serving.catalogue import Catalogue, load_catalogue, parse_catalogue
from passfel.serving.weights import active_parameters, parameters, weight_bytes

CATALOGUE = load_catalogue()

# Parameters in billions as their makers publish them; of which active for a token; bytes of cache a token.
PUBLISHED = {
    "Qwen3-Next-80B-A3B-Thinking": (79.67, 3.6, 24_576),
    "Qwen3-Next-80B-A3B-Instruct": (79.67, 3.6, 24_576),
    "Llama-3.1-Nemotron-Ultra-253B": (253.4, 251.3, 262_144),
    "Llama-3.3-Nemotron-Super-49B-v1.5": (49.9, 48.8, 200_704),
    "Qwen2.5-72B-Instruct": (72.7, 71.5, 327_680),
    "Llama-3.1-70B-Instruct": (70.6, 69.5, 327_680),
    "Llama-3.3-70B-Instruct": (70.6, 69.5, 327_680),
    "Mixtral-8x22B-Instruct-v0.1": (140.6, 39, 229_376),
    "DeepSeek-V2.5": (236, 21, 69_120),
}
# Decimal GB of published files: what it is, and how near a build of another maker's mixture can be.
FILES = [
    ("Qwen3-Next-80B-A3B-Thinking", "BF16", True, 163, 0.01),
    ("Qwen3-Next-80B-A3B-Thinking", "NVFP4", False, 45, 0.05),
    ("Qwen3-Next-80B-A3B-Thinking", "INT4", True, 48.4, 0.05),
    ("Llama-3.1-Nemotron-Ultra-253B", "INT4", False, 140.56 * 1.0737, 0.10),
    ("Mixtral-8x22B-Instruct-v0.1", "NVFP4", False, 79, 0.05),
]


def _sources(entry: BaseModel) -> list[str]:
    found = [entry.source] if hasattr(entry, "source") else []
    for value in dict(entry).values():
        for item in value if isinstance(value, tuple) else (value,):
            found += _sources(item) if isinstance(item, BaseModel) else []
    return found


def test_every_model_that_was_weighed_is_there_and_one_is_chosen():
    assert {model.name for model in CATALOGUE.models} == {*PUBLISHED, "Qwen3-Max"}
    assert CATALOGUE.chosen.name == "Qwen3-Next-80B-A3B-Thinking"
    assert {box.name for box in CATALOGUE.boxes} == {"gx10", "spark", "h200", "rtx5090", "m4max"}


def test_every_figure_names_its_source():
    named = {entry.name: entry for entry in CATALOGUE.models} | {box.name: box for box in CATALOGUE.boxes}
    for name, entry in named.items():
        sources = _sources(entry)
        assert sources, name
        assert all(source.strip() for source in sources), name


def test_scores_say_which_version_of_the_benchmark_they_are_of():
    scores = [score for model in CATALOGUE.models for score in model.scores]
    assert all(score.version and 0 < score.value <= 100 for score in scores)
    assert {model.name for model in CATALOGUE.models if not model.scores} == {
        "Qwen2.5-72B-Instruct",
        "Mixtral-8x22B-Instruct-v0.1",
        "DeepSeek-V2.5",
        "Qwen3-Max",
    }


def test_closed_weights_are_said_to_be_closed():
    closed = CATALOGUE.model("Qwen3-Max")
    assert closed.architecture is None
    assert "closed" in closed.why_no_plan
    with pytest.raises(NotFoundError, match="no builds at all"):
        closed.build("FP8")


@pytest.mark.parametrize("name", PUBLISHED)
def test_architectures_add_up_to_the_published_parameters_and_cache(name: str):
    billions, active, a_token = PUBLISHED[name]
    architecture = CATALOGUE.model(name).architecture
    assert architecture is not None
    assert parameters(architecture) / 1e9 == pytest.approx(billions, rel=0.002)
    assert active_parameters(architecture) / 1e9 == pytest.approx(active, rel=0.015)
    assert kv_bytes_a_token(architecture) == a_token


@pytest.mark.parametrize(("name", "quant", "mtp", "gigabytes", "near"), FILES)
def test_builds_have_the_size_of_published_files(
    name: str, quant: str, mtp: bool, gigabytes: float, near: float
):
    model = CATALOGUE.model(name)
    assert model.architecture is not None
    size = weight_bytes(model.architecture, model.build(quant), CATALOGUE.precisions, mtp=mtp)
    assert size / 1e9 == pytest.approx(gigabytes, rel=near)


def test_sglang_keeps_a_cache_for_blocks_whose_attention_was_removed():
    architecture = CATALOGUE.model("Super-49B").architecture
    assert architecture is not None
    assert kv_bytes_a_token(architecture) == 49 * 4096
    assert pooled_bytes_a_token(architecture, speculative=False) == 80 * 4096


@pytest.mark.parametrize("name", ["qwen3-next-80b-a3b-thinking", "THINKING"])
def test_a_model_is_found_by_a_part_of_its_name_that_only_it_has(name: str):
    assert CATALOGUE.model(name) is CATALOGUE.chosen


@pytest.mark.parametrize("name", ["Llama", "gpt-5", ""])
def test_an_unknown_or_ambiguous_name_lists_what_there_is(name: str):
    with pytest.raises(NotFoundError, match="Mixtral-8x22B"):
        CATALOGUE.model(name)
    with pytest.raises(NotFoundError, match="gx10, spark, h200"):
        CATALOGUE.box(name)


def test_an_unknown_quantization_lists_the_builds():
    assert CATALOGUE.chosen.build("fp8").repository == "Qwen/Qwen3-Next-80B-A3B-Thinking-FP8"
    with pytest.raises(NotFoundError, match=r"no Q8_0 build of .*; it has BF16, FP8, INT4, NVFP4"):
        CATALOGUE.chosen.build("Q8_0")


def _data() -> dict[str, object]:
    return CATALOGUE.model_dump(mode="json")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("models", 0, "builds", 1, "precision"), "fp7"),
        (("models", 0, "builds", 1, "source"), ""),
        (("models", 0, "architecture"), None),
        (("models", 0, "architecture", "hidden"), 0),
        (("models", 0, "colour"), "green"),
        (("models", 7, "architecture", "feedforwards", 0, "per_token"), 9),
    ],
)
def test_a_broken_catalogue_is_refused_with_a_sentence(path: tuple[str | int, ...], value: object):
    data: object = _data()
    entry: object = data
    for step in path[:-1]:
        entry = entry[step]  # type: ignore[index]
    entry[path[-1]] = value  # type: ignore[index]
    with pytest.raises(SettingsError, match="catalogue of models is broken"):
        parse_catalogue(data)


def test_the_catalogue_survives_being_written_and_read_again():
    assert isinstance(parse_catalogue(_data()), Catalogue)
    assert parse_catalogue(_data()) == CATALOGUE
