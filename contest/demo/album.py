"""The drawn pictures as photos ready to be added to a story: drawn once, in parallel, and kept."""

from __future__ import annotations

import json
import multiprocessing
import os
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from contest.core.files import FileStore
from contest.demo.pictures import draw
from contest.demo.stories import Picture
from contest.entries.images import MadePhoto, make_photo
from contest.entries.photographs import StoredPhoto

SIZE = (1080, 720)
_MOST_BYTES = 10_000_000


def make(scene: str, seed: int, size: tuple[int, int]) -> MadePhoto:
    """A picture, drawn and then made anew as any photo that is sent."""
    return make_photo(draw(scene, seed, size), most_bytes=_MOST_BYTES)


class Album:
    """Pictures kept in a folder under their scene and seed. `size` in pixels."""

    def __init__(self, folder: Path, size: tuple[int, int] = SIZE) -> None:
        self.folder = folder
        self.size = size

    def fill(self, pictures: Iterable[Picture]) -> int:
        """Draw those that are not here yet, a few at a time; returns how many."""
        missing = {(each.scene, each.seed) for each in pictures if not self._is_kept(self._note(each.scene, each.seed))}
        workers = min(len(missing), os.cpu_count() or 1)
        if workers < 2:
            for scene, seed in missing:
                self._keep(scene, seed, make(scene, seed, self.size))
            return len(missing)
        # Spawned, not forked: the parent holds database connections and threads.
        with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
            drawn = {(scene, seed): pool.submit(make, scene, seed, self.size) for scene, seed in sorted(missing)}
            for (scene, seed), future in drawn.items():
                self._keep(scene, seed, future.result())
        return len(missing)

    def store(self, picture: Picture, files: FileStore) -> StoredPhoto:
        """The picture in the files of the site, as a photo that can be added to a story."""
        note = self._note(picture.scene, picture.seed)
        if not self._is_kept(note):
            self._keep(picture.scene, picture.seed, make(picture.scene, picture.seed, self.size))
        facts = json.loads(note.read_text("ascii"))
        return StoredPhoto(
            large_key=files.put(note.with_suffix(".large.webp").read_bytes(), "webp"),
            middle_key=files.put(note.with_suffix(".middle.webp").read_bytes(), "webp"),
            small_key=files.put(note.with_suffix(".small.webp").read_bytes(), "webp"),
            **facts,
        )

    def _is_kept(self, note: Path) -> bool:
        # An album of an earlier release has no middle size.
        return note.is_file() and note.with_suffix(".middle.webp").is_file()

    def _note(self, scene: str, seed: int) -> Path:
        return self.folder / f"{scene}-{seed}.json"

    def _keep(self, scene: str, seed: int, made: MadePhoto) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        note = self._note(scene, seed)
        note.with_suffix(".large.webp").write_bytes(made.large)
        note.with_suffix(".middle.webp").write_bytes(made.middle)
        note.with_suffix(".small.webp").write_bytes(made.small)
        # Last, since its presence says that the others are whole.
        note.write_text(json.dumps({"width": made.width, "height": made.height, "sha256": made.sha256}), "ascii")
