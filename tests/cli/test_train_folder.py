"""`toolkit train image --data FOLDER`: what a user reads, what is kept, and what happens when it is called again."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.image.pictures import blobs, with_opacity, write
from tests.tiny import assert_same_state, contents, newest, refused, start, steps_saved, toolkit, wait_until
from toolkit.config.yaml import parse_yaml
from toolkit.image import choices

SMALL = [
    "data.resolution=8",
    "generator.width=8",
    "discriminator.width=8",
    "trainer.batch_size=8",
    "trainer.evaluate_every=null",
    "engine={device: cpu, precision: float32, threads: 1}",
    "report={trackers: [], samples: 4}",
]


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    return write(tmp_path / "pictures", blobs(40))


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of four steps, with its pictures beside it. Copy the folder before changing it."""
    place = tmp_path_factory.mktemp("begun")
    outcome = call(write(place / "pictures", blobs(40)), place / "run", "trainer.steps=4")
    assert outcome.code == 0, outcome.err
    (place / "said.txt").write_text(outcome.out)
    return place


@pytest.fixture
def copied(begun: Path, tmp_path: Path) -> Path:
    """The run in a folder of its own; its pictures stay where they were."""
    shutil.copytree(begun / "run", tmp_path / "run")
    return tmp_path / "run"


def call(data: Path, run: Path, *more: str):  # type: ignore[no-untyped-def]
    return toolkit("train", "image", "--data", data, "--out", run, *SMALL, *more)


def stored(run: Path) -> dict[str, object]:
    return parse_yaml((run / "recipe.yaml").read_text(), "stored")


# -- the first call ---------------------------------------------------------------------------------------------------


def test_every_choice_is_explained_and_kept(begun: Path) -> None:
    said = (begun / "said.txt").read_text()
    kept = (begun / "run" / "PLAN.md").read_text()
    record = json.loads((begun / "run" / "plan.json").read_text())
    assert said.startswith(f"planning a run on {begun / 'pictures'}\n")
    for words in ("channels 3: ", "classes none: ", "penalty weight 1: 0.5 at 8 pixels, doubled", "as you asked: "):
        assert any(line.startswith(f"  {words}") for line in said.splitlines())
        assert any(line.startswith(f"- {words}") for line in kept.splitlines())
        assert any(line.startswith(words) for line in record["reasons"])
    assert "note: all 40 pictures are larger than 8x8 and made smaller" in said
    assert f"go on:       toolkit train image --data {begun / 'pictures'} --out {begun / 'run'} trainer.steps=8" in said
    assert stored(begun / "run")["data"]["path"] == str(begun / "pictures")  # type: ignore[index]


def test_the_result_as_json_holds_the_plan_and_stdout_nothing_else(pictures: Path, tmp_path: Path) -> None:
    outcome = call(pictures, tmp_path / "run", "trainer.steps=1", "--json")
    assert outcome.json["state"] == "new"
    assert outcome.json["step"] == 1
    assert outcome.json["plan"] == json.loads((tmp_path / "run" / "plan.json").read_text())
    assert "planning a run on" in outcome.err


def test_the_run_folder_is_called_after_the_pictures(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = toolkit("train", "image", "--data", "pictures", *SMALL, "trainer.steps=1", "--quiet")
    assert outcome.code == 0, outcome.err
    assert stored(tmp_path / "runs" / "pictures")["data"]["path"] == str(pictures)  # type: ignore[index]


def test_pictures_made_by_a_model_with_opacity_keep_it(tmp_path: Path) -> None:
    folder = write(tmp_path / "pictures", [with_opacity(picture) for picture in blobs(24)])
    assert call(folder, tmp_path / "run", "trainer.steps=1").code == 0
    assert toolkit("generate", "image", tmp_path / "run", "--count", 2, "--out", tmp_path / "made").code == 0
    modes = {}
    for name in ("00000.png", "grid.png"):
        with Image.open(tmp_path / "made" / name) as image:
            modes[name] = image.mode
    assert modes == {"00000.png": "RGBA", "grid.png": "RGB"}


@pytest.fixture
def short_probe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choices, "PROBE_STEPS", {"cpu": {8: 2}})
    monkeypatch.setattr(choices, "PROBE_SHORTEST", 1)
    monkeypatch.setattr(choices, "PROBE_SHARE", 10.0)


