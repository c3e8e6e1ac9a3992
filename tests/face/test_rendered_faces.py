from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.face.making import LABELS, rendered_set
from toolkit.data.loader import Loader
from toolkit.data.prepare import DATA_VARIABLE
from toolkit.data.source import group_of
from toolkit.errors import ConfigError, DataError
from toolkit.face.rendered_faces import EXPRESSIONS, NAME, RenderedFaces

REAL = Path(os.environ.get(DATA_VARIABLE, "")) / NAME


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv(DATA_VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return rendered_set(tmp_path / "given")


def test_a_sample_holds_picture_landmarks_person_view_pose_and_expression(given: Path) -> None:
    faces = RenderedFaces(str(given))
    assert len(faces) == 12
    sample = faces[3]
    assert faces.key(3) == "id0001_1"
    assert (sample["identity"], sample["view"]) == (1, 1)
    assert sample["image"].shape == (128, 128, 3)
    assert sample["landmarks"] == pytest.approx(np.array(LABELS["id0000_4.jpg"]["lm"]), abs=1e-4)
    assert sample["pose"][0] == pytest.approx(np.degrees(0.1))
    assert sample["expression"].tolist() == [0.5 if name == "smile" else 0.0 for name in EXPRESSIONS]


def test_a_smaller_picture_has_smaller_landmarks(given: Path) -> None:
    large, small = RenderedFaces(str(given)), RenderedFaces(str(given), resolution=32)
    assert small[0]["image"].shape == (32, 32, 3)
    assert small[0]["landmarks"] == pytest.approx(large[0]["landmarks"] / 4)


def test_nobody_is_in_two_splits(given: Path) -> None:
    faces = RenderedFaces(str(given))
    splits = {group_of(faces, place): set() for place in range(len(faces))}
    for place in range(len(faces)):
        splits[group_of(faces, place)].add(faces.split_of(place))
    assert list(splits.values()) == [{"train"}] * 5 + [{"test"}]


def test_people_may_be_classes(given: Path) -> None:
    faces = RenderedFaces(str(given), labels="identity")
    assert faces.classes == tuple(f"{person:04}" for person in range(6))
    batch = Loader(faces, 12, seed=0).batch(0)
    assert torch.equal(batch["label"], batch["identity"])
    assert batch["landmarks"].shape == (12, 68, 2)


@pytest.mark.parametrize("what", ["absent", "no json", "other json", "cut off", "one missing", "no landmarks"])
def test_files_that_do_not_fit_are_named(given: Path, what: str) -> None:
    labels, archive = given / "labels.json", given / "makehuman-faces.tar"
    content = json.loads(labels.read_text())
    if what == "absent":
        labels.unlink()
    elif what == "no json":
        labels.write_text("{")
    elif what == "other json":
        labels.write_text("[1]")
    elif what == "cut off":
        archive.write_bytes(archive.read_bytes()[:50_000])
    elif what == "one missing":
        labels.write_text(json.dumps({name: line for name, line in content.items() if name != "id0000_0.jpg"}))
    else:
        del content["id0000_0.jpg"]["lm"]
        labels.write_text(json.dumps(content))
    with pytest.raises(DataError) as caught:
        RenderedFaces(str(given))
    assert caught.value.way_out


def test_resolutions_out_of_range_are_refused(given: Path) -> None:
    with pytest.raises(ConfigError, match="is 256; the pictures have 128"):
        RenderedFaces(str(given), resolution=256)


def test_prepared_files_are_found_without_a_path(given: Path) -> None:
    with pytest.raises(DataError, match="the rendered faces are not in"):
        RenderedFaces()
    folder = RenderedFaces.prepare(given)
    assert folder.name == NAME
    assert len(RenderedFaces()) == 12
    assert RenderedFaces.prepare() == folder


@pytest.mark.skipif(not REAL.is_dir(), reason=f"no {NAME} folder in ${DATA_VARIABLE}")
def test_the_real_set_has_450_people_of_whom_80_are_held_out() -> None:
    faces = RenderedFaces(str(REAL), resolution=16)
    assert len(faces) == 3600
    splits = {
        split: {faces[place]["identity"] for place in range(3600) if faces.split_of(place) == split}
        for split in ("train", "test")
    }
    assert (len(splits["train"]), len(splits["test"])) == (370, 80)
    assert faces.fields["view"].max() == 7
    frontal = faces.fields["view"] == 0
    assert not faces.fields["pose"][frontal].any()
    assert not faces.fields["expression"][frontal].any()
