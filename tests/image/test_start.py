from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.image.pictures import blobs, digits, with_opacity, write
from toolkit.config import load_recipe
from toolkit.config.plan import Plan
from toolkit.errors import DataError
from toolkit.image.start import ImageStarter
from toolkit.runs.assemble import open_recipe


def planned(data: Path, *overrides: str, device: str = "cpu") -> Plan:
    return ImageStarter().plan(data, overrides, device)


def reason(plan: Plan, of: str) -> str:
    """The sentence on one choice."""
    return next(line for line in plan.reasons if line.startswith(of))


def test_a_plan_is_a_recipe_that_runs_on_these_pictures(tmp_path: Path) -> None:
    plan = planned(write(tmp_path / "My pictures!", blobs(60, side=14)))
    recipe = load_recipe(plan.document)
    assert recipe.name == "my-pictures"
    assert recipe.data["resolution"] == 16
    assert recipe.data["channels"] == 3
    assert recipe.augmentation["name"] == "adaptive"
    assert recipe.task["flip"] is True
    opened = open_recipe(recipe)
    assert opened.recipe.generator["resolution"] == 16
    assert {name: len(part) for name, part in opened.splits.items()}["train"] >= 40
    starts = ["resolution", "channels", "classes", "flip", "split", "networks", "penalty", "augmentation", "steps"]
    assert all(reason(plan, word) for word in starts)


def test_class_folders_become_classes(tmp_path: Path) -> None:
    write(tmp_path / "cats", blobs(22))
    write(tmp_path / "dogs", blobs(25, seed=1))
    (tmp_path / "empty").mkdir()
    plan = planned(tmp_path)
    assert plan.document["task"]["conditional"] is True
    assert plan.document["data"]["class_names"] == ["cats", "dogs"]
    assert "left out: empty/: this class folder holds no pictures: no such class" in plan.notices
    assert open_recipe(load_recipe(plan.document)).recipe.generator["classes"] == 2


def test_folders_with_few_pictures_are_no_classes_but_their_pictures_count(tmp_path: Path) -> None:
    write(tmp_path / "cats", blobs(22))
    write(tmp_path / "dogs", blobs(3, seed=1))
    plan = planned(tmp_path)
    assert plan.document["task"]["conditional"] is False
    assert len(open_recipe(load_recipe(plan.document)).source) == 25
    chosen = planned(tmp_path, "data.class_names=[cats]")
    assert len(open_recipe(load_recipe(chosen.document)).source) == 22


def test_many_pictures_outside_the_sub_folders_are_not_left_out_for_a_few_inside(tmp_path: Path) -> None:
    write(tmp_path, blobs(30))
    for seed, name in enumerate(("old", "new")):
        write(tmp_path / name, blobs(20, seed=seed + 1))
    plan = planned(tmp_path)
    assert "say nothing of 30 of 70 pictures" in reason(plan, "classes none")
    assert len(open_recipe(load_recipe(plan.document)).source) == 70
    asked = planned(tmp_path, "data.labels=folders")
    assert asked.document["task"]["conditional"] is True
    assert len(open_recipe(load_recipe(asked.document)).source) == 40


def test_a_table_beside_the_pictures_names_classes(tmp_path: Path) -> None:
    write(tmp_path, blobs(44))
    rows = "".join(f"{number:03}.png,{'even' if number % 2 == 0 else 'odd'}\n" for number in range(43))
    (tmp_path / "labels.csv").write_text(f"file,label\n{rows}043.png,\nmissing.png,odd\n")
    plan = planned(tmp_path)
    assert plan.document["data"]["labels"] == "labels.csv"
    assert open_recipe(load_recipe(plan.document)).source.classes == ("even", "odd")
    assert "left out: labels.csv row 46: 'missing.png' is no picture of the folder" in plan.notices
    assert "left out: 043.png: has no label in labels.csv (row 45)" in plan.notices


