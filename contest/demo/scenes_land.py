"""Scenes of hills, fields and forests."""

from __future__ import annotations

import math

from contest.demo import brush
from contest.demo.brush import (
    BRICK,
    CREAM,
    DUSK,
    GOLD,
    HONEY,
    INDIGO,
    INK,
    IVORY,
    LACQUER,
    LEAF,
    MOSS,
    PINE,
    TEAL,
    UMBER,
    Painter,
    Sheet,
    contours,
    down,
    height_at,
    mix,
    person,
    ridge,
)


def house(sheet: Sheet, x: float, foot: float, wide: float, wall: brush.Colour = CREAM) -> None:
    """A tiled house of three bays."""
    tall = wide * 0.3
    sheet.box(x - wide / 2, foot - tall, x + wide / 2, foot, wall)
    sheet.box(x, foot - tall, x + wide / 2, foot, mix(wall, UMBER, 0.18))
    for bay in (-0.32, 0, 0.32):
        sheet.box(x + wide * (bay - 0.07), foot - tall * 0.72, x + wide * (bay + 0.07), foot, UMBER)
    roof = [
        (x - wide * 0.6, foot - tall * 0.92),
        (x - wide * 0.46, foot - tall * 2),
        (x + wide * 0.46, foot - tall * 2),
    ]
    sheet.shape([*roof, (x + wide * 0.6, foot - tall * 0.92)], LACQUER)
    for row in range(1, 5):
        share = row / 5
        half = wide * (0.46 + 0.14 * share)
        sheet.line(
            [(x - half, foot - tall * (2 - 1.08 * share)), (x + half, foot - tall * (2 - 1.08 * share))], BRICK, 1.2
        )


def pomelo_hill(sheet: Sheet) -> None:
    chance = sheet.chance
    sheet.wash(mix(TEAL, IVORY, 0.45), IVORY, HONEY, bottom=470)
    sun = (chance.uniform(860, 1080), chance.uniform(120, 190))
    sheet.glow(sun, 330, IVORY, 0.9)
    sheet.disc(sun, 52, (252, 240, 208))
    for base, height, colour in ((330, 60, (152, 172, 150)), (390, 55, (118, 150, 118))):
        outline = ridge(chance, base, height)
        sheet.graded(down(outline), colour, mix(colour, HONEY, 0.6))
    hill = ridge(chance, 470, 60, waves=3)
    sheet.graded(down(hill), mix(MOSS, HONEY, 0.25), LEAF)
    contours(sheet, hill, mix(MOSS, IVORY, 0.35), count=7, gap=26)
    home = chance.uniform(180, 420)
    house(sheet, home, height_at(hill, home) + 26, 150)
    # Rows of trees, each nearer one larger; a pomelo is heavy and hangs low.
    for row, (base, size, apart) in enumerate(((540, 26, 84), (615, 38, 122), (712, 56, 176))):
        x = chance.uniform(-40, 40) + (row % 2) * apart / 2
        while x < 1320:
            foot = base + chance.uniform(-8, 8) + 26 * math.sin(x / 210 + row)
            if abs(x - home) > 100 or row:
                sheet.veil(
                    [
                        (x - size, foot),
                        (x + size * 1.5, foot - 4),
                        (x + size * 1.3, foot + size * 0.4),
                        (x - size * 0.8, foot + size * 0.35),
                    ],
                    PINE,
                    0.35,
                ) if row == 2 else None
                sheet.box(x - size * 0.09, foot - size * 0.7, x + size * 0.09, foot + size * 0.12, UMBER)
                sheet.crown((x, foot - size * 1.05), size, (PINE, (44, 86, 60), LEAF, MOSS), 34 + row * 26, 0.86)
                for _ in range(4 + row * 2):
                    turn = chance.uniform(0.1, math.pi - 0.1)
                    spot = (x + math.cos(turn) * size * 0.72, foot - size * 0.95 + math.sin(turn) * size * 0.5)
                    sheet.disc(spot, size * 0.13, GOLD)
                    sheet.disc((spot[0] - size * 0.035, spot[1] - size * 0.04), size * 0.06, HONEY)
            x += apart * chance.uniform(0.85, 1.15)
    front = ridge(chance, 800, 22, waves=3)
    sheet.graded(down(front), (52, 84, 54), PINE)
    sheet.blades(-10, 1290, 870, 90, (PINE, LEAF, (98, 124, 70)), 190)
    person(sheet, (chance.uniform(520, 760), 800), 118, mix(INDIGO, DUSK, 0.3), hat=CREAM, lean=0.05)
    brush.birds(sheet, (sun[0] - 320, 150), 130, 6, UMBER)


