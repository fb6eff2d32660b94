"""Tests against real servers: `make test-peers`. What can't be installed here is skipped, with the reason."""

from pathlib import Path

import pytest

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test of this folder is of a real server: none of them is in the default run."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.peer)
            item.add_marker(pytest.mark.timeout(1200))