def test_a_metadata_file_without_labels_is_passed_over(tmp_path: Path) -> None:
    write(tmp_path, blobs(24))
    (tmp_path / "metadata.csv").write_text("author,year\nme,2020\n")
    assert planned(tmp_path).document["task"]["conditional"] is False


def test_a_choice_of_the_user_is_followed_by_the_others(tmp_path: Path) -> None:
    write(tmp_path, blobs(30, side=64))
    free, asked = planned(tmp_path), planned(tmp_path, "data.resolution=32", "trainer.steps=100")
    assert (free.document["data"]["resolution"], asked.document["data"]["resolution"]) == (64, 32)
    assert asked.document["generator"]["width"] > free.document["generator"]["width"]
    assert asked.document["penalties"][0]["weight"]["start"] < free.document["penalties"][0]["weight"]["start"]
    assert asked.document["optimizer"]["generator"]["lr"]["samples"] == 100 * asked.document["trainer"]["batch_size"]
    assert not any(line.startswith(("resolution", "steps")) for line in asked.reasons)
    assert "as you asked: data.resolution=32, trainer.steps=100" in asked.reasons


def test_chosen_penalties_are_not_probed(tmp_path: Path) -> None:
    write(tmp_path, blobs(24))
    assert planned(tmp_path).probe is not None
    assert planned(tmp_path, "penalties.0.weight=3").probe is None
    assert planned(tmp_path, "loss=hinge").probe is None


def test_a_gpu_gets_the_residual_pair(tmp_path: Path) -> None:
    write(tmp_path, blobs(24, side=128))
    recipe = load_recipe(planned(tmp_path, device="cuda").document)
    assert (recipe.generator["name"], recipe.data["resolution"]) == ("residual", 128)
    assert open_recipe(recipe).recipe.generator["resolution"] == 128


@pytest.mark.parametrize("labelled", [True, False])
def test_an_array_file_is_data_too(tmp_path: Path, labelled: bool) -> None:
    pictures = np.stack([np.asarray(picture) for picture in digits(120)])
    labels = {"labels": np.arange(120) % 4} if labelled else {}
    np.savez(tmp_path / "digits.npz", images=pictures, **labels)
    plan = planned(tmp_path / "digits.npz")
    assert plan.document["task"] == {"name": "image", "conditional": labelled, "flip": False}
    opened = open_recipe(load_recipe(plan.document))
    assert (opened.recipe.generator["channels"], opened.recipe.generator["classes"]) == (1, 4 if labelled else None)


# -- odd and bad pictures ---------------------------------------------------------------------------------------------


def test_two_pictures_are_too_few_and_it_says_how_many_are_needed_for_what(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match="holds 2 usable pictures, too few to learn from: a generator needs 20"
    ) as caught:
        planned(write(tmp_path, blobs(2)))
    assert "1,000 or more to make new ones" in caught.value.message
    assert caught.value.way_out.startswith("add pictures")


def test_unreadable_files_do_not_count_as_pictures(tmp_path: Path) -> None:
    write(tmp_path, blobs(19))
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_text("no picture")
    (tmp_path / "notes.txt").touch()
    with pytest.raises(DataError, match=r"(?s)holds 19 usable.*left out: a.png: not a picture.*1 \.txt"):
        planned(tmp_path)


def test_missing_and_wrong_places_are_explained(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        planned(tmp_path / "nowhere")
    blobs(1)[0].save(tmp_path / "one.png")
    with pytest.raises(DataError, match=r"one\.png is a single file, and no \.npz file"):
        planned(tmp_path / "one.png")
    with pytest.raises(DataError, match="holds 1 usable picture, too few"):
        planned(tmp_path)
    (tmp_path / "broken.npz").write_bytes(b"PK nothing")
    with pytest.raises(DataError, match=r"broken\.npz is damaged"):
        planned(tmp_path / "broken.npz")


def test_pictures_that_are_all_the_same_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"all 24 pictures of .* are the same"):
        planned(write(tmp_path, blobs(1) * 24))


