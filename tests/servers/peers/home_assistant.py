"""A real Home Assistant with its demo home, in an environment of its own, on a loopback port."""

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from websockets.sync.client import connect

from passfel.tests.servers.peers.environments import peers_folder, python_environment

VERSION = "2025.4.4"
"""The last that runs on Python 3.13.0."""
START_S = 600
"""The first start installs what its integrations need."""
CONFIGURATION = """
http:
  server_host: 127.0.0.1
  server_port: {port}
api:
websocket_api:
auth:
config:
onboarding:
conversation:
intent:
demo:
recorder:
history:
sun:
input_boolean:
  guest_mode:
    name: Guest mode
script:
  good_night:
    alias: Good Night
    sequence:
      - action: input_boolean.turn_on
        target:
          entity_id: input_boolean.guest_mode
"""
USER = {"name": "Ana", "username": "ana", "password": "a-password-of-the-tests", "language": "en"}


@dataclass
class HomeAssistantPeer:
    """A running server."""

    url: str
    token: str
    version: str = VERSION


@contextmanager
def home_assistant_peer(folder: Path) -> Iterator[HomeAssistantPeer]:
    """Start it over a copy of a configuration that has its user, made at the first use."""
    environment = python_environment(f"home-assistant-{VERSION}", [f"homeassistant=={VERSION}"])
    ready = peers_folder() / f"home-assistant-{VERSION}-config"
    if not (ready / "token").is_file():
        shutil.rmtree(ready, ignore_errors=True)
        _prepare(environment, ready)
    shutil.copytree(ready, folder, dirs_exist_ok=True)
    with _running(environment, folder) as url:
        yield HomeAssistantPeer(url, (folder / "token").read_text("utf-8"))


def _prepare(environment: Path, folder: Path) -> None:
    """Make the first user and a long-lived token, as a person does in the browser."""
    folder.mkdir(parents=True)
    with _running(environment, folder) as url:
        client_id = f"{url}/"
        with httpx2.Client(base_url=url, timeout=60, trust_env=False) as client:
            made = client.post("/api/onboarding/users", json={**USER, "client_id": client_id}).json()
            form = {"client_id": client_id, "grant_type": "authorization_code", "code": made["auth_code"]}
            access = client.post("/auth/token", data=form).json()["access_token"]
            headers = {"Authorization": f"Bearer {access}"}
            client.post("/api/onboarding/analytics", headers=headers, json={})
            redirect = {"client_id": client_id, "redirect_uri": client_id}
            client.post("/api/onboarding/integration", headers=headers, json=redirect)
        token = _commands(
            url, access, {"type": "auth/long_lived_access_token", "client_name": "tests", "lifespan": 3650}
        )[0]
        _furnish(url, access)
        time.sleep(2)
    (folder / "token").write_text(token, "utf-8")


def _furnish(url: str, access: str) -> None:
    """A floor, a room with another name, and lights in it."""
    floor, area = _commands(
        url,
        access,
        {"type": "config/floor_registry/create", "name": "First floor", "level": 1, "aliases": ["upstairs"]},
        {"type": "config/area_registry/create", "name": "Studio", "aliases": ["workroom"]},
    )
    _commands(
        url,
        access,
        {"type": "config/area_registry/update", "area_id": area["area_id"], "floor_id": floor["floor_id"]},
        {
            "type": "config/entity_registry/update",
            "entity_id": "light.bed_light",
            "area_id": area["area_id"],
            "aliases": ["night lamp"],
        },
        {
            "type": "config/entity_registry/update",
            "entity_id": "light.ceiling_lights",
            "area_id": area["area_id"],
        },
    )


def _commands(url: str, access: str, *messages: dict[str, Any]) -> list[Any]:
    with connect(url.replace("http", "ws", 1) + "/api/websocket", max_size=None, proxy=None) as connection:
        connection.recv()
        connection.send(json.dumps({"type": "auth", "access_token": access}))
        connection.recv()
        results = []
        for number, message in enumerate(messages, 1):
            connection.send(json.dumps({"id": number, **message}))
            answer = json.loads(connection.recv())
            assert answer["success"], answer
            results.append(answer["result"])
        return results


@contextmanager
def _running(environment: Path, folder: Path) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (folder / "configuration.yaml").write_text(CONFIGURATION.format(port=port), "utf-8")
    log = (folder / "hass.log").open("w")
    command: list[str | Path] = [environment / "bin" / "hass", "-c", folder, "--log-no-color"]
    process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, cwd=folder)
    try:
        _wait(process, f"http://127.0.0.1:{port}", folder / "hass.log")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        log.close()


def _wait(process: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
    """Wait until it is up: it answers before its entities exist."""
    ends_at = time.monotonic() + START_S
    while time.monotonic() < ends_at:
        if process.poll() is not None:
            tail = log.read_text("utf-8", "replace").strip().splitlines()[-1:]
            pytest.skip(f"Home Assistant ended at its start: {tail}")
        try:
            if httpx2.get(f"{url}/api/onboarding", timeout=5, trust_env=False).status_code in {200, 404}:
                return
        except httpx2.TransportError:
            pass
        time.sleep(0.5)
    pytest.skip(f"Home Assistant was not up in {START_S} seconds")
