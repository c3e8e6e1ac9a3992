from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from toolkit.image.pictures import Pictures


def pictures(count: int, **more: object) -> Pictures:
    pixels = np.arange(count * 64, dtype=np.uint8).reshape(count, 8, 8, 1)
    return Pictures(pixels, (), 5, **more)  # type: ignore[arg-type]


def names(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()}


def test_a_smaller_set_leaves_nothing_of_a_larger_one_and_foreign_files_alone(tmp_path: Path) -> None:
    pictures(5).save(tmp_path)
    (tmp_path / "00007.png").write_text("mine")
    (tmp_path / "letter.txt").write_text("mine too")
    pictures(2).save(tmp_path)
    kept = {"00000.png", "00001.png", "grid.png", "pictures.json", "00007.png", "letter.txt"}
    assert names(tmp_path) == kept
    assert (tmp_path / "00007.png").read_text() == "mine"


@pytest.mark.parametrize(
    "record",
    [
        "{broken",
        "[]",
        '{"pictures": 3}',
        '{"pictures": [{"file": "../outside.png"}, {"file": "/tmp/x.png"}, {"file": 3}, {"file": "letter.txt"}, {}]}',
        '{"pictures": [{"file": "../outside.png"}, {"file": "letter.txt"}, {"file": "sub/x.png"}]}',
    ],
)
def test_a_record_that_was_tampered_with_deletes_nothing(tmp_path: Path, record: str) -> None:
    folder = tmp_path / "p"
    (folder / "sub").mkdir(parents=True)
    for file in (tmp_path / "outside.png", folder / "letter.txt", folder / "sub" / "x.png", folder / "00009.png"):
        file.write_text("mine")
    (folder / "pictures.json").write_text(record)
    pictures(1).save(folder)
    assert (tmp_path / "outside.png").exists()
    assert {"letter.txt", "sub", "00009.png", "00000.png"} <= names(folder)
    assert (folder / "sub" / "x.png").exists()


def test_the_record_says_where_each_picture_came_from(tmp_path: Path) -> None:
    made = pictures(2, indices=(3, 8), scores=(0.25, 0.5), candidates=10)
    returned = made.save(tmp_path)
    record = json.loads((tmp_path / "pictures.json").read_text())
    assert record["pictures"] == [
        {"file": "00000.png", "seed": 5, "index": 3, "score": 0.25},
        {"file": "00001.png", "seed": 5, "index": 8, "score": 0.5},
    ]
    assert (record["acceptance_rate"], record["candidates"]) == (0.2, 10)
    assert [entry["file"] for entry in returned] == [str(tmp_path / "00000.png"), str(tmp_path / "00001.png")]


def test_pictures_that_nobody_judged_have_their_places_and_no_score(tmp_path: Path) -> None:
    assert pictures(3).indices == (0, 1, 2)
    assert pictures(3).acceptance_rate is None
    assert pictures(3).save(tmp_path)[1] == {"file": str(tmp_path / "00001.png"), "seed": 5, "index": 1}
    assert json.loads((tmp_path / "pictures.json").read_text()).keys() == {"pictures"}
