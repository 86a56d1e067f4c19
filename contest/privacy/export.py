"""A person's data as one zip file: a JSON document, the texts, the photos."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Sequence
from typing import Any

from contest.core.errors import NotFound
from contest.core.files import FileStore
from contest.entries.models import Entry

# More than an author can send; a bound for the memory of one answer.
_PHOTOS_MAX = 100


def zip_of(data: dict[str, Any], entries: Sequence[Entry], files: FileStore) -> bytes:
    """`data` as data.json, each entry's text as a file of its own, and the photos of the entries."""
    out = io.BytesIO()
    photos = 0
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as bundle:
        bundle.writestr("data.json", json.dumps(data, ensure_ascii=False, indent=2, default=str))
        for number, entry in enumerate(entries, 1):
            bundle.writestr(f"entries/{number:02}.md", f"# {entry.title}\n\n{entry.document or entry.body}\n")
            for place, photo in enumerate(entry.photos, 1):
                photos += 1
                if photos > _PHOTOS_MAX or not photo.large_key:
                    continue
                try:
                    content = files.read(photo.large_key)
                except NotFound:
                    continue
                extension = photo.large_key.rpartition(".")[2]
                bundle.writestr(f"entries/{number:02}-{place}.{extension}", content)
    return out.getvalue()
