"""Brushes for the drawn pictures: flat shapes, soft gradients, light, and paper grain.

Everything is drawn at twice the size and reduced once, which smooths the edges. Coordinates are
those of a 1280 × 853 sheet, whatever the size asked for.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Sequence

from PIL import Image, ImageChops, ImageDraw, ImageFilter

Colour = tuple[int, int, int]
Point = tuple[float, float]

WIDTH, HEIGHT = 1280, 853

IVORY: Colour = (247, 239, 222)
CREAM: Colour = (236, 219, 184)
SAND: Colour = (214, 186, 142)
INK: Colour = (36, 28, 25)
UMBER: Colour = (84, 58, 44)
LACQUER: Colour = (159, 37, 28)
BRICK: Colour = (188, 92, 58)
GOLD: Colour = (214, 160, 58)
HONEY: Colour = (240, 205, 130)
PINE: Colour = (28, 62, 54)
LEAF: Colour = (70, 112, 72)
MOSS: Colour = (128, 150, 88)
MIST: Colour = (206, 214, 200)
TEAL: Colour = (62, 116, 118)
INDIGO: Colour = (33, 43, 84)
DUSK: Colour = (92, 96, 140)
ROSE: Colour = (226, 158, 128)


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """`one` with `share` (0 to 1) of `other` in it."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


