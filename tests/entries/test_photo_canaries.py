"""Thirty things that hide in photo files, in four formats: none survives in any size that is kept."""

from __future__ import annotations

import struct
import zlib
from functools import cache
from io import BytesIO

import pillow_heif
import pytest
from PIL import Image, ImageCms, PngImagePlugin

from contest.core.errors import Refused
from contest.entries import heic
from contest.entries.images import make_photo

MOST = 12_000_000
CANARY = b"CANARY-9d41"
WORD = CANARY.decode()


def picture(size=(640, 480), colour=(200, 60, 40)) -> Image.Image:
    image = Image.new("RGB", size, colour)
    image.paste((20, 90, 160), (0, 0, size[0] // 2, size[1] // 2))
    return image


def exif(*, gps=False, maker=False, thumbnail=False) -> bytes:
    data = Image.Exif()
    for tag in (0x010E, 0x010F, 0x0110, 0x0131, 0x013B, 0x8298):  # what, maker, camera, software, artist, rights
        data[tag] = WORD
    inner = data.get_ifd(0x8769)
    inner[0x9003], inner[0x9286] = "2027:03:20 09:00:00", CANARY  # when, comment
    inner[0xA430] = inner[0xA431] = WORD  # owner, serial number
    if maker:
        inner[0x927C] = CANARY * 40
    if gps:
        place = data.get_ifd(0x8825)
        place[1], place[2], place[3], place[4], place[29] = "N", (21.0, 1.0, 2.0), "E", (105.0, 8.0, 3.0), WORD
    content = data.tobytes()
    return content + (b"\xff\xd8" + CANARY + b"\xff\xd9" if thumbnail else b"")


XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF>' + CANARY + b"</rdf:RDF></x:xmpmeta>"


@cache
def profile() -> bytes:
    """A real colour profile with a name that tells."""
    made = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return made.replace(b"sRGB", b"CNRY") + CANARY


def saved(kind: str, image: Image.Image | None = None, **options) -> bytes:
    out = BytesIO()
    (image or picture()).save(out, kind, **options)
    return out.getvalue()


def segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def jpeg_with(*segments: bytes) -> bytes:
    plain = saved("JPEG")
    return plain[:2] + b"".join(segments) + plain[2:]


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png_with(*chunks: bytes) -> bytes:
    plain = saved("PNG")
    return plain[:33] + b"".join(chunks) + plain[33:]


def heif(image: Image.Image | None = None, **options) -> bytes:
    out = BytesIO()
    pillow_heif.from_pillow(image or picture()).save(out, quality=60, **options)
    return out.getvalue()


def png_text() -> bytes:
    text = PngImagePlugin.PngInfo()
    text.add_text("Author", WORD)
    text.add_text("Comment", WORD, zip=False)
    text.add_itxt("XML:com.adobe.xmp", XMP.decode())
    return saved("PNG", pnginfo=text)


@cache
def planted() -> dict[str, bytes]:
    iptc = b"Photoshop 3.0\x008BIM\x04\x04\x00\x00" + struct.pack(">I", 20) + b"\x1c\x02\x50\x00\x0b" + CANARY
    return {
        "jpeg exif": saved("JPEG", exif=exif()),
        "jpeg gps": saved("JPEG", exif=exif(gps=True)),
        "jpeg maker note": saved("JPEG", exif=exif(maker=True)),
        "jpeg thumbnail": saved("JPEG", exif=exif(thumbnail=True)),
        "jpeg xmp": saved("JPEG", xmp=XMP),
        "jpeg iptc": jpeg_with(segment(0xED, iptc)),
        "jpeg comment": saved("JPEG", comment=CANARY),
        "jpeg profile": saved("JPEG", icc_profile=profile()),
        "jpeg unknown segment": jpeg_with(segment(0xEB, b"HDR_RI " + CANARY)),
        "jpeg jfxx": jpeg_with(segment(0xE0, b"JFXX\0\x10" + CANARY)),
        "jpeg second picture": saved("MPO", save_all=True, append_images=[picture((200, 200))], exif=exif()) + CANARY,
        "jpeg zip behind": saved("JPEG") + b"PK\x03\x04" + CANARY,
        "jpeg script behind": saved("JPEG") + b"<script>" + CANARY + b"</script>",
        "png text": png_text(),
        "png compressed text": png_with(chunk(b"zTXt", b"Author\0\0" + zlib.compress(CANARY))),
        "png exif": saved("PNG", exif=exif(gps=True)),
        "png profile": saved("PNG", icc_profile=profile()),
        "png profile name": png_with(chunk(b"iCCP", CANARY + b"\0\0" + zlib.compress(profile()))),
        "png time": png_with(chunk(b"tIME", struct.pack(">HBBBBB", 2027, 3, 20, 9, 0, 0))) + CANARY,
        "png own chunk": png_with(chunk(b"prIv", CANARY)),
        "png php behind": saved("PNG") + b"<?php " + CANARY,
        "webp exif": saved("WEBP", exif=exif(gps=True, maker=True)),
        "webp xmp": saved("WEBP", xmp=XMP),
        "webp profile": saved("WEBP", icc_profile=profile()),
        "webp behind": saved("WEBP") + CANARY,
        "webp moving": saved("WEBP", save_all=True, append_images=[picture()], exif=exif()),
        "heic exif": heif(exif=exif(gps=True)),
        "heic maker note": heif(exif=exif(maker=True, thumbnail=True)),
        "heic xmp": heif(xmp=XMP),
        "heic behind": heif() + CANARY,
    }


def test_there_are_thirty():
    assert len(planted()) == 30


@pytest.mark.parametrize("name", planted())
def test_nothing_survives(name):
    sent = planted()[name]
    assert CANARY in sent or name in {"png compressed text", "png profile"}
    made = make_photo(sent, most_bytes=MOST)
    for content in (made.large, made.middle, made.small):
        assert CANARY not in content
        assert b"CNRY" not in content
        assert WORD.encode("utf-16-le") not in content
        # One chunk of pixels, and nothing before or behind it.
        assert content[12:16] in {b"VP8 ", b"VP8L"}
        assert len(content) == 8 + struct.unpack("<I", content[4:8])[0]
        assert len(content) - 20 - struct.unpack("<I", content[16:20])[0] in {0, 1}
        image = Image.open(BytesIO(content))
        image.load()
        assert not image.getexif()
        assert not {"exif", "icc_profile", "xmp", "comment", "photoshop"} & set(image.info)
        assert getattr(image, "n_frames", 1) == 1
    red, green, blue = Image.open(BytesIO(made.large)).convert("RGB").getpixel((made.width - 20, made.height - 20))
    assert abs(red - 200) < 30
    assert abs(green - 60) < 30
    assert abs(blue - 40) < 30


# What telephones and scanners send


def test_telephones_send_heic():
    made = make_photo(heif(picture((2100, 1400))), most_bytes=MOST)
    assert (made.width, made.height, made.converted) == (1600, 1067, True)
    assert "HEIF" not in Image.OPEN  # its decoder lives in the child alone


@pytest.mark.parametrize("orientation", range(1, 9))
def test_heic_stands_upright(orientation):
    data = Image.Exif()
    data[0x0112] = orientation
    made = make_photo(heif(picture((600, 300)), exif=data.tobytes()), most_bytes=MOST)
    assert (made.width > made.height) is (orientation <= 4)


def test_the_first_of_several_pictures_is_taken():
    other = picture(colour=(0, 0, 0))
    for sent in (
        saved("MPO", save_all=True, append_images=[other]),
        saved("WEBP", save_all=True, append_images=[other]),
        saved("PNG", save_all=True, append_images=[other]),
    ):
        made = make_photo(sent, most_bytes=MOST)
        assert Image.open(BytesIO(made.small)).convert("RGB").getpixel((470, 350))[0] > 150


def test_sixteen_bits_keep_their_shades():
    image = Image.new("I;16", (300, 300), 0x8000)
    made = make_photo(saved("PNG", image), most_bytes=MOST)
    shade = Image.open(BytesIO(made.large)).convert("RGB").getpixel((5, 5))[0]
    assert abs(shade - 128) < 4


def test_wide_colours_become_those_of_every_screen():
    """The same numbers mean a stronger red in a wide space: they are converted, not only unlabelled."""
    wide = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    plain = make_photo(saved("JPEG", icc_profile=wide, quality=95), most_bytes=MOST)
    broken = make_photo(saved("JPEG", icc_profile=b"\0" * 600, quality=95), most_bytes=MOST)
    for made in (plain, broken):
        assert abs(Image.open(BytesIO(made.large)).convert("RGB").getpixel((620, 460))[0] - 200) < 8


def patched(content: bytes, width: int, height: int) -> bytes:
    """A HEIC file that says it is larger than it is."""
    place = content.index(b"ispe") + 8
    return content[:place] + struct.pack(">II", width, height) + content[place + 8 :]


def hostile_heic() -> dict[str, bytes]:
    whole = heif()
    return {
        "head alone": whole[:40],
        "truncated": whole[: len(whole) // 2],
        "says it is huge": patched(whole, 60_000, 60_000),
        "says it is larger": patched(whole, 4000, 4000),
        "says it is nothing": patched(whole, 0, 0),
        "tiny": heif(picture((64, 64))),
        "noise": b"\0\0\0\x18ftypheic" + bytes(range(256)) * 200,
        "boxes in boxes": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0\0\1\0meta" * 4000,
        "avif by another name": whole.replace(b"ftypheic", b"ftypavif"),
    }


@pytest.mark.parametrize("name", hostile_heic())
def test_hostile_heic_is_refused_in_words(name):
    with pytest.raises(Refused) as caught:
        make_photo(hostile_heic()[name], most_bytes=MOST)
    assert caught.value.code in {"photo_unreadable", "photo_small", "photo_pixels"}
    assert "send that" in caught.value.message or "Send it" in caught.value.message


def test_a_child_that_hangs_is_ended(monkeypatch):
    monkeypatch.setattr(heic, "_SECONDS", 0.01)
    with pytest.raises(Refused) as caught:
        make_photo(heif(), most_bytes=MOST)
    assert caught.value.code == "photo_unreadable"
