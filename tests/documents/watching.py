"""The children that read files, watched from outside: how long each takes and how much memory it ever held."""

from __future__ import annotations

import subprocess
import threading
import time
from pathlib import Path
from typing import Any, NamedTuple

from contest.core.errors import Refused
from contest.documents import bounded
from contest.documents.services import read_document, read_sheet
from tests.documents.corpus import Odd


class Outcome(NamedTuple):
    """One file read: what was given or said, in seconds, with the peak of its child in bytes (0: no child)."""

    odd: Odd
    result: Any
    refused: Refused | None
    seconds: float
    peak: int


_peaks = threading.local()


class Watched(subprocess.Popen):
    """A child whose peak of memory is noted. (`ru_maxrss` would tell that of the parent it was forked from.)"""

    def wait(self, timeout: float | None = None) -> int:
        status = Path(f"/proc/{self.pid}/status")
        until = time.monotonic() + (timeout or 60)
        while self.poll() is None:
            try:
                told = [line for line in status.read_text("ascii", "replace").splitlines() if line.startswith("VmHWM")]
            except OSError:
                told = []
            if told:
                _peaks.most = max(getattr(_peaks, "most", 0), int(told[0].split()[1]) * 1024)
            if time.monotonic() > until:
                raise subprocess.TimeoutExpired(self.args, timeout or 60)
            time.sleep(0.002)
        return self.returncode


def read_watched(odd: Odd, *, sheet: bool = False, **options: Any) -> Outcome:
    """Read one file; `bounded.subprocess.Popen` must be Watched."""
    assert bounded.subprocess.Popen is Watched
    _peaks.most = 0
    started = time.monotonic()
    result, refused = None, None
    try:
        result = (read_sheet if sheet else read_document)(odd.content, odd.name, **options)
    except Refused as error:
        refused = error
    return Outcome(odd, result, refused, time.monotonic() - started, _peaks.most)
