"""Scenes of rivers, canals and the sea."""

from __future__ import annotations

import math

from contest.demo import brush
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
    MOSS,
    PINE,
    ROSE,
    TEAL,
    UMBER,
    Painter,
    Sheet,
    contours,
    down,
    mix,
    person,
    ridge,
    ripples,
)


def boat(sheet: Sheet, centre: brush.Point, half: float, hull: brush.Colour) -> None:
    """A sampan seen from the side, with its shadow on the water."""
    x, y = centre
    sheet.shape(
        [
            (x - half * 0.9, y + half * 0.16),
            (x + half * 0.9, y + half * 0.16),
            (x + half * 0.5, y + half * 0.3),
            (x - half * 0.5, y + half * 0.3),
        ],
        mix(hull, TEAL, 0.35),
    )
    outline = [(x - half, y - half * 0.16), (x - half * 0.6, y), (x + half * 0.6, y), (x + half, y - half * 0.2)]
    sheet.shape([*outline, (x + half * 0.66, y + half * 0.2), (x - half * 0.66, y + half * 0.2)], hull)
    sheet.line(outline, mix(hull, HONEY, 0.45), max(1.4, half * 0.03))


def river_dawn(sheet: Sheet) -> None:
    chance = sheet.chance
    sheet.wash((84, 92, 138), (178, 142, 152), ROSE, (248, 206, 140), bottom=500)
    sun = (chance.uniform(520, 900), chance.uniform(372, 410))
    sheet.glow(sun, 430, (255, 236, 180), 0.95)
    sheet.disc(sun, 62, (255, 244, 210))
    for _ in range(5):
        x, y = chance.uniform(60, 1200), chance.uniform(70, 260)
        wide = chance.uniform(110, 240)
        sheet.shape(
            [(x - wide, y), (x - wide * 0.3, y - 13), (x + wide * 0.5, y - 7), (x + wide, y), (x, y + 7)],
            mix(ROSE, IVORY, 0.45),
        )
    for base, height, tone in ((412, 66, (140, 122, 146)), (452, 50, (98, 104, 130)), (486, 30, (58, 82, 98))):
        outline = ridge(chance, base, height, waves=4, rough=1)
        sheet.graded(down(outline), tone, mix(tone, (248, 206, 150), 0.45))
        contours(sheet, outline, mix(tone, IVORY, 0.25), count=2, gap=14, width=1.2)
    sheet.wash((250, 212, 150), (206, 160, 146), (92, 108, 134), (38, 58, 84), top=512)
    sheet.veil([(-20, 496), (1300, 492), (1300, 534), (-20, 530)], IVORY, 0.6, 12)
    ripples(sheet, 522, 850, ((255, 232, 178), (240, 190, 150), IVORY), 130, around=sun[0])
    ripples(sheet, 540, 850, ((70, 92, 122), (54, 78, 106), (150, 132, 146)), 150)
    x, y = chance.uniform(240, 480), chance.uniform(600, 640)
    boat(sheet, (x, y), 118, (52, 34, 30))
    person(sheet, (x + 62, y - 4), 96, (44, 32, 40), hat=(226, 196, 146), lean=-0.1)
    sheet.line([(x + 30, y - 84), (x + 150, y + 46)], INK, 3.4)
    far = (chance.uniform(860, 1060), 556)
    boat(sheet, far, 46, (70, 58, 66))
    person(sheet, (far[0] - 16, far[1]), 40, (60, 52, 64), hat=(214, 184, 150))
    bank = ridge(chance, 812, 20, waves=3)
    sheet.graded(down(bank), (30, 46, 46), INK)
    sheet.blades(-10, 330, 860, 250, ((22, 36, 36), (34, 56, 50), (58, 78, 58)), 84)
    sheet.blades(980, 1290, 860, 300, ((22, 36, 36), (34, 56, 50), (58, 78, 58)), 96)
    sheet.blades(-10, 1290, 866, 70, ((22, 36, 36), (34, 56, 50)), 110)
    brush.birds(sheet, (sun[0] - 240, 250), 150, 7, (62, 52, 70))


