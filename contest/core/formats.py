"""How instants, numbers, marks and money read on screen: Jinja filters in Vietnamese and English.

Every instant is shown in Viet Nam time, whoever reads it from wherever. Numbers are exact on the way
in (int, Decimal, Fraction) and rounded once, half up, on the way out. The few words needed stand
here in both languages, because grammar, not a catalogue, decides their order.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import get_day_names, get_month_names
from flask_babel import get_locale

VIET_NAM = ZoneInfo("Asia/Ho_Chi_Minh")
NOTHING = "–"
# For texts that are always English; not strftime("%B"), which follows the locale of the process.
ENGLISH_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
MINUS = "−"

Number = int | float | Decimal | Fraction

_ZONE = {"vi": "(giờ Việt Nam)", "en": "(Viet Nam time)"}
# unit -> (Vietnamese, English singular, English plural)
_UNITS = {
    "day": ("ngày", "day", "days"),
    "hour": ("giờ", "hour", "hours"),
    "minute": ("phút", "minute", "minutes"),
}


def language() -> str:
    """The language of this page: "vi", also outside a request, or "en"."""
    locale = get_locale()
    return "en" if locale is not None and locale.language == "en" else "vi"


def loc(value: Any) -> str:
    """The text of a {vi, en} pair (mapping or object) in this page's language.

    A language left empty falls back to the other; plain text passes through; None is empty.
    """
    if value is None or isinstance(value, str):
        return value or ""
    wanted = language()
    for code in (wanted, "en" if wanted == "vi" else "vi"):
        text = value.get(code) if isinstance(value, Mapping) else getattr(value, code, None)
        if text:
            return str(text)
    return ""


# Days and hours


def local(value: datetime) -> datetime:
    """An aware instant as Viet Nam time. Raises ValueError for a naive one."""
    if value.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return value.astimezone(VIET_NAM)


def _date(value: date) -> date:
    return local(value).date() if isinstance(value, datetime) else value


def weekday(value: date | None) -> str:
    """Thứ Sáu; Friday."""
    if value is None:
        return NOTHING
    name = str(get_day_names("wide", locale=language())[_date(value).weekday()])
    # "thứ sáu" or "Thứ Sáu": the locale data changed its mind more than once.
    return " ".join(word.capitalize() for word in name.split())


def day(value: date | None) -> str:
    """11/06/2027; in English 11 Jun 2027, since 11/06 means another day to half its readers."""
    if value is None:
        return NOTHING
    on = _date(value)
    if language() == "en":
        return f"{on.day} {get_month_names('abbreviated', locale='en')[on.month]} {on.year}"
    return f"{on.day:02}/{on.month:02}/{on.year}"


def day_long(value: date | None) -> str:
    """Thứ Sáu, 11/06/2027; Friday, 11 June 2027."""
    if value is None:
        return NOTHING
    on = _date(value)
    if language() == "en":
        return f"{weekday(on)}, {on.day} {get_month_names('wide', locale='en')[on.month]} {on.year}"
    return f"{weekday(on)}, {day(on)}"


def hour(value: datetime | None) -> str:
    """08:00."""
    return NOTHING if value is None else f"{local(value):%H:%M}"


def moment(value: datetime | None) -> str:
    """11/06/2027, 08:00: for lists, where the page has said once whose time it is."""
    return NOTHING if value is None else f"{day(value)}, {hour(value)}"


def instant(value: datetime | None) -> str:
    """Thứ Sáu, 11/06/2027, 08:00 (giờ Việt Nam)."""
    return NOTHING if value is None else f"{day_long(value)}, {hour(value)} {_ZONE[language()]}"


def deadline(value: datetime | None) -> str:
    """An instant that closes a window: midnight is told as 24:00 of the day that ends there.

    "Đến hết ngày 20/2" is stored as 21/2 00:00; "21/2, 00:00" would be read as a day more.
    """
    if value is None:
        return NOTHING
    at = local(value)
    if (at.hour, at.minute) != (0, 0):
        return instant(value)
    return f"{day_long(at.date() - timedelta(days=1))}, 24:00 {_ZONE[language()]}"


def last_day(closes: datetime | None) -> str:
    """The last day of a window: what closes at 21/2 00:00 is open on 20/2 and not on 21/2."""
    return NOTHING if closes is None else day(local(closes) - timedelta(microseconds=1))


def last_moment(closes: datetime | None) -> str:
    """20/02/2027, 24:00 for 21/2 00:00, as `deadline` but for lists; else as `moment`."""
    if closes is None or (local(closes).hour, local(closes).minute) != (0, 0):
        return moment(closes)
    return f"{last_day(closes)}, 24:00"


def iso(value: date | None) -> str:
    """For <time datetime="…">: 2027-06-11T08:00:00+07:00, or 2027-06-11 for a date."""
    if value is None:
        return ""
    return local(value).isoformat(timespec="seconds") if isinstance(value, datetime) else value.isoformat()


def parsed(text: str | None) -> date | None:
    """The instant or day that an ISO text names: messages keep their parameters as JSON."""
    if text is None:
        return None
    return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)


def _count(amount: int, unit: str) -> str:
    vietnamese, one, many = _UNITS[unit]
    name = vietnamese if language() == "vi" else one if amount == 1 else many
    return f"{number(amount)} {name}"


def _span(span: timedelta) -> str:
    """A positive span in words, as coarse as a reader needs: 12 ngày; 1 ngày 5 giờ; 3 giờ 20 phút."""
    minutes = span // timedelta(minutes=1)
    hours, minute = divmod(minutes, 60)
    days, hour_ = divmod(hours, 24)
    if days >= 2:
        parts = [(days, "day")]
    elif days:
        parts = [(days, "day"), (hour_, "hour")]
    elif hours:
        parts = [(hours, "hour"), (minute, "minute")]
    elif minutes:
        parts = [(minutes, "minute")]
    else:
        return "dưới 1 phút" if language() == "vi" else "less than a minute"
    return " ".join(_count(amount, unit) for amount, unit in parts if amount)


def left(target: datetime | None, now: datetime, past: str | None = None) -> str:
    """còn 12 ngày; còn 3 giờ 20 phút; from the instant itself on: đã đóng, or `past`."""
    if target is None:
        return NOTHING
    if target <= now:
        return past if past is not None else "đã đóng" if language() == "vi" else "closed"
    span = _span(target - now)
    return f"còn {span}" if language() == "vi" else f"{span} left"


def ago(then: datetime | None, now: datetime) -> str:
    """3 giờ 20 phút trước; 3 hours 20 minutes ago; within the first minute: vừa xong."""
    if then is None:
        return NOTHING
    if now - then < timedelta(minutes=1):
        return "vừa xong" if language() == "vi" else "just now"
    span = _span(now - then)
    return f"{span} trước" if language() == "vi" else f"{span} ago"


# Numbers


def _exact(value: Number) -> Fraction:
    # A float is taken as it reads (8.995), not as the binary number next to it.
    return Fraction(str(value)) if isinstance(value, float) else Fraction(value)


def _decimal(value: Number, places: int, *, strip: bool) -> str:
    """`value` rounded half up (away from zero) to `places`, grouped, in this page's notation."""
    exact = _exact(value)
    scale = 10**places
    units = int(abs(exact) * scale + Fraction(1, 2))
    whole, rest = divmod(units, scale)
    decimals = f"{rest:0{places}d}" if places else ""
    if strip:
        decimals = decimals.rstrip("0")
    group, point = (",", ".") if language() == "en" else (".", ",")
    sign = MINUS if exact < 0 and units else ""
    return sign + f"{whole:,}".replace(",", group) + (point + decimals if decimals else "")