def mountain_night(sheet: Sheet) -> None:
    chance = sheet.chance
    sheet.wash((14, 18, 42), INDIGO, (70, 82, 132), (132, 134, 160), bottom=560)
    for _ in range(170):
        y = chance.random() ** 1.6 * 420
        sheet.disc((chance.uniform(0, 1280), y), chance.uniform(0.7, 2.1), mix(IVORY, INDIGO, chance.uniform(0, 0.6)))
    moon = (chance.uniform(820, 1060), chance.uniform(110, 190))
    sheet.glow(moon, 300, (214, 220, 224), 0.55)
    sheet.disc(moon, 46, (246, 240, 218))
    sheet.disc((moon[0] - 12, moon[1] - 8), 9, (232, 224, 198))
    sheet.disc((moon[0] + 14, moon[1] + 12), 6, (232, 224, 198))
    tones = ((86, 98, 142), (62, 76, 118), (42, 56, 92), (27, 38, 64))
    for number, tone in enumerate(tones):
        outline = ridge(chance, 380 + number * 82, 92 - number * 12, waves=5, rough=2.5 - number * 0.3)
        sheet.graded(down(outline), tone, mix(tone, (150, 158, 178), 0.42 - number * 0.06))
        contours(sheet, outline, mix(tone, (190, 196, 210), 0.22), count=3, gap=22, width=1.4)
        if number in (0, 1):
            level = 470 + number * 80
            sheet.veil(
                [(-20, level), (500, level - 20), (1300, level + 6), (1300, level + 46), (-20, level + 40)],
                (190, 198, 212),
                0.35,
                30,
            )
    ground = ridge(chance, 735, 26, waves=3)
    sheet.graded(down(ground), (20, 34, 42), (10, 16, 22))
    x = chance.uniform(330, 620)
    foot = height_at(ground, x) + 16
    # A house on stilts with its lamp lit.
    for post in (-78, -38, 2, 42, 82):
        sheet.box(x + post - 4, foot - 62, x + post + 4, foot, INK)
    sheet.box(x - 92, foot - 118, x + 96, foot - 56, (58, 38, 28))
    sheet.shape(
        [(x - 130, foot - 108), (x - 64, foot - 206), (x + 68, foot - 206), (x + 134, foot - 108)], (30, 24, 26)
    )
    for row in range(1, 5):
        half = 64 + row * 13
        sheet.line([(x - half, foot - 206 + row * 20), (x + half + 2, foot - 206 + row * 20)], (54, 44, 42), 1.4)
    sheet.glow((x - 34, foot - 84), 190, HONEY, 0.75)
    sheet.box(x - 56, foot - 106, x - 14, foot - 62, (255, 222, 140))
    sheet.line([(x - 35, foot - 106), (x - 35, foot - 62)], UMBER, 3)
    sheet.box(x + 28, foot - 106, x + 58, foot - 66, (240, 184, 96))
    sheet.shape([(x + 92, foot - 58), (x + 150, foot), (x + 138, foot), (x + 84, foot - 54)], INK)
    person(sheet, (x + 196, foot + 12), 74, (16, 18, 28), lean=-0.03)
    sheet.disc((x + 170, foot - 22), 6, (255, 226, 150))
    sheet.glow((x + 170, foot - 22), 70, HONEY, 0.7)
    for side, count in ((-20, 9), (960, 8)):
        for _ in range(count):
            tree = side + chance.uniform(0, 330)
            tall = chance.uniform(90, 190)
            base = height_at(ground, tree) + 40
            for tier in range(4):
                wide = tall * (0.16 + 0.05 * tier)
                top = base - tall + tier * tall * 0.2
                sheet.shape(
                    [(tree - wide, top + tall * 0.36), (tree, top), (tree + wide, top + tall * 0.36)], (13, 24, 28)
                )
    sheet.blades(-10, 1290, 870, 60, ((9, 15, 19), (18, 32, 36)), 120)


