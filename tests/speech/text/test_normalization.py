"""Numbers, dates, money, abbreviations and units in words."""

from __future__ import annotations

import gzip
import os
import re
import sys
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from toolkit.errors import MissingExtraError
from toolkit.speech.text.languages import LANGUAGES
from toolkit.speech.text.normalization import expand_abbreviations, normalize

ENGLISH = {
    "It's 3:05 p.m. on Jan. 5th, 2021.": "It's three oh five P M on January fifth, twenty twenty-one.",
    "We meet at 10:00 AM or 12:30.": "We meet at ten A M or twelve thirty.",
    "She came at 9 p.m.": "She came at nine P M.",
    "Call 555-0142.": "Call five five five, zero one four two.",
    "Agent 007 was here.": "Agent zero zero seven was here.",
    "I ate 1/2 of 3/4 pies.": "I ate one half of three quarters pies.",
    "It was -5°C at 20 km/h.": "It was minus five degrees Celsius at twenty kilometers per hour.",
    "He lost 1 lb and 98.6 oz.": "He lost one pound and ninety-eight point six ounces.",
    "George III., as king": "George the third, as king",
    "Henry VIII and World War II": "Henry the eighth and World War two",
    "Chapter IV of Louis XIV": "Chapter four of Louis the fourteenth",
    "Charles I was king when Charles I. died": "Charles I was king when Charles the first died",
    "John L. Smith and Robert I. Bouck": "John L Smith and Robert I Bouck",
    "The bill was $1.5 million, not £1.": "The bill was one point five million dollars, not one pound.",
    "It costs $13.87 or €0.99.": "It costs thirteen dollars eighty-seven cents or ninety-nine cents.",
    "There were 1,234,567 of 1308 prisoners.": (
        "There were one million two hundred thirty-four thousand five hundred sixty-seven of one thousand three "
        "hundred eight prisoners."
    ),
    "Dr. and Mrs. Gray, St. Paul, Main St.": "Doctor and Missus Gray, Saint Paul, Main Street",
    "J. F. Kennedy of the U.S.A.": "J F Kennedy of the U S A.",
    "See No. 5, pp. 3-7, etc.": "See number five, pages three to seven, et cetera.",
    "in 1805, 1900, 2005 and 2024": "in eighteen oh five, nineteen hundred, two thousand five and twenty twenty-four",
    "the 1980s and 1914-18": "the nineteen eighties and nineteen fourteen to eighteen",
    "On 2000-01-31 or 3/4/2020": "On January thirty-first, two thousand or March fourth, twenty twenty",
    "The 12th & the 21st, 100% sure": "The twelfth and the twenty-first, one hundred percent sure",
    "Version 1.2.3 of x2": "Version one point two point three of x two",
    "Exhibit No. 139 and C2766": "Exhibit number one thirty-nine and C two seven six six",
    "He is 5'11\" tall, a 15-minute walk": "He is five feet eleven tall, a fifteen-minute walk",
    "From 605 to 562 B.C.": "From six oh five to five sixty-two B C.",
}
GERMAN = {
    "Am 3. Mai 2012 kam er.": "Am dritten Mai zweitausendzwölf kam er.",
    "der 3. Mai und 3. Mai": "der dritte Mai und dritter Mai",
    "Es kostet 3,50 € um 14:30 Uhr.": "Es kostet drei Euro fünfzig Cent um vierzehn Uhr dreißig.",
    "1.234 Leute, z. B. Dr. Beck": "eintausendzweihundertvierunddreißig Leute, zum Beispiel Doktor Beck",
    "Der 1. Platz für Ludwig XIV. von Frankreich": "Der erste Platz für Ludwig der Vierzehnte von Frankreich",
    "5 kg, -3 °C und 100 km/h": "fünf Kilogramm, minus drei Grad Celsius und einhundert Kilometer pro Stunde",
    "25 %, Nr. 7, 10-12 Uhr": "fünfundzwanzig Prozent, Nummer sieben, zehn bis zwölf Uhr",
    "1 Euro und 21 Jahre": "ein Euro und einundzwanzig Jahre",
    "15.03.2024, im Jahr 1492": "fünfzehnter März zweitausendvierundzwanzig, im Jahr vierzehnhundertzweiundneunzig",
    "1989 fiel sie, 1805 Menschen": "neunzehnhundertneunundachtzig fiel sie, eintausendachthundertfünf Menschen",
    "2,75 m & 3 m²": "zwei Komma sieben fünf Meter und drei Quadratmeter",
    "vgl. Abb. 3 usw.": "vergleiche Abbildung drei und so weiter.",
}
FRENCH = {
    "Le 1er mai 2020, à 14h30.": "Le premier mai deux mille vingt, à quatorze heures trente.",
    "1 234 567 gens, 3,75 €": (
        "un million deux cent trente-quatre mille cinq cent soixante-sept gens, trois euros soixante-quinze centimes"
    ),
    "Louis XIV, François Ier": "Louis quatorze, François premier",
    "au XIXe siècle, 2e étage": "au dix-neuvième siècle, deuxième étage",
    "M. Dupont et Mme Martin": "Monsieur Dupont et Madame Martin",
    "n° 5, 5 kg, 20 °C": "numéro cinq, cinq kilogrammes, vingt degrés Celsius",
    "80 %, 3-4 fois": "quatre-vingts pour cent, trois à quatre fois",
    "15/03/2024": "quinze mars deux mille vingt-quatre",
    "3,14 et 2,05": "trois virgule quatorze et deux virgule zéro cinq",
    "à 1 h et 21 h": "à une heure et vingt et une heures",
}
SPANISH = {
    "El 3 de mayo de 2020, 14:30": "El tres de mayo de dos mil veinte, catorce y treinta",
    "1.234 personas, 3,75 €": "mil doscientos treinta y cuatro personas, tres euros con setenta y cinco céntimos",
    "Felipe II, Alfonso XIII, siglo XIX": "Felipe segundo, Alfonso trece, siglo diecinueve",
    "Sr. López, nº 5, 5 kg": "Señor López, número cinco, cinco kilogramos",
    "1.º y 2.ª, 80 %": "primero y segunda, ochenta por ciento",
    "21 años, 21 horas, 31 días": "veintiún años, veintiuna horas, treinta y un días",
    "15/03/2024": "quince de marzo de dos mil veinticuatro",
    "EE. UU. y $1": "Estados Unidos y un dólar",
    "-5 °C y 3,5": "menos cinco grados Celsius y tres coma cinco",
}
CHINESE = {
    "2024年5月3日": "二零二四年五月三日",
    "10005元和250": "一万零五元和两百五十",
    "100000000 1234567890": "一亿十二亿三千四百五十六万七千八百九十",
    "3.5%,在14:30": "百分之三点五,在十四点三十分",
    "今天-5℃，重5kg的": "今天负五摄氏度，重五公斤的",
    "¥20,2个,1/2": "二十元,两个,二分之一",
    "第3名，电话555-0142": "第三名，电话五五五,零一四二",
    "110米 10110": "一百一十米一万零一百一十",
}
ALL = [
    (language, written, read)
    for language, table in (("en", ENGLISH), ("de", GERMAN), ("fr", FRENCH), ("es", SPANISH), ("zh", CHINESE))
    for written, read in table.items()
]


