"""No string is missing from a catalogue, untranslated, or out of step with its placeholders."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
KEYWORDS = re.search(r"^KEYWORDS := (.+)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)[1].split()
CHECK = [sys.executable, str(ROOT / "scripts" / "check_catalogues.py"), *KEYWORDS]


def test_every_message_is_said_in_both_languages():
    done = subprocess.run(CHECK, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:]


@pytest.mark.parametrize("path", sorted((ROOT / "templates").rglob("*.html")), ids=lambda path: path.stem)
def test_no_text_in_a_template_goes_around_the_catalogues(path):
    """Letters outside of tags, expressions and comments would be the same in both languages."""
    text = path.read_text("utf-8")
    if path.name == "plain.html":
        return  # the error page of last resort says everything in both languages at once
    text = re.sub(r"{% block (body_class|main_class|header_width) %}.*?{% endblock %}", "", text)
    text = re.sub(r"{%-? trans\b.*?{%-? endtrans", "{%", text, flags=re.DOTALL)
    text = re.sub(r"{#.*?#}|{%.*?%}|{{.*?}}", "", text, flags=re.DOTALL)
    # What is typed into a machine, names of programs and files.
    text = re.sub(r"<code\b.*?</code>|\b\w+\.(?:py|txt|jsonl?|zip)\b", " ", text)
    text = re.sub(r"<[^>]*>", " ", text)
    # Attributes that a macro writes, outside of any tag.
    text = re.sub(r"""\b[\w-]+="[^"]*\"|\bdata-[\w-]+""", " ", text)
    left = set(re.findall(r"[^\W\d_]{3,}", re.sub(r"&\w+;", " ", text)))
    # Each language is named in itself; kinds of files and a digest are called alike in both.
    assert left <= {"English", "Tiếng", "Việt", "PDF", "xlsx", "csv", "SHA"}
