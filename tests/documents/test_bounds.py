"""The child process: what kills it does not reach the parent, and each bound is one that holds by itself."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from contest.core.errors import Refused
from contest.documents import bounded, services
from contest.documents.bounded import ask_child
from contest.documents.rules import LIMITS, Trouble
from contest.documents.services import read_document
from tests.documents.making import docx

REQUEST = {"job": "text", "name": "a.docx", "encoding": "auto"}


def play(monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    """Put another program in the place of the child."""
    monkeypatch.setattr(bounded, "_COMMAND", [sys.executable, "-I", "-c", program])


LIMITED = (
    f"import sys; sys.path.insert(0, {bounded._ROOT!r})\n"
    "from contest.documents.child import limit_self\nfrom contest.documents.rules import LIMITS\n"
    "limit_self(LIMITS._replace(cpu=1))\n"
)


@pytest.mark.parametrize(
    ("program", "code"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "broken"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "slow"),
        ("raise SystemExit(3)", "broken"),
        ("print('no JSON')", "broken"),
        ("print('[]')", "broken"),
        ("print('{\"trouble\": 7}')", "broken"),
        ("print('[' * 100000)", "broken"),
        ("", "broken"),
        ("print('{}')", "broken"),
        ('print(\'{"blocks": [[1, 2]], "title": "", "samples": [], "images": []}\')', "broken"),
        ('print(\'{"trouble": "nothing we know", "params": {}}\')', "broken"),
        ('print(\'{"trouble": "too_large", "params": {}}\')', "broken"),  # its sentence needs a number
        ('print(\'{"trouble": "password", "params": {"x": [1]}}\')', "password"),
        ("import sys; sys.stdout.write('x' * 40_000_000)", "heavy"),
    ],
)
def test_the_parent_survives_whatever_the_child_does(monkeypatch, program, code):
    play(monkeypatch, program)
    with pytest.raises(Refused) as told:
        read_document(docx(), "a.docx")
    assert told.value.code == f"file_{code}"


@pytest.mark.parametrize(
    "text",
    ['"\\u202e"', '"\\ud800"', '"\\u0000"', '"\\u200b"', "7"],
)
def test_words_of_the_child_are_checked_like_words_of_anybody(monkeypatch, text):
    answer = (
        '{"format": "docx", "title": "", "samples": [], "images": [], "notes": [],'
        f' "blocks": [["paragraph", "", 0, [[{text}, false, false]]]]}}'
    )
    play(monkeypatch, f"print({answer!r})")
    with pytest.raises(Refused):
        read_document(docx(), "a.docx")


def test_a_child_that_overstays_is_killed(monkeypatch):
    play(monkeypatch, "import time; time.sleep(60)")
    started = time.monotonic()
    with pytest.raises(Trouble, match="slow"):
        ask_child(REQUEST, b"x", LIMITS._replace(wall=0.5))
    assert time.monotonic() - started < 30  # seconds; it would have slept for sixty


def test_its_own_children_go_with_it(monkeypatch, tmp_path):
    mark = tmp_path / "pid"
    play(
        monkeypatch,
        "import subprocess, sys, time\n"
        "other = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"open({str(mark)!r}, 'w').write(str(other.pid))\ntime.sleep(60)",
    )
    with pytest.raises(Trouble, match="slow"):
        ask_child(REQUEST, b"x", LIMITS._replace(wall=1.5))
    time.sleep(0.2)
    status = f"/proc/{mark.read_text()}/status"
    assert not os.path.exists(status) or "zombie" in open(status).read()  # noqa: PTH110, PTH123, SIM115


def run_limited(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", "-c", LIMITED + program], capture_output=True, text=True, timeout=60, check=False
    )


def test_memory_is_bounded():
    done = run_limited("b = [bytearray(10_000_000) for _ in range(20)]")
    assert "MemoryError" in done.stderr
    assert run_limited("b = [bytearray(10_000_000) for _ in range(9)]").returncode == 0


def test_processor_time_is_bounded():
    done = run_limited("while True: pass")
    assert done.returncode in {-signal.SIGXCPU, -signal.SIGKILL}


def test_files_are_bounded(tmp_path):
    done = run_limited(f"open({str(tmp_path / 'a')!r}, 'wb').write(bytes(33_000_000))")
    assert "too large" in done.stderr
    assert (tmp_path / "a").stat().st_size <= LIMITS.answer


def test_no_core_and_few_files():
    done = run_limited("import resource as r; print(r.getrlimit(r.RLIMIT_CORE), r.getrlimit(r.RLIMIT_NOFILE))")
    assert done.stdout.strip() == "(0, 0) (32, 32)"


def test_neither_environment_nor_folder_decides_what_the_child_runs(monkeypatch, tmp_path):
    (tmp_path / "json.py").write_text("raise SystemExit(9)")
    (tmp_path / "sitecustomize.py").write_text("raise SystemExit(9)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert read_document(docx(), "a.docx").format == "docx"


def test_a_crowd_takes_turns(monkeypatch):
    """However many come at once, only so many children run."""
    running, most, lock = 0, 0, threading.Lock()
    original = bounded._run

    def counted(*arguments):
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        try:
            return original(*arguments)
        finally:
            with lock:
                running -= 1

    monkeypatch.setattr(bounded, "_run", counted)
    crowd = [threading.Thread(target=read_document, args=(docx(), "a.docx")) for _ in range(9)]
    for each in crowd:
        each.start()
    for each in crowd:
        each.join()
    assert most == bounded.CHILDREN


def test_who_waits_too_long_is_told_to_come_back(monkeypatch):
    monkeypatch.setattr(bounded, "_PATIENCE", 0.05)
    monkeypatch.setattr(bounded, "_PLACES", threading.BoundedSemaphore(1))
    with bounded._PLACES, pytest.raises(Refused) as told:
        read_document(docx(), "a.docx")
    assert told.value.code == "file_busy"


# Old formats, with a program in the place of LibreOffice


def office(tmp_path, monkeypatch, script: str) -> None:
    path = tmp_path / "soffice"
    path.write_text(f"#!{sys.executable}\nimport sys, pathlib, time, os\n{script}\n")
    path.chmod(0o755)
    monkeypatch.setattr(services.office, "find_office", lambda: str(path))


def old_doc() -> bytes:
    return b"{\\rtf1\\ansi Xin chao}"


def test_old_word_goes_through_libreoffice_where_it_is(tmp_path, monkeypatch):
    (tmp_path / "made.docx").write_bytes(docx())
    office(
        tmp_path,
        monkeypatch,
        "assert any(a.startswith('-env:UserInstallation=file://') for a in sys.argv)\n"
        "assert 'SECRET' not in os.environ and '--headless' in sys.argv\n"
        "out = pathlib.Path(sys.argv[sys.argv.index('--outdir') + 1]); out.mkdir()\n"
        f"(out / 'text.docx').write_bytes(pathlib.Path({str(tmp_path / 'made.docx')!r}).read_bytes())",
    )
    monkeypatch.setenv("SECRET", "1")
    read = read_document(old_doc(), "a.rtf")
    assert read.format == "rtf" and "converted" in {note.code for note in read.report}
    assert len(read.document.blocks) == 3


MAKES_A_LINK = (
    "out = pathlib.Path(sys.argv[sys.argv.index('--outdir') + 1]); out.mkdir()\n"
    "os.symlink('/etc/passwd', out / 'text.docx')"
)


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ("sys.exit(1)", "office_failed"),
        ("time.sleep(60)", "slow"),
        (MAKES_A_LINK, "office_failed"),
    ],
)
def test_libreoffice_may_fail(tmp_path, monkeypatch, script, code):
    monkeypatch.setattr(services.office, "SECONDS", 1)
    office(tmp_path, monkeypatch, script)
    with pytest.raises(Refused) as told:
        read_document(old_doc(), "a.rtf")
    assert told.value.code == f"file_{code}"


def test_without_it_the_way_to_docx_is_told(monkeypatch):
    monkeypatch.setattr(services.office, "find_office", lambda: None)
    with pytest.raises(Refused, match="Save as"):
        read_document(old_doc(), "a.rtf")
