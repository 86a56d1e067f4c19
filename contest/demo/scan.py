"""A drawn scan of a signed decision, so that the tour needs no paper: letterhead, text, signature, seal."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter, ImageFont

_FONTS = Path(__file__).resolve().parents[2] / "static" / "vendor" / "papers"
_PLAIN, _BOLD, _SLANTED = (f"SourceSerif4_{name}.ttf" for name in ("400Regular", "600SemiBold", "400Regular_Italic"))
_SIZE = (1240, 1754)
_INK, _RED = (34, 34, 38), (178, 40, 44)
_LEFT, _RIGHT, _LINE = 150, 1110, 44


class _Sheet:
    def __init__(self) -> None:
        self.image = Image.new("RGB", _SIZE, (250, 248, 243))
        self.pen = ImageDraw.Draw(self.image)

    def font(self, name: str, size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
        path = _FONTS / name
        return ImageFont.truetype(str(path), size) if path.exists() else ImageFont.load_default(size)

    def centred(self, text: str, x: int, y: int, name: str = _PLAIN, size: int = 26) -> None:
        self.pen.text((x, y), text, font=self.font(name, size), fill=_INK, anchor="ma")

    def paragraph(self, text: str, y: int) -> int:
        """Broken into lines; returns where the next one begins."""
        font, line = self.font(_PLAIN, 28), ""
        for word in text.split():
            if self.pen.textlength(f"{line} {word}", font=font) > _RIGHT - _LEFT - 60 * (not line):
                self.pen.text((_LEFT, y), line, font=font, fill=_INK)
                y, line = y + _LINE, ""
            line = f"{line} {word}" if line else word
        self.pen.text((_LEFT, y), line, font=font, fill=_INK)
        return y + _LINE + 14


def draw_decision(
    *, governing: str, issuer: str, number: str, day: str, title: str, articles: Sequence[str], signer: str
) -> bytes:
    """A page as a scanner gives it, a little askew, as JPEG. `signer`: "name, title"."""
    sheet = _Sheet()
    name, _comma, office = signer.partition(", ")
    sheet.centred(governing.upper(), 350, 110, size=24)
    sheet.centred(issuer.upper(), 350, 146, _BOLD, 24)
    sheet.pen.line((270, 186, 430, 186), fill=_INK, width=2)
    sheet.centred(f"Số: {number}", 350, 206)
    sheet.centred("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", 860, 110, _BOLD, 24)
    sheet.centred("Độc lập - Tự do - Hạnh phúc", 860, 146, _BOLD, 26)
    sheet.pen.line((700, 188, 1020, 188), fill=_INK, width=2)
    sheet.centred(f"An Lam, {day}", 860, 206, _SLANTED)
    sheet.centred("QUYẾT ĐỊNH", 620, 330, _BOLD, 36)
    heading = sheet.font(_BOLD, 28)
    y, line = 390, ""
    for word in [*title.removeprefix("Quyết định ").split(), ""]:
        if not word or sheet.pen.textlength(f"{line} {word}", font=heading) > 800:
            sheet.pen.text((620, y), line, font=heading, fill=_INK, anchor="ma")
            y, line = y + 42, ""
        line = f"{line} {word}".strip()
    y += 50
    for place, article in enumerate(articles, start=1):
        y = sheet.paragraph(f"Điều {place}. {article}", y)
    y += 40
    sheet.centred(office.upper() or "TRƯỞNG BAN TỔ CHỨC", 830, y, _BOLD, 22)
    sheet.centred(name, 830, y + 250, _BOLD, 28)
    _sign(sheet, 700, y + 120)
    _seal(sheet, 660, y + 140)
    turned = sheet.image.rotate(0.6, Image.Resampling.BICUBIC, fillcolor=(236, 233, 226))
    target = io.BytesIO()
    turned.filter(ImageFilter.GaussianBlur(0.6)).save(target, "JPEG", quality=72)
    return target.getvalue()


def _sign(sheet: _Sheet, x: int, y: int) -> None:
    points = [(0, 60), (30, 0), (44, 70), (80, 20), (96, 66), (150, 10), (170, 60), (260, 24), (310, 50)]
    sheet.pen.line([(x + dx, y + dy) for dx, dy in points], fill=(38, 52, 120), width=5, joint="curve")


def _seal(sheet: _Sheet, x: int, y: int) -> None:
    """Round and red, of nobody: it says that it is drawn."""
    for radius, width in ((112, 5), (82, 2)):
        sheet.pen.ellipse((x - radius, y - radius, x + radius, y + radius), outline=_RED, width=width)
    font = sheet.font(_BOLD, 22)
    for place, text in enumerate(("BẢN VẼ", "MINH HỌA")):
        sheet.pen.text((x, y - 16 + 32 * place), text, font=font, fill=_RED, anchor="mm")
