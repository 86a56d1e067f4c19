"""Photos that people send, made anew: decoded within bounds, turned upright, re-encoded from pixels.

Nothing of the file that was sent is kept, so nothing that hides in it is: no EXIF or GPS, no
comment, no second file behind the image.
"""

from __future__ import annotations

import hashlib
import threading
import warnings
from io import BytesIO
from typing import NamedTuple

from PIL import Image, ImageOps, UnidentifiedImageError

from contest.core.errors import N_, Refused

FORMATS = ("JPEG", "PNG", "WEBP")
LARGE, SMALL = 1600, 480
SMALLEST = 200
# Pixels that are decoded at most. A JPEG is decoded at a fraction of its size when it is large;
# PNG and WebP need all their pixels in memory (4 bytes each).
_MOST_PIXELS = {"JPEG": 64_000_000, "PNG": 25_000_000, "WEBP": 25_000_000}
_QUALITY = 82
_WHITE = (255, 255, 255)
# Decoding is the one thing here that takes much memory: two at a time in a process.
_DECODING = threading.BoundedSemaphore(2)


class MadePhoto(NamedTuple):
    """Two WebP files and the size of the larger in pixels; `sha256` is of what was sent."""

    large: bytes
    small: bytes
    width: int
    height: int
    sha256: str


def make_photo(content: bytes, *, most_bytes: int) -> MadePhoto:
    """A photo remade from `content`. Raises Refused, saying what to do, for anything else."""
    if not content:
        raise Refused(N_("Please choose a photo first."), code="no_photo")
    if len(content) > most_bytes:
        raise Refused(
            N_("This photo is too large: at most %(most)s MB. Send it in a smaller size."),
            code="photo_large",
            most=most_bytes // 1_000_000,
        )
    with _DECODING, warnings.catch_warnings():
        # A size that Pillow finds suspicious is no warning here: our own limit has decided.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        upright = _decode(content)
        large = _fitted(upright, LARGE)
        small = _fitted(large, SMALL)
        return MadePhoto(
            large=_encode(large),
            small=_encode(small),
            width=large.width,
            height=large.height,
            sha256=hashlib.sha256(content).hexdigest(),
        )


def _unreadable() -> Refused:
    return Refused(
        N_("This file could not be read as a photo. JPEG, PNG and WebP photos are taken."), code="photo_unreadable"
    )


def _decode(content: bytes) -> Image.Image:
    try:
        image = Image.open(BytesIO(content), formats=FORMATS)
        width, height = image.size
        if width * height > _MOST_PIXELS[str(image.format)]:
            raise Refused(
                N_("This photo has too many pixels (%(width)s × %(height)s). Send it in a smaller size."),
                code="photo_pixels",
                width=width,
                height=height,
            )
        if min(width, height) < SMALLEST:
            raise Refused(
                N_("This photo is too small (%(width)s × %(height)s pixels). Send it in its original size."),
                code="photo_small",
                width=width,
                height=height,
            )
        # A JPEG can be decoded at half, a quarter or an eighth of its size, for a fraction of the memory.
        image.draft("RGB", (LARGE, LARGE))
        image.load()
        return _pixels(ImageOps.exif_transpose(image))
    except Refused:
        raise
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError) as error:
        raise _unreadable() from error
    except (EOFError, IndexError, KeyError, MemoryError, TypeError, OverflowError) as error:
        # Broken headers surface as whatever the decoder tripped over.
        raise _unreadable() from error


def _pixels(image: Image.Image) -> Image.Image:
    """The pixels of `image` on white in a new image, which carries nothing else along."""
    clean = Image.new("RGB", image.size, _WHITE)
    if "A" in image.getbands() or "transparency" in image.info:
        seen = image.convert("RGBA")
        clean.paste(seen, mask=seen.getchannel("A"))
    else:
        clean.paste(image.convert("RGB"))
    return clean


def _fitted(image: Image.Image, longest: int) -> Image.Image:
    scale = longest / max(image.size)
    if scale >= 1:
        return image
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.LANCZOS)


def _encode(image: Image.Image) -> bytes:
    out = BytesIO()
    image.save(out, "WEBP", quality=_QUALITY, method=4)
    return out.getvalue()
