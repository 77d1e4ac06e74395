"""Arabic numbers as they are spoken in Mandarin. Pure text, no offsets: for comparing transcripts."""

import re

_DIGITS = "零一二三四五六七八九"
_PLACES = ("", "十", "百", "千")
_HOTLINES = frozenset({"110", "112", "114", "119", "120", "122", "315"})
_COUNTED = "元块万千百个人次天岁米毫克片粒支份号层楼室度名位张步"
_CALLED_BEFORE = ("工号", "分机", "电话", "号码", "编号", "拨打", "热线", "尾号", "卡号", "单号")

_PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s*%")
_CLOCK = re.compile(r"(?<!\d)([01]?\d|2[0-4])[:：]([0-5]\d)(?!\d)")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_NUMBER = re.compile(r"(\d+)(?:\.(\d+))?")


def spoken(text: str) -> str:
    """Replace every ASCII number by its reading.

    85% 百分之八十五; 10:30 十点三十, 8:00 八点; 3.5 三点五; years (four digits before 年), numbers with a leading zero,
    hotlines, numbers after 工号/分机/电话 and longer runs digit by digit (1 as 一); the rest up to 9999, and round
    numbers up to eight digits, as quantities (15 十五, 105 一百零五, 20000 二万).
    """
    text = _THOUSANDS.sub("", text)
    text = _PERCENT.sub(lambda match: "百分之" + _decimal(match[1]), text)
    text = _CLOCK.sub(lambda match: _clock(match[1], match[2]), text)
    return _NUMBER.sub(_reading, text)


def _reading(match: re.Match[str]) -> str:
    whole, decimals = match[1], match[2]
    if decimals is not None:
        return _decimal(match[0])
    before, after = (
        match.string[max(0, match.start() - 4) : match.start()].rstrip(" 是：:"),
        match.string[match.end() :],
    )
    counted = after.lstrip(" ")[:1] in _COUNTED if after.strip() else False
    named = before.endswith(_CALLED_BEFORE)
    return _quantity(int(whole)) if _is_quantity(whole, counted, named, after) else _one_by_one(whole)


def _is_quantity(digits: str, counted: bool, named: bool, after: str) -> bool:
    if named or (digits[0] == "0" and len(digits) > 1) or len(digits) > 8:
        return False
    if len(digits) == 4 and after.lstrip(" ").startswith("年"):
        return False
    if len(digits) <= 2:
        return True
    if len(digits) == 3:
        return counted or digits not in _HOTLINES
    return (counted and len(digits) == 4) or digits.endswith("00")


def _decimal(text: str) -> str:
    whole, _, decimals = text.partition(".")
    read = _quantity(int(whole)) if len(whole) <= 8 else _one_by_one(whole)
    return f"{read}点{_one_by_one(decimals)}" if decimals else read


def _clock(hours: str, minutes: str) -> str:
    read = _quantity(int(hours)) + "点"
    if minutes == "00":
        return read
    return read + ("零" if minutes[0] == "0" else "") + _quantity(int(minutes))


def _one_by_one(digits: str) -> str:
    return "".join(_DIGITS[int(digit)] for digit in digits)


def _quantity(number: int) -> str:
    """0 to 99 999 999 as a quantity; ten to nineteen without the leading 一."""
    if number >= 10_000:
        high, low = divmod(number, 10_000)
        return _quantity(high) + "万" + (("零" if low < 1000 else "") + _below_myriad(low) if low else "")
    read = _below_myriad(number) or "零"
    return read.removeprefix("一") if read.startswith("一十") else read


def _below_myriad(number: int) -> str:
    read = ""
    pending_zero = False
    for place in (3, 2, 1, 0):
        digit = number // 10**place % 10
        if digit:
            read += ("零" if pending_zero and read else "") + _DIGITS[digit] + _PLACES[place]
            pending_zero = False
        else:
            pending_zero = True
    return read
