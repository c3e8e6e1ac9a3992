"""Mandarin Chinese: numbers in Chinese characters, by rules of our own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import ClassVar

from toolkit.speech.text.languages.language import Currency, Language

_DIGITS = "零一二三四五六七八九"
_SMALL = ("", "十", "百", "千")
_LARGE = ("", "万", "亿", "万亿")


class Chinese(Language):
    """Mandarin: groups of four digits, 两 before 百, 千, 万 and 亿, years one digit after the other."""

    code = "zh"
    decimal, thousands = ".", ","
    point, minus, percent, to = "点", "负", "百分之", "到"
    months = tuple(f"{number}月" for number in "一 二 三 四 五 六 七 八 九 十 十一 十二".split())  # noqa: SIM905
    units: ClassVar[Mapping[str, tuple[str, str]]] = {
        "km": ("公里", "公里"), "m": ("米", "米"), "cm": ("厘米", "厘米"), "mm": ("毫米", "毫米"),
        "kg": ("公斤", "公斤"),
        "g": ("克", "克"), "mg": ("毫克", "毫克"), "t": ("吨", "吨"), "l": ("升", "升"), "ml": ("毫升", "毫升"),
        "km/h": ("公里每小时", "公里每小时"), "°C": ("摄氏度", "摄氏度"), "°F": ("华氏度", "华氏度"), "°": ("度", "度"),
        "s": ("秒", "秒"), "ms": ("毫秒", "毫秒"), "min": ("分钟", "分钟"), "h": ("小时", "小时"),
        "m²": ("平方米", "平方米"),
        "km²": ("平方公里", "平方公里"), "m³": ("立方米", "立方米"), "W": ("瓦", "瓦"), "kW": ("千瓦", "千瓦"),
    }  # fmt: skip
    currencies: ClassVar[Mapping[str, Currency]] = {
        "¥": Currency("元", "元", "分", "分"), "￥": Currency("元", "元", "分", "分"),
        "CNY": Currency("元", "元", "分", "分"),
        "$": Currency("美元", "美元", "美分", "美分"), "USD": Currency("美元", "美元", "美分", "美分"),
        "€": Currency("欧元", "欧元", "欧分", "欧分"), "£": Currency("英镑", "英镑", "便士", "便士"),
    }  # fmt: skip
    scales = ("万", "亿")
    signs: ClassVar[Mapping[str, str]] = {
        "&": "和", "@": "艾特", "+": "加", "=": "等于", "%": "百分之", "×": "乘", "÷": "除以", "°": "度",
        "½": "二分之一",
        "¼": "四分之一", "¾": "四分之三", "²": "平方", "³": "立方", "€": "欧元", "£": "英镑", "$": "美元", "¥": "元",
        "<": "小于", ">": "大于", "≈": "约等于", "−": "负", "#": "号",
    }  # fmt: skip

    def cardinal(self, number: int) -> str:
        """A number in words."""
        if number < 0:
            return self.minus + self.cardinal(-number)
        if len(str(number)) > 15:
            return self.digits(str(number))
        if number == 0:
            return _DIGITS[0]
        words, place, zero = "", 0, False
        while number:
            number, group = divmod(number, 10_000)
            if group:
                part = _group(group, leading=not number)
                words = part + _LARGE[place] + (_DIGITS[0] if zero and words else "") + words
                zero = group < 1000
            elif words:
                zero = True
            place += 1
        return words

    def ordinal(self, number: int) -> str:
        """A rank in words."""
        return f"第{self.cardinal(number)}"

    def year(self, number: int) -> str:
        """A year in words."""
        return self.digits(str(number))

    def digits(self, text: str) -> str:
        """One digit after the other."""
        return "".join(_DIGITS[int(digit)] for digit in text if digit.isdecimal())

    def decimals(self, whole: str, fraction: str) -> str:
        """A number with a fraction."""
        return f"{self.cardinal(int(whole))}{self.point}{self.digits(fraction)}"

    def count(self, number: int, noun: str) -> str:
        """A number before a noun."""
        return "两" if number == 2 else self.cardinal(number)

    def money(self, whole: int, cents: int, currency: Currency) -> str:
        """An amount."""
        if cents:
            return f"{self.decimals(str(whole), f'{cents:02}'.rstrip('0'))}{currency.one}"
        return f"{self.count(whole, currency.one)}{currency.one}"

    def date(self, day: int, month: int, year: int | None, before: str) -> str:
        """A calendar date."""
        words = f"{self.months[month - 1]}{self.cardinal(day)}日"
        return words if year is None else f"{self.year(year)}年{words}"

    def time(self, hour: int, minute: int) -> str:
        """A time of day."""
        words = f"{self.count(hour, '点')}点"
        if not minute:
            return words
        return f"{words}{'零' if minute < 10 else ''}{self.cardinal(minute)}分"

    def special(self, text: str) -> str:
        """Forms of this language alone."""
        text = re.sub(r"(?<=[\u3400-\u9fff])(?=[\d¥￥$€£A-Za-z+-])|(?<=[A-Za-z])(?=[\u3400-\u9fff])", " ", text)
        text = re.sub(r"(?<!\d)(\d{4})(?=年)", lambda m: self.digits(m[1]), text)
        text = re.sub(
            r"(?<![\d.])(\d+)(?:\.(\d+))?\s?%",
            lambda m: self.percent + (self.decimals(m[1], m[2]) if m[2] else self.cardinal(int(m[1]))),
            text,
        )
        return re.sub(r"(?<![\d.:第十])(?<!第 )2(?=[个只条本张位次块天年种件家])", "两", text)


def _group(number: int, leading: bool) -> str:
    """Up to four digits; ten at the beginning is 十, not 一十."""
    words, zero = "", False
    for place in (3, 2, 1, 0):
        digit = number // 10**place % 10
        if digit == 0:
            zero = bool(words)
            continue
        name = "两" if digit == 2 and place >= 2 else _DIGITS[digit]
        if digit == 1 and place == 1 and leading and not words:
            name = ""
        words += (_DIGITS[0] if zero else "") + name + _SMALL[place]
        zero = False
    return words


def rules(british: bool) -> Chinese:
    """Mandarin; there is one reading."""
    return Chinese()