def rice_fields(sheet: Sheet) -> None:
    chance = sheet.chance
    sheet.wash(mix(TEAL, IVORY, 0.3), (226, 226, 200), HONEY, bottom=400)
    sun = (chance.uniform(220, 480), chance.uniform(150, 210))
    sheet.glow(sun, 360, IVORY, 0.9)
    sheet.disc(sun, 46, (253, 238, 200))
    for base, height, colour in ((300, 56, (134, 160, 158)), (345, 44, (96, 134, 120)), (380, 26, (74, 114, 88))):
        outline = ridge(chance, base, height)
        sheet.graded(down(outline), colour, mix(colour, HONEY, 0.5))
    # Terraces as bands that widen towards the viewer, each with its bank cut in ink.
    tones = (GOLD, (188, 172, 78), MOSS, (150, 166, 84), (206, 176, 80), LEAF, (112, 146, 78), (178, 166, 72))
    top = 402.0
    shift = chance.uniform(0, math.tau)
    for number in range(8):
        tall = 26 + number * 11
        outline = [
            (x, top + math.sin(x / (190 + 26 * number) + shift + number * 0.9) * (7 + number * 3.2))
            for x in range(-20, 1320, 20)
        ]
        tone = tones[(number + sheet.chance.randint(0, 1)) % len(tones)]
        sheet.graded(down(outline), mix(tone, HONEY, 0.28), mix(tone, PINE, 0.22))
        sheet.line(outline, mix(PINE, tone, 0.2), 2.2 + number * 0.5)
        sheet.line([(x, y + 4 + number * 0.7) for x, y in outline], mix(tone, IVORY, 0.55), 1.2 + number * 0.2)
        for _ in range(46 + number * 10):
            x = chance.uniform(-10, 1290)
            y = height_at(outline, x) + chance.uniform(0.25, 0.95) * tall
            reach = 4 + number * 1.9
            sheet.line(
                [(x, y), (x + chance.uniform(-2, 3), y - reach)],
                mix(tone, chance.choice((IVORY, PINE, HONEY)), 0.42),
                1 + number * 0.16,
            )
        top += tall
    for _ in range(chance.randint(2, 3)):
        x, y = chance.uniform(420, 1120), chance.uniform(560, 690)
        person(
            sheet,
            (x, y),
            62 + (y - 560) * 0.35,
            chance.choice((INDIGO, LACQUER, UMBER)),
            hat=CREAM,
            lean=chance.choice((-0.22, 0.2, 0.05)),
        )
    for _ in range(3):
        x, y = chance.uniform(120, 1180), chance.uniform(430, 560)
        sheet.shape([(x, y), (x + 9, y - 9), (x + 22, y - 6), (x + 12, y + 2)], IVORY)
        sheet.line([(x + 2, y - 3), (x - 6, y - 13), (x - 10, y - 11)], IVORY, 2)
        sheet.line([(x + 10, y), (x + 10, y + 10)], UMBER, 1.2)
    sheet.blades(-10, 1290, 872, 110, ((150, 150, 60), PINE, LEAF, GOLD), 170)
    brush.birds(sheet, (860, 130), 170, 7, UMBER)


