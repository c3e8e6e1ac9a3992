"""`toolkit face`, with stand-ins for the networks; the shipped ones are tried where they are installed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.face.making import AverageDriver, GridEmbedder, MeanFaceLandmarker, WholePicture, jpeg, noise
from toolkit.cli.main import main
from toolkit.data.images import Pixels
from toolkit.face import packaged, provenance
from toolkit.face.detection import Face
from toolkit.face.library import FaceLibrary
from toolkit.registry import REGISTRY

CC0 = ("--license", "CC0-1.0")


class Sure(MeanFaceLandmarker):
    """A landmarker that is always sure."""

    def verify(self, picture: Pixels, face: Face) -> bool:
        return True


@pytest.fixture(autouse=True)
def stand_ins(monkeypatch: pytest.MonkeyPatch) -> None:
    networks = {"face-landmarks": Sure(), "face-embedder": GridEmbedder(), "face-driver": AverageDriver(64)}
    networks["other-embedder"] = GridEmbedder("grid-2", 5)
    monkeypatch.setattr(packaged, "_network", lambda name, device: networks[name])
    monkeypatch.setattr(packaged, "shipped_models", lambda: list(networks))
    load = REGISTRY.load
    monkeypatch.setattr(REGISTRY, "load", lambda kind, name: WholePicture if kind == "detectors" else load(kind, name))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(6):
        file = tmp_path / "photos" / f"p{number}" / "a.jpg"
        file.parent.mkdir(parents=True)
        file.write_bytes(jpeg(noise(number, 64)))
    return tmp_path / "photos"


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    file = tmp_path / "me.jpg"
    file.write_bytes(jpeg(noise(100, 80)))
    return file


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["face", *map(str, arguments)])
    told = capsys.readouterr()
    return int(ended.value.code or 0), told.out, told.err


def document(capsys: pytest.CaptureFixture[str], *arguments: object) -> Any:
    code, out, err = run(capsys, *arguments, "--json")
    assert code == 0, err
    return json.loads(out)


# -- the forms of the documentation -------------------------------------------------------------------------------


def test_add_search_drive_and_forget(
    tmp_path: Path, folder: Path, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    library = tmp_path / "LIB.db"
    added = document(capsys, "library", "add", library, folder, *CC0)
    assert (len(added["added"]), added["faces"], added["skipped"]) == (6, 6, [])

    found = document(capsys, "library", "search", library, folder / "p3" / "a.jpg")
    best = found["matches"][0]
    assert (best["person"], best["licence"], best["usable"]) == ("p3", "CC0-1.0", True)
    assert best["similarity"] == pytest.approx(1, abs=0.01)

    out = tmp_path / "new.png"
    made = document(capsys, "drive", photo, "--library", library, "--out", out, "--seed", 1, "--most-similar", 0.95)
    assert len(made["box"]) == 4
    assert len(made["landmarks"]) == 68
    assert len(made["found"]) == 3
    assert all({"id", "similarity", "weight", "licence"} <= set(one) for one in made["found"])
    assert made["nme"] >= 0
    assert made["nearest"]["id"] in range(1, 7)
    assert Image.open(out).size == (64, 64)
    assert provenance.read(out)["seed"] == made["seed"]

    gone = document(capsys, "library", "forget", library, best["id"])
    assert gone["forgotten"][0]["found_by_its_own_vector"] is False
    assert gone["forgotten"][0]["nearest"]["id"] != best["id"]
    again = document(capsys, "library", "search", library, folder / "p3" / "a.jpg")
    assert best["id"] not in [match["id"] for match in again["matches"]]


def test_the_same_command_again_goes_on(tmp_path: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    library = tmp_path / "LIB.db"
    document(capsys, "library", "add", library, folder / "p1", *CC0)
    (folder / "p9.png").write_text("no picture")
    code, out, err = run(capsys, "library", "add", library, folder, *CC0, "--quiet")
    assert code == 0
    assert "5 faces added, 1 known before, 6 in all" in out
    assert "p9.png" in err


def test_the_same_seed_writes_the_same_picture(
    tmp_path: Path, folder: Path, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    library = tmp_path / "LIB.db"
    document(capsys, "library", "add", library, folder, *CC0)
    pictures = []
    for name, seed in [("a.png", 4), ("b.png", 4), ("c.png", 5)]:
        command = ["drive", photo, "--library", library, "--out", tmp_path / name, "--seed", seed]
        code, out, _ = run(capsys, *command, "--most-similar", 0.95)
        assert code == 0
        assert "made of face" in out
        pictures.append(np.asarray(Image.open(tmp_path / name)))
    assert np.array_equal(pictures[0], pictures[1])
    assert not np.array_equal(pictures[0], pictures[2])


def test_weights_and_dropped_sources(
    tmp_path: Path, folder: Path, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    library = tmp_path / "LIB.db"
    document(capsys, "library", "add", library, folder, *CC0)
    command = ["drive", photo, "--library", library, "--out", tmp_path / "new.png", "--most-similar", 1]
    first = document(capsys, *command)["found"]
    made = document(capsys, *command, "--drop", first[0]["id"], "--sources", 2, "--weights", "3,1")
    assert made["found"][0]["id"] == first[1]["id"]
    assert made["weights"] == [0.75, 0.25]


# -- looking after a library --------------------------------------------------------------------------------------


def test_faces_without_consent_are_not_used_until_it_is_given(
    tmp_path: Path, folder: Path, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    library = tmp_path / "LIB.db"
    _, _, err = run(capsys, "library", "add", library, folder, "--license", "CC-BY-4.0", "--quiet")
    assert "no new face will be made of these" in err
    command = ["drive", photo, "--library", library, "--out", tmp_path / "new.png", "--most-similar", 1]
    code, _, err = run(capsys, *command)
    assert code == 2
    assert "none of the 6 faces" in err
    assert not (tmp_path / "new.png").exists()
    assert document(capsys, "library", "update", library, "--all", "--consent", "signed forms")["changed"] == 6
    assert document(capsys, "library", "info", library)["usable_for_generation"] == 6
    assert run(capsys, *command)[0] == 0
    document(capsys, "library", "update", library, 2, "--consent", "")
    assert [one["id"] for one in document(capsys, "library", "list", library, "--unusable")["entries"]] == [2]


def test_another_embedder_is_refused_and_reembed_helps(
    tmp_path: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    library, photo = tmp_path / "LIB.db", folder / "p3" / "a.jpg"
    document(capsys, "library", "add", library, folder, *CC0)
    code, _, err = run(capsys, "library", "search", library, photo, "--embedder", "other-embedder")
    assert code == 2
    assert f"toolkit face library reembed {library}" in err
    told = document(capsys, "library", "reembed", library, "--embedder", "other-embedder")
    assert (told["faces"], told["before"], told["embedder"]) == (6, "grid-1", "grid-2")
    found = document(capsys, "library", "search", library, photo, "--embedder", "other-embedder")
    assert found["matches"][0]["person"] == "p3"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["library", "info", "absent.db"], "there is no face library"),
        (["library", "forget", "absent.db", "1"], "there is no face library"),
        (["library", "update", "absent.db"], "say which faces"),
        (["library", "update", "absent.db", "--all"], "say what to change"),
        (["drive", "me.jpg", "--library", "absent.db", "--out", "new.png"], "there is no face library"),
        (["drive", "me.jpg", "--out", "new.jpg"], "does not end in .png"),
        (["drive", "me.jpg", "--out", "new.png", "--weights", "a,b"], "is not numbers"),
        (["drive", "me.jpg", "--out", "new.png", "--face", "big"], "neither 'largest' nor a number"),
    ],
)
def test_mistakes_are_one_clear_message(
    arguments: list[str],
    words: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    code, _, err = run(capsys, *arguments)
    assert code == 2
    assert words in err
    assert "Traceback" not in err
    assert not list(tmp_path.iterdir())


def test_a_face_that_is_not_there_is_not_forgotten_and_nothing_else_is(
    tmp_path: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    library = tmp_path / "LIB.db"
    document(capsys, "library", "add", library, folder, *CC0)
    code, _, err = run(capsys, "library", "forget", library, 1, 99)
    assert code == 2
    assert "no face number 99" in err
    assert document(capsys, "library", "info", library)["faces"] == 6


def test_a_damaged_library_is_refused_and_rescued(
    tmp_path: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    library = tmp_path / "LIB.db"
    document(capsys, "library", "add", library, folder, *CC0)
    content = bytearray(library.read_bytes())
    content[3 * len(content) // 4 :] = bytes(len(content) - 3 * len(content) // 4)
    library.write_bytes(content)
    code, _, err = run(capsys, "library", "search", library, folder / "p1" / "a.jpg")
    assert code == 2
    assert "toolkit face library rescue" in err
    saved = document(capsys, "library", "rescue", library, tmp_path / "NEW.db")
    with FaceLibrary(tmp_path / "NEW.db") as new:
        assert len(new) == saved["kept"] > 0
    assert library.read_bytes() == bytes(content)


def test_help_needs_no_torch() -> None:
    code = "import sys; sys.argv = ['toolkit', 'face', 'library', '--help']\n" + (
        "from toolkit.cli.main import main\ntry:\n    main()\nexcept SystemExit:\n    pass\n"
        "print('torch' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told.rstrip().endswith("False")
