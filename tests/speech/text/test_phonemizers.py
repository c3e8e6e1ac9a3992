"""Words to phonemes by gruut, pinyin, espeak-ng and letters."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.errors import ConfigError, MissingExtraError
from toolkit.speech.text.alignment import share_out
from toolkit.speech.text.choosing import choose_phonemizer
from toolkit.speech.text.compounds import split_compound
from toolkit.speech.text.phonemizer import transcribe
from toolkit.speech.text.pinyin_ipa import syllable_to_ipa
from toolkit.speech.text.spanish_stress import with_spanish_stress


def phones(language: str, sentence: str, name: str = "auto") -> str:
    return "".join(choose_phonemizer(language, name).symbols(sentence))


@pytest.mark.parametrize(
    ("language", "sentence", "said"),
    [
        ("en", "Hello, world!", "hɛlˈoʊ,wˈɚld!"),
        ("en", "the FBI at three A M", "ðə ˈɛfbˈiˈaɪ ˈæt θɹˈi ˈeɪ ˈɛm"),
        ("en", "a naïve café", "ə nˌaɪˈiv kæfˈeɪ"),
        ("en", "US of us", "jˈuˈɛs əv ˈʌs"),
        ("de", "Das Mädchen schreibt.", "das mɛːtçən ʃʁaɪ̯pt."),
        ("de", "Straße, Fußball am dritten Mai", "ʃtʁaːsə,fuːsbal am dʁɪtən maɪ̯"),
        ("de", "Israel schön", "ɪsʁaeːl ʃøːn"),
        ("fr", "Les amis, les haricots; ils ont un ami", "lez ami,le aʁiko;ilz ɔ̃t œ̃n ami"),
        ("fr", "J'aime l'école aujourd'hui", "ʒɛm lekɔl oʒuʁdɥi"),
        ("es", "¿Cómo está el niño mañana?", "kˈomo estˈa el nˈiɲo maɲˈana?"),
        ("es", "canción, árbol, ciudad", "kanθʝˈon,ˈaɾbol,θʝudˈad"),
    ],
)
def test_gruut_says_known_sentences(language: str, sentence: str, said: str) -> None:
    pytest.importorskip("gruut")
    assert phones(language, sentence) == said


@pytest.mark.parametrize(
    ("sentence", "said"),
    [
        ("你好。", "ni2xaʊ3."),  # two third tones in a row
        ("不是，不好", "pu2ʂɻ̩4,pu4xaʊ3"),
        ("一个，一天，第一", "i2kɤ4,i4tʰjɛn1,ti4i1"),
        ("银行，旅行", "in2xaŋ2,ly3ɕiŋ2"),  # one character, two readings
        ("女儿", "ny3ɚ2"),
    ],
)
def test_pinyin_says_known_sentences(sentence: str, said: str) -> None:
    pytest.importorskip("pypinyin")
    assert phones("zh", sentence) == said


def test_latin_letters_in_chinese_are_read_and_reported() -> None:
    pytest.importorskip("pypinyin")
    said = transcribe("我用WC。", choose_phonemizer("zh"))
    assert [str(problem) for problem in said.problems] == ["'WC' after '我用': read letter by letter"]
    assert len(said.words) == 2


@pytest.mark.parametrize(
    ("syllable", "said"),
    [
        ("zhi1", "ʈʂ ɻ̩ 1"), ("zi4", "ts ɹ̩ 4"), ("ji3", "tɕ i 3"), ("xu2", "ɕ y 2"), ("lü4", "l y 4"), ("lv4", "l y 4"),
        ("yuan2", "ɥ ɛ n 2"), ("wei1", "w eɪ 1"), ("weng1", "w ə ŋ 1"), ("gui4", "k w eɪ 4"), ("xiong2", "ɕ j ʊ ŋ 2"),
        ("bo1", "p w o 1"), ("er2", "ɚ 2"), ("huar1", "x w a ɻ 1"), ("a5", "a 5"), ("de", "t ɤ 5"), ("ng4", "ŋ 4"),
    ],
)  # fmt: skip
def test_syllables_of_pinyin(syllable: str, said: str) -> None:
    assert syllable_to_ipa(syllable) == tuple(said.split())


@pytest.mark.parametrize("wrong", ["", "5", "xyz1", "bx3", "i1", "zhong7"])
def test_other_letters_are_no_syllables(wrong: str) -> None:
    assert syllable_to_ipa(wrong) is None


def test_every_syllable_of_the_dictionary_has_phones() -> None:
    pypinyin = pytest.importorskip("pypinyin")
    from pypinyin.constants import PINYIN_DICT
    from pypinyin.contrib.tone_convert import to_tone3

    syllables = {to_tone3(one).rstrip("12345") for said in PINYIN_DICT.values() for one in said.split(",")}
    assert pypinyin.__name__
    lacking = {syllable for syllable in syllables if syllable_to_ipa(syllable) is None}
    assert len(syllables) > 400
    assert lacking <= {"wong"}  # of two dialect characters


@pytest.mark.parametrize(
    ("language", "sentence", "said"),
    [
        ("en", "hello world", "həlˈoʊ wˈɜːld"),
        ("en-gb", "bath car", "bˈaθ kˈɑː"),
        ("de", "Guten Tag", "ɡˈuːtən tˈɑːk"),
        ("fr", "les amis", "lez amˈi"),
        ("es", "el niño", "el nˈiɲo"),
        ("it", "ciao", "tʃˈao"),
        ("zh", "妈 麻 马 骂 吗", "mˈɑ1 mˈɑ2 mˈɑ3 mˈɑ4 mˈɑ5"),
    ],
)
def test_espeak_says_known_sentences(language: str, sentence: str, said: str) -> None:
    pytest.importorskip("espeakng_loader")
    assert phones(language, sentence, "espeak") == said


def test_espeak_shares_out_what_it_says_in_one_breath() -> None:
    pytest.importorskip("espeakng_loader")
    said = transcribe("in the end of a day", choose_phonemizer("en", "espeak"))
    assert [word for word, _, _ in said.words] == ["in", "the", "end", "of", "a", "day"]
    assert "".join(said.symbols) == "ɪn ðɪ ˈɛnd ə v ə dˈeɪ".replace("ə v ", "əv ")


@pytest.mark.parametrize(("voice", "words"), [("en-xx", "en-us"), ("zz", "choices"), ("", "choices")])
def test_espeak_names_voices_that_it_has(voice: str, words: str) -> None:
    pytest.importorskip("espeakng_loader")
    with pytest.raises(ConfigError, match=rf"no voice '{voice}'; .*{words}"):
        choose_phonemizer(voice, "espeak")


def test_letters_do_without_anything() -> None:
    assert choose_phonemizer("en", "characters").symbols("Été, ok!") == ("é", "t", "é", ",", "o", "k", "!")


def test_words_of_another_script_are_reported() -> None:
    pytest.importorskip("gruut")
    said = transcribe("say привет now 😀", choose_phonemizer("en"))
    assert [(problem.symbol, problem.place) for problem in said.problems] == [
        ("привет", "after 'say'"),
        ("😀", "after 'now'"),
    ]
    assert [word for word, _, _ in said.words] == ["say", "now"]


def test_words_know_their_symbols() -> None:
    said = transcribe("ab, c?! (d)", choose_phonemizer("en", "characters"))
    assert said.symbols == ("a", "b", ",", "c", "?", "d", ",")
    assert said.words == (("ab", 0, 2), ("c", 3, 4), ("d", 5, 6))


@pytest.mark.parametrize(
    ("language", "name", "words"),
    [("en", "gruutt", "did you mean 'gruut'"), ("it", "gruut", "gruut has no 'it'"), ("en", "pinyin", "is for zh")],
)
def test_a_wrong_choice_is_explained(language: str, name: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        choose_phonemizer(language, name)


@pytest.mark.parametrize(
    ("language", "module", "extra"),
    [("en", "gruut.lang", "phonemes"), ("zh", "pypinyin", "phonemes"), ("it", "espeakng_loader", "espeak")],
)
def test_an_extra_that_lacks_is_named(language: str, module: str, extra: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from toolkit.speech.text import espeak_phonemizer, gruut_phonemizer

    gruut_phonemizer._settings.cache_clear()
    espeak_phonemizer._library.cache_clear()
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError, match=rf"(.|\n)*\[{extra}\](.|\n)*characters"):
        choose_phonemizer(language)


def test_compounds_are_cut_into_the_fewest_words() -> None:
    words = {"welt", "meister", "weltmeister", "schaft", "arbeits", "amt", "arbeit", "zwei", "tausend", "und"}
    assert split_compound("weltmeisterschaft", words.__contains__) == ("weltmeister", "schaft")
    assert split_compound("zweitausend", words.__contains__) == ("zwei", "tausend")
    assert split_compound("weltmeister", lambda word: word in words - {"weltmeister"}) == ("welt", "meister")
    assert split_compound("arbeitsxyz", words.__contains__) == ()
    assert split_compound("a" * 200, words.__contains__) == ()


@pytest.mark.parametrize(
    ("word", "plain", "stressed"),
    [
        ("casa", "k a s a", "k ˈ a s a"), ("cantan", "k a n t a n", "k ˈ a n t a n"), ("hotel", "o t e l", "o t ˈ e l"),
        ("médico", "m e d i k o", "m ˈ e d i k o"), ("estáis", "e s t ai s", "e s t ˈ ai s"),
        ("guitarra", "g i t a r a", "g i t ˈ a r a"), ("el", "e l", "e l"), ("sol", "s o l", "s ˈ o l"),
        ("quiéreme", "k ʝ e ɾ e m e", "k ʝ ˈ e ɾ e m e"),
    ],
)  # fmt: skip
def test_spanish_stress_follows_the_spelling(word: str, plain: str, stressed: str) -> None:
    assert with_spanish_stress(word, tuple(plain.split())) == tuple(stressed.split())


@given(st.lists(st.text("abc", max_size=4), max_size=6), st.text("abc", max_size=20))
def test_shared_phones_are_all_there_and_in_order(alone: list[str], together: str) -> None:
    pieces = share_out(together, alone)
    assert len(pieces) == len(alone)
    assert "".join("".join(piece) for piece in pieces) == (together if alone else "")
    assert [tuple(word) for word in alone] == share_out("".join(alone), alone)


@pytest.mark.parametrize(
    ("language", "name", "module"),
    [
        *((language, "gruut", "gruut") for language in ("en", "de", "fr", "es")),
        ("zh", "pinyin", "pypinyin"),
        *((language, "espeak", "espeakng_loader") for language in ("en", "zh")),
    ],
)
def test_no_sentence_makes_one_fall_over(language: str, name: str, module: str) -> None:
    pytest.importorskip(module)
    phonemizer = choose_phonemizer(language, name)

    @given(st.text(max_size=40) | st.text("aeéßñü你好'ÀX的 .,—ʼ", max_size=40))
    @settings(max_examples=40, deadline=None)
    def check(sentence: str) -> None:
        said = transcribe(sentence, phonemizer)
        assert all(symbol for symbol in said.symbols)
        for _, first, end in said.words:
            assert 0 <= first < end <= len(said.symbols)

    check()