def nipa(sheet: Sheet, root: brush.Point, reach: float, tones: tuple[brush.Colour, ...]) -> None:
    brush.leaf_fan(
        sheet,
        root,
        reach,
        [math.pi / 2 + spread * 0.3 + sheet.chance.uniform(-0.08, 0.08) for spread in (-4, -3, -2, -1, 0, 1, 2, 3, 4)],
        tones,
        droop=0.3,
    )


def canal_sampans(sheet: Sheet) -> None:
    chance = sheet.chance
    x: float
    y: float
    sheet.wash((128, 176, 178), (214, 224, 196), (248, 222, 162), bottom=400)
    sheet.glow((640, 330), 420, IVORY, 0.95)
    sheet.graded(down(ridge(chance, 372, 16), 420), (136, 164, 130), (176, 186, 140))
    sheet.wash((240, 218, 160), (144, 178, 160), (60, 112, 110), (26, 64, 70), top=396)
    tones = (
        ((120, 152, 108), (146, 170, 114)),
        ((76, 120, 80), (104, 142, 84)),
        ((36, 82, 58), (60, 106, 64), (92, 128, 70)),
    )
    for depth, colours in enumerate(tones):
        for sign in (-1, 1):
            inner = 640 + sign * (96 + depth * 150)
            foot = 420 + depth * 74
            sheet.graded(
                [
                    (inner, foot - 8),
                    (inner + sign * 900, foot - 46 - depth * 20),
                    (inner + sign * 900, foot + 90),
                    (inner - sign * 10, foot + 6 + depth * 8),
                ],
                mix(UMBER, colours[0], 0.5),
                mix(UMBER, PINE, 0.5),
            )
            for number in range(7 - depth):
                root = (inner + sign * (20 + number * (52 + depth * 34)), foot - 4 + chance.uniform(-6, 6))
                nipa(sheet, root, 96 + depth * 66 + chance.uniform(-14, 20), colours)
    ripples(sheet, 410, 850, ((255, 240, 200), (226, 226, 184), (150, 186, 164)), 150, around=640)
    ripples(sheet, 440, 850, ((40, 88, 90), (80, 130, 122)), 120)
    stands = [
        (chance.uniform(585, 690), 446, 30.0),
        (chance.uniform(760, 880), 530, 70.0),
        (chance.uniform(380, 560), 640, 132.0),
    ]
    for x, y, half in stands:
        boat(sheet, (x, y), half, (86, 54, 38))
        for _ in range(22):
            fruit = chance.choice((GOLD, LEAF, (226, 120, 52), MOSS, LACQUER))
            sheet.disc(
                (x - half * 0.2 + chance.uniform(-0.42, 0.42) * half, y - half * (0.04 + chance.random() * 0.13)),
                half * 0.062,
                fruit,
            )
        person(
            sheet,
            (x + half * 0.52, y),
            half * 0.86,
            chance.choice((INDIGO, LACQUER, (70, 54, 92))),
            hat=CREAM,
            lean=-0.12,
        )
        sheet.line([(x + half * 0.34, y - half * 0.6), (x + half * 1.16, y + half * 0.4)], INK, max(1.6, half * 0.03))
    for _ in range(46):
        x, y = chance.choice((chance.uniform(-10, 300), chance.uniform(1000, 1290))), chance.uniform(730, 850)
        sheet.disc((x, y), chance.uniform(10, 20), chance.choice(((56, 104, 66), (88, 128, 72), (40, 84, 60))), 0.45)
    for _ in range(9):
        x, y = chance.choice((chance.uniform(10, 280), chance.uniform(1010, 1270))), chance.uniform(740, 830)
        for petal in range(5):
            turn = petal * math.tau / 5
            sheet.disc((x + math.cos(turn) * 6, y - 12 + math.sin(turn) * 5), 6, (176, 150, 196))
        sheet.disc((x, y - 12), 4, HONEY)
    brush.birds(sheet, (420, 150), 140, 5, UMBER)


