"""Settings: where they come from, who wins, and what is said when one is wrong."""

import os
from pathlib import Path

import pytest

from passfel.app.settings import load_settings
from passfel.app.zone import machine_zone
from passfel.household.errors import SettingsError


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings but the test's own: in an empty folder, with an empty home."""
    for name in os.environ:
        if name.upper().startswith("PASSFEL_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setenv("TZ", "Europe/Lisbon")
    monkeypatch.chdir(tmp_path)


def complaint() -> str:
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert caught.value.exit_code == 78
    return caught.value.sentence


def test_everything_has_a_default_and_the_time_zone_is_the_machines() -> None:
    settings = load_settings()
    assert settings.household.time_zone == "Europe/Lisbon"
    assert settings.data_dir.is_absolute()
    assert settings.llm.base_url == ""


def test_the_environment_wins_over_secret_files_and_they_win_over_the_settings_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("passfel.toml").write_text(
        '[llm]\nbase_url = "http://file:1"\napi_key = "of-the-file"\nmodel = "of-the-file"\n'
        '[household]\nlocale = "en-US"\n'
    )
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "passfel_llm__api_key").write_text("of-a-secret\n")
    (tmp_path / "secrets" / "another").write_text("not ours")
    monkeypatch.setenv("PASSFEL_SECRETS_DIR", str(tmp_path / "secrets"))
    monkeypatch.setenv("PASSFEL_LLM__BASE_URL", "http://environment:2")
    settings = load_settings()
    assert settings.llm.base_url == "http://environment:2/v1"
    assert settings.llm.api_key is not None
    assert settings.llm.api_key.get_secret_value() == "of-a-secret"
    assert settings.llm.model == "of-the-file"
    assert settings.household.locale == "en-US"
    assert settings.household.time_zone == "Europe/Lisbon"


