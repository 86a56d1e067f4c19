"""Scenes where people gather: a school gate, a market."""

from __future__ import annotations

import math

from contest.demo.brush import (
    BRICK,
    CREAM,
    GOLD,
    HONEY,
    INDIGO,
    INK,
    IVORY,
    LACQUER,
    LEAF,
    MIST,
    MOSS,
    PINE,
    ROSE,
    SAND,
    TEAL,
    UMBER,
    Painter,
    Sheet,
    down,
    mix,
    person,
    ridge,
)


def school_gate(sheet: Sheet) -> None:
    chance = sheet.chance
    foot: float
    x: float
    sheet.wash((150, 188, 192), (222, 228, 206), (246, 228, 178), bottom=560)
    sheet.glow((640, 330), 520, IVORY, 0.7)
    outline = ridge(chance, 430, 30)
    sheet.graded(down(outline), (142, 168, 150), MIST)
    # The school behind its wall.
    sheet.box(250, 330, 1030, 560, (240, 214, 146))
    sheet.shape([(220, 338), (280, 268), (1000, 268), (1060, 338)], BRICK)
    for row in range(1, 4):
        sheet.line([(272 - row * 13, 268 + row * 18), (1008 + row * 13, 268 + row * 18)], mix(BRICK, HONEY, 0.4), 1.4)
    for bay in range(11):
        x = 278 + bay * 68
        for level in (356, 456):
            sheet.box(x, level, x + 40, level + 62, (86, 116, 110))
            sheet.box(x, level, x + 19, level + 62, (108, 138, 128))
    sheet.box(250, 434, 1030, 444, IVORY)
    for pillar in range(12):
        sheet.box(252 + pillar * 68, 340, 262 + pillar * 68, 560, (250, 234, 190))
    sheet.line([(640, 268), (640, 120)], UMBER, 5)
    sheet.shape([(642, 122), (742, 128), (738, 158), (744, 190), (642, 184)], LACQUER)
    star = [
        (
            690 + math.sin(n * math.pi / 5) * (20 if n % 2 == 0 else 8),
            156 - math.cos(n * math.pi / 5) * (20 if n % 2 == 0 else 8),
        )
        for n in range(10)
    ]
    sheet.shape(star, (246, 206, 70))
    sheet.graded([(-20, 556), (1300, 556), (1300, 880), (-20, 880)], (226, 196, 146), (176, 132, 92))
    sheet.box(-20, 520, 450, 628, (238, 224, 190))
    sheet.box(830, 520, 1300, 628, (238, 224, 190))
    for x in (*range(-10, 440, 34), *range(842, 1290, 34)):
        sheet.box(x, 540, x + 14, 612, (206, 184, 144))
    sheet.box(-20, 512, 450, 524, LACQUER)
    sheet.box(830, 512, 1300, 524, LACQUER)
    for x in (450, 790):
        sheet.box(x - 6, 396, x + 46, 640, (196, 84, 54))
        sheet.box(x + 22, 396, x + 46, 640, (168, 66, 46))
        sheet.box(x - 14, 386, x + 54, 402, CREAM)
        sheet.box(x - 14, 628, x + 54, 646, UMBER)
    sheet.shape([(400, 372), (440, 318), (846, 318), (886, 372), (862, 366), (424, 366)], LACQUER)
    for x in range(446, 846, 20):
        sheet.line([(x, 320), (x - (643 - x) * 0.09, 364)], mix(LACQUER, HONEY, 0.35), 1.6)
    sheet.box(440, 368, 846, 398, INDIGO)
    for x in range(480, 806, 26):
        sheet.box(x, 378, x + chance.choice((12, 16, 19)), 389, HONEY)
    # Flame trees on both sides.
    for x, size in ((90, 170), (1190, 190), (330, 96)):
        foot = 660 if size > 100 else 560
        sheet.shape(
            [
                (x - size * 0.1, foot),
                (x - size * 0.05, foot - size * 1.3),
                (x + size * 0.07, foot - size * 1.3),
                (x + size * 0.12, foot),
            ],
            UMBER,
        )
        sheet.line([(x, foot - size * 0.8), (x + size * 0.5, foot - size * 1.35)], UMBER, size * 0.05)
        sheet.line([(x, foot - size * 0.75), (x - size * 0.5, foot - size * 1.3)], UMBER, size * 0.05)
        sheet.crown(
            (x, foot - size * 1.55),
            size,
            ((52, 92, 60), (160, 42, 30), (206, 70, 40), (232, 112, 62)),
            300 if size > 100 else 130,
            0.6,
        )
    for _ in range(90):
        sheet.disc((chance.uniform(0, 1280), chance.uniform(640, 850)), chance.uniform(2, 4), (204, 66, 42), 0.5)
    for number in range(5):
        x = 500 + number * 74 + chance.uniform(-18, 18)
        foot = 662 + chance.uniform(0, 76)
        person(
            sheet,
            (x, foot),
            chance.uniform(76, 96),
            chance.choice((IVORY, (234, 230, 220), INDIGO)),
            hat=CREAM if number == 3 else None,
        )
        sheet.shape(
            [(x - 10, foot - 58), (x + 12, foot - 58), (x + 11, foot - 34), (x - 9, foot - 34)],
            chance.choice((LACQUER, TEAL, GOLD)),
        )
    sheet.veil([(-20, 700), (560, 672), (760, 880), (-20, 880)], UMBER, 0.22, 26)