class Sheet:
    """The sheet being painted, with its own source of chance."""

    def __init__(self, seed: int, size: tuple[int, int]) -> None:
        self.chance = random.Random(seed)  # noqa: S311 -- pictures, not secrets
        self.size = size
        self.scale = size[0] * 2 / WIDTH
        self.image = Image.new("RGB", (size[0] * 2, size[1] * 2), IVORY)
        self.pen = ImageDraw.Draw(self.image)

    def at(self, points: Iterable[Point]) -> list[Point]:
        return [(x * self.scale, y * self.scale) for x, y in points]

    def wash(self, *stops: Colour, top: float = 0, bottom: float = HEIGHT) -> None:
        """A band across the sheet, its colours flowing from the first stop to the last."""
        band = Image.new("RGB", (1, len(stops)))
        band.putdata(list(stops))
        height = max(1, round((bottom - top) * self.scale))
        # Reaching half a stop beyond each end: bicubic scaling keeps the first and last colour there.
        flow = band.resize((1, height), Image.Resampling.BICUBIC, box=(0, 0.5, 1, len(stops) - 0.5))
        self.image.paste(
            flow.resize((self.image.width, height), Image.Resampling.NEAREST), (0, round(top * self.scale))
        )

    def shape(self, points: Sequence[Point], colour: Colour) -> None:
        self.pen.polygon(self.at(points), fill=colour)

    def graded(self, points: Sequence[Point], upper: Colour, lower: Colour) -> None:
        """A shape whose colour runs from its top to its bottom edge."""
        scaled = self.at(points)
        left, right = max(0, int(min(x for x, _ in scaled))), int(max(x for x, _ in scaled)) + 1
        top, bottom = max(0, int(min(y for _, y in scaled))), int(max(y for _, y in scaled)) + 1
        right, bottom = min(right, self.image.width), min(bottom, self.image.height)
        if right <= left or bottom <= top:
            return
        mask = Image.new("1", (right - left, bottom - top))
        ImageDraw.Draw(mask).polygon([(x - left, y - top) for x, y in scaled], fill=1)
        band = Image.new("RGB", (1, 2))
        band.putdata([upper, lower])
        flow = band.resize((1, bottom - top), Image.Resampling.BILINEAR, box=(0, 0.5, 1, 1.5))
        self.image.paste(flow.resize(mask.size, Image.Resampling.NEAREST), (left, top), mask)

    def line(self, points: Sequence[Point], colour: Colour, width: float = 2) -> None:
        self.pen.line(self.at(points), fill=colour, width=max(1, round(width * self.scale)), joint="curve")

    def disc(self, centre: Point, radius: float, colour: Colour, flat: float = 1) -> None:
        """A disc; `flat` below 1 presses it together from above."""
        (x, y), tall = centre, radius * flat
        self.pen.ellipse(self.at([(x - radius, y - tall), (x + radius, y + tall)]), fill=colour)

    def box(self, left: float, top: float, right: float, bottom: float, colour: Colour) -> None:
        self.shape([(left, top), (right, top), (right, bottom), (left, bottom)], colour)

    def blades(
        self, left: float, right: float, foot: float, tall: float, colours: Sequence[Colour], count: int
    ) -> None:
        """Grass and reeds, cut as slender wedges."""
        for _ in range(count):
            x, height = self.chance.uniform(left, right), tall * self.chance.uniform(0.45, 1)
            lean, width = self.chance.uniform(-0.35, 0.35) * height, self.chance.uniform(2, 5)
            tip = (x + lean, foot - height)
            bend = (x + lean * 0.25, foot - height * 0.55)
            self.shape(
                [
                    (x - width, foot),
                    (bend[0] - width * 0.6, bend[1]),
                    tip,
                    (bend[0] + width * 0.6, bend[1]),
                    (x + width, foot),
                ],
                self.chance.choice(colours),
            )

    def crown(self, centre: Point, radius: float, colours: Sequence[Colour], leaves: int, flat: float = 0.8) -> None:
        """A tree's crown: a mass with leaves cut into it, lighter towards the light at the upper left."""
        x, y = centre
        for _ in range(7):
            turn, far = self.chance.uniform(0, math.tau), radius * 0.42
            self.disc((x + math.cos(turn) * far, y + math.sin(turn) * far * flat), radius * 0.62, colours[0], flat)
        self.disc(centre, radius * 0.8, colours[0], flat)
        for _ in range(leaves):
            turn, far = self.chance.uniform(0, math.tau), radius * math.sqrt(self.chance.random()) * 0.98
            spot = (x + math.cos(turn) * far, y + math.sin(turn) * far * flat)
            lit = (x - spot[0] + y - spot[1]) / (2 * radius)  # -1 in shade, 1 in light
            pick = colours[min(len(colours) - 1, max(0, round((lit + 0.5) * (len(colours) - 1))))]
            size = self.chance.uniform(4, 8)
            tilt = self.chance.uniform(-0.6, 0.6)
            self.shape(
                [
                    (spot[0] - size, spot[1] + tilt * size),
                    (spot[0], spot[1] - size * 0.45),
                    (spot[0] + size, spot[1] - tilt * size),
                    (spot[0], spot[1] + size * 0.45),
                ],
                pick,
            )

    def glow(self, centre: Point, radius: float, colour: Colour, strength: float) -> None:
        """Light spreading from a point; `strength` 0 to 1 at its middle."""
        side = round(radius * 2 * self.scale)
        light = Image.radial_gradient("L").resize((side, side), Image.Resampling.BILINEAR)
        mask = light.point([round(max(0, 1 - level / 180) ** 1.7 * 255 * strength) for level in range(256)])
        left, top = round((centre[0] - radius) * self.scale), round((centre[1] - radius) * self.scale)
        self.image.paste(colour, (left, top), mask)

    def veil(self, points: Sequence[Point], colour: Colour, strength: float, blur: float = 0) -> None:
        """A translucent shape: mist, a shaft of light, a shadow. Painted small, since it is soft."""
        quarter = [(x / 4, y / 4) for x, y in self.at(points)]
        spread = round(blur * self.scale / 4)
        left = max(0, int(min(x for x, _ in quarter)) - spread - 1)
        top = max(0, int(min(y for _, y in quarter)) - spread - 1)
        right = min(self.image.width // 4, int(max(x for x, _ in quarter)) + spread + 2)
        bottom = min(self.image.height // 4, int(max(y for _, y in quarter)) + spread + 2)
        mask = Image.new("L", (right - left, bottom - top))
        ImageDraw.Draw(mask).polygon([(x - left, y - top) for x, y in quarter], fill=round(255 * strength))
        if spread:
            mask = mask.filter(ImageFilter.BoxBlur(spread))
        full = mask.resize((mask.width * 4, mask.height * 4), Image.Resampling.BILINEAR)
        self.image.paste(colour, (left * 4, top * 4), full)

    def finished(self) -> Image.Image:
        """The sheet at its size, with grain and slightly darker corners."""
        image = self.image.reduce(2)
        small = (image.width // 2, image.height // 2)
        noise = Image.frombytes("L", small, self.chance.randbytes(small[0] * small[1]))
        grain = noise.resize(image.size, Image.Resampling.BILINEAR).point([122 + level // 16 for level in range(256)])
        image = ImageChops.overlay(image, Image.merge("RGB", (grain, grain, grain)))
        corners = Image.radial_gradient("L").resize(image.size, Image.Resampling.BILINEAR)
        shade = corners.point([round(max(0, level - 130) * 0.42) for level in range(256)])
        image.paste((44, 28, 20), mask=shade)
        return image


def ridge(
    chance: random.Random,
    base: float,
    height: float,
    *,
    waves: int = 4,
    rough: float = 0.0,
    left: float = -20,
    right: float = 1300,
) -> list[Point]:
    """The outline of hills from left to right around `base`, at most `height` above and below it."""
    parts = [(chance.uniform(0.6, 1.4) * n, chance.uniform(0, math.tau), 1 / n**0.9) for n in range(1, waves + 1)]
    total = sum(part[2] for part in parts)
    points = []
    for step in range(121):
        x = left + (right - left) * step / 120
        lift = sum(math.sin(math.tau * turns * x / WIDTH + start) * share for turns, start, share in parts) / total
        points.append((x, base - lift * height + chance.uniform(-rough, rough)))
    return points


def down(outline: Sequence[Point], foot: float = HEIGHT + 20) -> list[Point]:
    """An outline closed along the foot of the sheet."""
    return [*outline, (outline[-1][0], foot), (outline[0][0], foot)]


def height_at(outline: Sequence[Point], x: float) -> float:
    """Where an outline stands above `x`."""
    return min(outline, key=lambda point: abs(point[0] - x))[1]


def contours(
    sheet: Sheet, outline: Sequence[Point], colour: Colour, *, count: int, gap: float, width: float = 1.6
) -> None:
    """Cuts that follow a hill, broken as a knife breaks them."""
    for row in range(1, count + 1):
        start = 0
        while start < len(outline) - 3:
            length = sheet.chance.randint(4, 16)
            part = outline[start : start + length]
            sag = gap * row * (1 + 0.04 * row)
            sheet.line([(x, y + sag) for x, y in part], colour, width)
            start += length + sheet.chance.randint(1, 6)


def person(sheet: Sheet, foot: Point, tall: float, coat: Colour, *, hat: Colour | None = None, lean: float = 0) -> None:
    """A figure seen from afar: a coat, a head, perhaps a conical hat."""
    x, y = foot
    shoulder, head = y - tall * 0.74, y - tall * 0.86
    top = x + lean * tall
    sheet.shape(
        [
            (x - tall * 0.13, y),
            (x - tall * 0.12, y - tall * 0.35),
            (top - tall * 0.15, shoulder + tall * 0.08),
            (top - tall * 0.08, shoulder),
            (top + tall * 0.08, shoulder),
            (top + tall * 0.15, shoulder + tall * 0.08),
            (x + tall * 0.12, y - tall * 0.35),
            (x + tall * 0.13, y),
        ],
        coat,
    )
    sheet.disc((top + lean * tall * 0.2, head), tall * 0.085, UMBER if hat else INK)
    if hat:
        tip = (top + lean * tall * 0.25, head - tall * 0.17)
        sheet.shape([(tip[0] - tall * 0.24, head), tip, (tip[0] + tall * 0.24, head)], hat)
        sheet.shape([(tip[0], head), tip, (tip[0] + tall * 0.24, head)], mix(hat, UMBER, 0.25))


def birds(sheet: Sheet, centre: Point, spread: float, count: int, colour: Colour) -> None:
    for _ in range(count):
        x = centre[0] + sheet.chance.uniform(-spread, spread)
        y = centre[1] + sheet.chance.uniform(-spread, spread) * 0.35
        wing = sheet.chance.uniform(8, 15)
        sheet.line([(x - wing, y - wing * 0.4), (x - wing * 0.4, y - wing * 0.55), (x, y)], colour, 1.8)
        sheet.line([(x, y), (x + wing * 0.4, y - wing * 0.6), (x + wing, y - wing * 0.35)], colour, 1.8)


def ripples(
    sheet: Sheet, top: float, bottom: float, colours: Sequence[Colour], count: int, *, around: float | None = None
) -> None:
    """Cuts of light on water, wider towards the viewer; gathered `around` an x when given."""
    for _ in range(count):
        depth = sheet.chance.random() ** 1.4
        y = top + (bottom - top) * depth
        half = sheet.chance.uniform(8, 40) * (0.35 + depth)
        x = sheet.chance.uniform(-20, 1300) if around is None else sheet.chance.gauss(around, 26 + 110 * depth)
        thick = 1 + 3.2 * depth
        sheet.shape([(x - half, y), (x, y - thick), (x + half, y), (x, y + thick * 0.6)], sheet.chance.choice(colours))


def leaf_fan(
    sheet: Sheet, root: Point, reach: float, turns: Iterable[float], colours: Sequence[Colour], droop: float = 0.35
) -> None:
    """Fronds from one root: `turns` in radians, 0 to the right, half of pi upwards."""
    for turn in turns:
        colour = sheet.chance.choice(colours)
        spine: list[Point] = []
        for step in range(9):
            share = step / 8
            x = root[0] + math.cos(turn) * reach * share
            y = root[1] - math.sin(turn) * reach * share + droop * reach * share * share
            spine.append((x, y))
        sheet.line(spine, colour, 3)
        for (x, y), (nx, ny) in zip(spine[1:], spine[:-1], strict=True):
            for side in (-1, 1):
                along = (x - nx, y - ny)
                length = math.hypot(*along) or 1
                out = (-along[1] / length * side, along[0] / length * side)
                far = reach * 0.16
                sheet.shape(
                    [
                        (nx, ny),
                        (x, y),
                        (x + out[0] * far + along[0] * 0.9, y + out[1] * far + along[1] * 0.9 + far * 0.35),
                    ],
                    colour,
                )


Painter = Callable[[Sheet], None]
