"""The time zone of the machine: what the household's is until somebody says otherwise."""

import os
from collections.abc import Mapping
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

ETC = Path("/etc")


def machine_zone(environment: Mapping[str, str] = os.environ, etc: Path = ETC) -> str:
    """The IANA name: of TZ, of the link /etc/localtime, of /etc/timezone, else UTC."""
    candidates = (_said(environment.get("TZ", "")), _linked(etc / "localtime"), _written(etc / "timezone"))
    return next((name for name in candidates if name and _known(name)), "UTC")


def _said(value: str) -> str:
    """TZ may have a colon before its name, or be a path (POSIX)."""
    value = value.strip().removeprefix(":")
    return _after_zoneinfo(value) if value.startswith("/") else value


def _linked(path: Path) -> str:
    try:
        return _after_zoneinfo(str(path.readlink()))
    except OSError:  # no such file, or a copy and no link
        return ""


def _written(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _after_zoneinfo(path: str) -> str:
    """“/usr/share/zoneinfo/Europe/Lisbon” is Europe/Lisbon; macOS has another folder before `zoneinfo`."""
    name = path.rpartition("/zoneinfo/")[2]
    return name.removeprefix("posix/").removeprefix("right/")


def _known(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
