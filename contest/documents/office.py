"""Old formats (.doc, .rtf) through LibreOffice, where it is installed: into a .docx that is then read as any.

A profile of its own for each conversion, thrown away after it: macros are off, nothing is updated or
fetched. It takes more time and memory than the other readers: one at a time.
"""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import signal
import subprocess
import tempfile
import threading
from pathlib import Path

from contest.documents.rules import Limits, Trouble

NAMES = ("soffice", "libreoffice")
SECONDS = 20
_MEMORY = 1_500_000_000
_PLACE = threading.BoundedSemaphore(1)
_PATIENCE = 30
_PROFILE = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema">
<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="MacroSecurityLevel" oor:op="fuse">
<value>3</value></prop><prop oor:name="DisableMacrosExecution" oor:op="fuse"><value>true</value></prop>
<prop oor:name="BlockUntrustedRefererLinks" oor:op="fuse"><value>true</value></prop>
<prop oor:name="DisableActiveContent" oor:op="fuse"><value>true</value></prop></item>
<item oor:path="/org.openoffice.Office.Writer/Content/Update"><prop oor:name="Link" oor:op="fuse">
<value>0</value></prop></item>
</oor:items>
"""


def find_office() -> str | None:
    """The path of LibreOffice, or None where it is not installed."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def to_docx(content: bytes, kind: str, limits: Limits) -> bytes:
    """`content` (.doc or .rtf) as .docx. Raises Trouble: doc or rtf without LibreOffice, office_failed, busy."""
    office = find_office()
    if office is None:
        raise Trouble(kind)
    if not _PLACE.acquire(timeout=_PATIENCE):
        raise Trouble("busy")
    try:
        with tempfile.TemporaryDirectory(prefix="office-") as folder:
            return _converted(office, Path(folder), content, kind, limits)
    finally:
        _PLACE.release()


def _converted(office: str, folder: Path, content: bytes, kind: str, limits: Limits) -> bytes:
    profile = folder / "profile" / "user"
    profile.mkdir(parents=True)
    (profile / "registrymodifications.xcu").write_text(_PROFILE, "utf-8")
    source = folder / f"text.{kind}"
    source.write_bytes(content)
    command = [
        office,
        "--headless",
        "--norestore",
        "--nologo",
        "--nodefault",
        "--nofirststartwizard",
        f"-env:UserInstallation={(folder / 'profile').as_uri()}",
        "--convert-to",
        "docx",
        "--outdir",
        str(folder / "out"),
        str(source),
    ]
    child = subprocess.Popen(  # noqa: S603 - an absolute path found by us; the file's name is ours
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=folder,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(folder), "LANG": "C.UTF-8"},
        start_new_session=True,
    )
    try:
        _limit(child.pid)
        child.wait(SECONDS)
    except subprocess.TimeoutExpired as error:
        raise Trouble("slow") from error
    finally:
        # LibreOffice starts a second process: the whole group goes.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
    made = folder / "out" / "text.docx"
    if not made.is_file() or made.is_symlink() or made.stat().st_size > limits.most * 2:
        raise Trouble("office_failed")
    return made.read_bytes()


def _limit(pid: int) -> None:
    """Bound the memory and processor time of a process that is not ours to ask. Linux only."""
    if not hasattr(resource, "prlimit"):
        return
    with contextlib.suppress(ProcessLookupError, PermissionError, ValueError):
        resource.prlimit(pid, resource.RLIMIT_DATA, (_MEMORY, _MEMORY))
        resource.prlimit(pid, resource.RLIMIT_CPU, (SECONDS, SECONDS))
        resource.prlimit(pid, resource.RLIMIT_CORE, (0, 0))
