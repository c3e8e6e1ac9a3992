from __future__ import annotations

import errno
import json
import math
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from toolkit.engine.tensorboard_tracker import TensorBoard
from toolkit.engine.trackers import JSONLines, Tracker, Truncating, read_metrics
from toolkit.errors import DataError, TrainingError

values = st.dictionaries(
    st.text(st.characters(codec="utf-8"), max_size=8).filter(lambda name: name != "samples"), st.floats(), max_size=3
)
logs = st.lists(values, max_size=5)


def started(run: Path) -> JSONLines:
    tracker = JSONLines()
    tracker.start(run, {})
    return tracker


def write(run: Path, *samples: int) -> Path:
    tracker = started(run)
    for count in samples:
        tracker.log(count, {"loss": count / 10})
    tracker.close()
    return run / "metrics.jsonl"


@given(entries=logs)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_values_come_back_and_those_not_finite_are_null(tmp_path: Path, entries: list[dict[str, float]]) -> None:
    (tmp_path / "metrics.jsonl").unlink(missing_ok=True)
    tracker = started(tmp_path)
    for place, entry in enumerate(entries):
        tracker.log(place, entry)
    found = read_metrics(tmp_path)  # while it is still open
    tracker.close()
    assert [entry.pop("samples") for entry in found] == list(range(len(entries)))
    for entry, original in zip(found, entries, strict=True):
        assert entry.keys() == original.keys()
        for name, value in original.items():
            assert entry[name] == value if math.isfinite(value) else math.isnan(entry[name])
    for line in (tmp_path / "metrics.jsonl").read_text().splitlines():
        json.loads(line, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))


def test_a_line_says_samples_first_and_is_readable(tmp_path: Path) -> None:
    tracker = started(tmp_path / "new run")
    tracker.log(64, {"generator/loss": 0.5, "discriminator/loss": math.inf})
    line = (tmp_path / "new run" / "metrics.jsonl").read_text()
    assert line == '{"samples": 64, "generator/loss": 0.5, "discriminator/loss": null}\n'


@given(cut=st.integers(0, 200))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_torn_file_is_read_and_continued(tmp_path: Path, cut: int) -> None:
    (tmp_path / "metrics.jsonl").unlink(missing_ok=True)
    path = write(tmp_path, 10, 20, 30)
    torn = path.read_bytes()[:cut]
    path.write_bytes(torn)
    whole = [10, 20, 30][: torn.count(b"\n")]
    assert [entry["samples"] for entry in read_metrics(path)] == whole
    write(tmp_path, 40)
    assert [entry["samples"] for entry in read_metrics(path)] == [*whole, 40]


def test_resuming_forgets_what_came_after_the_checkpoint(tmp_path: Path) -> None:
    path = write(tmp_path, 10, 20, 30)
    with open(path, "a") as file:
        file.write('{"samples": 40, "lo')
    tracker = started(tmp_path)
    tracker.truncate_after(20)
    tracker.log(25, {"loss": 1.0})
    tracker.close()
    tracker.close()
    assert [entry["samples"] for entry in read_metrics(path)] == [10, 20, 25]


def test_lines_that_stay_are_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"samples":5,   "loss": 1.50}\n{"samples": 6}\n{"loss": 2}\n')
    tracker = started(tmp_path)
    tracker.truncate_after(5)
    tracker.close()
    assert path.read_text() == '{"samples":5,   "loss": 1.50}\n{"loss": 2}\n'


@pytest.mark.parametrize("line", ["{broken", "[1, 2]", ""])
def test_a_broken_line_in_the_middle_is_named(tmp_path: Path, line: str) -> None:
    (tmp_path / "metrics.jsonl").write_text(f'{{"samples": 1}}\n{line}\n{{"samples": 2}}\n')
    with pytest.raises(DataError, match=r"metrics\.jsonl, line 2: not"):
        read_metrics(tmp_path)


def test_a_missing_file_is_explained(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        read_metrics(tmp_path)


def test_a_full_disk_is_explained(tmp_path: Path) -> None:
    if not Path("/dev/full").is_char_device():
        pytest.skip("needs a device that is always full")
    tracker = started(tmp_path)
    tracker.close()
    tracker._handle = open("/dev/full", "w")  # noqa: SIM115
    with pytest.raises(TrainingError, match=r"disk full while writing .*metrics\.jsonl"):
        tracker.log(1, {})
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
        tracker.close()


def test_using_a_tracker_before_it_is_started_is_a_defect(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="before start"):
        JSONLines().log(1, {})
    with pytest.raises(RuntimeError, match="before start"):
        JSONLines().truncate_after(1)
    with pytest.raises(RuntimeError, match="before start"):
        TensorBoard().log(1, {"a": 1.0})


def test_which_trackers_can_forget() -> None:
    trackers: list[Tracker] = [JSONLines(), TensorBoard()]
    assert all(isinstance(tracker, Truncating) for tracker in trackers)


class TestTensorBoard:
    def events(self, run: Path) -> list[Any]:
        from tensorboardX.proto.event_pb2 import Event
        from tensorboardX.record_writer import masked_crc32c

        found = []
        for path in sorted((run / "tensorboard").iterdir()):
            content = path.read_bytes()
            while content:
                size = int.from_bytes(content[:8], "little")
                body, check = content[12 : 12 + size], content[12 + size : 16 + size]
                assert int.from_bytes(check, "little") == masked_crc32c(body)
                found.append(Event.FromString(body))
                content = content[16 + size :]
        return found

    def test_curves_pictures_and_the_recipe_are_in_the_event_file(self, tmp_path: Path) -> None:
        from PIL import Image

        Image.new("RGBA", (3, 2), "red").save(tmp_path / "grid.png")
        tracker = TensorBoard()
        tracker.start(tmp_path, {"seed": 3, "data": Path("x")})
        tracker.log(64, {"loss/generator": 0.5, "bad": math.nan})
        tracker.picture(64, "samples", tmp_path / "grid.png")
        tracker.close()
        tracker.close()
        values = {(v.tag, e.step): v for e in self.events(tmp_path) for v in e.summary.value}
        assert values["loss/generator", 64].simple_value == 0.5
        assert math.isnan(values["bad", 64].simple_value)
        assert (values["samples", 64].image.height, values["samples", 64].image.width) == (2, 3)
        text = next(value for (tag, _), value in values.items() if tag.startswith("recipe"))
        assert b'"seed": 3' in text.tensor.string_val[0]

    def test_resuming_tells_tensorboard_what_to_hide(self, tmp_path: Path) -> None:
        from tensorboardX.proto.event_pb2 import SessionLog

        tracker = TensorBoard()
        tracker.start(tmp_path, {})
        tracker.truncate_after(128)
        tracker.log(192, {"loss": 1.0})
        tracker.close()
        starts = [event.step for event in self.events(tmp_path) if event.session_log.status == SessionLog.START]
        assert starts == [129]

    def test_a_run_that_logs_nothing_leaves_no_file(self, tmp_path: Path) -> None:
        tracker = TensorBoard()
        tracker.start(tmp_path, {})
        tracker.close()
        assert list(tmp_path.iterdir()) == []
