"""`passfel maintenance`, as a person and a script meet it."""

import asyncio
from pathlib import Path

import pytest

from passfel.app.maintenance import STILL_RUNNING, maintenance
from passfel.serving.maintenance import Maintenance


@pytest.fixture
def switch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Maintenance:
    monkeypatch.setenv("PASSFEL_DATA_DIR", str(tmp_path))
    return Maintenance(tmp_path)


def test_on_off_and_status_say_how_it_stands(switch: Maintenance, capsys: pytest.CaptureFixture[str]) -> None:
    assert maintenance("status", wait=False, patience_s=1) == 0
    assert capsys.readouterr().out == "Maintenance is off. No model call runs.\n"
    assert maintenance("on", wait=True, patience_s=1) == 0
    assert "No model call runs any more." in capsys.readouterr().out
    assert switch.on
    assert maintenance("status", wait=False, patience_s=1) == 0
    assert "Maintenance is on since 20" in capsys.readouterr().out
    assert maintenance("off", wait=False, patience_s=1) == 0
    assert not switch.on


async def test_a_call_that_goes_on_is_told_of(
    switch: Maintenance, capsys: pytest.CaptureFixture[str]
) -> None:
    async with switch.call():
        assert await asyncio.to_thread(maintenance, "status", wait=False, patience_s=0) == 0
        assert "Model calls are running." in capsys.readouterr().out
        waited = await asyncio.to_thread(maintenance, "on", wait=True, patience_s=0)
    assert waited == STILL_RUNNING
    assert "still running" in capsys.readouterr().out
