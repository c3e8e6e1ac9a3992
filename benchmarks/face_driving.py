"""How long the four steps take after loading, and how long until the studio's page can be used.

python benchmarks/face_driving.py --photos DIR_OR_TAR --out benchmarks/results/face_driving.json

Each photo goes through upload, search, generate and accept with the shipped models and the demo library; times are of
the library calls, decoding included, saving excluded. The page is opened by a fresh headless Chromium, from the request
until the tab for faces can be used; the studio had been started and had loaded its models before.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tarfile
import time
from pathlib import Path
from typing import Any

from toolkit.errors import ToolkitError
from toolkit.face.driving import FaceDriver
from toolkit.face.packaged import FaceModels
from toolkit.face.states import FaceSession

STEPS = ("upload", "search", "generate", "accept")


def photos(place: Path, count: int) -> list[bytes]:
    if place.is_dir():
        found = [file.read_bytes() for file in sorted(place.rglob("*.jpg"))]
    else:
        with tarfile.open(place) as archive:
            members = [member for member in archive if member.isreg() and member.name.endswith((".jpg", ".jpeg"))]
            found = [archive.extractfile(member).read() for member in members]  # type: ignore[union-attr]
    return found[:: max(1, len(found) // count)][:count]


def four_steps(driver: FaceDriver, content: bytes) -> dict[str, float]:
    """Seconds of each step and of all of them."""
    seconds: dict[str, float] = {}
    session: Any = FaceSession()
    for name in STEPS:
        started = time.perf_counter()
        session = driver.upload(session, content) if name == "upload" else getattr(driver, name)(session)
        seconds[name] = time.perf_counter() - started
    return {**seconds, "all": sum(seconds.values())}


def page_seconds(rounds: int) -> list[float]:
    """From the request of the page until the tab for faces can be used, each in a fresh browser."""
    from playwright.sync_api import sync_playwright

    chromium = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    command = [sys.executable, "-m", "toolkit", "studio", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as studio, sync_playwright() as playwright:
        assert studio.stdout is not None
        address = studio.stdout.readline().split()[1]
        time.sleep(5)  # the models are being loaded
        seconds = []
        for _ in range(rounds):
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            page = browser.new_page()
            started = time.perf_counter()
            page.goto(f"{address}#faces")
            page.wait_for_selector("#panel-faces[data-ready=yes]")
            seconds.append(time.perf_counter() - started)
            browser.close()
        studio.terminate()
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, required=True, help="folder or tar file of portraits")
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--no-page", action="store_true")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    import torch

    from toolkit.engine.device import choose_device, choose_threads, describe_machine

    torch.set_num_threads(choose_threads())
    started = time.perf_counter()
    driver = FaceModels().face_driver()
    loading = time.perf_counter() - started
    pictures = photos(arguments.photos, arguments.count)
    times, refused = [], []
    for content in [pictures[0], *pictures]:  # the first warms up
        try:
            times.append(four_steps(driver, content))
        except ToolkitError as error:
            refused.append(error.message)
    times = times[1:]
    document = {
        "machine": describe_machine(choose_device("auto")),
        "loading_s": round(loading, 2),
        "photos": len(pictures),
        "refused": refused,
        "median_s": {name: round(statistics.median(one[name] for one in times), 4) for name in times[0]},
        "slowest_s": {name: round(max(one[name] for one in times), 4) for name in times[0]},
    }
    if not arguments.no_page:
        pages = page_seconds(5)
        document["page_ready_s"] = {"median": round(statistics.median(pages), 2), "slowest": round(max(pages), 2)}
    print(json.dumps(document, indent=2))
    if arguments.out:
        arguments.out.write_text(json.dumps(document, indent=2) + "\n")


if __name__ == "__main__":
    main()
