"""Make a virtual environment hold exactly what a lock file names.

    python3 scripts/environment.py .venv requirements.lock

Needs Python's standard library alone. uv (from requirements-tools.lock, in .venv-tools) does the
installing because it is ten times as quick; pip takes over where uv cannot reach a registry, for
instance behind a mirror that only pip's own configuration names. Every file is checked against
its hash in the lock either way.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".venv-tools"
LOWEST = (3, 11)

# Wheels only, so that installing runs no code of a package.
SAFE = ["--require-hashes", "--only-binary", ":all:"]


def main(arguments: list[str]) -> int:
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    if problem := what_is_missing():
        print(problem, file=sys.stderr)
        return 1
    target, lock = ROOT / arguments[0], ROOT / arguments[1]
    tools = create(TOOLS, with_pip=True)
    python = create(target, with_pip=False)
    print(f"{target.name}: installing {lock.name}", flush=True)
    if not (install_with_uv(tools, python, lock) or install_with_pip(tools, python, lock)):
        print(f"{lock.name} could not be installed; the lines above say why.", file=sys.stderr)
        return 1
    return 0


def what_is_missing() -> str:
    """What to install first, in words; empty when nothing is missing."""
    if sys.version_info < LOWEST:
        return (
            f"Python {'.'.join(map(str, LOWEST))} or newer is needed; "
            f"{sys.executable} is {sys.version.split()[0]}.\n"
            "Name another one: make PYTHON=python3.12 run"
        )
    if importlib.util.find_spec("ensurepip") is None or importlib.util.find_spec("venv") is None:
        return (
            "This Python cannot make virtual environments: its ensurepip module is missing.\n"
            "On Debian and Ubuntu, as root: apt-get install python3-venv"
        )
    return ""


def create(directory: Path, *, with_pip: bool) -> Path:
    """The interpreter of a virtual environment, made when absent, half made or of a vanished Python."""
    python = directory / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    works = python.exists() and runs([str(python), "-c", "import pip" if with_pip else ""])
    if not works:
        venv.EnvBuilder(with_pip=with_pip, clear=True, symlinks=os.name != "nt").create(directory)
    return python


def install_with_uv(tools: Path, python: Path, lock: Path) -> bool:
    uv = tools.with_name("uv.exe" if os.name == "nt" else "uv")
    pinned = ROOT / "requirements-tools.lock"
    stamp = TOOLS / "installed.lock"
    if not uv.exists() or not stamp.exists() or stamp.read_bytes() != pinned.read_bytes():
        if not runs([str(tools), "-m", "pip", "install", "--quiet", *SAFE, "-r", str(pinned)], show=True):
            return False
        stamp.write_bytes(pinned.read_bytes())
    environment = {"UV_HTTP_RETRIES": "1", "UV_NO_PROGRESS": "1", **mirror(tools)}
    if Path("/etc/ssl/certs/ca-certificates.crt").exists():
        # An organisation's own authority stands there, not among those that uv carries.
        environment["UV_SYSTEM_CERTS"] = "1"
    command = [str(uv), "pip", "install", "--quiet", "--python", str(python), *SAFE, "-r", str(lock)]
    return runs(command, show=True, env={**environment, **os.environ})


def mirror(tools: Path) -> dict[str, str]:
    """The registry that pip is told to use, in uv's words; nothing where pip uses the public one."""
    if any(name.startswith(("UV_INDEX", "UV_DEFAULT_INDEX", "UV_CONFIG")) for name in os.environ):
        return {}
    listed = subprocess.run(
        [str(tools), "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
    ).stdout
    for line in listed.splitlines():
        name, _, value = line.partition("=")
        if name in {":env:.index-url", "install.index-url", "global.index-url"}:
            return {"UV_DEFAULT_INDEX": value.strip("'\"")}
    return {}


def install_with_pip(tools: Path, python: Path, lock: Path) -> bool:
    print("uv could not do it; pip tries.", flush=True)
    command = [str(tools), "-m", "pip", "--python", str(python), "install", "--quiet", *SAFE]
    return runs([*command, "-r", str(lock)], show=True)


def runs(command: list[str], *, show: bool = False, env: dict[str, str] | None = None) -> bool:
    """Whether a command succeeds. Its complaints are shown only where they help (`show`)."""
    output = None if show else subprocess.DEVNULL
    try:
        return subprocess.run(command, stdout=output, stderr=output, env=env, check=False).returncode == 0
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
