"""See to a Chromium for the browser tests.

    .venv/bin/python scripts/browser.py

Takes the one on PATH; else installs Debian's package when run as root; else Playwright's own build.
Where none can be had the browser tests say so and skip, except under REQUIRE_SERVERS=1 (CI).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
TRIED = Path(".venv") / ".browser-tried"  # so that a machine without network waits once, not each time


def main() -> int:
    if on_path() or of_playwright() or (not TRIED.exists() and installed()):
        return 0
    TRIED.touch()
    required = os.environ.get("REQUIRE_SERVERS") == "1"
    print(
        "No Chromium here: browser tests " + ("cannot run." if required else "will be skipped."),
        file=sys.stderr,
    )
    return 1 if required else 0


def on_path() -> bool:
    return any(shutil.which(name) for name in NAMES)


def of_playwright() -> bool:
    """Whether Playwright has fetched its own Chromium earlier."""
    places = [os.environ.get("PLAYWRIGHT_BROWSERS_PATH", ""), str(Path.home() / ".cache" / "ms-playwright")]
    return any(place and any(Path(place).glob("chromium*/*/chrome*")) for place in places)


def installed() -> bool:
    """Install one, by the system's packages as root, else by Playwright."""
    if shutil.which("apt-get") and os.geteuid() == 0:
        print("Installing Chromium with apt-get", flush=True)
        apt = ["apt-get", "-qq", "-y", "--no-install-recommends"]
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        if run([*apt, "install", "chromium"], environment) or (
            run([*apt, "update"], environment) and run([*apt, "install", "chromium"], environment)
        ):
            return on_path()
    print("Installing Playwright's Chromium", flush=True)
    return run([sys.executable, "-m", "playwright", "install", "chromium"], dict(os.environ))


def run(command: list[str], environment: dict[str, str]) -> bool:
    try:
        return subprocess.run(command, env=environment, check=False, timeout=600).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


if __name__ == "__main__":
    sys.exit(main())