def sea_wall(sheet: Sheet) -> None:
    chance = sheet.chance
    sheet.wash((70, 124, 150), (164, 198, 196), (246, 226, 176), bottom=380)
    sun = (chance.uniform(700, 1020), chance.uniform(210, 280))
    sheet.glow(sun, 360, IVORY, 0.95)
    sheet.disc(sun, 44, (255, 244, 212))
    for _ in range(6):
        x, y = chance.uniform(0, 1280), chance.uniform(50, 230)
        wide = chance.uniform(80, 190)
        for puff in range(5):
            sheet.disc(
                (x + (puff - 2) * wide * 0.3, y - 6 * (puff % 2)), wide * 0.17, mix(IVORY, (164, 198, 196), 0.35), 0.42
            )
    isle = chance.uniform(120, 420)
    sheet.graded(
        [(isle - 190, 382), (isle - 90, 338), (isle - 20, 322), (isle + 60, 350), (isle + 170, 382)],
        (92, 124, 134),
        (140, 166, 160),
    )
    sheet.wash((206, 218, 190), (104, 164, 164), (40, 108, 124), (22, 76, 98), top=378, bottom=700)
    ripples(sheet, 384, 620, ((255, 240, 198), IVORY), 90, around=sun[0])
    ripples(sheet, 390, 690, ((70, 138, 146), (32, 92, 110), (150, 194, 186)), 170)
    for base in (520, 584, 640):
        phase = chance.uniform(0, math.tau)
        crest = [(x, base + math.sin(x / 74 + phase) * 7 + math.sin(x / 31 + phase) * 3) for x in range(-20, 1320, 14)]
        sheet.line(crest, IVORY, 3.4)
        sheet.line([(x, y + 8) for x, y in crest], (120, 176, 176), 2.4)
    far = (chance.uniform(520, 720), 420)
    sheet.shape(
        [(far[0] - 44, far[1] - 8), (far[0] + 46, far[1] - 12), (far[0] + 32, far[1] + 6), (far[0] - 32, far[1] + 6)],
        (110, 46, 38),
    )
    sheet.shape([(far[0] - 2, far[1] - 78), (far[0] - 2, far[1] - 14), (far[0] - 38, far[1] - 16)], BRICK)
    sheet.shape(
        [(far[0] + 3, far[1] - 72), (far[0] + 3, far[1] - 14), (far[0] + 30, far[1] - 16)], mix(BRICK, HONEY, 0.4)
    )
    # The wall, running from the lower left into the distance.
    sheet.graded([(-20, 690), (560, 636), (1300, 604), (1300, 880), (-20, 880)], (196, 184, 160), (142, 120, 96))
    sheet.shape([(-20, 690), (560, 636), (1300, 604), (1300, 618), (560, 656), (-20, 718)], (234, 222, 192))
    for number in range(16):
        x = -10 + number * 92 + chance.uniform(-8, 8)
        top = 712 - max(0, x) * 0.075
        sheet.line([(x, top), (x - 36, 880)], (150, 134, 112), 2)
    for row in (752, 806):
        sheet.line([(-20, row), (600, row - 44), (1300, row - 72)], (152, 136, 114), 2)
    for _ in range(70):
        x = chance.uniform(0, 1280)
        y = chance.uniform(720, 850)
        sheet.line([(x, y), (x + chance.uniform(8, 26), y - 1)], chance.choice(((176, 160, 134), (214, 200, 172))), 1.6)
    for x, size in ((1120, 230), (1240, 290), (60, 250)):
        foot = 690 if x > 600 else 730
        sheet.line([(x, foot), (x + 10, foot - size * 0.5), (x - 6, foot - size)], UMBER, 9)
        for _ in range(90):
            share = chance.random()
            y = foot - size * (0.3 + 0.75 * share)
            reach = (1.1 - share) * size * 0.34
            side = chance.choice((-1, 1))
            sheet.line(
                [(x, y), (x + side * reach * chance.uniform(0.4, 1), y - chance.uniform(6, 26))],
                chance.choice((PINE, (44, 88, 70), LEAF)),
                3,
            )
    walkers = chance.uniform(440, 620)
    person(sheet, (walkers, 690), 110, INDIGO, hat=CREAM)
    person(sheet, (walkers + 66, 690), 104, LACQUER, hat=CREAM if chance.random() < 0.5 else None)
    person(sheet, (walkers + 118, 688), 66, (228, 190, 110))
    sheet.line([(walkers - 34, 616), (walkers + 34, 632)], UMBER, 4)
    brush.birds(sheet, (560, 190), 190, 8, IVORY)


WATER: dict[str, Painter] = {"river_dawn": river_dawn, "canal_sampans": canal_sampans, "sea_wall": sea_wall}