def test_an_empty_variable_is_none_and_a_list_may_be_written_with_commas(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PASSFEL_DATA_DIR", "")
    monkeypatch.setenv("PASSFEL_HTTP__ALLOWED_HOSTS", "nas.lan, 10.0.0.7:8080")
    settings = load_settings()
    assert settings.data_dir.name == "passfel"
    assert settings.http.allowed_hosts == ("nas.lan", "10.0.0.7:8080")


def test_a_settings_file_elsewhere_is_named_by_a_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = tmp_path / "another.toml"
    named.write_text('data_dir = "~/things"\nsecrets_dir = "."\n')
    monkeypatch.setenv("PASSFEL_CONFIG", str(named))
    assert load_settings().data_dir == tmp_path / "home" / "things"


FILES = [
    ("[llm]\nbase_url = \n", "passfel.toml can't be read: invalid value (at line 2, column 12)."),
    (b"\xff\xfe", "passfel.toml can't be read: it is not UTF-8 text."),
    ('[llm]\nbase_ulr = "x"\n', "“llm.base_ulr” in {file} is no setting; did you mean llm.base_url?"),
    ("[lights]\non = true\n", "“lights” in {file} is no setting."),
    (
        '[postgres]\npool_size = "many"\n',
        "postgres.pool_size in {file} should be a whole number, not “many”; for example 8.",
    ),
    (
        "llm = 5\n",
        "llm in {file} is a group of settings: write [llm] on a line of its own, and its settings below it.",
    ),
    ("data_dir = 5\n", "data_dir in {file} "),
]


@pytest.mark.parametrize(("text", "sentence"), FILES)
def test_a_wrong_settings_file_is_told_in_a_sentence(text: str | bytes, sentence: str) -> None:
    file = Path("passfel.toml").absolute()
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    assert sentence.replace("{file}", str(file)) in complaint()


VARIABLES = [
    (
        "PASSFEL_POSTGRES__POOL_SIZE",
        "many",
        "PASSFEL_POSTGRES__POOL_SIZE should be a whole number, not “many”; for example 8.",
    ),
    ("passfel_llm__top_k", "few", "passfel_llm__top_k should be a whole number, not “few”; for example 20."),
    (
        "PASSFEL_POSTGRES__POL_SIZE",
        "8",
        "PASSFEL_POSTGRES__POL_SIZE is no setting; did you mean PASSFEL_POSTGRES__POOL_SIZE?",
    ),
    (
        "PASSFEL_LLM",
        "http://x",
        "PASSFEL_LLM is a group of settings: set them one by one, such as PASSFEL_LLM__BASE_URL.",
    ),
    (
        "PASSFEL_LLM__BASE_URL",
        "x:1",
        "PASSFEL_LLM__BASE_URL: must start with http:// or https:// and name a server",
    ),
    (
        "PASSFEL_HOUSEHOLD__UNITS",
        "feet",
        "PASSFEL_HOUSEHOLD__UNITS should be 'metric' or 'imperial', not “feet”",
    ),
    (
        "PASSFEL_HOUSEHOLD__TIME_ZONE",
        "Mars",
        "PASSFEL_HOUSEHOLD__TIME_ZONE: “Mars” is no time zone; use an IANA name",
    ),
    ("PASSFEL_HOUSEHOLD__HOME_PLACE", "X, 99, 0", "PASSFEL_HOUSEHOLD__HOME_PLACE: “X, 99, 0” is off the map"),
    ("PASSFEL_CONFIG", "/no/such.toml", "PASSFEL_CONFIG names /no/such.toml, and there is no such file."),
    (
        "PASSFEL_SECRETS_DIR",
        "/no/such",
        "The secrets folder /no/such can't be read: no such file or directory.",
    ),
]


@pytest.mark.parametrize(("name", "value", "sentence"), VARIABLES)
def test_a_wrong_variable_is_told_as_the_person_wrote_it(
    name: str, value: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    assert complaint().startswith(sentence)


def test_each_problem_gets_its_sentence_and_no_secret_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("passfel.toml").write_text(
        '[postgres]\nurl = 12345678\npool_size = 1\n[llm]\napi_key = ["hunter2"]\n'
    )
    monkeypatch.setenv("PASSFEL_HTTP__TRIES", "0")
    told = complaint()
    assert len(told.splitlines()) == 4
    assert "12345678" not in told
    assert "hunter2" not in told


def test_the_machines_time_zone_is_found_in_each_of_its_places(tmp_path: Path) -> None:
    assert machine_zone({"TZ": ":Asia/Tokyo"}, tmp_path) == "Asia/Tokyo"
    assert machine_zone({"TZ": "/usr/share/zoneinfo/Asia/Tokyo"}, tmp_path) == "Asia/Tokyo"
    assert machine_zone({}, tmp_path) == "UTC"
    (tmp_path / "timezone").write_text("America/Lima\n")
    assert machine_zone({"TZ": "Nonsense/Here"}, tmp_path) == "America/Lima"
    (tmp_path / "localtime").symlink_to("/var/db/timezone/zoneinfo/Europe/Oslo")
    assert machine_zone({}, tmp_path) == "Europe/Oslo"


def test_calendar_accounts_have_names_of_the_households_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.joinpath("passfel.toml").write_text(
        '[caldav.icloud]\nurl = "https://caldav.icloud.com"\nusername = "ana"\n[calendar]\ndefault = "icloud/Family"\n'
    )
    monkeypatch.setenv("PASSFEL_CALDAV__ICLOUD__PASSWORD", "hush")
    monkeypatch.setenv("PASSFEL_CALDAV__CLOUD__URL", "https://cloud.example.org/remote.php/dav")
    settings = load_settings()
    assert sorted(settings.caldav) == ["cloud", "icloud"]
    assert settings.caldav["icloud"].password.get_secret_value() == "hush"
    assert settings.calendar.default == "icloud/Family"


def test_a_wrong_setting_of_a_calendar_account_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.joinpath("passfel.toml").write_text('[caldav.icloud]\nuser = "ana"\n')
    assert "“caldav.icloud.user” in" in complaint()
    tmp_path.joinpath("passfel.toml").write_text('[caldav.icloud]\nusername = "ana"\n')
    assert "caldav.icloud.url" in complaint()


def test_mcp_servers_have_names_of_the_households_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.joinpath("passfel.toml").write_text(
        '[mcp.servers.shop]\ncommand = "/opt/shop"\nargs = ["--home"]\nenv = { TOKEN = "hush" }\n'
    )
    monkeypatch.setenv("PASSFEL_MCP__SERVERS__LIBRARY__URL", "http://127.0.0.1:8765/mcp")
    servers = load_settings().mcp.servers
    assert sorted(servers) == ["library", "shop"]
    assert servers["shop"].env["TOKEN"].get_secret_value() == "hush"
    assert "hush" not in repr(servers)


def test_a_wrong_setting_of_an_mcp_server_is_told(tmp_path: Path) -> None:
    file = tmp_path / "passfel.toml"
    file.write_text('[mcp.servers.shop]\ncomand = "/opt/shop"\n')
    assert "“mcp.servers.shop.comand” in" in complaint()
    file.write_text('[mcp.servers.shop]\nurl = "127.0.0.1"\n')
    assert "an MCP server's url begins with http:// or https://" in complaint()
