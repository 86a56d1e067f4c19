"""Scenes within walls: a classroom, a workshop, a notebook on a table."""

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


def window(sheet: Sheet, left: float, top: float, right: float, bottom: float) -> None:
    """An open window with hills and morning in it."""
    sheet.box(left - 14, top - 14, right + 14, bottom + 14, (122, 82, 54))
    middle = (top + bottom) / 2
    sheet.graded([(left, top), (right, top), (right, bottom), (left, bottom)], (150, 194, 198), (252, 236, 190))
    outline = ridge(sheet.chance, middle + (bottom - top) * 0.2, (bottom - top) * 0.1, left=left, right=right)
    sheet.graded(down(outline, bottom), (98, 140, 110), MOSS)
    for _ in range(4):
        sheet.crown((sheet.chance.uniform(left + 20, right - 20), bottom - 16), 26, (PINE, LEAF, MOSS), 26)
    sheet.box((left + right) / 2 - 5, top, (left + right) / 2 + 5, bottom, (122, 82, 54))
    sheet.box(left, middle - 4, right, middle + 4, (122, 82, 54))
    sheet.box(left - 26, bottom + 10, right + 26, bottom + 28, (150, 104, 68))


def classroom(sheet: Sheet) -> None:
    chance = sheet.chance
    sheet.wash((240, 222, 178), (230, 206, 156), bottom=600)
    sheet.box(-20, 430, 1300, 600, (122, 152, 132))
    sheet.box(-20, 424, 1300, 434, (84, 116, 102))
    sheet.graded([(-20, 596), (1300, 596), (1300, 880), (-20, 880)], (178, 126, 84), (112, 70, 48))
    for number in range(-6, 26):
        sheet.line([(640 + (number * 80 - 640) * 0.6, 598), (640 + (number * 80 - 640) * 1.9, 880)], (140, 94, 62), 2)
    window(sheet, 70, 130, 290, 390)
    window(sheet, 990, 130, 1210, 390)
    sheet.box(388, 108, 892, 398, (120, 78, 50))
    sheet.box(402, 122, 878, 384, (38, 74, 62))
    chalk = (206, 220, 206)
    for row in range(5):
        x = 440.0
        while x < 800 - row % 2 * 90:
            wide = chance.uniform(16, 52)
            sheet.line([(x, 176 + row * 38), (x + wide * 0.5, 172 + row * 38), (x + wide, 177 + row * 38)], chalk, 3)
            x += wide + 14
    sheet.disc((826, 172), 22, mix(chalk, (38, 74, 62), 0.3))
    sheet.disc((826, 172), 17, (38, 74, 62))
    sheet.box(402, 388, 878, 400, (150, 104, 68))
    for x in (470, 500, 760):
        sheet.box(x, 382, x + 20, 388, chance.choice((IVORY, HONEY, (226, 158, 128))))
    x = chance.uniform(560, 700)
    person(sheet, (x, 610), 230, (232, 226, 214), lean=0.01)
    sheet.shape([(x - 30, 610), (x - 26, 500), (x + 26, 500), (x + 30, 610)], INDIGO)
    sheet.line([(x + 26, 462), (x + 66, 430), (x + 84, 400)], (232, 226, 214), 13)
    sheet.box(910, 520, 1120, 536, (132, 84, 52))
    sheet.box(924, 536, 1106, 640, (104, 64, 42))
    for book, tone in enumerate((LACQUER, TEAL, GOLD, INDIGO)):
        sheet.box(936, 508 - book * 12, 1010 + (book % 2) * 8, 519 - book * 12, tone)
    sheet.shape([(1050, 520), (1046, 478), (1058, 466), (1074, 466), (1086, 478), (1082, 520)], (92, 132, 142))
    for turn in (-0.6, -0.2, 0.25, 0.6):
        tip = (1066 + turn * 70, 412 + abs(turn) * 26)
        sheet.line([(1066, 468), tip], LEAF, 3)
        for petal in range(6):
            angle = petal * math.tau / 6
            sheet.disc((tip[0] + math.cos(angle) * 8, tip[1] + math.sin(angle) * 8), 8, (232, 150, 150))
        sheet.disc(tip, 6, HONEY)
    for row, (y, size) in enumerate(((662, 150), (760, 212))):
        start = 60 - row * 40
        for desk in range(5 - row):
            left = start + desk * (size * 1.5) + chance.uniform(-6, 6)
            for pupil in (0.27, 0.73):
                person(
                    sheet,
                    (left + size * pupil, y + 16),
                    size * 0.62,
                    chance.choice((IVORY, (226, 222, 210), (214, 224, 226))),
                )
                sheet.disc((left + size * pupil, y - size * 0.52 + 14), size * 0.062, INK)
            sheet.box(left - 6, y, left + size + 6, y + size * 0.1, (176, 116, 70))
            sheet.box(left, y + size * 0.1, left + size, y + size * 0.36, (132, 82, 50))
            sheet.box(left + 6, y + size * 0.36, left + 16, y + size * 0.62, (92, 56, 38))
            sheet.box(left + size - 16, y + size * 0.36, left + size - 6, y + size * 0.62, (92, 56, 38))
    for x in (60, 980):
        sheet.veil([(x, 130), (x + 240, 130), (x + 520, 860), (x + 170, 860)], (255, 240, 196), 0.3, 16)


