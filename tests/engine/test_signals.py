from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from toolkit.engine.signals import StopRequest

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")


def send(number: signal.Signals) -> None:
    os.kill(os.getpid(), number)
    time.sleep(0)  # let the handler run


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_noted_and_kills_nothing(number: signal.Signals) -> None:
    with StopRequest() as stop:
        assert stop.requested is None
        send(number)
        assert stop.requested == number.name


def test_the_first_reason_stays() -> None:
    with StopRequest() as stop:
        send(signal.SIGTERM)
        send(signal.SIGTERM)
        send(signal.SIGINT)
        assert stop.requested == "SIGTERM"


def test_a_second_interrupt_is_obeyed_at_once_and_the_handlers_come_back() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)

    def work() -> None:
        with StopRequest():
            send(signal.SIGINT)
            send(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        work()
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_one_inside_another_gives_the_outer_its_handlers_back() -> None:
    with StopRequest() as outer:
        with StopRequest() as inner:
            send(signal.SIGTERM)
        assert (inner.requested, outer.requested) == ("SIGTERM", None)
        send(signal.SIGTERM)
        assert outer.requested == "SIGTERM"


def test_off_the_main_thread_it_does_nothing() -> None:
    before = signal.getsignal(signal.SIGTERM)
    found: list[object] = []

    def work() -> None:
        with StopRequest() as stop:
            found.extend((stop.requested, signal.getsignal(signal.SIGTERM)))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [None, before]


def test_a_process_that_is_told_to_stop_finishes_its_work() -> None:
    code = (
        "from toolkit.engine.signals import StopRequest\n"
        "with StopRequest() as stop:\n"
        "    print('ready', flush=True)\n"
        "    while not stop.requested: pass\n"
        "print('saved after', stop.requested)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.terminate()
        assert process.communicate(timeout=30)[0] == "saved after SIGTERM\n"
        assert process.returncode == 0
