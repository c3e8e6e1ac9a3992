"""A small corpus in English, German and Chinese, and segmenters that learned from it."""

from __future__ import annotations

from functools import lru_cache

from toolkit.translation.segmentation.settings import SegmenterSettings
from toolkit.translation.segmentation.subwords import Kind
from toolkit.translation.segmentation.tokenizer import Segmenter

_WHO = (
    ("The dog", "Der Hund", "狗"),
    ("My friend", "Mein Freund", "我的朋友"),
    ("The teacher", "Die Lehrerin", "老师"),
)
_DOES = (("reads", "liest", "读"), ("buys", "kauft", "买"), ("finds", "findet", "找到"), ("sees", "sieht", "看见"))
_WHAT = (
    ("a book", "ein Buch", "一本书"),
    ("the newspaper", "die Zeitung", "报纸"),
    ("an old house", "ein altes Haus", "一座老房子"),
    ("green apples", "grüne Äpfel", "绿苹果"),
)
_WHEN = (("today", "heute", "今天"), ("every morning", "jeden Morgen", "每天早上"), ("in winter", "im Winter", "冬天"))

ROWS = [
    (
        f"{who[0]} {does[0]} {what[0]} {when[0]}.",
        f"{who[1]} {does[1]} {when[1]} {what[1]}.",
        f"{who[2]}{when[2]}{does[2]}{what[2]}。",
    )
    for who in _WHO
    for does in _DOES
    for what in _WHAT
    for when in _WHEN
]
ENGLISH = [row[0] for row in ROWS]
GERMAN = [row[1] for row in ROWS]
CHINESE = [row[2] for row in ROWS]


@lru_cache
def segmenter(kind: Kind = "unigram", joint: bool = True, target: str = "zh", **settings: object) -> Segmenter:
    others = CHINESE if target == "zh" else GERMAN
    chosen = SegmenterSettings(kind=kind, placeholders=4, **settings)  # type: ignore[arg-type]
    return Segmenter.train(ENGLISH, others, 480 if joint else 380, chosen, joint=joint)
