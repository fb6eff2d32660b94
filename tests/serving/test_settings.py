"""The language model's settings say clearly what is wrong with them."""

import pytest
from pydantic import ValidationError

from passfel.serving.settings import LlmSettings


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("", ""),
        ("http://127.0.0.1:30000/v1", "http://127.0.0.1:30000/v1"),
        ("http://127.0.0.1:30000", "http://127.0.0.1:30000/v1"),
        (" https://box.local/ ", "https://box.local/v1"),
        ("https://api.venice.ai/api/v1/", "https://api.venice.ai/api/v1"),
        ("http://[::1]:30000/openai", "http://[::1]:30000/openai"),
    ],
)
def test_an_address_without_a_path_gets_v1_and_any_other_is_kept(given: str, kept: str) -> None:
    assert LlmSettings(base_url=given).base_url == kept


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ("127.0.0.1:30000", "must start with http:// or https://"),
        ("ftp://box/v1", "must start with http:// or https://"),
        ("http://", "name a server"),
        ("http://box:notaport/v1", "not a web address"),
        ("http://me:secret@box/v1", "a key belongs into api_key"),
        ("http://box/v1?key=1", "without ? or #"),
    ],
)
def test_a_wrong_address_is_refused_with_what_it_should_look_like(given: str, complaint: str) -> None:
    with pytest.raises(ValidationError, match="base_url") as caught:
        LlmSettings(base_url=given)
    assert complaint in str(caught.value)


def test_every_setting_is_described() -> None:
    assert all(field.description for field in LlmSettings.model_fields.values())


def test_the_key_is_not_shown() -> None:
    assert "sesame" not in repr(LlmSettings.model_validate({"api_key": "sesame"}))
