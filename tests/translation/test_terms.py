"""Termbases: read, found in texts, counted in translations."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.errors import DataError
from toolkit.translation.terms import Term, Termbase, term_accuracy


def base(*pairs: tuple[str, str]) -> Termbase:
    return Termbase(Term(source, tuple(target.split("|"))) for source, target in pairs)


def found(termbase: Termbase, text: str) -> list[str]:
    matches = termbase.find(text)
    assert all(match.end > match.start for match in matches)
    return [text[match.start : match.end] for match in matches]


def write(folder: Path, content: str | bytes) -> Path:
    path = folder / "terms.tsv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_a_file_is_read_with_comments_notes_alternatives_and_any_line_ends(tmp_path: Path) -> None:
    content = "\ufeffSource\tTarget\r\n# ours\r\nhouse\tHaus | Gebäude\tin general\r\n\r\n"
    content += "\\#tag\tSchlagwort\nC# code\tC#-Code\r"
    terms = Termbase.load(write(tmp_path, content)).terms
    assert terms == (
        Term("house", ("Haus", "Gebäude"), "in general", 3),
        Term("#tag", ("Schlagwort",), "", 5),
        Term("C# code", ("C#-Code",), "", 6),
    )


def test_all_wrong_lines_are_named(tmp_path: Path) -> None:
    path = write(tmp_path, "good\tgut\nno tab\n\tx\na\t\nb\tx||y\nc\td\te\tf\n")
    with pytest.raises(DataError) as caught:
        Termbase.load(path)
    lines = caught.value.message.splitlines()
    assert [line.split(": ", 1)[0] for line in lines] == [f"{path}:{number}" for number in (2, 3, 4, 5, 6)]
    assert "no tab" in lines[0]
    assert "source is empty" in lines[1]
    assert "empty target" in lines[2]
    assert "empty target" in lines[3]
    assert "4 columns" in lines[4]


def test_a_file_that_is_not_utf8_is_an_error_with_the_line(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"terms\.tsv:2"):
        Termbase.load(write(tmp_path, b"a\tb\nH\xe4user\tx\n"))


def test_an_absent_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        Termbase.load(tmp_path / "none.tsv")


def test_an_empty_file_is_an_empty_termbase(tmp_path: Path) -> None:
    termbase = Termbase.load(write(tmp_path, "# nothing yet\n"))
    assert len(termbase) == 0
    assert termbase.find("anything") == []


def test_duplicates_and_conflicts_are_reported_with_their_lines(tmp_path: Path) -> None:
    path = write(tmp_path, "a\tx\na\tx\nb\ty\nb\tz\tnote\n")
    termbase = Termbase.load(path)
    assert [(term.source, term.targets) for term in termbase.terms] == [("a", ("x",)), ("b", ("y", "z"))]
    first, second = termbase.problems
    assert first == f"{path}:2: 'a' is there already (line 1)"
    assert second.startswith(f"{path}:4: 'b' has another translation than before (line 3): z besides y")


def test_only_whole_words_match() -> None:
    termbase = base(("house", "Haus"))
    assert found(termbase, "house, houses, greenhouse, house's (house)") == ["house", "house", "house"]


def test_lower_case_matches_any_casing_capitals_only_themselves() -> None:
    termbase = base(("house", "Haus"), ("Word", "Word"), ("IT", "EDV"))
    assert found(termbase, "House HOUSE Word word WORD it IT") == ["House", "HOUSE", "Word", "IT"]


def test_the_longest_term_wins_wherever_it_begins() -> None:
    termbase = base(("hard disk", "Festplatte"), ("disk", "Scheibe"), ("disk drive bay", "Einschub"))
    assert found(termbase, "a hard disk drive bay") == ["disk drive bay"]
    assert found(termbase, "a hard\n disk drive") == ["hard\n disk"]
    assert found(termbase, "harddisk hard-disk") == ["disk"]


def test_chinese_matches_without_boundaries_and_beside_latin_words() -> None:
    termbase = base(("硬盘", "hard disk"), ("硬盘驱动器", "hard drive"), ("API", "API"))
    assert found(termbase, "我的硬盘坏了，硬盘驱动器使用API吗？APIs") == ["硬盘", "硬盘驱动器", "API"]


def test_composed_and_decomposed_letters_are_the_same() -> None:
    termbase = base(("café", "Café"))
    text = "the cafe\u0301 and the café"
    assert found(termbase, text) == ["cafe\u0301", "café"]


def test_signs_belong_to_terms() -> None:
    assert found(base(("C++", "C++"), ("e-mail", "E-Mail")), "C++ and E-mail, e - mail, C+") == ["C++", "E-mail"]


@given(text=st.text(), sources=st.lists(st.text(min_size=1).map(str.strip).filter(bool), max_size=5))
def test_matches_never_overlap_and_any_term_finds_itself(text: str, sources: list[str]) -> None:
    termbase = base(*((source, "x") for source in sources))
    end = 0
    for match in termbase.find(text):
        assert end <= match.start < match.end <= len(text)
        end = match.end
    for term in termbase.terms:
        assert any(match.start == 0 for match in termbase.find(term.source))


def test_accuracy_counts_every_occurrence() -> None:
    termbase = base(("house", "Haus|Gebäude"), ("car", "Auto"), ("dog", "Hund"))
    sources = ["house and house", "The car", "nothing", "House, car"]
    outputs = ["Haus und Hütte", "Das AUTO", "nichts", "Gebäude, auto"]
    report = term_accuracy(sources, outputs, termbase)
    assert report.by_term == {"house": (2, 3), "car": (0, 2)}  # "Auto" is written so, and only so
    assert (report.kept, report.total, report.accuracy) == (2, 5, 0.4)
    assert [(miss.sentence, miss.term.source) for miss in report.misses] == [(0, "house"), (1, "car"), (3, "car")]
    assert report.to_document()["terms"]["house"] == {"kept": 2, "total": 3}


def test_accuracy_of_chinese_translations() -> None:
    report = term_accuracy(["My hard disk"], ["我的硬盘坏了"], base(("hard disk", "硬盘")))
    assert report.accuracy == 1.0


def test_without_terms_there_is_no_accuracy() -> None:
    assert term_accuracy(["a"], ["b"], base()).accuracy is None


def test_as_many_outputs_as_sources_are_needed() -> None:
    with pytest.raises(DataError, match="1 sources, but 2"):
        term_accuracy(["a"], ["b", "c"], base())