def workshop(sheet: Sheet) -> None:
    chance = sheet.chance
    x: float
    sheet.wash((74, 50, 38), (112, 74, 50), (92, 58, 40), bottom=620)
    for x in range(-10, 1290, 64):
        sheet.line([(x + chance.uniform(-3, 3), 0), (x, 620)], (70, 46, 34), 3)
        sheet.line([(x + 5, 0), (x + 5, 620)], (126, 86, 58), 1)
    window(sheet, 110, 110, 350, 360)
    sheet.graded([(-20, 612), (1300, 612), (1300, 880), (-20, 880)], (112, 72, 48), (54, 34, 26))
    sheet.box(470, 86, 1180, 98, (54, 34, 26))
    for number in range(9):
        x = 500 + number * 78 + chance.uniform(-8, 8)
        sheet.line([(x, 98), (x, 116)], INK, 2)
        kind = (number + chance.randint(0, 3)) % 4
        if kind == 0:
            sheet.box(x - 5, 116, x + 5, 206, (150, 104, 64))
            sheet.box(x - 24, 200, x + 24, 224, (168, 168, 160))
        elif kind == 1:
            sheet.shape([(x - 14, 116), (x + 14, 116), (x + 8, 256), (x - 2, 256)], (178, 178, 168))
            sheet.shape([(x - 14, 100), (x + 14, 100), (x + 14, 122), (x - 14, 122)], BRICK)
        elif kind == 2:
            sheet.disc((x, 156), 38, (166, 126, 76))
            sheet.disc((x, 156), 25, (84, 56, 42))
        else:
            sheet.box(x - 4, 116, x + 4, 180, (178, 178, 168))
            sheet.shape([(x - 8, 180), (x + 8, 180), (x + 10, 234), (x - 10, 234)], LACQUER)
    for shelf in (308, 408):
        sheet.box(500, shelf, 1190, shelf + 14, (142, 94, 58))
        x = 514.0
        while x < 1160:
            wide = chance.uniform(18, 52)
            tall = chance.uniform(34, 74)
            tone = chance.choice((LACQUER, TEAL, GOLD, CREAM, INDIGO, LEAF, BRICK))
            if chance.random() < 0.3:
                sheet.disc((x + wide / 2, shelf - wide * 0.5), wide * 0.5, tone)
            else:
                sheet.box(x, shelf - tall, x + wide, shelf, mix(tone, UMBER, 0.25))
                sheet.box(x, shelf - tall * 0.7, x + wide, shelf - tall * 0.55, mix(tone, IVORY, 0.5))
            x += wide + chance.uniform(4, 22)
    lamp = (chance.uniform(660, 800), 250)
    sheet.line([(lamp[0], 0), lamp], INK, 3)
    sheet.shape(
        [
            (lamp[0] - 22, lamp[1] - 4),
            (lamp[0] + 22, lamp[1] - 4),
            (lamp[0] + 62, lamp[1] + 42),
            (lamp[0] - 62, lamp[1] + 42),
        ],
        PINE,
    )
    sheet.disc((lamp[0], lamp[1] + 44), 17, (255, 240, 190))
    sheet.glow((lamp[0], lamp[1] + 60), 400, HONEY, 0.72)
    sheet.veil(
        [(lamp[0] - 60, lamp[1] + 42), (lamp[0] + 60, lamp[1] + 42), (lamp[0] + 330, 640), (lamp[0] - 330, 640)],
        (255, 226, 150),
        0.25,
        12,
    )
    x = lamp[0] + chance.uniform(-30, 60)
    shirt = mix(INDIGO, TEAL, 0.4)
    sheet.shape(
        [
            (x - 74, 640),
            (x - 78, 500),
            (x - 58, 444),
            (x - 18, 424),
            (x + 26, 424),
            (x + 62, 450),
            (x + 80, 520),
            (x + 76, 640),
        ],
        shirt,
    )
    sheet.shape(
        [(x + 10, 424), (x + 26, 424), (x + 62, 450), (x + 80, 520), (x + 76, 640), (x + 30, 640)],
        mix(shirt, INK, 0.25),
    )
    sheet.shape([(x - 40, 640), (x - 42, 500), (x + 34, 500), (x + 38, 640)], (176, 146, 104))
    sheet.line([(x - 36, 502), (x - 22, 428)], (150, 122, 86), 7)
    sheet.line([(x + 28, 502), (x + 24, 428)], (150, 122, 86), 7)
    sheet.box(x - 14, 396, x + 14, 430, (180, 124, 88))
    sheet.disc((x - 4, 374), 38, (196, 140, 100))
    sheet.shape(
        [
            (x - 44, 372),
            (x - 36, 338),
            (x - 2, 322),
            (x + 32, 340),
            (x + 38, 384),
            (x + 26, 404),
            (x + 22, 372),
            (x - 20, 362),
        ],
        INK,
    )
    sheet.line([(x - 66, 480), (x - 108, 558), (x - 160, 590)], shirt, 30)
    sheet.disc((x - 166, 592), 15, (196, 140, 100))
    sheet.line([(x + 66, 480), (x + 84, 556), (x + 20, 596)], mix(shirt, INK, 0.18), 28)
    sheet.disc((x + 14, 597), 15, (186, 130, 92))
    sheet.graded([(330, 604), (1230, 604), (1260, 652), (300, 652)], (214, 160, 98), (168, 112, 66))
    sheet.box(300, 650, 1260, 674, (112, 70, 44))
    for left in (346, 1180):
        sheet.box(left, 674, left + 34, 870, (92, 58, 38))
    wheel = (x - 236, 540)
    sheet.disc(wheel, 72, INK)
    sheet.disc(wheel, 61, (150, 104, 66))
    sheet.disc(wheel, 56, (98, 64, 44))
    for spoke in range(14):
        turn = spoke * math.tau / 14
        sheet.line([wheel, (wheel[0] + math.cos(turn) * 60, wheel[1] + math.sin(turn) * 60)], (206, 196, 172), 2)
    sheet.disc(wheel, 9, SAND)
    for number in range(7):
        left = 960 + number * 36
        sheet.box(left, 600 - chance.uniform(8, 34), left + 24, 612, chance.choice((SAND, LACQUER, TEAL, GOLD)))
    for _ in range(46):
        spot = (chance.uniform(380, 1200), chance.uniform(690, 850))
        sheet.line(
            [spot, (spot[0] + 12, spot[1] - 6), (spot[0] + 18, spot[1] + 2)],
            chance.choice(((206, 160, 104), SAND)),
            2.4,
        )
    sheet.veil([(90, 110), (360, 110), (760, 860), (330, 860)], (255, 240, 200), 0.2, 20)


