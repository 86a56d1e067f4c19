"""The parent's side of the child process: started, waited for, and never believed more than needed.

Request and answer go through temporary files without a name, so there is no pipe to fill and the
answer's size is bounded by the child's own limit. A child that overstays is killed with its group.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any, NamedTuple

from contest.documents.rules import Limits, Trouble

_ROOT = str(Path(__file__).resolve().parents[2])
# -I: neither the environment nor the working folder decides what is imported. The package lies in a
# checkout and not in site-packages, so its folder is named here.
_START = f"import sys; sys.path.insert(0, {_ROOT!r}); from contest.documents.child import main; main()"
_COMMAND = [sys.executable, "-I", "-B", "-c", _START]
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}
# A crowd waits for its turn instead of taking the machine: children at a time, and seconds to wait.
CHILDREN = 3
_PATIENCE = 20
_PLACES = threading.BoundedSemaphore(CHILDREN)
_CPU_KILLS = {-signal.SIGXCPU, -signal.SIGKILL, 128 + signal.SIGKILL}


class Answer(NamedTuple):
    """What the child said: a dictionary of plain values, and bytes that followed it."""

    told: dict[str, Any]
    rest: bytes


def ask_child(request: dict[str, Any], content: bytes, limits: Limits) -> Answer:
    """Have `content` read by a child. Raises Trouble: its own, or slow, broken, busy for what befell it."""
    if not _PLACES.acquire(timeout=_PATIENCE):
        raise Trouble("busy")
    try:
        with tempfile.TemporaryFile() as asked, tempfile.TemporaryFile() as answered:
            asked.write(json.dumps({**request, "limits": list(limits)}).encode("ascii") + b"\n")
            asked.write(content)
            asked.seek(0)
            code = _run(asked.fileno(), answered.fileno(), limits)
            if code != 0:
                raise Trouble("slow" if code in _CPU_KILLS else "broken")
            return _understood(answered, limits)
    finally:
        _PLACES.release()


def _run(asked: int, answered: int, limits: Limits) -> int:
    """Run the child to its end; its exit code, or that of a kill."""
    child = subprocess.Popen(  # noqa: S603 - our own interpreter, and nothing of the file in the command
        _COMMAND,
        stdin=asked,
        stdout=answered,
        stderr=subprocess.DEVNULL,
        env=_ENVIRONMENT,
        cwd="/",
        close_fds=True,
        start_new_session=True,
    )
    try:
        return child.wait(limits.wall)
    except subprocess.TimeoutExpired:
        return -signal.SIGKILL
    finally:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()


def _understood(answered: Any, limits: Limits) -> Answer:
    if answered.seek(0, os.SEEK_END) > limits.answer:
        raise Trouble("heavy")
    answered.seek(0)
    try:
        told = json.loads(answered.readline())
    except (ValueError, RecursionError) as error:
        raise Trouble("broken") from error
    if not isinstance(told, dict):
        raise Trouble("broken")
    if "trouble" in told:
        raise trouble_of(told)
    return Answer(told, answered.read())


def trouble_of(told: dict[str, Any]) -> Trouble:
    """The child's own refusal, as far as it makes sense."""
    params = told.get("params")
    if not isinstance(told["trouble"], str) or not isinstance(params, dict):
        return Trouble("broken")
    return Trouble(
        told["trouble"],
        **{name: value for name, value in params.items() if isinstance(name, str) and isinstance(value, str | int)},
    )