def test_pictures_of_one_colour_are_refused_or_counted(tmp_path: Path) -> None:
    plain = [Image.new("RGB", (12, 12), (10 * number, 0, 255 - 10 * number)) for number in range(24)]
    with pytest.raises(DataError, match=r"all 24 pictures of .* are of a single colour each"):
        planned(write(tmp_path / "plain", plain))
    write(tmp_path / "some", [*plain[:5], *blobs(30)])
    assert "5 of 35 pictures looked at are of a single colour" in planned(tmp_path / "some").notices


def test_copies_are_counted(tmp_path: Path) -> None:
    notices = planned(write(tmp_path, [*blobs(20), *blobs(10)])).notices
    assert any(notice.startswith("10 of 30 pictures looked at are copies of others") for notice in notices)


def test_a_mix_of_modes_and_formats_trains_and_what_happens_to_it_is_said(tmp_path: Path) -> None:
    write(tmp_path, blobs(24, side=16))
    kinds = blobs(8, side=16, seed=1)
    with_opacity(kinds[0]).save(tmp_path / "opacity.png")
    deep = np.asarray(kinds[1].convert("L")).astype(np.uint16) * 257
    Image.fromarray(deep).save(tmp_path / "sixteen-bits.png")
    kinds[2].convert("P").save(tmp_path / "palette.png")
    kinds[3].convert("CMYK").save(tmp_path / "cmyk.jpg", quality=95)
    kinds[4].save(tmp_path / "animated.gif", save_all=True, append_images=kinds[5:7])
    kinds[7].resize((200, 120)).save(tmp_path / "large.png")
    plan = planned(tmp_path)
    assert (plan.document["data"]["resolution"], plan.document["data"]["channels"]) == (16, 3)
    assert "laid on white" in reason(plan, "channels")
    for words in (
        "1 of 30 pictures is larger than 16x16",
        "1 of 30 pictures is animated",
        "1 of 30 pictures is not sq",
    ):
        assert any(notice.startswith(words) for notice in plan.notices), words
    source = open_recipe(load_recipe(plan.document)).source
    assert source.problems == []
    pixels = {source.key(place): source[place]["image"].astype(int) for place in range(len(source))}
    expected = {"sixteen-bits.png": kinds[1].convert("L"), "palette.png": kinds[2], "cmyk.jpg": kinds[3]}
    for name, picture in {**expected, "animated.gif": kinds[4]}.items():
        assert abs(pixels[name] - np.asarray(picture.convert("RGB"), dtype=int)).mean() < 16, name
    assert (pixels["opacity.png"][0] == 255).all()  # white shows where it is transparent


def test_pictures_with_opacity_keep_it(tmp_path: Path) -> None:
    plan = planned(write(tmp_path, [with_opacity(picture) for picture in blobs(24, side=16)]))
    source = open_recipe(load_recipe(plan.document)).source
    assert source[0]["image"].shape == (16, 16, 4)
    assert source[0]["image"][0, 0, 3] == 0


def test_pictures_turned_by_their_camera_are_measured_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    for number, picture in enumerate(blobs(24, side=32)):
        picture.resize((64, 16)).save(tmp_path / f"{number}.jpg", exif=exif)
    assert "the median picture is 16x64" in reason(planned(tmp_path), "resolution")


# -- what has changed since -------------------------------------------------------------------------------------------


def test_added_and_replaced_pictures_are_noticed_and_moved_ones_are_not(tmp_path: Path) -> None:
    folder = write(tmp_path / "here", blobs(24))
    starter = ImageStarter()
    seen = planned(folder).seen
    moved = folder.rename(tmp_path / "there")
    assert starter.changes(moved, seen) == []
    blobs(1, seed=9)[0].resize((50, 50)).save(moved / "000.png")
    assert "as many files as when the run was begun, 24, but not the same" in starter.changes(moved, seen)[0]
    blobs(1)[0].save(moved / "more.png")
    assert "holds 25 files now; when the run was begun there were 24" in starter.changes(moved, seen)[0]
