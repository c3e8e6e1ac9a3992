"""The contract of trackers."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from toolkit.engine.trackers import Tracker, Truncating
from toolkit.testing.subject import PartLike, Subject

_RECIPE = {"name": "testing", "seed": 1, "penalties": [{"name": "r1", "weight": 5.0}], "ema": None, "empty": {}}


def check_tracker(part: PartLike, /, *, folder: Path | None = None, **overrides: Any) -> None:
    """The contract of a tracker.

    * it goes through a run in a folder that may not exist yet: `start`, values (also some that are not finite, and the
      whole numbers of a careless caller), a picture, `close`, `close` again;
    * a second one goes on with the same folder after `truncate_after`, where it can forget;
    * it leaves values and recipe that it was given as they were.

    Args:
        part: registered name, or class; buildable from its defaults and the overrides.
        folder: where the run is put; a temporary folder when left out. What is in it may be looked at afterwards.
        overrides: constructor arguments.

    Raises:
        BrokenRuleError: naming the part and the broken rule.
    """
    subject = Subject("trackers", part, overrides)
    subject.check_signature()
    with tempfile.TemporaryDirectory() as temporary:
        run = Path(temporary if folder is None else folder) / "run"
        _check_stretch(subject, run, resumed=False)
        _check_stretch(subject, run, resumed=True)


def _check_stretch(subject: Subject, run: Path, resumed: bool) -> None:
    """From start to close, as a training run does it."""
    tracker: Tracker = subject.build()
    recipe = dict(_RECIPE)
    values: dict[str, float] = {"generator/adversarial": 0.5, "diversity": math.inf, "win_rate": 1}
    before = dict(values)
    with subject.rule("begins again in the same folder" if resumed else "begins a run"):
        tracker.start(run, recipe)
    if isinstance(tracker, Truncating):
        with subject.rule("forgets what came after a checkpoint"):
            tracker.truncate_after(64 if resumed else 0)
    with subject.rule("notes values after so many samples"):
        tracker.log(64, values)
        tracker.log(128, values)
    picture = run / "samples" / "128.png"
    picture.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.zeros((4, 4, 3), dtype=np.uint8)).save(picture)
    with subject.rule("shows a picture"):
        tracker.picture(128, "samples", picture)
    with subject.rule("ends, and ends again"):
        tracker.close()
        tracker.close()
    subject.must(values == before and recipe == _RECIPE, "leaves values and recipe as they were")
    subject.must(picture.is_file(), "leaves the picture where it was")
