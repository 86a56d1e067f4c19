"""Anonymous readers' pages, kept in this process for the few seconds that other caches may keep them.

When an evening's readers come at once, one of them has the page made and the others get the same
bytes. Nothing is rendered ahead of its time: a page is kept after it was shown to somebody, and
forgotten when the seconds that its view allowed are over.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from threading import Lock


@dataclass(frozen=True, slots=True)
class Page:
    """A page as it was shown, until the wall time when it has to be made anew."""

    body: bytes
    content_type: str
    until: datetime
    last_modified: datetime | None = None


class PageCache:
    """At most `most` pages, the one asked for longest ago making room."""

    def __init__(self, most: int = 256) -> None:
        self._most = most
        self._pages: OrderedDict[tuple[str, ...], Page] = OrderedDict()
        self._lock = Lock()  # several threads of one worker share it

    def find(self, key: tuple[str, ...], wall: datetime) -> Page | None:
        """The page of `key`, when its time is not over."""
        with self._lock:
            page = self._pages.get(key)
            if page is None:
                return None
            if wall >= page.until:
                del self._pages[key]
                return None
            self._pages.move_to_end(key)
            return page

    def keep(self, key: tuple[str, ...], page: Page) -> None:
        """Keep `page` in place of the one before."""
        with self._lock:
            self._pages[key] = page
            self._pages.move_to_end(key)
            while len(self._pages) > self._most:
                self._pages.popitem(last=False)
