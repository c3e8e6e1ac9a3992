from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.face.making import GridEmbedder, MeanFaceLandmarker, WholePicture, jpeg, noise, rendered
from toolkit.errors import DataError
from toolkit.face.entries import Where
from toolkit.face.geometry import nme
from toolkit.face.importing import add_folder
from toolkit.face.library import FaceLibrary
from toolkit.face.reading import FaceReader

READER = FaceReader(WholePicture(), MeanFaceLandmarker(), crop=32)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for seed, person in ((10, "anna"), (20, "ben")):
        (tmp_path / "in" / person).mkdir(parents=True)
        for number in range(3):
            (tmp_path / "in" / person / f"{number}.jpg").write_bytes(jpeg(noise(seed + number, 64)))
    (tmp_path / "in" / "alone.png").write_bytes(jpeg(noise(77, 64)))
    Image.new("RGB", (64, 64)).save(tmp_path / "in" / "empty.png")
    (tmp_path / "in" / "broken.jpg").write_bytes(b"no picture")
    (tmp_path / "in" / "notes.txt").write_text("words")
    (tmp_path / "in" / "copy.jpg").write_bytes((tmp_path / "in" / "anna" / "0.jpg").read_bytes())
    return tmp_path / "in"


def test_every_picture_with_a_face_is_added_with_its_person_and_licence(folder: Path, tmp_path: Path) -> None:
    done: list[tuple[int, int]] = []
    with FaceLibrary(tmp_path / "faces.db", GridEmbedder()) as library:
        report = add_folder(
            library,
            folder,
            READER,
            licence="CC0-1.0",
            consent="nobody is shown",
            source="https://example.org/set",
            progress=lambda *counts: done.append(counts),
        )
        assert len(report.added) == len(library) == 7
        assert report.known == 1  # copy.jpg
        assert {skipped.path: skipped.reason.split(" ")[0] for skipped in report.skipped} == {
            "broken.jpg": "broken.jpg",
            "empty.png": "no",
        }
        assert "1 .txt" in report.note
        people = {entry.person for entry in library}
        assert people == {"anna", "ben", None}
        assert all(entry.source.startswith("https://example.org/set/") for entry in library)
        assert len(library.ids(Where(usable=True))) == len(library)
        assert json.loads(json.dumps(report.to_json()))["added"] == report.added
    assert done[-1] == (10, 10)
    assert [number for number, _ in done] == list(range(1, 11))


def test_an_interrupted_import_goes_on_where_it_stopped(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("toolkit.face.importing._TOGETHER", 2)
    embedder = GridEmbedder()
    read: list[str] = []

    class Counting(FaceReader):
        def read(self, source, which="largest", name=""):  # type: ignore[no-untyped-def]
            read.append(name)
            return super().read(source, which, name)

    def stop(number: int, total: int) -> None:
        if number == 6:
            raise KeyboardInterrupt

    reader = Counting(WholePicture(), MeanFaceLandmarker(), crop=32)
    with FaceLibrary(tmp_path / "faces.db", embedder) as library:
        with pytest.raises(KeyboardInterrupt):
            add_folder(library, folder, reader, progress=stop)
        before = len(library)
        assert 0 < before < 7
        read.clear()
        report = add_folder(library, folder, reader)
        assert len(library) == 7
        assert len(report.added) == 7 - before
        assert len([name for name in read if name not in ("broken.jpg", "empty.png")]) == 7 - before
        read.clear()
        assert add_folder(library, folder, reader).added == []
        assert set(read) == {"broken.jpg", "empty.png"}


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    with FaceLibrary(tmp_path / "faces.db", GridEmbedder()) as library:
        for folder in (tmp_path / "none", tmp_path / "absent"):
            with pytest.raises(DataError):
                add_folder(library, folder, READER)


def test_a_face_is_read_from_a_picture() -> None:
    picture, _ = rendered()
    found = READER.read(jpeg(picture), name="photo.jpg")
    assert found.crop.shape == (32, 32, 3)
    assert found.face.box == (0.0, 0.0, 128.0, 128.0)
    assert found.pose.yaw == pytest.approx(0, abs=0.1)
    assert nme(found.crop_landmarks, MeanFaceLandmarker()(np.zeros((32, 32, 3), np.uint8), found.face) / 4) < 1e-6
    plain = json.loads(json.dumps(found.to_json()))
    assert plain["name"] == "photo.jpg"
    assert len(plain["landmarks"]) == 68
    new = found.to_new(licence="CC0-1.0")
    assert (new.source, new.sha256, new.consent) == ("photo.jpg", found.upload.sha256, None)
