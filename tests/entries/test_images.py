"""Hostile and odd photos: remade from pixels or refused in words, never a crash."""

from __future__ import annotations

import hashlib
import struct
import tracemalloc
import zlib
from io import BytesIO

import pytest
from PIL import Image, PngImagePlugin

from contest.core.errors import Refused
from contest.entries.images import make_photo

MOST = 10_000_000
CANARY = b"CANARY-7f3a"


def jpeg(size=(800, 600), colour=(200, 60, 40), **save) -> bytes:
    out = BytesIO()
    Image.new("RGB", size, colour).save(out, "JPEG", **save)
    return out.getvalue()


def png(size=(800, 600), mode="RGB", colour=(200, 60, 40), **save) -> bytes:
    out = BytesIO()
    Image.new(mode, size, colour).save(out, "PNG", **save)
    return out.getvalue()


def exif() -> Image.Exif:
    data = Image.Exif()
    data[0x010E] = CANARY.decode()  # description
    data[0x0110] = CANARY.decode()  # camera
    gps = data.get_ifd(0x8825)
    gps[1], gps[2] = "N", (21.0, 1.0, 2.0)
    return data


def opened(content: bytes) -> Image.Image:
    image = Image.open(BytesIO(content))
    image.load()
    return image


def huge_png(width: int, height: int) -> bytes:
    """A small file that unpacks to width × height pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = zlib.compress(b"\0" * 100_000, 9)
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def test_two_sizes_of_what_was_sent():
    sent = jpeg((3000, 2000))
    made = make_photo(sent, most_bytes=MOST)
    large, small = opened(made.large), opened(made.small)
    assert (large.format, large.size) == ("WEBP", (1600, 1067))
    assert (made.width, made.height) == large.size
    assert (small.format, max(small.size)) == ("WEBP", 480)
    assert made.sha256 == hashlib.sha256(sent).hexdigest()


def test_small_photos_are_not_blown_up():
    made = make_photo(jpeg((400, 300)), most_bytes=MOST)
    assert opened(made.large).size == opened(made.small).size == (400, 300)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_photos_stand_upright(orientation):
    data = Image.Exif()
    data[0x0112] = orientation
    image = Image.new("RGB", (600, 300), (0, 0, 0))
    out = BytesIO()
    image.save(out, "JPEG", exif=data)
    made = make_photo(out.getvalue(), most_bytes=MOST)
    assert (made.width > made.height) is (orientation <= 4)


def hiding() -> dict[str, bytes]:
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", CANARY.decode())
    text.add_itxt("XML:com.adobe.xmp", CANARY.decode())
    webp = BytesIO()
    Image.new("RGB", (400, 400)).save(webp, "WEBP", exif=exif(), xmp=CANARY)
    return {
        "exif and gps": jpeg(exif=exif()),
        "comment": jpeg(comment=CANARY),
        "icc profile": jpeg(icc_profile=CANARY * 20),
        "xmp": jpeg(xmp=CANARY),
        "png text": png(pnginfo=text),
        "png exif": png(exif=exif()),
        "webp exif": webp.getvalue(),
        "zip behind": jpeg() + b"PK\x03\x04" + CANARY,
        "script behind": jpeg() + b"<script>" + CANARY + b"</script>",
        "php behind": png() + b"<?php " + CANARY,
    }


@pytest.mark.parametrize("name", hiding())
def test_nothing_that_hides_in_a_file_survives(name):
    sent = hiding()[name]
    assert CANARY in sent or "png text" in name
    made = make_photo(sent, most_bytes=MOST)
    for content in (made.large, made.small):
        assert CANARY not in content
        image = opened(content)
        assert not image.getexif()
        assert not {"exif", "icc_profile", "xmp", "comment"} & set(image.info)
        assert content[12:16] in {b"VP8 ", b"VP8L"}  # pixels alone: no extended container


def refused_files() -> dict[str, bytes]:
    gif, tiff, bmp = BytesIO(), BytesIO(), BytesIO()
    for out, kind in ((gif, "GIF"), (tiff, "TIFF"), (bmp, "BMP")):
        Image.new("RGB", (400, 400)).save(out, kind)
    whole = jpeg((2000, 1500))
    return {
        "nothing": b"",
        "text": b"just text",
        "svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script></svg>',
        "html": b"<!doctype html><script>alert(1)</script>",
        "gif": gif.getvalue(),
        "tiff": tiff.getvalue(),
        "bmp": bmp.getvalue(),
        "pdf": b"%PDF-1.7\n" + b"0" * 1000,
        "truncated jpeg": whole[: len(whole) // 3],
        "truncated png": png((900, 900), colour=(1, 2, 3))[:200],
        "head alone": jpeg()[:20],
        "pixel bomb": huge_png(50_000, 50_000),
        "large png": huge_png(6_000, 6_000),
        "tiny": jpeg((100, 100)),
        "one pixel": png((1, 1)),
        "gif called jpeg": b"GIF89a" + jpeg()[6:],
        "broken": b"\xff\xd8\xff\xe0" + bytes(range(256)) * 20,
        "broken webp": b"RIFF\x24\x00\x00\x00WEBPVP8 " + b"\0" * 40,
    }


@pytest.mark.parametrize("name", refused_files())
def test_what_is_no_photo_is_refused_in_words(name):
    tracemalloc.start()
    try:
        with pytest.raises(Refused) as caught:
            make_photo(refused_files()[name], most_bytes=MOST)
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert caught.value.code.startswith(("photo_", "no_photo"))
    assert peak < 150_000_000


def test_files_over_the_limit():
    content = jpeg((800, 600)) + b"\0" * 2000
    make_photo(content, most_bytes=len(content))
    with pytest.raises(Refused) as caught:
        make_photo(content, most_bytes=len(content) - 1)
    assert caught.value.code == "photo_large"


def test_transparency_lands_on_white():
    made = make_photo(png(mode="RGBA", colour=(10, 200, 10, 0)), most_bytes=MOST)
    red, green, blue = opened(made.large).convert("RGB").getpixel((5, 5))
    assert min(red, green, blue) > 250


@pytest.mark.parametrize("mode", ["L", "P", "LA", "1", "I;16"])
def test_unusual_colours(mode):
    out = BytesIO()
    Image.new(mode, (300, 300)).save(out, "PNG")
    assert make_photo(out.getvalue(), most_bytes=MOST).width == 300


def test_cmyk_jpeg():
    out = BytesIO()
    Image.new("CMYK", (300, 300), (0, 200, 200, 0)).save(out, "JPEG")
    assert make_photo(out.getvalue(), most_bytes=MOST).width == 300
