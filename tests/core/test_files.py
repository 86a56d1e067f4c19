"""The two stores behave alike: random keys, written once, private, and in words when they are away."""

from __future__ import annotations

import re
import time

import pytest

from contest import backup
from contest.core import clock as clocks
from contest.core.config import S3, ConfigError, settings_from
from contest.core.db import db
from contest.core.errors import NotFound
from contest.core.files import BucketStore, DiskStore, StoreAway, store_of
from contest.core.web.files import send_stored
from tests.core.s3_server import ACCESS_KEY, SECRET_KEY, s3_server
from tests.core.test_config import SAFE

CONTENT = bytes(range(256)) * 3000  # several pieces


def bucket_store(bucket, seconds=3) -> BucketStore:
    at = S3("anh", "thi/2027", bucket.url, "vn-1", ACCESS_KEY, SECRET_KEY, timeout_seconds=seconds)
    return BucketStore(at)


@pytest.fixture
def bucket():
    with s3_server() as held:
        yield held


@pytest.fixture(params=["disk", "bucket"])
def store(request, tmp_path):
    if request.param == "disk":
        return DiskStore(tmp_path / "files")
    return bucket_store(request.getfixturevalue("bucket"))


def test_what_is_stored_comes_back(store):
    key = store.put(CONTENT, "webp")
    assert re.fullmatch(r"[0-9a-f]{2}/[0-9a-f]{30}\.webp", key)
    stored = store.open(key)
    pieces = list(stored.pieces)
    assert (stored.size, b"".join(pieces)) == (len(CONTENT), CONTENT)
    assert len(pieces) > 1
    assert store.read(key) == CONTENT
    assert store.put(CONTENT, "webp") != key  # the same bytes never share a name
    store.remove(key)
    store.remove(key)  # twice is once
    with pytest.raises(NotFound):
        store.open(key)


@pytest.mark.parametrize("key", ["", "../../etc/passwd", "aa/" + "0" * 30 + ".webp/..", "aa/x.webp", "AA/" + "0" * 30])
def test_only_keys_of_our_making_are_looked_for(store, key):
    with pytest.raises(NotFound):
        store.open(key)
    store.remove(key)


def test_files_lie_under_the_prefix_and_are_never_written_over(bucket):
    store = bucket_store(bucket)
    key = store.put(b"x" * 10, "jpg")
    assert list(bucket.objects) == [f"/anh/thi/2027/{key}"]
    method, _path, headers = bucket.seen[0]
    assert (method, headers.get("If-None-Match") or headers.get("if-none-match")) == ("PUT", "*")
    assert store.where == "s3://anh/thi/2027"
    assert SECRET_KEY not in repr(bucket.seen)


@pytest.mark.parametrize("status", [403, 500, 503])
def test_a_store_that_refuses_is_said_in_words(bucket, status):
    store = bucket_store(bucket)
    key = store.put(CONTENT, "webp")
    bucket.status = status
    for act in (lambda: store.put(b"x", "webp"), lambda: store.read(key), lambda: store.remove(key)):
        with pytest.raises(StoreAway) as caught:
            act()
        assert "try again" in caught.value.message


def test_a_slow_store_is_not_waited_for_without_end(bucket):
    store = bucket_store(bucket, seconds=1)
    bucket.delay = 30
    began = time.monotonic()
    with pytest.raises(StoreAway):
        store.put(b"x", "webp")
    assert time.monotonic() - began < 10


def test_a_store_that_is_not_there(bucket):
    away = S3("anh", "", "http://127.0.0.1:9", "x", ACCESS_KEY, SECRET_KEY, timeout_seconds=1)
    with pytest.raises(StoreAway):
        BucketStore(away).read("aa/" + "0" * 30 + ".webp")


