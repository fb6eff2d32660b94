"""`passfel` over the data folder of the run, whose Postgres is up already."""

from pathlib import Path

import pytest

from passfel.memory.postgres import Database
from passfel.tests.servers.command_line import CommandLine


@pytest.fixture(scope="session")
def passfel(
    data_folder: Path, shared_database: Database, tmp_path_factory: pytest.TempPathFactory
) -> CommandLine:
    return CommandLine(data_folder, tmp_path_factory.mktemp("home"))