def number(value: Number | None, places: int = 0) -> str:
    """17.729; 17,729. With `places`, that many decimals at most."""
    return NOTHING if value is None else _decimal(value, places, strip=True)


def marks(value: Number | None, places: int | None = None) -> str:
    """8,25; 8.25. `places` fixes the decimals (87,00); without, two at most and no idle zeros."""
    if value is None:
        return NOTHING
    return _decimal(value, 2 if places is None else places, strip=places is None)


def percent(value: Number | None, whole: Number = 1, places: int = 0) -> str:
    """`value` out of `whole`: 62%; more than 100% is possible. Nothing out of nothing: –."""
    if value is None or not whole:
        return NOTHING
    return _decimal(_exact(value) / _exact(whole) * 100, places, strip=True) + "%"


def size(value: int | None) -> str:
    """Bytes as 1,4 MB, 320 KB, 12 B (thousands, as phones and shops count)."""
    if value is None:
        return NOTHING
    for unit, scale in (("GB", 10**9), ("MB", 10**6), ("KB", 10**3)):
        if value >= scale:
            amount = Fraction(value, scale)
            return f"{_decimal(amount, 1 if amount < 10 else 0, strip=True)} {unit}"
    return f"{value} B"


def money(value: Number | None) -> str:
    """5.000.000 đồng; 5,000,000 VND."""
    if value is None:
        return NOTHING
    return f"{number(value)} {'VND' if language() == 'en' else 'đồng'}"


