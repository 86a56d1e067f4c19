"""A small S3-compatible server for tests: PUT, GET, HEAD and deleting of objects, signed requests only."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import md5
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ACCESS_KEY, SECRET_KEY = "AKTEST", "secret-of-the-test"


@dataclass
class Bucket:
    """What the server holds and how it behaves."""

    url: str = ""
    objects: dict[str, bytes] = field(default_factory=dict)
    seen: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    status: int = 0  # answered to everything, when set
    delay: float = 0.0  # seconds before each answer
    cut: bool = False  # break off in the middle of a body


@contextmanager
def s3_server() -> Iterator[Bucket]:
    bucket = Bucket()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_arguments: Any) -> None: ...

        def answer(self, status: int, body: bytes = b"", *, size: int | None = None) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body) if size is None else size))
            if status == 200:
                self.send_header("ETag", f'"{md5(body, usedforsecurity=False).hexdigest()}"')
                self.send_header("Last-Modified", "Sat, 20 Mar 2027 02:00:00 GMT")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body[: len(body) // 2] if bucket.cut and self.command == "GET" else body)
            if bucket.cut and self.command == "GET":
                self.close_connection = True

        def handle_one(self) -> None:
            path = self.path.partition("?")[0]
            content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            bucket.seen.append((self.command, path, dict(self.headers)))
            time.sleep(bucket.delay)
            if f"Credential={ACCESS_KEY}/" not in self.headers.get("Authorization", ""):
                return self.answer(403)
            if bucket.status:
                return self.answer(bucket.status, b"<Error><Code>Oops</Code></Error>")
            if self.command == "PUT":
                if path in bucket.objects and self.headers.get("If-None-Match") == "*":
                    return self.answer(412)
                bucket.objects[path] = content
                return self.answer(200)
            if self.command == "DELETE":
                bucket.objects.pop(path, None)
                return self.answer(204)
            if self.command == "POST":  # DeleteObjects
                gone = re.findall(r"<Key>(.*?)</Key>", content.decode())
                for key in gone:
                    bucket.objects.pop(f"{path.rstrip('/')}/{key}", None)
                rows = "".join(f"<Deleted><Key>{key}</Key></Deleted>" for key in gone)
                return self.answer(200, f"<DeleteResult>{rows}</DeleteResult>".encode())
            if path not in bucket.objects:
                return self.answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
            return self.answer(200, bucket.objects[path])

        do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = handle_one  # noqa: N815 -- the base class's names

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    bucket.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield bucket
    finally:
        server.shutdown()
        server.server_close()
