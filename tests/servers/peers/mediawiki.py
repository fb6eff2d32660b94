"""A real MediaWiki with TextExtracts, from Debian's packages unpacked into the cache: nothing is installed here."""

import contextlib
import os
import platform
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from passfel.tests.servers.peers.environments import DONE, peers_folder

PACKAGES = (
    *("mediawiki", "mediawiki-classes", "php8.2-cli", "php8.2-common", "php8.2-mbstring", "php8.2-sqlite3"),
    *(
        "php8.2-xml",
        "php8.2-intl",
        "libonig5",
        "libsodium23",
        "libargon2-1",
        "libxml2",
        "libicu72",
        "libsqlite3-0",
    ),
)
MODULES = (
    *(
        "ctype",
        "dom",
        "fileinfo",
        "iconv",
        "intl",
        "mbstring",
        "pdo",
        "pdo_sqlite",
        "phar",
        "posix",
        "simplexml",
    ),
    *("sqlite3", "tokenizer", "xml", "xmlreader", "xmlwriter"),
)
READY_S = 30
PASSWORD = "a long Passw0rd of the peer"


class MediaWiki:
    """A wiki with a database of its own in `folder`."""

    def __init__(self, root: Path, folder: Path) -> None:
        """Name the unpacked packages and an empty folder."""
        self._home = root / "usr" / "share" / "mediawiki"
        self._php = str(root / "usr" / "bin" / "php8.2")
        self._folder = folder
        modules = root / "usr" / "lib" / "php" / "20220829"
        (folder / "php.ini").write_text(
            f"extension_dir={modules}\nmemory_limit=512M\n"
            + "".join(f"extension={name}\n" for name in MODULES)
        )
        self._environment = {
            **os.environ,
            "LD_LIBRARY_PATH": str(root / "usr" / "lib" / "x86_64-linux-gnu"),
            "PHP_INI_SCAN_DIR": "",
            "PHP_CLI_SERVER_WORKERS": "4",
        }
        with socket.create_server(("127.0.0.1", 0)) as found:
            self.host = f"127.0.0.1:{found.getsockname()[1]}"
        self.url = f"http://{self.host}"

    def install(self, pages: Mapping[str, str]) -> None:
        """Make its database, and write pages."""
        (self._folder / "data").mkdir()
        self._maintain(
            *(
                "install.php",
                "--confpath",
                self._folder,
                "--dbtype",
                "sqlite",
                "--dbpath",
                self._folder / "data",
            ),
            *(
                "--dbname",
                "wiki",
                "--pass",
                PASSWORD,
                "--server",
                self.url,
                "--scriptpath",
                "/w",
                "Peer",
                "admin",
            ),
        )
        settings = self._folder / "LocalSettings.php"
        extracts = self._home / "extensions-core" / "TextExtracts" / "extension.json"
        settings.write_text(f"{settings.read_text()}\nwfLoadExtension( 'TextExtracts', '{extracts}' );\n")
        self._environment["MW_CONFIG_FILE"] = str(settings)
        for title, text in pages.items():
            self._maintain("edit.php", "--user", "admin", title, written=text)
        self._maintain("runJobs.php")

    @contextlib.contextmanager
    def serving(self) -> Iterator[None]:
        """Serve it, under /w as Wikipedia does."""
        site = self._folder / "site"
        site.mkdir()
        (site / "w").symlink_to(self._home)
        command = [self._php, "-c", str(self._folder / "php.ini"), "-S", self.host, "-t", str(site)]
        with (self._folder / "server.log").open("w") as log:
            # Its workers outlive it: they are ended as a group.
            process = subprocess.Popen(
                command, env=self._environment, stdout=log, stderr=log, start_new_session=True
            )
            try:
                self._wait(process)
                yield
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGTERM)
                process.wait()

    def _wait(self, process: "subprocess.Popen[bytes]") -> None:
        host, _, port = self.host.partition(":")
        ends_at = time.monotonic() + READY_S
        while time.monotonic() < ends_at and process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection((host, int(port)), 1):
                return
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.1)
        pytest.fail(f"MediaWiki did not start: {(self._folder / 'server.log').read_text()[-500:]}")

    def _maintain(self, script: str, *arguments: object, written: str = "") -> None:
        command = [self._php, "-c", self._folder / "php.ini", self._home / "maintenance" / script, *arguments]
        subprocess.run(
            [str(part) for part in command],
            env=self._environment,
            input=written,
            text=True,
            capture_output=True,
            check=True,
        )


def unpacked() -> Path:
    """The packages, unpacked when first asked for; skipped, with the reason, where that can't be done."""
    folder = peers_folder() / "mediawiki"
    if (folder / DONE).is_file():
        return folder
    if not (shutil.which("apt-get") and shutil.which("dpkg")) or platform.machine() != "x86_64":
        pytest.skip("MediaWiki comes from Debian's packages, and this is no Debian on x86-64")
    shutil.rmtree(folder, ignore_errors=True)
    debs = folder / "debs"
    debs.mkdir(parents=True)
    done = subprocess.run(
        ["apt-get", "download", *PACKAGES], cwd=debs, capture_output=True, text=True, check=False
    )
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        pytest.skip(f"MediaWiki's packages could not be fetched: {reason}")
    for deb in sorted(debs.glob("*.deb")):
        subprocess.run(["dpkg", "-x", deb, folder], check=True, capture_output=True)
    shutil.rmtree(debs)
    (folder / DONE).touch()
    return folder
