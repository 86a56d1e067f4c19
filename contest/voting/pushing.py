"""The child process that puts files into a git repository and pushes it, within bounds.

Started by `contest.voting.witnesses` and by nobody else: whoever keeps that repository may be slow,
away, or of another mind, and none of it may hold up the sealing of ballots. The request is one line of
JSON on standard input {folder, files, message, seconds}, the answer one on standard output: {commit}
or {error}. Nothing of ours is imported here, so that it starts quickly.

Files are only added. What the other side has that we do not is taken over beneath our commits; where
that cannot be done, or where a file of ours reads otherwise there, it is an error for people to look at.
"""

from __future__ import annotations

import fcntl
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

_AS_WE = ("-c", "user.name=Guong Sang", "-c", "user.email=log@localhost")
# Nothing that lies in the repository runs, and nothing works on after the command.
_PLAIN = ("-c", "core.hooksPath=/dev/null", "-c", "commit.gpgSign=false", "-c", "gc.auto=0", "-c", "maintenance.auto=0")
_LEFT_OVER = ("rebase-merge", "rebase-apply")


class Failed(Exception):
    """It did not go out, and why."""


class Repository:
    """A clone with a remote called origin, worked on by one process at a time."""

    def __init__(self, folder: Path, seconds: float) -> None:
        self._folder = folder
        self._until = time.monotonic() + seconds

    def run(self, *arguments: str, may_fail: bool = False) -> subprocess.CompletedProcess[str]:
        """A git command. Raises Failed with the end of what it said."""
        left = self._until - time.monotonic()
        try:
            done = subprocess.run(  # noqa: S603 -- our own arguments
                ["git", *_PLAIN, *_AS_WE, *arguments],  # noqa: S607 -- found on PATH
                check=False,
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=max(left, 0.1),
            )
        except subprocess.TimeoutExpired as error:
            raise Failed(f"git {arguments[0]}: no answer in time") from error
        except OSError as error:
            raise Failed(f"git: {error}") from error
        if done.returncode and not may_fail:
            raise Failed(f"git {arguments[0]}: {(done.stderr or done.stdout).strip()[-800:]}")
        return done

    def add(self, files: dict[str, str], message: str) -> None:
        """Commit files that are not there yet. Raises Failed where one is there and reads otherwise."""
        git = self._folder / ".git"
        (git / "index.lock").unlink(missing_ok=True)  # left by one that was killed: we alone are at work
        if any((git / name).exists() for name in _LEFT_OVER):
            self.run("rebase", "--abort", may_fail=True)
        for name, content in files.items():
            path = self._folder / name
            if path.exists():
                if path.read_text("utf-8", errors="replace") != content:
                    raise Failed(f"{name} is there already and says something else")
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, "utf-8")
        self.run("add", "--", *files)
        if self.run("diff", "--cached", "--quiet", may_fail=True).returncode:
            self.run("commit", "--quiet", "-m", message)

    def push(self) -> str:
        """Send what was committed, over what others sent meanwhile; the commit. Raises Failed."""
        branch = self.run("symbolic-ref", "--short", "HEAD").stdout.strip()
        target = f"HEAD:refs/heads/{branch}"
        if self.run("push", "--quiet", "origin", target, may_fail=True).returncode:
            self.run("fetch", "--quiet", "origin", branch)
            rebased = self.run("rebase", "--quiet", "FETCH_HEAD", may_fail=True)
            if rebased.returncode:
                self.run("rebase", "--abort", may_fail=True)
                raise Failed(f"the repository has gone another way: {rebased.stderr.strip()[-500:]}")
            self.run("push", "--quiet", "origin", target)
        return self.run("rev-parse", "HEAD").stdout.strip()


def answer_for(request: dict[str, Any]) -> dict[str, str]:
    """Do what was asked; what came of it."""
    folder = Path(request["folder"])
    if not (folder / ".git").is_dir():
        return {"error": f"{folder} is not a clone of a git repository"}
    with (folder / ".git" / "guong-sang.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return {"error": "another process is at work in this clone"}
        repository = Repository(folder, float(request["seconds"]))
        try:
            repository.add(request["files"], request["message"])
            return {"commit": repository.push()}
        except Failed as error:
            return {"error": str(error)}


def limit_self(seconds: int) -> None:
    """Bounds for this process and for each that it starts."""
    for what, most in (
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, 200 << 20),
        (resource.RLIMIT_DATA, 1 << 30),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(what)
        bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (bound, bound))


def main() -> None:
    request = json.loads(sys.stdin.readline())
    limit_self(int(request["seconds"]))
    try:
        answer = answer_for(request)
    except (OSError, ValueError, KeyError) as error:
        answer = {"error": f"{type(error).__name__}: {error}"}
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()
