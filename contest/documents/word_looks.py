"""What the other parts of a .docx tell about its text: styles, lists, and where its pictures lie."""

from __future__ import annotations

from dataclasses import dataclass, field

_OFF = {"0", "false", "off", "none"}


@dataclass(slots=True)
class Style:
    name: str = ""
    based: str = ""
    kind: str = ""
    bold: bool | None = None
    italic: bool | None = None
    font: str = ""
    outline: int = 9
    number: str = ""


@dataclass(slots=True)
class Looks:
    """What styles.xml and numbering.xml tell, resolved along "based on"."""

    styles: dict[str, Style] = field(default_factory=dict)
    base_font: str = ""
    formats: dict[str, dict[str, str]] = field(default_factory=dict)  # numId -> level -> numFmt

    def chain(self, style_id: str) -> list[Style]:
        found: list[Style] = []
        while style_id in self.styles and len(found) < 20:
            found.append(self.styles[style_id])
            style_id = found[-1].based
        return found


def is_on(attributes: dict[str, str]) -> bool:
    return attributes.get("val", "1").lower() not in _OFF


class StylesListener:
    """Listens to styles.xml."""

    def __init__(self, looks: Looks) -> None:
        self._looks = looks
        self._style: Style | None = None
        self._defaults = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        style = self._style
        if name == "style":
            self._style = Style(kind=attributes.get("type", ""))
            self._looks.styles[attributes.get("styleId", "")] = self._style
        elif name == "rPrDefault":
            self._defaults = True
        elif name == "rFonts" and (font := font_of(attributes)):
            if style:
                style.font = font
            elif self._defaults:
                self._looks.base_font = font
        elif style is None:
            return
        elif name == "name":
            style.name = attributes.get("val", "").lower()
        elif name == "basedOn":
            style.based = attributes.get("val", "")
        elif name == "b":
            style.bold = is_on(attributes)
        elif name == "i":
            style.italic = is_on(attributes)
        elif name == "outlineLvl" and attributes.get("val", "").isdigit():
            style.outline = int(attributes["val"][:2])
        elif name == "numId":
            style.number = attributes.get("val", "")

    def end(self, name: str) -> None:
        if name == "style":
            self._style = None
        elif name == "rPrDefault":
            self._defaults = False

    def data(self, text: str) -> None:
        pass


class NumberingListener:
    """Listens to numbering.xml."""

    def __init__(self, looks: Looks) -> None:
        self._looks = looks
        self._abstract: dict[str, dict[str, str]] = {}
        self._levels: dict[str, str] = {}
        self._level = self._number = ""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        value = attributes.get("val", "")
        if name == "abstractNum":
            self._levels = self._abstract.setdefault(attributes.get("abstractNumId", ""), {})
        elif name == "lvl":
            self._level = attributes.get("ilvl", "0")
        elif name == "numFmt":
            self._levels[self._level] = value
        elif name == "num":
            self._number, self._levels = attributes.get("numId", ""), {}
        elif name == "abstractNumId" and self._number:
            self._looks.formats[self._number] = self._abstract.get(value, {})

    def end(self, name: str) -> None:
        if name == "num":
            self._number = ""

    def data(self, text: str) -> None:
        pass


class Relations:
    """Listens to a .rels part: id -> (target, whether it lies outside)."""

    def __init__(self) -> None:
        self.targets: dict[str, tuple[str, bool]] = {}
        self.main = ""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name != "Relationship":
            return
        target = attributes.get("Target", "")
        outside = attributes.get("TargetMode", "").lower() == "external"
        self.targets[attributes.get("Id", "")] = (target, outside)
        if attributes.get("Type", "").endswith("/officeDocument") and not outside:
            self.main = target.lstrip("/")

    def end(self, name: str) -> None:
        pass

    def data(self, text: str) -> None:
        pass


def font_of(attributes: dict[str, str]) -> str:
    return attributes.get("ascii") or attributes.get("hAnsi") or ""
