"""Language codes: checked against Unicode's CLDR through Babel, compared across the ways to write them."""

from __future__ import annotations

import difflib
import re
from functools import lru_cache

from toolkit.errors import DataError, require

_PURPOSE = "Checking a language code"


@lru_cache(maxsize=512)
def check_language(code: str, where: str = "") -> str:
    """The code in its usual form (`zh_TW`, `de`), after a check that there is such a language.

    Args:
        code: ISO 639 with two or three letters, perhaps with a script and a territory: `de`, `deu`, `pt-BR`, `zh_Hant`.
        where: the file and line that name it, for the message; may be empty.

    Raises:
        DataError: there is no such language; the message names the nearest code.
        MissingExtraError: Babel is not installed.

    >>> check_language("pt-br"), check_language("cmn"), check_language("DEU")
    ('pt_BR', 'zh', 'de')
    """
    parts = re.split(r"[-_]", _with_script(code))
    language = _language(parts[0])
    rest = [part.title() if len(part) == 4 else part.upper() for part in parts[1:]]
    if language is None or not all(re.fullmatch(r"[A-Z][a-z]{3}|[A-Z]{2}|\d{3}|[A-Z0-9]{5,8}", part) for part in rest):
        place = f"{where}: " if where else ""
        raise DataError(
            f"{place}there is no language '{code}'",
            f"{_nearest(code)}codes look like en, de, zh, pt_BR, zh_Hant (ISO 639, with a script or country behind it)",
        )
    return "_".join([language, *rest])


def same_language(one: str, other: str) -> bool:
    """Whether two codes name the same language, in whatever way they are written; countries count only on both sides.

    English names are understood as well, since some files have them in place of a code.

    >>> same_language("de-DE", "deu"), same_language("zh_TW", "zh-CN"), same_language("en", "de")
    (True, False, False)
    """
    first, second = _parts(one), _parts(other)
    return first[0] == second[0] and (not first[1:] or not second[1:] or first[1:] == second[1:])


def script_of(language: str) -> str:
    """The script a language is usually written in, as an ISO 15924 code (`Latn`, `Hans`); empty when unknown.

    >>> script_of("de"), script_of("zh_TW"), script_of("sr_Latn")
    ('Latn', 'Hant', 'Latn')
    """
    known = require("babel.core", "translation", _PURPOSE).get_global("likely_subtags")
    parts = check_language(language).split("_")
    for part in parts[1:]:
        if len(part) == 4:
            return part
    for name in ("_".join(parts), parts[0]):
        if name in known:
            return str(known[name].split("_")[1])
    return ""


def _with_script(code: str) -> str:
    """A code without what POSIX puts behind it (`.UTF-8`, `@euro`); a script there (`sr@latin`) is kept."""
    name, _, modifier = code.strip().split(".")[0].partition("@")
    script = {"latin": "Latn", "cyrillic": "Cyrl"}.get(modifier.lower())
    return f"{name}_{script}" if script else name


def _parts(code: str) -> tuple[str, ...]:
    first, *rest = re.split(r"[-_]", _with_script(code).lower())
    return (_language(first) or _by_name().get(first, first), *rest)


@lru_cache(maxsize=512)
def _language(code: str) -> str | None:
    """The shortest code of a language; `None` when CLDR does not know it."""
    core = require("babel.core", "translation", _PURPOSE)
    code = core.get_global("language_aliases").get(code.lower(), code.lower()).split("_")[0]
    return code if code in _names() or code in core.get_global("likely_subtags") else None


@lru_cache(maxsize=1)
def _names() -> dict[str, str]:
    core = require("babel.core", "translation", _PURPOSE)
    return {code: name.lower() for code, name in core.Locale("en").languages.items() if "_" not in code}


@lru_cache(maxsize=1)
def _by_name() -> dict[str, str]:
    return {name: code for code, name in _names().items()}


def _nearest(code: str) -> str:
    """Words that point from a mistyped code, or an English name, to the code."""
    wanted = code.strip().lower()
    by_name = _by_name()
    close = difflib.get_close_matches(wanted, by_name, n=1, cutoff=0.7) if len(wanted) > 3 else []
    found = by_name[close[0]] if close else next(iter(_near_codes(re.split(r"[-_]", wanted)[0])), "")
    return f"did you mean '{found}' ({_names()[found].title()})? " if found else ""


def _near_codes(wanted: str) -> list[str]:
    common = [
        "en",
        "de",
        "fr",
        "es",
        "zh",
        "ja",
        "ko",
        "pt",
        "it",
        "ru",
        "ar",
        "nl",
        "pl",
        "tr",
        "uk",
        "cs",
        "sv",
        "hi",
    ]
    close = difflib.get_close_matches(wanted, common, n=1, cutoff=0.5)
    return close or difflib.get_close_matches(wanted, _names(), n=1, cutoff=0.5)
