"""Backup and restore: the database and the files in one archive, while the site serves.

The database is copied first (SQLite's online backup, or pg_dump's snapshot), the files after it:
a file is on disk before the row that names it commits, so every row of the copy has its file.

Files in an S3-compatible store are not part of it: they are never changed, so that a store that keeps
deleted versions is its own backup. The archive names the store, and is put back beside that one only.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

MANIFEST = "manifest.json"
_MEMBER = re.compile(r"(database\.(sqlite3|pgdump)|files/[0-9a-f]{2}/[0-9a-f]{30}\.[a-z]{3,4}|manifest\.json)")


class BackupError(Exception):
    """The archive cannot be made or does not hold what it says."""


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _copy_sqlite(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as live, closing(sqlite3.connect(target)) as copy:
        live.backup(copy)


def _run(*command: str, url: sa.URL) -> None:
    # The password goes by the environment: everybody on the machine reads the arguments of a process.
    secret = {"PGPASSWORD": str(url.password)} if url.password else {}
    try:
        subprocess.run(  # noqa: S603 -- our own arguments
            command, check=True, capture_output=True, text=True, env={**os.environ, **secret}
        )
    except FileNotFoundError as error:
        raise BackupError(f"{command[0]} is not installed") from error
    except subprocess.CalledProcessError as error:
        raise BackupError(error.stderr.strip() or str(error)) from error


def _libpq(url: sa.URL) -> str:
    bare = sa.URL.create("postgresql", url.username, None, url.host, url.port, url.database, url.query)
    return bare.render_as_string()


def back_up(*, url: sa.URL, data_dir: Path, target: Path, now: datetime, bucket: str = "") -> int:
    """Write the archive `target` (a .tar); returns how many files it holds beside the database.

    `bucket` names the store that holds the files, where it is not the data folder. Written under
    another name and renamed when complete. Raises BackupError.
    """
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".backup-") as folder:
        work = Path(folder)
        if url.get_backend_name() == "sqlite":
            database = work / "database.sqlite3"
            _copy_sqlite(Path(url.database or ""), database)
        else:
            database = work / "database.pgdump"
            _run("pg_dump", "--format=custom", "--no-owner", f"--file={database}", _libpq(url), url=url)
        sums = {database.name: _sha256(database)}
        partial = work / "archive.tar"
        with tarfile.open(partial, "w") as archive:
            archive.add(database, database.name)
            root = data_dir / "files"
            for path in [] if bucket else sorted(root.glob("??/*.*")):
                name = f"files/{path.parent.name}/{path.name}"
                if _MEMBER.fullmatch(name):
                    sums[name] = _sha256(path)
                    archive.add(path, name)
            manifest = json.dumps({"made_at": now.isoformat(), "files_in": bucket, "sha256": sums}, indent=1).encode()
            entry = tarfile.TarInfo(MANIFEST)
            entry.size = len(manifest)
            archive.addfile(entry, io.BytesIO(manifest))
        partial.chmod(0o600)  # it holds every name, address and key of the site
        partial.replace(target)
    return len(sums) - 1


def restore(*, url: sa.URL, data_dir: Path, source: Path, bucket: str = "") -> int:
    """Put the archive `source` in place of the database and files; returns how many files came back.

    Everything is checked against the manifest before anything is replaced. The site must not be
    running, and must keep its files where it did: `bucket` as in `back_up`. Raises BackupError.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=data_dir, prefix=".restore-") as folder:
        work = Path(folder)
        sums, files_in = _unpack(source, work)
        if files_in != bucket:
            raise BackupError(
                f"the files of this backup are in {files_in or 'the archive'}, and the site keeps its files in"
                f" {bucket or 'the data folder'}: set FILES_URL to match"
            )
        sqlite = url.get_backend_name() == "sqlite"
        database = work / ("database.sqlite3" if sqlite else "database.pgdump")
        if not database.is_file():
            raise BackupError(f"the archive holds no {database.name}: it was made on another kind of database")
        if sqlite:
            target = Path(url.database or "")
            for suffix in ("-wal", "-shm"):
                target.with_name(target.name + suffix).unlink(missing_ok=True)
            shutil.move(database, target)
        else:
            _run(
                "pg_restore",
                "--clean",
                "--if-exists",
                "--no-owner",
                "--exit-on-error",
                f"--dbname={_libpq(url)}",
                str(database),
                url=url,
            )
        kept = data_dir / "files"
        if bucket:
            return 0
        if kept.exists():
            kept.rename(work / "replaced-files")
        if (work / "files").exists():
            (work / "files").rename(kept)
    return len(sums) - 1


def _unpack(source: Path, work: Path) -> tuple[dict[str, Any], str]:
    try:
        with tarfile.open(source, "r:") as archive:
            for member in archive:
                if not member.isfile() or not _MEMBER.fullmatch(member.name):
                    raise BackupError(f"unexpected in the archive: {member.name}")
                archive.extract(member, work, filter="data")
        manifest = json.loads((work / MANIFEST).read_text("utf-8"))
        sums: dict[str, Any] = manifest["sha256"]
        files_in = str(manifest.get("files_in", ""))
    except (tarfile.TarError, OSError, KeyError, ValueError) as error:
        raise BackupError(f"not a readable backup: {error}") from error
    found = {str(path.relative_to(work)) for path in work.rglob("*") if path.is_file()} - {MANIFEST}
    if found != set(sums):
        raise BackupError("the archive does not hold the files that its manifest names")
    for name, digest in sums.items():
        if _sha256(work / name) != digest:
            raise BackupError(f"damaged: {name}")
    return sums, files_in