def test_half_a_file_is_no_file(bucket):
    store = bucket_store(bucket)
    key = store.put(CONTENT, "webp")
    bucket.cut = True
    with pytest.raises(StoreAway):
        store.read(key)


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_pictures_are_sent_from_either_store(app, bucket):
    kept = app.extensions["files"]
    for store in (kept, bucket_store(bucket)):
        app.extensions["files"] = store
        try:
            key = store.put(CONTENT, "webp")
            with app.test_request_context("/"):
                answer = send_stored(key)
                assert (answer.status_code, answer.mimetype, answer.content_length) == (200, "image/webp", len(CONTENT))
                assert b"".join(answer.iter_encoded()) == CONTENT
                assert not {"Last-Modified", "Content-Disposition"} & set(answer.headers.keys())
            asked = len(bucket.seen)
            with app.test_request_context("/", headers={"If-None-Match": answer.headers["ETag"]}):
                assert send_stored(key).status_code == 304
            assert len(bucket.seen) == asked  # nothing is fetched for nothing
        finally:
            app.extensions["files"] = kept


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_a_photo_whose_store_is_away_is_a_503(app, bucket):
    kept, store = app.extensions["files"], bucket_store(bucket)
    key = store.put(CONTENT, "webp")
    bucket.status = 500
    app.extensions["files"] = store
    try:
        with app.test_request_context("/"):
            answer = app.handle_user_exception(_raised(lambda: send_stored(key)))
        assert answer[1] == 503 if isinstance(answer, tuple) else answer.status_code == 503
    finally:
        app.extensions["files"] = kept


def _raised(act) -> Exception:
    with pytest.raises(Exception) as caught:
        act()
    return caught.value


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_a_backup_says_where_the_files_are(app, tmp_path):
    settings = app.config["SETTINGS"]
    place = {"url": db.engine.url, "data_dir": settings.data_dir}
    app.extensions["files"].put(b"x", "jpg")
    target = tmp_path / "backup.tar"
    assert backup.back_up(**place, target=target, now=clocks.wall(), bucket="s3://anh/thi") == 0
    with pytest.raises(backup.BackupError, match="s3://anh/thi"):
        backup.restore(**place, source=target)
    db.session.remove()
    db.engine.dispose()
    assert backup.restore(**place, source=target, bucket="s3://anh/thi") == 0
    assert (settings.data_dir / "files").is_dir()


S3_ENV = {"FILES_URL": "s3://anh/thi/2027", "FILES_ACCESS_KEY": "a", "FILES_SECRET_KEY": "b"}


def test_the_store_comes_from_the_environment(tmp_path):
    base = {"CONTEST_DATA": str(tmp_path)}
    assert isinstance(store_of(settings_from(base)), DiskStore)
    settings = settings_from({**base, **S3_ENV, "FILES_ENDPOINT": "https://s3.an-lam.example/"})
    assert settings.s3 is not None
    assert (settings.s3.bucket, settings.s3.prefix) == ("anh", "thi/2027")
    assert settings.s3.endpoint == "https://s3.an-lam.example"
    assert isinstance(store_of(settings), BucketStore)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FILES_URL", "https://anh"),
        ("FILES_URL", "s3://"),
        ("FILES_URL", "s3://Anh/x"),
        ("FILES_URL", "s3://anh/../x y"),
        ("FILES_ENDPOINT", "s3.an-lam.example"),
        ("FILES_ENDPOINT", "http://s3.an-lam.example"),
        ("FILES_ACCESS_KEY", ""),
        ("FILES_SECRET_KEY", ""),
        ("FILES_TIMEOUT", "0"),
    ],
)
def test_production_refuses_a_store_that_cannot_work(tmp_path, name, value):
    with pytest.raises(ConfigError, match=name):
        settings_from({**SAFE, **S3_ENV, "CONTEST_DATA": str(tmp_path), name: value})


def test_a_demonstration_keeps_its_files_on_disk(tmp_path):
    with pytest.raises(ConfigError, match="FILES_URL"):
        settings_from({**S3_ENV, "CONTEST_DATA": str(tmp_path), "CONTEST_DEMO": "1"})
