"""Copy the fonts and the editor that pages use from node_modules/ to static/vendor/.

    python3 scripts/vendor.py

Only woff2, only the scripts of Vietnamese and English, only the weights of the design: two for the
interface and one for reading, so that a first visit stays within 120 KB. In a
package's own stylesheet the extended Latin face outranks the Vietnamese one for ă, đ, ĩ, ũ, ơ and ư,
so that each Vietnamese page would fetch both; here the Vietnamese face comes last and wins.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ROOT / "node_modules"
TARGET = ROOT / "static" / "vendor"
SCRIPTS = ("latin-ext", "latin", "vietnamese")  # the last one wins where they overlap


@dataclass(frozen=True)
class Font:
    """A family, the stylesheets of its package to read, and the name pages call it by."""

    package: str
    family: str
    stylesheets: tuple[str, ...]


FONTS = (
    Font("@fontsource/be-vietnam-pro", "Be Vietnam Pro", ("400.css", "600.css")),
    Font("@fontsource/source-serif-4", "Source Serif 4", ("400.css", "400-italic.css")),
)

# Printed papers need whole fonts: the typesetter reads no woff2 and no fonts in pieces.
PAPER_FONTS = (
    (
        "@expo-google-fonts/be-vietnam-pro",
        ("400Regular/BeVietnamPro_400Regular", "600SemiBold/BeVietnamPro_600SemiBold"),
    ),
    (
        "@expo-google-fonts/source-serif-4",
        (
            "400Regular/SourceSerif4_400Regular",
            "400Regular_Italic/SourceSerif4_400Regular_Italic",
            "600SemiBold/SourceSerif4_600SemiBold",
        ),
    ),
)

# What stands in until a font arrives, stretched so that no line breaks elsewhere afterwards.
# size-adjust is the ratio of mean advance widths over Vietnamese prose, measured against Liberation
# Sans and Liberation Serif (as wide as Arial and Times New Roman); ascent and descent are the
# font's own, divided by that ratio.
FALLBACKS = """\
@font-face {
  font-family: 'Be Vietnam Pro Fallback';
  font-weight: 400;
  src: local('Arial'), local('Liberation Sans'), local('Arimo');
  size-adjust: 106%; ascent-override: 94.3%; descent-override: 25%; line-gap-override: 0%;
}
@font-face {
  font-family: 'Be Vietnam Pro Fallback';
  font-weight: 600;
  src: local('Arial Bold'), local('Arial-BoldMT'), local('Liberation Sans Bold'), local('Arimo Bold');
  size-adjust: 102.1%; ascent-override: 97.9%; descent-override: 26%; line-gap-override: 0%;
}
@font-face {
  font-family: 'Source Serif 4 Fallback';
  font-weight: 400;
  src: local('Times New Roman'), local('Liberation Serif'), local('Tinos');
  size-adjust: 113.9%; ascent-override: 90.9%; descent-override: 29.4%; line-gap-override: 0%;
}
"""

FACE = re.compile(r"@font-face\s*\{(?P<body>[^}]*)\}")
FILE = re.compile(r"url\(\./files/(?P<name>[\w.-]+\.woff2)\)")

EDITOR_STYLES = re.compile(r"document\.head\.insertBefore\(\w+,document\.head\.firstChild\),")


def main() -> int:
    """Write static/vendor/ afresh. Fails when a package no longer holds what is asked of it."""
    making = PACKAGES / ".vendor"
    shutil.rmtree(making, ignore_errors=True)
    fonts = making / "fonts"
    fonts.mkdir(parents=True)
    faces: list[str] = []
    for font in FONTS:
        package = PACKAGES / font.package
        for stylesheet in font.stylesheets:
            found = faces_of(package / stylesheet, font.family)
            for name, face in found:
                content = (package / "files" / name).read_bytes()
                (fonts / name).write_bytes(content)
                # The version that contest.core.web.headers.asset gives, so that a page may preload the file.
                faces.append(face.replace(name, f"{name}?v={hashlib.sha256(content).hexdigest()[:10]}"))
        # The Open Font License travels with the fonts.
        shutil.copyfile(package / "LICENSE", fonts / f"LICENSE-{package.name}.txt")
    papers = making / "papers"
    papers.mkdir()
    for package, names in PAPER_FONTS:
        for name in names:
            shutil.copy(PACKAGES / package / f"{name}.ttf", papers)
        shutil.copyfile(PACKAGES / package / "LICENSE_FONT", papers / f"LICENSE-{Path(package).name}.txt")
    copy_editor(making / "trix")
    sheet = "/* Made by scripts/vendor.py; change it there. */\n" + FALLBACKS + "".join(faces)
    (making / "fonts.css").write_text(sheet, "utf-8")
    shutil.rmtree(TARGET, ignore_errors=True)
    making.rename(TARGET)
    print(f"static/vendor: {len(faces)} font faces", flush=True)
    return 0


def copy_editor(target: Path) -> None:
    """The editor of the writing page: one module with its licence, without stylesheet, sources and maps.

    It puts two style elements into the page, which the content policy refuses (and says so in the
    console). Our copy does not put them in; static/css/editor.css has the rules that are needed.
    """
    package = PACKAGES / "trix"
    text = (package / "dist" / "trix.esm.min.js").read_text("utf-8")
    text, times = EDITOR_STYLES.subn("", text)
    if times != 1:
        raise SystemExit("trix: the call that adds its styles was not found")
    text = re.sub(r"\n//# sourceMappingURL=.*", "", text)
    target.mkdir()
    (target / "trix.js").write_text(text, "utf-8")
    shutil.copyfile(package / "LICENSE", target / "LICENSE-trix.txt")


def faces_of(stylesheet: Path, family: str) -> list[tuple[str, str]]:
    """(file name, @font-face rule) for each wanted script of a stylesheet, the strongest last."""
    found: dict[str, tuple[str, str]] = {}
    for match in FACE.finditer(stylesheet.read_text("utf-8")):
        body = match["body"]
        file = FILE.search(body)
        if file is None:
            continue
        name = file["name"]
        script = next((s for s in SCRIPTS if re.search(rf"-{s}-(?:\d|wght|opsz|standard)", name)), None)
        if script is None:
            continue
        lines = [
            f"  font-family: '{family}';",
            *(f"  {declaration(body, name_)};" for name_ in ("font-style", "font-weight")),
            "  font-display: swap;",
            f"  src: url(fonts/{name}) format('woff2');",
            f"  {declaration(body, 'unicode-range')};",
        ]
        found[script] = (name, "@font-face {\n" + "\n".join(lines) + "\n}\n")
    if missing := set(SCRIPTS) - set(found):
        raise SystemExit(f"{stylesheet}: no face for {', '.join(sorted(missing))}")
    return [found[script] for script in SCRIPTS]


def declaration(body: str, name: str) -> str:
    """`name: value` out of a rule's body, without its semicolon."""
    found = re.search(rf"{name}:\s*([^;]+)", body)
    if found is None:
        raise SystemExit(f"a font face without {name}")
    return f"{name}: {found[1].strip()}"


if __name__ == "__main__":
    sys.exit(main())
