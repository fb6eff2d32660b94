"""Download SGLang's wheels for the borrowed machine and pack what is used of them into one archive.

The machine has Python 3.12 and torch 2.11.0+cu130, and no network. SGLang 0.5.17 is the newest that wants that
torch. Its wheels are made small: FlashAttention 3, Blackwell kernels, static libraries and debug symbols go.
"""

import shutil
import subprocess
import sys
import tarfile
import zipfile
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
    "sgl_kernel/flash_ops.abi3.so", "sgl_kernel/infllm_ops*.so", "sgl_kernel/sm100", "**/libxgrammar.a", "**/*.pyi",
)  # fmt: skip
DEEP_GEMM = (
    '"""Stands in for DeepGEMM, which the drafting worker imports for other models and never calls here."""'
)


def stage(folder: Path) -> Path:
    """Make `folder`/site.tar.xz; wheels that lie there already are not fetched again."""
    wheels, site = folder / "wheels", folder / "site"
    wheels.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(site, ignore_errors=True)
    _download(wheels, *PINNED, *NEEDED)
    _download(wheels, _core_of(wheels))
    for wheel in sorted(wheels.glob("*.whl")):
        _unpack(wheel, site)
    _trim(site)
    (site / "deep_gemm.py").write_text(DEEP_GEMM)
    archive = folder / "site.tar.xz"
    with tarfile.open(archive, "w:xz", preset=6) as packed:
        packed.add(site, arcname=".")
    shutil.rmtree(site)
    return archive


def _download(wheels: Path, *names: str) -> None:
    platforms = [f"manylinux_2_{minor}_x86_64" for minor in GLIBC] + [
        "manylinux2014_x86_64",
        "manylinux1_x86_64",
    ]
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
    for data in site.glob("*.data"):
        for part in ("purelib", "platlib"):
            if (data / part).is_dir():
                shutil.copytree(data / part, site, dirs_exist_ok=True)
        shutil.rmtree(data)


def _trim(site: Path) -> None:
    for pattern in UNUSED:
        for path in list(site.glob(pattern)):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
    strip = shutil.which("strip")
    for library in site.rglob("*.so") if strip else ():
        subprocess.run([str(strip), "--strip-unneeded", str(library)], check=False)  # noqa: S603


def main() -> None:
    """`python3 evals/gpu/stage.py FOLDER`, with any Python that has pip."""
    archive = stage(Path(sys.argv[1]))
    print(f"{archive}: {archive.stat().st_size / 2**20:.1f} MiB")


if __name__ == "__main__":
    main()