_VI_DIGITS = ("không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín")
_EN_SMALL = (
    *(
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
    ),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_EN_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")


def _vi_group(value: int, *, full: bool) -> str:
    """1–999 in Vietnamese; `full` says the hundreds even when there are none (không trăm linh năm)."""
    hundreds, rest = divmod(value, 100)
    tens, ones = divmod(rest, 10)
    words = []
    if hundreds or full:
        words += [_VI_DIGITS[hundreds], "trăm"]
    if tens == 0 and ones and words:
        words.append("linh")
    elif tens == 1:
        words.append("mười")
    elif tens:
        words += [_VI_DIGITS[tens], "mươi"]
    if ones == 1 and tens >= 2:
        words.append("mốt")
    elif ones == 4 and tens >= 2:
        words.append("tư")
    elif ones == 5 and tens:
        words.append("lăm")
    elif ones:
        words.append(_VI_DIGITS[ones])
    return " ".join(words)


def _vi_words(value: int, *, full: bool = False) -> str:
    billions, rest = divmod(value, 10**9)
    words = [_vi_words(billions, full=full), "tỷ"] if billions else []
    for scale, name in ((10**6, "triệu"), (10**3, "nghìn"), (1, "")):
        group = rest // scale % 1000
        if group:
            words.append(_vi_group(group, full=full or bool(words)))
            if name:
                words.append(name)
    return " ".join(words)


def _en_words(value: int) -> str:
    for scale, name in ((10**9, "billion"), (10**6, "million"), (10**3, "thousand")):
        if value >= scale:
            head, rest = divmod(value, scale)
            return f"{_en_words(head)} {name}" + (f" {_en_words(rest)}" if rest else "")
    hundreds, rest = divmod(value, 100)
    words = [f"{_EN_SMALL[hundreds]} hundred"] if hundreds else []
    if rest >= 20:
        tens, ones = divmod(rest, 10)
        words.append(_EN_TENS[tens] + (f"-{_EN_SMALL[ones]}" if ones else ""))
    elif rest or not words:
        words.append(_EN_SMALL[rest])
    return " ".join(words)


def money_words(value: int | None) -> str:
    """Whole đồng in words, as paper wants it: Năm triệu đồng; Five million Vietnamese dong.

    Raises ValueError for an amount below nothing.
    """
    if value is None:
        return NOTHING
    if value < 0:
        raise ValueError(f"no words for a negative amount: {value}")
    if language() == "en":
        words = f"{_en_words(value)} Vietnamese dong"
    else:
        words = f"{_vi_words(value) or _VI_DIGITS[0]} đồng"
    return words[0].upper() + words[1:]


# Names and texts


def initials(name: str | None) -> str:
    """First letters of the family name and the given name: Nguyễn Thị Thu Hậu is NH."""
    words = (name or "").split()
    return "".join(word[0].upper() for word in (words[:1] + words[1:][-1:]))


def paragraphs(text: str | None) -> list[str]:
    """Plain text as its paragraphs, which blank lines part. Line breaks inside one are kept."""
    lines = "\n".join((text or "").splitlines())
    return [block.strip() for block in re.split(r"\n[^\S\n]*\n", lines) if block.strip()]


_QUOTED = re.compile("“([^”]+)”")


def quoted(title: str | None) -> str:
    """The short name of a contest: what stands within “ ” in its title, else the whole title."""
    if title is None:
        return NOTHING
    found = _QUOTED.search(title)
    return found[1] if found else title


def capitalize_first(text: str | None) -> str:
    """`text` with a capital first letter, the rest as it is (Jinja's own filter lowers the rest)."""
    if text is None:
        return NOTHING
    return text[:1].upper() + text[1:]


FILTERS: dict[str, Callable[..., Any]] = {
    filter_.__name__: filter_
    for filter_ in (
        ago,
        capitalize_first,
        day,
        day_long,
        deadline,
        hour,
        initials,
        instant,
        iso,
        last_day,
        last_moment,
        left,
        loc,
        marks,
        moment,
        money,
        money_words,
        number,
        paragraphs,
        parsed,
        percent,
        quoted,
        size,
        weekday,
    )
}
