"""The household's settings: `passfel.toml`, secrets from files, and the environment, which wins.

Only this module reads the environment; every room below gets its own part as a typed value.
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from platformdirs import user_config_path
from pydantic import ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from passfel.app.problems import say_problems, say_unknown
from passfel.app.zone import machine_zone
from passfel.graph.settings import AssistantSettings
from passfel.household.errors import SettingsError

PREFIX = "PASSFEL_"
FILE = "passfel.toml"
CONFIG, SECRETS = "PASSFEL_CONFIG", "PASSFEL_SECRETS_DIR"
"""The two names that say where settings are, and are none themselves."""


@dataclass(frozen=True, slots=True)
class Given:
    """What the person has set, as it was written."""

    file: Path | None = None
    table: dict[str, Any] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    """Names such as PASSFEL_LLM__API_KEY, each from a file."""
    variables: dict[str, str] = field(default_factory=dict)


class Settings(AssistantSettings, BaseSettings):
    """Everything that can be set. `load_settings` makes one, and explains what is wrong."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", env_ignore_empty=True, extra="ignore"
    )

    @field_validator("data_dir")
    @classmethod
    def _whole(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The first source that has a value wins."""
        given = find_given()
        return (
            init_settings,
            _Variables(settings_cls, given.variables),
            _Variables(settings_cls, given.secrets),
            InitSettingsSource(settings_cls, given.table),
            InitSettingsSource(settings_cls, {"household": {"time_zone": machine_zone()}}),
        )


class _Variables(EnvSettingsSource):
    """Names with values, from the environment or from files; a list may be written with commas."""

    def __init__(self, settings_cls: type[BaseSettings], values: Mapping[str, str]) -> None:
        self._values = values
        super().__init__(settings_cls)

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return {name.lower(): value for name, value in self._values.items() if value}

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        try:
            return super().decode_complex_value(field_name, field, value)
        except ValueError:
            return [part.strip() for part in str(value).split(",") if part.strip()]


def load_settings() -> Settings:
    """Read the settings.

    Raises:
        SettingsError: with a sentence for each thing that is wrong, and never a secret's value.
    """
    given = find_given()
    unknown = say_unknown(
        given.table, str(given.file), {**given.secrets, **given.variables}, AssistantSettings
    )
    if unknown:
        raise SettingsError("\n".join(unknown))
    try:
        return Settings()
    except ValidationError as error:
        written = {name.upper(): name for name in (*given.secrets, *given.variables)}
        raise SettingsError(
            "\n".join(say_problems(error, str(given.file), written, AssistantSettings))
        ) from None  # the error holds the values, and some are secret


def find_given(environment: Mapping[str, str] = os.environ) -> Given:
    """Find what was set, and read the files.

    Raises:
        SettingsError: a file is missing, can't be read or is no TOML.
    """
    variables = {
        name: value
        for name, value in environment.items()
        if name.upper().startswith(PREFIX) and name not in {CONFIG, SECRETS} and value
    }
    file = settings_file(environment)
    table = _read_table(file) if file else {}
    folder = environment.get(SECRETS) or table.pop("secrets_dir", None)
    return Given(file, table, _read_secrets(Path(str(folder)).expanduser()) if folder else {}, variables)


def settings_file(environment: Mapping[str, str] = os.environ) -> Path | None:
    """The settings file: the one that PASSFEL_CONFIG names, or one here, or the person's own.

    Raises:
        SettingsError: PASSFEL_CONFIG names a file that isn't there.
    """
    named = environment.get(CONFIG)
    if named:
        path = Path(named).expanduser()
        if not path.is_file():
            raise SettingsError(f"{CONFIG} names {path}, and there is no such file.")
        return path
    candidates = (Path(FILE).absolute(), user_config_path("passfel") / FILE)
    return next((path for path in candidates if path.is_file()), None)


def _read_table(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(
            f"The settings file {path} can't be read: {str(error)[:1].lower()}{str(error)[1:]}."
        ) from None
    except UnicodeDecodeError:
        raise SettingsError(f"The settings file {path} can't be read: it is not UTF-8 text.") from None
    except OSError as error:
        raise SettingsError(
            f"The settings file {path} can't be read: {str(error.strerror).lower()}."
        ) from None


def _read_secrets(folder: Path) -> dict[str, str]:
    """Each file is a setting: its name is the variable's name, in any case, and its text the value."""
    try:
        return {
            path.name: path.read_text(encoding="utf-8").strip()
            for path in sorted(folder.iterdir())
            if path.name.upper().startswith(PREFIX) and path.is_file()
        }
    except UnicodeDecodeError:
        raise SettingsError(f"A file in the secrets folder {folder} is not UTF-8 text.") from None
    except OSError as error:
        raise SettingsError(
            f"The secrets folder {folder} can't be read: {str(error.strerror).lower()}."
        ) from None