@pytest.fixture(autouse=True)
def _num2words() -> None:
    pytest.importorskip("num2words")


@pytest.mark.parametrize(("language", "written", "read"), ALL)
def test_texts_are_written_as_they_are_read(language: str, written: str, read: str) -> None:
    assert normalize(written, language) == read


def test_british_readings_differ() -> None:
    assert normalize("101 on 3/4/2020", "en-gb") == "one hundred and one on the third of April, twenty twenty"


def test_days_can_be_cardinals() -> None:
    assert normalize("November 22, 1963", days="cardinal") == "November twenty-two, nineteen sixty-three"


def test_a_language_without_tables_has_its_numbers_read() -> None:
    assert normalize("Ho 21 anni", "it") == "Ho ventuno anni"
    assert normalize("21 xx", "qq") == "21 xx"  # the front end reports the digits


def test_what_is_already_in_words_stays() -> None:
    text = "Plain words, with marks: a dash — and “quotes”!"
    assert normalize(text) == text


def test_without_num2words_a_text_without_digits_is_still_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "num2words", None)
    assert normalize("Mr. Gray") == "Mister Gray"
    with pytest.raises(MissingExtraError, match=r"num2words(.|\n)*\[phonemes\]"):
        normalize("room 5")


@given(text=st.text(max_size=60), language=st.sampled_from([*LANGUAGES, "en-gb", "it"]))
@settings(max_examples=120, deadline=None)
@example(text="9" * 500, language="en")
@example(text="$" + "9" * 30 + ".99 1/0 0/0 99:99 00/00/0000 31/31/31", language="es")
@example(text="1" * 5000 + "km", language="de")
def test_no_text_makes_it_fall_over(text: str, language: str) -> None:
    assert not re.search(r"\s\s", normalize(text, language))


@given(number=st.integers(0, 10**15 - 1), language=st.sampled_from(sorted(LANGUAGES)))
@settings(max_examples=100, deadline=None)
def test_no_digit_stays(number: int, language: str) -> None:
    assert not re.search(r"\d", normalize(f"({number})", language))


def words_of(text: str) -> list[str]:
    return re.findall(r"[^\W_]+(?:'[^\W_]+)?", text.lower().replace("-", " "))


def test_ljspeech_is_read_as_its_reader_did() -> None:
    file = Path(os.environ.get("TOOLKIT_DATA", "")) / "ljspeech-100" / "ljspeech-text-13100.csv.gz"
    if not file.is_file():
        pytest.skip("no ljspeech-100 folder in $TOOLKIT_DATA")
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        rows = [line.rstrip("\n").split("|") for line in lines]
    changed = [row for row in rows if row[1] != row[2]]
    assert len(changed) == 1504
    # the corpus leaves abbreviations as they are (Mr., etc.), so ours are applied to its side too; its reader says
    # "November twenty-two"
    right = sum(
        words_of(normalize(raw, days="cardinal")) == words_of(expand_abbreviations(read)) for _, raw, read in changed
    )
    assert right / len(changed) >= 0.96
    same = [row for row in rows if row[1] == row[2]][::10]
    assert all(words_of(normalize(raw)) == words_of(expand_abbreviations(raw)) for _, raw, _ in same)