def rows(said: str) -> list[list[str]]:
    """The words of each line of the probe's table."""
    lines = said.splitlines()
    head = next(place for place, line in enumerate(lines) if line.startswith("  probe:   weight"))
    return [line.split() for line in lines[head + 1 : head + 4]]


@pytest.mark.usefixtures("short_probe")
def test_a_probe_is_shown_kept_and_not_played_again(pictures: Path, tmp_path: Path) -> None:
    first = call(pictures, tmp_path / "run", "trainer.steps=2")
    assert first.code == 0, first.err
    table = rows(first.out)
    record = json.loads((tmp_path / "run" / "plan.json").read_text())["probe"]
    assert [row[0] for row in table] == ["0.2", "1", "5"]
    assert [trial["weights"][0] for trial in record["trials"]] == [0.2, 1.0, 5.0]
    assert "at the speed of the trial games, 2 steps take about" in first.out
    assert "## The probe of the penalty weight" in (tmp_path / "run" / "PLAN.md").read_text()
    taken = next(row[0] for row in table if row[-1] == "chosen")
    penalties = stored(tmp_path / "run")["penalties"]
    assert [spec["weight"]["start"] for spec in penalties] == [float(taken)] * 2  # type: ignore[attr-defined]
    again = call(pictures, tmp_path / "run", "trainer.steps=3")
    assert "trial games" not in again.out
    assert stored(tmp_path / "run")["penalties"] == penalties


@pytest.mark.usefixtures("short_probe")
def test_the_probe_can_be_left_out_and_changes_nothing_else(pictures: Path, tmp_path: Path) -> None:
    outcome = call(pictures, tmp_path / "without", "trainer.steps=2", "--no-probe")
    assert "trial games" not in outcome.out
    assert json.loads((tmp_path / "without" / "plan.json").read_text())["probe"] is None
    call(pictures, tmp_path / "with", "trainer.steps=2")
    if stored(tmp_path / "with")["penalties"] == stored(tmp_path / "without")["penalties"]:
        assert_same_state(tmp_path / "with", tmp_path / "without")


# -- called again -----------------------------------------------------------------------------------------------------


def test_a_finished_run_says_so_and_how_to_go_on(begun: Path) -> None:
    before = contents(begun / "run")
    outcome = call(begun / "pictures", begun / "run", "trainer.steps=4")
    assert outcome.code == 0
    assert f"{begun / 'run'} is finished: it was trained for 4 steps" in outcome.out
    assert "trainer.steps=8" in outcome.out
    assert contents(begun / "run") == before
    as_json = call(begun / "pictures", begun / "run", "--json").json
    assert (as_json["state"], as_json["step"], as_json["samples"]) == ("finished", 4, 32)
    assert as_json["plan"]["reasons"]


def test_more_steps_go_on_with_the_run(begun: Path, copied: Path) -> None:
    outcome = call(begun / "pictures", copied, "trainer.steps=6")
    assert outcome.code == 0, outcome.err
    assert "note: from here on trainer.steps is 6 (it was 4)" in outcome.out
    assert f"going on with {copied}: 4 of 6 steps are done" in outcome.out
    assert newest(copied).step == 6


def test_an_interrupted_run_goes_on_from_where_it_was_saved(pictures: Path, tmp_path: Path) -> None:
    run, saving = tmp_path / "run", ["trainer.checkpoint_every=5", "--quiet", "--no-probe"]
    process = start("train", "image", "--data", pictures, "--out", run, *SMALL, "trainer.steps=100000", *saving)
    wait_until(lambda: (run / "checkpoints").is_dir() and bool(steps_saved(run)))
    process.kill()
    process.communicate()
    done = newest(run).step
    outcome = call(pictures, run, f"trainer.steps={done + 3}", *saving)
    assert outcome.code == 0, outcome.err
    assert f"going on with {run}: {done:,} of {done + 3:,} steps are done" in outcome.out
    assert newest(run).step == done + 3


def test_changed_pictures_are_said_and_the_run_goes_on(pictures: Path, tmp_path: Path) -> None:
    assert call(pictures, tmp_path / "run", "trainer.steps=1", "--quiet").code == 0
    write(pictures, blobs(3, seed=5), first=100)
    outcome = call(pictures, tmp_path / "run", "trainer.steps=2")
    assert f"note: {pictures} holds 43 files now; when the run was begun there were 40; going on" in outcome.out
    assert newest(tmp_path / "run").step == 2