def notebook(sheet: Sheet) -> None:
    chance = sheet.chance
    x: float
    sheet.wash((62, 92, 88), (96, 124, 108), (132, 146, 114), bottom=340)
    sheet.glow((300, 120), 420, (252, 238, 190), 0.9)
    for _ in range(9):
        sheet.crown(
            (chance.uniform(0, 1280), chance.uniform(30, 240)),
            chance.uniform(60, 120),
            ((66, 98, 84), (92, 126, 96), (144, 160, 112)),
            40,
        )
    for x in (-10, 420, 850, 1276):
        sheet.box(x, 0, x + 20, 340, (92, 60, 42))
    sheet.box(-20, 150, 1300, 166, (92, 60, 42))
    sheet.graded([(-20, 330), (1300, 330), (1300, 880), (-20, 880)], (186, 128, 82), (118, 70, 46))
    sheet.box(-20, 326, 1300, 338, (226, 176, 118))
    for row in range(6):
        y = 380 + row * 62 + row * row * 6
        sheet.line([(-20, y), (1300, y + chance.uniform(-5, 5))], (138, 86, 56), 2)
        for _ in range(5):
            x = chance.uniform(0, 1240)
            sheet.line([(x, y + 18), (x + chance.uniform(60, 190), y + 20)], (160, 106, 68), 1.6)
    tilt = chance.uniform(-26, 26)
    sheet.veil([(250, 480), (1060, 500 + tilt), (1120, 810), (240, 810)], INK, 0.4, 16)
    cover = chance.choice((LACQUER, INDIGO, PINE))
    sheet.shape([(262, 466), (650, 452), (1030, 470 + tilt * 0.5), (1092, 780), (650, 796), (196, 776)], cover)
    left_page = [(280, 462), (460, 444), (648, 462), (648, 782), (440, 752), (216, 764)]
    right_page = [(648, 462), (830, 446), (1014, 466 + tilt * 0.5), (1072, 768), (850, 752), (648, 782)]
    sheet.graded(left_page, (252, 246, 230), (238, 224, 194))
    sheet.graded(right_page, (250, 243, 224), (242, 230, 202))
    sheet.veil([(612, 456), (684, 456), (700, 786), (600, 786)], UMBER, 0.3, 8)
    ink = (56, 62, 104)
    for row in range(9):
        y = 496 + row * 29
        spread = row * 6.4
        sheet.line([(270 - spread, y), (450 - spread * 0.5, y - 13), (632, y + 2)], (196, 206, 206), 1.4)
        sheet.line([(664, y + 2), (840 + spread * 0.5, y - 13), (1008 + spread, y)], (196, 206, 206), 1.4)
        for begin, end in ((292 - spread, 616), (682, 990 + spread)):
            x = float(begin)
            limit = end if row not in (3, 8) else begin + (end - begin) * chance.uniform(0.3, 0.6)
            while x < limit:
                wide = chance.uniform(12, 38)
                middle = abs(x - (450 if begin < 600 else 840))
                level = y - 15 + middle * 0.07
                sheet.line(
                    [(x, level), (x + wide * 0.3, level - 6), (x + wide * 0.6, level + 1), (x + wide, level - 3)],
                    ink,
                    2,
                )
                x += wide + 9
    sheet.line([(286, 458), (250, 766)], (206, 96, 80), 1.6)
    sheet.shape([(760, 640), (1040, 540), (1046, 553), (768, 656), (744, 657)], LACQUER)
    sheet.shape([(744, 657), (760, 640), (768, 656)], HONEY)
    sheet.line([(1000, 558), (1042, 544)], GOLD, 5)
    cup = (1160, 470)
    sheet.veil([(1080, 560), (1250, 556), (1290, 620), (1080, 610)], INK, 0.35, 10)
    sheet.disc((cup[0], cup[1] + 96), 92, (226, 214, 188), 0.3)
    sheet.shape(
        [(cup[0] - 62, cup[1]), (cup[0] + 62, cup[1]), (cup[0] + 44, cup[1] + 96), (cup[0] - 44, cup[1] + 96)],
        (238, 232, 216),
    )
    sheet.shape(
        [(cup[0] + 10, cup[1]), (cup[0] + 62, cup[1]), (cup[0] + 44, cup[1] + 96), (cup[0] + 8, cup[1] + 96)],
        (210, 202, 182),
    )
    sheet.line([(cup[0] - 56, cup[1] + 40), (cup[0] + 54, cup[1] + 40)], TEAL, 6)
    sheet.disc(cup, 62, (246, 240, 226), 0.26)
    sheet.disc(cup, 52, (132, 118, 58), 0.24)
    for number in range(3):
        x = cup[0] - 22 + number * 22
        sheet.veil(
            [
                (x, 440),
                (x + 16, 400),
                (x - 8, 360),
                (x + 10, 320),
                (x + 22, 320),
                (x + 6, 362),
                (x + 30, 402),
                (x + 12, 440),
            ],
            IVORY,
            0.4,
            4,
        )
    sheet.shape([(60, 520), (52, 420), (76, 400), (124, 400), (148, 420), (140, 520)], (74, 112, 118))
    sheet.disc((100, 402), 24, (50, 82, 88), 0.3)
    brush.leaf_fan(
        sheet,
        (100, 402),
        130,
        [math.pi / 2 + spread * 0.38 for spread in (-2, -1, 0, 1, 2)],
        (PINE, LEAF, MOSS),
        droop=0.25,
    )
    for _ in range(7):
        turn = chance.uniform(0.2, math.pi - 0.2)
        spot = (100 + math.cos(turn) * 86, 396 - math.sin(turn) * 92)
        for petal in range(5):
            angle = petal * math.tau / 5
            sheet.disc((spot[0] + math.cos(angle) * 8, spot[1] + math.sin(angle) * 8), 8, (242, 226, 190))
        sheet.disc(spot, 6, GOLD)
    sheet.veil([(-20, 330), (330, 330), (900, 880), (120, 880)], (255, 238, 190), 0.2, 22)


INSIDE: dict[str, Painter] = {"classroom": classroom, "workshop": workshop, "notebook": notebook}