def market(sheet: Sheet) -> None:
    chance = sheet.chance
    x: float
    sheet.wash((236, 200, 150), (248, 228, 182), (240, 214, 160), bottom=540)
    sheet.glow((chance.uniform(380, 900), 210), 420, IVORY, 0.8)
    outline = ridge(chance, 360, 30)
    sheet.graded(down(outline), (176, 150, 118), SAND)
    for x in range(-30, 1300, 128):
        top = chance.uniform(240, 320)
        wall = chance.choice(((222, 176, 116), (206, 190, 150), (198, 148, 104), (232, 206, 154)))
        sheet.box(x, top, x + 124, 520, wall)
        sheet.shape(
            [(x - 8, top + 8), (x + 18, top - 46), (x + 108, top - 46), (x + 132, top + 8)],
            mix(BRICK, LACQUER, chance.random() * 0.6),
        )
        for window in (20, 74):
            sheet.box(x + window, top + 40, x + window + 30, top + 88, (110, 92, 78))
    sheet.graded([(-20, 505), (1300, 505), (1300, 880), (-20, 880)], (214, 168, 116), (142, 94, 66))
    crown = chance.choice((160, 1120))
    sheet.shape([(crown - 22, 620), (crown - 12, 250), (crown + 14, 250), (crown + 26, 620)], UMBER)
    sheet.crown((crown, 170), 210, (PINE, (48, 88, 58), LEAF, MOSS), 330, 0.66)
    for row, (base, wide) in enumerate(((560, 230), (676, 330))):
        x = -90 + chance.uniform(-30, 30) + row * 120
        while x < 1300:
            stripe = chance.choice((LACQUER, TEAL, GOLD, INDIGO))
            lift = wide * 0.56
            for pole in (0.08, 0.92):
                sheet.line([(x + wide * pole, base + 40), (x + wide * pole, base - lift)], UMBER, 5)
            sheet.box(x + wide * 0.1, base - lift * 0.4, x + wide * 0.9, base, (96, 58, 42))
            for part in range(10):
                one, two = x + wide * part / 10, x + wide * (part + 1) / 10
                lean = (part - 5) * 3.5
                sheet.shape(
                    [
                        (one, base - lift),
                        (two, base - lift),
                        (two - lean * 0.7, base - lift * 1.32),
                        (one - lean, base - lift * 1.32),
                    ],
                    stripe if part % 2 else IVORY,
                )
                sheet.shape(
                    [(one, base - lift), (two, base - lift), ((one + two) / 2, base - lift * 0.88)],
                    stripe if part % 2 else IVORY,
                )
            person(
                sheet,
                (x + wide * 0.5, base + 4),
                wide * 0.42,
                chance.choice((INDIGO, TEAL, LACQUER, PINE)),
                hat=CREAM if chance.random() < 0.5 else None,
            )
            sheet.box(x + wide * 0.06, base - 14, x + wide * 0.94, base + 42, (150, 96, 60))
            for basket in range(4):
                spot = x + wide * (0.16 + basket * 0.225)
                fruit = chance.choice((GOLD, LACQUER, LEAF, (226, 120, 52), (120, 58, 92)))
                for _ in range(12):
                    sheet.disc(
                        (spot + chance.uniform(-1, 1) * wide * 0.07, base - 18 - chance.random() * wide * 0.05),
                        wide * 0.026,
                        mix(fruit, IVORY, chance.uniform(0, 0.4)),
                    )
                sheet.shape(
                    [
                        (spot - wide * 0.1, base - 18),
                        (spot + wide * 0.1, base - 18),
                        (spot + wide * 0.075, base + 10),
                        (spot - wide * 0.075, base + 10),
                    ],
                    SAND,
                )
                sheet.line([(spot - wide * 0.09, base - 8), (spot + wide * 0.09, base - 8)], UMBER, 1.4)
            x += wide * 1.12
    for number in range(4):
        x = 190 + number * 300 + chance.uniform(-70, 70)
        person(
            sheet,
            (x, 806 + chance.uniform(-16, 24)),
            190,
            chance.choice((INK, INDIGO, (110, 40, 34), PINE)),
            hat=CREAM if number % 2 else None,
            lean=chance.uniform(-0.03, 0.03),
        )
        if number % 2:
            sheet.shape([(x + 30, 742), (x + 92, 742), (x + 82, 786), (x + 40, 786)], SAND)
            sheet.line([(x + 36, 744), (x + 60, 700), (x + 86, 744)], UMBER, 3)
            for _ in range(10):
                sheet.disc(
                    (x + 61 + chance.uniform(-24, 24), 738 - chance.uniform(0, 10)),
                    8,
                    chance.choice((LEAF, MOSS, ROSE)),
                )
    sheet.veil([(-20, 760), (1300, 720), (1300, 880), (-20, 880)], UMBER, 0.25, 30)


PLACES: dict[str, Painter] = {"school_gate": school_gate, "market": market}
