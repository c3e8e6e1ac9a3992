from __future__ import annotations

import io
import re
import subprocess
import sys
from types import SimpleNamespace

import pytest

from toolkit.engine.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("toolkit.engine.progress.time", SimpleNamespace(monotonic=lambda: clock.now))
    monkeypatch.setenv("TERM", "xterm")
    return clock


def run(stream: io.StringIO, clock: Clock, seconds: float, *counts: int, start: int = 0, quiet: bool = False) -> str:
    """Everything shown by a run of 1000 samples that reaches each count so many seconds after the one before."""
    with Progress(1000, quiet=quiet, start=start, stream=stream) as progress:
        for count in counts:
            clock.now += seconds
            progress.update(count, {"generator": 0.12345, "discriminator": 2.0})
    return stream.getvalue()


def test_in_a_log_file_a_line_says_how_far_how_fast_and_how_long_still(clock: Clock) -> None:
    assert run(io.StringIO(), clock, 10, 250) == (
        "250 samples  25.0 %  00:30 left  25 samples/s  generator 0.123  discriminator 2\n"
    )


def test_what_is_counted_may_be_something_else(clock: Clock) -> None:
    for stream in (io.StringIO(), Terminal()):
        with Progress(200, stream=stream, unit="characters") as progress:
            clock.now += 4
            progress.update(100, {})
        assert "25 characters/s" in stream.getvalue()
        assert "samples" not in stream.getvalue()


def test_in_a_log_file_there_is_a_line_every_ten_seconds_and_a_last_one(clock: Clock) -> None:
    lines = run(io.StringIO(), clock, 3, *range(100, 1001, 100)).splitlines()
    assert [line.split()[0] for line in lines] == ["100", "500", "900", "1,000"]
    assert "100.0 %  00:00 left" in lines[-1]


def test_the_last_line_is_not_shown_twice(clock: Clock) -> None:
    assert len(run(io.StringIO(), clock, 10, 500, 1000).splitlines()) == 2


def test_a_resumed_run_starts_where_it_was_and_counts_only_new_samples_as_throughput(clock: Clock) -> None:
    shown = run(io.StringIO(), clock, 10, 910, start=900)
    assert shown.startswith("910 samples  91.0 %  01:30 left  1 samples/s")


def test_notes_stay_and_only_the_first_values_are_shown(clock: Clock) -> None:
    stream = io.StringIO()
    with Progress(10, stream=stream) as progress:
        progress.note("[saved] step-00000001")
        progress.update(1, {f"value{number}": float("nan") for number in range(9)})
    first, second = stream.getvalue().splitlines()
    assert first == "[saved] step-00000001"
    assert "value3 nan" in second
    assert "value4" not in second


@pytest.mark.parametrize("stream", [io.StringIO(), Terminal()])
def test_quiet_shows_nothing_at_all(clock: Clock, stream: io.StringIO) -> None:
    with Progress(1000, quiet=True, stream=stream) as progress:
        progress.update(500, {"loss": 1.0})
        progress.note("hello")
    assert stream.getvalue() == ""


def test_on_a_terminal_it_is_a_bar_with_the_same_words_and_notes_above(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    stream = Terminal()
    with Progress(1000, stream=stream, start=100) as progress:
        clock.now += 10
        progress.update(600, {"loss": 0.5})
        progress.note("[saved] step-00000001 with a [tag]")
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", stream.getvalue())
    assert "60.0 %  00:08 left  50 samples/s  loss 0.5" in shown
    assert "[saved] step-00000001 with a [tag]\n" in shown
    assert "━" in shown


def test_a_dumb_terminal_gets_plain_lines(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    assert "\x1b" not in run(Terminal(), clock, 10, 500)


@pytest.mark.parametrize("stream", [io.StringIO(), Terminal()])
def test_an_error_ends_the_display_and_passes_through(clock: Clock, stream: io.StringIO) -> None:
    def train() -> None:
        with Progress(10, stream=stream) as progress:
            progress.update(3, {})
            progress.update(4, {})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        train()
    assert "40.0 %" in stream.getvalue()


def test_no_samples_and_no_time_divide_by_nothing(clock: Clock) -> None:
    stream = io.StringIO()
    with Progress(0, stream=stream) as progress:
        progress.update(0, {})
    assert stream.getvalue() == "0 samples  100.0 %  ? left  0 samples/s\n"


def test_stdout_stays_clean_for_results() -> None:
    code = (
        "from toolkit.engine.progress import Progress\n"
        "with Progress(10) as progress:\n"
        "    progress.update(5, {'loss': 1.0}); progress.note('a note'); print('{}')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout == "{}\n"
    assert "a note" in done.stderr
    assert "50.0 %" in done.stderr
