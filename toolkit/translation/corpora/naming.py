"""The languages of a corpus, from the names of its files, their headers, or the scripts of their texts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path

from toolkit.errors import DataError
from toolkit.translation.corpora.pair import Pair
from toolkit.translation.corpora.reading import FORMATS
from toolkit.translation.corpora.scripts import scripts
from toolkit.translation.languages import check_language, same_language
from toolkit.translation.text_files import open_binary

_PLAIN = frozenset((".txt", ".text", ".raw", ".tok", ".snt", ".lines"))
_HEADER = 64 * 1024
_LANG = rb"""\s*=\s*["']([A-Za-z][A-Za-z0-9_-]{1,20})["']"""
_HEADERS = {
    "tmx": (re.compile(rb"srclang" + _LANG), re.compile(rb"xml:lang" + _LANG)),
    "xliff": (re.compile(rb"(?:source-language|srcLang)" + _LANG), re.compile(rb"(?:target-language|trgLang)" + _LANG)),
}
_PO_LANGUAGE = re.compile(rb'"Language:\s*([A-Za-z][A-Za-z0-9_@-]{1,20})\s*\\n"')
_ONE_LANGUAGE = {"Hani": "zh", "Hira": "ja", "Kana": "ja", "Hang": "ko", "Grek": "el", "Hebr": "he", "Thai": "th"}
_LOOKED_AT = 500


@dataclass(frozen=True)
class Languages:
    """Codes of both languages, `None` where nothing says which; and where they come from, in words."""

    codes: tuple[str | None, str | None]
    why: str


def named_languages(files: Sequence[Path]) -> Languages:
    """From two names such as `a.en` and `a.zh` or `train-en.txt`, or from a single one such as `memory.en-de.tmx`.

    Raises:
        DataError: an ending looks like a code, but there is no such language.
    """
    if len(files) == 2:
        codes = tuple(_of_ending(file) for file in files)
        return Languages((codes[0], codes[1]), f"the names {files[0].name} and {files[1].name} say so")
    parts = [_known(part) for part in re.split(r"[.\-_ ]", _stem(files[0]))]
    for one, other in pairwise(parts):
        if one and other and one != other:
            return Languages((one, other), f"the name {files[0].name} says so")
    return Languages((None, None), "")


def header_languages(file: Path) -> Languages:
    """From the header of a TMX, XLIFF or PO file. Sources of a PO file are taken to be English.

    Raises:
        DataError: the file cannot be read.
    """
    ending = Path(file.stem).suffix if file.suffix.lower() == ".gz" else file.suffix
    name = FORMATS.get(ending.lower(), "")
    with open_binary(file) as opened:
        beginning = opened.read(_HEADER)
    if name == "po":
        found = _PO_LANGUAGE.search(beginning)
        code = _known(found[1].decode()) if found else None
        return Languages(("en" if code else None, code), "its header names the target; sources are taken to be English")
    if name not in _HEADERS:
        return Languages((None, None), "")
    patterns = _HEADERS[name]
    first = patterns[0].search(beginning)
    source = _known(first[1].decode()) if first else None
    others = [_known(code.decode()) for code in patterns[1].findall(beginning)]
    target = next((code for code in others if code and not same_language(code, source or "")), None)
    return Languages((source, target), "its header says so")


def script_languages(pairs: Sequence[Pair]) -> Languages:
    """From the scripts of the texts, where a script is that of one language before all others."""
    found = []
    for side in ("source", "target"):
        counted: Counter[str] = Counter()
        for pair in islice(pairs, _LOOKED_AT):
            counted.update(scripts(getattr(pair, side)))
        total = sum(counted.values())
        if total and (counted["Hira"] + counted["Kana"]) / total > 0.1:
            found.append("ja")
        else:
            usual = max(counted, key=lambda script: counted[script], default="")
            found.append(_ONE_LANGUAGE.get(usual, ""))
    return Languages((found[0] or None, found[1] or None), "their script says so")


def _of_ending(file: Path) -> str | None:
    """`a.en.gz`, `a.zh`, `train-en.txt`, `en.txt`."""
    path = Path(file.stem) if file.suffix.lower() == ".gz" else file
    if path.suffix.lower() in _PLAIN:
        return _known(re.split(r"[.\-_ ]", path.stem)[-1])
    code = path.suffix[1:]
    if re.fullmatch(r"[A-Za-z]{2,3}(?:[-_][A-Za-z]{2,4})?", code):
        return check_language(code, str(file))
    return None


def _stem(file: Path) -> str:
    path = Path(file.stem) if file.suffix.lower() == ".gz" else file
    return path.stem


def _known(code: str) -> str | None:
    if not re.fullmatch(r"[A-Za-z]{2,3}(?:[-_@][A-Za-z]{2,8})?", code):
        return None
    try:
        return check_language(code)
    except DataError:
        return None
