"""Language codes, in all the ways people write them."""

from __future__ import annotations

import pytest

from toolkit.errors import DataError
from toolkit.translation.languages import check_language, same_language, script_of

pytest.importorskip("babel")


USUAL = {
    "de": ["de", "DE", "deu", "ger"],
    "zh": ["cmn", "zho"],
    "zh_Hant": ["zh-Hant"],
    "zh_Hans_CN": ["zh_hans_cn"],
    "pt_BR": ["pt-br"],
    "es_419": ["es-419"],
    "de_DE": ["de_DE.UTF-8"],
    "ca": ["ca@valencia"],
    "sr_Latn": ["sr@latin", "sr-latn"],
    "haw": ["haw"],
}


@pytest.mark.parametrize(("usual", "code"), [(usual, code) for usual, codes in USUAL.items() for code in codes])
def test_usual_form(usual: str, code: str) -> None:
    assert check_language(code) == usual


HINTS = {"german": "'de'", "englisch": "'en'", "xx": "", "": "", "de-x": "", "de_": "", "../de": "", "1": ""}


@pytest.mark.parametrize(("code", "hint"), list(HINTS.items()))
def test_unknown_codes_are_told_with_the_place(code: str, hint: str) -> None:
    with pytest.raises(DataError, match="there is no language") as caught:
        check_language(code, "a.tmx:3")
    assert caught.value.message.startswith("a.tmx:3: ")
    assert hint in caught.value.way_out


def test_countries_count_only_on_both_sides() -> None:
    assert same_language("en", "en-GB")
    assert same_language("eng", "EN_us")
    assert not same_language("pt-BR", "pt-PT")
    assert not same_language("en", "-")
    assert same_language("German", "de")


SCRIPTS = {"de": "Latn", "cmn": "Hans", "zh-TW": "Hant", "ru": "Cyrl", "sr_Latn": "Latn"}


@pytest.mark.parametrize(("code", "script"), list(SCRIPTS.items()))
def test_scripts(code: str, script: str) -> None:
    assert script_of(code) == script