def test_moved_pictures_are_recognised(pictures: Path, tmp_path: Path) -> None:
    assert call(pictures, tmp_path / "run", "trainer.steps=1", "--quiet").code == 0
    moved = pictures.rename(tmp_path / "elsewhere")
    outcome = call(moved, tmp_path / "run", "trainer.steps=2")
    assert f"note: the data has moved here from {pictures}" in outcome.out
    assert stored(tmp_path / "run")["data"]["path"] == str(moved)  # type: ignore[index]


def test_other_pictures_are_refused(begun: Path, tmp_path: Path) -> None:
    before = contents(begun / "run")
    other = write(tmp_path / "other", blobs(30, seed=3))
    message = refused("train", "image", "--data", other, "--out", begun / "run", *SMALL)
    assert f"was begun on {begun / 'pictures'}, not on {other}, which holds something else" in message
    assert "-> choose another folder with --out" in message
    assert contents(begun / "run") == before


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("data.resolution=16", "was begun with data.resolution=8"),
        ("generator.width=16", "was begun with generator.width=8"),
        ("task.conditional=true", "was begun with task.conditional=False"),
    ],
)
def test_a_run_keeps_its_task_its_data_and_its_networks(begun: Path, change: str, words: str) -> None:
    before = contents(begun / "run")
    message = refused("train", "image", "--data", begun / "pictures", "--out", begun / "run", *SMALL, change)
    assert words in message
    assert "-> choose another folder with --out, where a new run is begun" in message
    assert contents(begun / "run") == before


def test_a_run_of_a_recipe_is_not_taken_over(begun: Path, copied: Path) -> None:
    (copied / "plan.json").unlink()
    message = refused("train", "image", "--data", begun / "pictures", "--out", copied, *SMALL)
    assert "already holds a run, which was not begun on a folder of data" in message
    assert f"toolkit resume {copied}" in message
    (copied / "plan.json").write_text("{")
    assert "has a damaged plan.json" in refused("train", "image", "--data", begun / "pictures", "--out", copied)


# -- mistakes ---------------------------------------------------------------------------------------------------------


def test_mistakes_are_explained_before_anything_is_written(pictures: Path, tmp_path: Path) -> None:
    def words(*arguments: object) -> str:
        message = refused("train", *arguments, "--out", tmp_path / "run")
        assert not (tmp_path / "run").exists()
        return message

    assert "did you mean 'width'?" in words("image", "--data", pictures, *SMALL, "generator.widht=3")
    assert "there is no variant 'x'" in words("image", "--data", pictures, "variant=x")
    assert "data.resolution: is 12; choices: 8, 16, 32" in words("image", "--data", pictures, "data.resolution=12")
    assert f"{tmp_path / 'nowhere'} does not exist" in words("image", "--data", tmp_path / "nowhere")
    assert "to start on data of your own: toolkit train image --data FOLDER" in words("image")
    assert "'images' is none of them" in words("images", "--data", pictures)
    assert f"toolkit train image/folder data.path={pictures}" in words("image/folder", "--data", pictures)
    assert "--no-probe means something with --data only" in words("image/digits", "--no-probe")


def test_two_pictures_write_nothing(tmp_path: Path) -> None:
    message = refused("train", "image", "--data", write(tmp_path / "two", blobs(2)), "--out", tmp_path / "run")
    assert "holds 2 usable pictures, too few to learn from" in message
    assert not (tmp_path / "run").exists()


def test_damaged_pictures_are_named_before_training_and_after_it(pictures: Path, tmp_path: Path) -> None:
    (pictures / "broken.png").write_text("no picture")
    outcome = call(pictures, tmp_path / "run", "trainer.steps=1", "--json")
    line = "broken.png: not a picture in a format that can be read"
    assert f"note: left out: {line}" in outcome.err
    assert outcome.json["skipped"] == [line]


def test_an_array_file_can_be_started_on(tmp_path: Path) -> None:
    np.savez(tmp_path / "blobs.npz", images=np.stack([np.asarray(picture) for picture in blobs(30)]))
    outcome = call(tmp_path / "blobs.npz", tmp_path / "run", "trainer.steps=1", "--json")
    assert outcome.code == 0, outcome.err
    assert (outcome.json["state"], stored(tmp_path / "run")["name"]) == ("new", "blobs")