def forest_path(sheet: Sheet) -> None:
    chance = sheet.chance
    sheet.wash((214, 222, 176), (186, 204, 152), (120, 152, 104), bottom=640)
    sheet.glow((690, 300), 460, (252, 244, 206), 0.95)
    for depth, (tone, count) in enumerate((((156, 180, 136), 26), ((112, 146, 108), 18), ((72, 112, 84), 13))):
        for _ in range(count):
            x = chance.uniform(-20, 1300)
            wide = (5 + depth * 5) * chance.uniform(0.7, 1.3)
            lean = chance.uniform(-26, 26)
            foot = 560 + depth * 26
            sheet.shape(
                [(x - wide, foot), (x - wide * 0.6 + lean, -10), (x + wide * 0.6 + lean, -10), (x + wide, foot)], tone
            )
        for _ in range(10):
            sheet.crown(
                (chance.uniform(-40, 1320), chance.uniform(-20, 130)),
                90,
                (mix(tone, PINE, 0.2), tone, mix(tone, HONEY, 0.4)),
                46,
                0.6,
            )
    floor = ridge(chance, 585, 16, waves=3)
    sheet.graded(down(floor), (110, 136, 76), (40, 66, 44))
    bend = chance.uniform(-90, 90)
    left = [(676 + bend * math.sin(step / 7) - step * step * 1.1, 588 + step * 18) for step in range(16)]
    right = [(704 + bend * math.sin(step / 7) + step * step * 1.35, 588 + step * 18) for step in range(16)]
    sheet.graded([*left, *reversed(right)], HONEY, (178, 138, 88))
    for _ in range(70):
        step = chance.uniform(1, 15)
        x = 690 + bend * math.sin(step / 7) + chance.uniform(-1, 1) * step * step * 1.05
        sheet.disc((x, 588 + step * 18), 1.5 + step * 0.4, chance.choice(((150, 112, 70), CREAM)), 0.5)
    for sign in (-1, 1):
        for number in range(4):
            x = 640 + sign * (250 + number * 150 + chance.uniform(-46, 46))
            wide = 20 + number * 11
            foot = 660 + number * 52
            lean = chance.uniform(-24, 24)
            trunk = [
                (x - wide * 1.5, foot),
                (x - wide, foot - 60),
                (x - wide * 0.8 + lean, -10),
                (x + wide * 0.8 + lean, -10),
                (x + wide, foot - 60),
                (x + wide * 1.6, foot),
            ]
            sheet.shape(trunk, mix(PINE, UMBER, 0.45))
            inner = 1 if sign < 0 else -1
            for _ in range(26):
                y = chance.uniform(10, foot - 40)
                spot = x + inner * wide * chance.uniform(0.2, 0.75) + lean * (1 - y / foot)
                sheet.line([(spot, y), (spot + chance.uniform(-2, 2), y + chance.uniform(14, 40))], (150, 146, 96), 2)
    for slant in (150, 330, 520):
        x = slant + chance.uniform(-30, 30)
        sheet.veil([(x + 260, -10), (x + 330, -10), (x + 190, 640), (x + 50, 640)], (255, 246, 206), 0.26, 10)
    person(sheet, (694 + bend * 0.4, 668), 96, LACQUER, hat=CREAM)
    leaf_side = (0, 1280)
    for corner in leaf_side:
        for _ in range(3):
            root = (corner + chance.uniform(-40, 40), chance.uniform(760, 880))
            turns = [math.pi / 2 + spread * 0.42 for spread in (-3, -2, -1, 0, 1, 2, 3)]
            brush.leaf_fan(sheet, root, chance.uniform(150, 220), turns, ((24, 52, 40), (40, 78, 52)))
    sheet.blades(-10, 1290, 875, 80, ((24, 52, 40), (46, 84, 54), (92, 118, 62)), 150)


LAND: dict[str, Painter] = {
    "pomelo_hill": pomelo_hill,
    "mountain_night": mountain_night,
    "rice_fields": rice_fields,
    "forest_path": forest_path,
}
