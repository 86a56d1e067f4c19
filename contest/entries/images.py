"""Photos that people send, made anew: decoded within bounds, turned upright, re-encoded from pixels.

Nothing of the file that was sent is kept, so nothing that hides in it is: no EXIF or GPS, no
comment, no colour profile, no second file behind the image. HEIC, which telephones send, is
decoded in a process of its own (see heic.py).
"""

from __future__ import annotations

import hashlib
import threading
import warnings
from collections.abc import Callable
from io import BytesIO
from typing import NamedTuple

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from contest.core.errors import N_, Refused
from contest.entries import heic

FORMATS = ("JPEG", "PNG", "WEBP")
LARGE, MIDDLE, SMALL = 1600, 960, 480
SMALLEST = 200
# Pixels that are decoded at most, so that a photo takes no more than about 150 MB. A JPEG is decoded
# at a fraction of its size when it is large, except that a progressive one keeps 3 bytes a pixel
# meanwhile; PNG needs 4 bytes a pixel, and the decoder of WebP four times as much. MPO is a JPEG
# with more behind it.
_MOST_PIXELS = {"JPEG": 64_000_000, "MPO": 64_000_000, "PNG": 25_000_000, "WEBP": 10_000_000, "HEIF": 25_000_000}
_MOST_PROGRESSIVE = 45_000_000
_QUALITY = 82
_WHITE = (255, 255, 255)
# The profiles of telephones and cameras are a matrix and three curves; larger ones are not read.
_PROFILE_MOST = 16_384
_STRIP = 256  # rows that are converted at once
# Decoding is the one thing here that takes much memory: two at a time in a process.
_DECODING = threading.BoundedSemaphore(2)


class MadePhoto(NamedTuple):
    """Three WebP files and the size of the largest in pixels; `sha256` is of what was sent.

    `converted` says that it came in a format that browsers do not show.
    """

    large: bytes
    middle: bytes
    small: bytes
    width: int
    height: int
    sha256: str
    converted: bool = False


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
    converted = heic.is_heic(content)
    with _DECODING, warnings.catch_warnings():
        # A size that Pillow finds suspicious is no warning here: our own limit has decided.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        upright = _from_heic(content) if converted else _guarded(lambda: open_bounded(content, FORMATS))
        large = _fitted(upright, LARGE)
        middle = _fitted(large, MIDDLE)
        return MadePhoto(
            large=_encode(large),
            middle=_encode(middle),
            small=_encode(_fitted(middle, SMALL)),
            width=large.width,
            height=large.height,
            sha256=hashlib.sha256(content).hexdigest(),
            converted=converted,
        )


def _unreadable() -> Refused:
    return Refused(
        N_(
            "This file could not be read as a photo. JPEG, PNG, WebP and HEIC photos are taken:"
            " open it on your device, save it as JPEG and send that."
        ),
        code="photo_unreadable",
    )


def _guarded(decode: Callable[[], Image.Image]) -> Image.Image:
    try:
        return decode()
    except Refused:
        raise
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError) as error:
        raise _unreadable() from error
    except (EOFError, IndexError, KeyError, MemoryError, TypeError, OverflowError) as error:
        # Broken headers surface as whatever the decoder tripped over.
        raise _unreadable() from error


def open_bounded(content: bytes, formats: tuple[str, ...]) -> Image.Image:
    """The picture in `content`, upright, as large as it will be kept, and nothing else of it.

    Of a picture that moves, the first frame. Raises Refused for sizes, and whatever the decoder raises.
    """
    image = Image.open(BytesIO(content), formats=formats)
    width, height = image.size
    most = _MOST_PROGRESSIVE if image.info.get("progressive") else _MOST_PIXELS[str(image.format)]
    if width * height > most:
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
    mark = Image.Exif()
    mark[0x0112] = image.getexif().get(0x0112, 1)
    clean = _fitted(_true_colours(_pixels(image), image.info.get("icc_profile"), image.mode), LARGE)
    image.close()
    clean.getexif().update(mark)
    # A new image once more: the mark must not travel on.
    upright = ImageOps.exif_transpose(clean)
    fresh = Image.new("RGB", upright.size)
    fresh.paste(upright)
    return fresh


def _from_heic(content: bytes) -> Image.Image:
    try:
        return heic.decode(content)
    except heic.Unreadable as error:
        raise _unreadable() from error


def _pixels(image: Image.Image) -> Image.Image:
    """The pixels of `image` on white in a new image, which carries nothing else along.

    Made strip by strip and at once smaller where there is much to spare, so that a large picture is
    never in memory twice.
    """
    step = max(1, max(image.size) // LARGE)
    rows = _STRIP - _STRIP % step
    clean = Image.new("RGB", (-(-image.width // step), -(-image.height // step)), _WHITE)
    for top in range(0, image.height, rows):
        strip = _flat(image.crop((0, top, image.width, min(top + rows, image.height))), image.info)
        clean.paste(strip.reduce(step) if step > 1 else strip, (0, top // step))
    return clean


def _flat(strip: Image.Image, info: dict[str | tuple[int, int], object]) -> Image.Image:
    if strip.mode.startswith(("I;16", "I")):
        # Sixteen bits a pixel: the upper eight are what a screen shows.
        strip = strip.point(lambda value: value * (1 / 256)).convert("L")
    if "A" in strip.getbands() or "transparency" in info:
        seen = strip.convert("RGBA")
        flat = Image.new("RGB", strip.size, _WHITE)
        flat.paste(seen, mask=seen.getchannel("A"))
        return flat
    return strip.convert("RGB")


def _true_colours(image: Image.Image, profile: object, mode: str) -> Image.Image:
    """Colours of a wider space (telephones take photos in Display P3) as sRGB, which is what we keep."""
    if mode not in {"RGB", "RGBA"} or not isinstance(profile, bytes) or not 0 < len(profile) <= _PROFILE_MOST:
        return image
    try:
        seen = ImageCms.profileToProfile(
            image, ImageCms.ImageCmsProfile(BytesIO(profile)), ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return image  # a broken profile: as it would be without one
    clean = Image.new("RGB", image.size)
    clean.paste(seen or image)
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
