"""The page in a real browser: every tab, bad uploads, a reload in mid-flow; nothing outside, no complaint."""

from __future__ import annotations

import json
import os
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the package 'fastapi' (extra 'studio') is not installed")

from tests.face.making import jpeg, noise, rendered
from tests.speech.vocoders import save_vocoder
from tests.studio.browser import Watched, require_browser, served, watched
from tests.studio.making import settings, stand_in
from tests.translation import toy
from toolkit.data.prepare import DATA_VARIABLE
from toolkit.face import provenance
from toolkit.face.packaged import DEMO_LIBRARY
from toolkit.studio.settings import Settings


@pytest.fixture
def studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    require_browser()
    stand_in(monkeypatch)
    with served(settings(tmp_path)) as address, watched(address, accept_downloads=True) as page:
        yield page
        page.check()


def photo(content: bytes, name: str = "me.jpg") -> dict[str, Any]:
    return {"name": name, "mimeType": "image/jpeg", "buffer": content}


def wait_for_step(studio: Watched, step: str) -> None:
    studio.page.wait_for_selector(f".steps[data-step={step}][aria-busy=false]")


def save_of(studio: Watched, words: str) -> bytes:
    with studio.page.expect_download() as download:
        studio.page.get_by_role("button", name=words, exact=True).click()
    return Path(download.value.path()).read_bytes()


# -- faces --------------------------------------------------------------------------------------------------------


def test_the_four_steps_with_a_reload_in_the_middle(studio: Watched, tmp_path: Path) -> None:
    page = studio.page
    studio.open("faces")
    page.set_input_files("#panel-faces input[type=file]", photo(jpeg(noise(100, 96))))
    wait_for_step(studio, "generated")
    assert page.locator(".photo circle").count() == 68
    assert page.locator(".found li").count() == 3
    assert page.locator(".made .badge").inner_text() == "AI-generated face"
    first = page.locator(".made img").get_attribute("src")

    page.reload()
    page.wait_for_selector("#panel-faces[data-ready=yes]")
    wait_for_step(studio, "generated")
    assert page.locator(".made img").get_attribute("src") == first
    assert page.locator(".photo img").evaluate("image => image.decode().then(() => image.naturalWidth)") == 96

    page.get_by_role("button", name="Another one").click()
    page.wait_for_function("first => document.querySelector('.made img').src !== first", arg=first)
    page.locator(".found li").first.get_by_role("button", name="Drop").click()
    page.wait_for_function("() => document.querySelectorAll('.found li').length === 2")
    wait_for_step(studio, "generated")
    page.locator(".found input[type=range]").first.fill("0.2")
    wait_for_step(studio, "generated")

    page.get_by_role("button", name="Accept").click()
    wait_for_step(studio, "accepted")
    file = tmp_path / "new.png"
    file.write_bytes(save_of(studio, "Save picture"))
    assert len(provenance.read(file)["sources"]) == 2
    assert json.loads(save_of(studio, "Save record"))["digital_source_type"].endswith("trainedAlgorithmicMedia")

    page.get_by_role("button", name="Start again").click()
    wait_for_step(studio, "empty")


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (b"%PDF-1.7", "page.png", "is a PDF document"),
        (b"plain text", "text.jpg", "is not a picture"),
    ],
)
def test_uploads_that_are_no_picture_are_explained(studio: Watched, content: bytes, name: str, words: str) -> None:
    studio.open("faces")
    studio.page.set_input_files("#panel-faces input[type=file]", photo(content, name))
    studio.page.wait_for_selector("#panel-faces .note.bad")
    assert words in studio.page.locator("#panel-faces .note.bad").inner_text()
    wait_for_step(studio, "empty")


def test_a_file_above_the_limit_is_not_even_sent(studio: Watched, tmp_path: Path) -> None:
    studio.open("faces")
    large = tmp_path / "large.jpg"
    with large.open("wb") as file:
        file.truncate(200_000_000)
    studio.page.set_input_files("#panel-faces input[type=file]", large)
    studio.page.wait_for_selector("#panel-faces .note.bad")
    assert "has 200.0 MB; the limit is 20 MB" in studio.page.locator("#panel-faces .note.bad").inner_text()
    wait_for_step(studio, "empty")


def test_names_from_outside_are_text_and_never_markup(studio: Watched) -> None:
    studio.open("faces")
    name = "<img src=x onerror=alert(1)>.jpg"
    studio.page.set_input_files("#panel-faces input[type=file]", photo(b"no picture", name))
    studio.page.wait_for_selector("#panel-faces .note.bad")
    assert studio.page.locator("#panel-faces .note.bad img").count() == 0


def test_two_users_at_once_have_their_own_faces(studio: Watched) -> None:
    other = studio.page.context.browser.new_context().new_page()
    studio.open("faces")
    other.goto(f"{studio.address}#faces")
    other.wait_for_selector("#panel-faces[data-ready=yes]")
    studio.page.set_input_files("#panel-faces input[type=file]", photo(jpeg(noise(1, 64))))
    wait_for_step(studio, "generated")
    assert other.locator(".steps").get_attribute("data-step") == "empty"


@pytest.mark.skipif(not DEMO_LIBRARY.is_file(), reason="the face models are not shipped with this checkout")
def test_the_four_steps_with_the_shipped_models_and_a_real_photo(tmp_path: Path) -> None:
    require_browser()
    pytest.importorskip("dlib", reason="the package 'dlib-bin' (extra 'face') is not installed")
    with served(Settings(runs=tmp_path)) as address, watched(address) as page:
        page.open("faces")
        page.page.set_input_files("#panel-faces input[type=file]", photo(a_photo()))
        wait_for_step(page, "generated")
        assert page.page.locator(".photo circle").count() == 68
        assert page.page.locator(".made img").is_visible()
        page.page.get_by_role("button", name="Accept").click()
        wait_for_step(page, "accepted")
        page.check()


def a_photo() -> bytes:
    """A real portrait where the data set is at hand, else a rendered one."""
    archive = Path(os.environ.get(DATA_VARIABLE, "")) / "interfaces-cc0-256" / "interfaces-cc0-256.tar"
    if not os.environ.get(DATA_VARIABLE) or not archive.is_file():
        return jpeg(rendered()[0])
    with tarfile.open(archive) as opened:
        member = next(one for one in opened if one.isreg() and one.name.endswith(".jpg"))
        stream = opened.extractfile(member)
        assert stream is not None
        return stream.read()


# -- the other tabs -----------------------------------------------------------------------------------------------


def test_pictures_are_generated_and_saved(studio: Watched) -> None:
    page = studio.page
    studio.open("images")
    page.select_option("select[name=model]", "fashion-mnist-conditional")
    page.select_option("select[name=label]", "Bag")
    page.fill("input[name=count]", "6")
    page.check("input[name=judge]")
    page.get_by_role("button", name="Generate").click()
    page.wait_for_selector(".gallery img")
    assert page.locator(".gallery img").count() == 6
    assert page.locator(".gallery figcaption").first.inner_text().startswith("Bag")
    assert save_of(studio, "Save grid").startswith(b"\x89PNG")
    page.get_by_role("button", name="Next seed").click()
    page.wait_for_function("() => document.querySelector('.facts dd').textContent === '1'")


def test_a_text_is_translated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import toolkit

    require_browser()
    pytest.importorskip("transformers", reason="the package 'transformers' (extra 'translation') is not installed")
    stand_in(monkeypatch)
    given = settings(tmp_path)
    toolkit.train(toy.recipe(tmp_path / "data", steps=30), out=given.runs / "toy")
    with served(given) as address, watched(address, accept_downloads=True) as page:
        page.open("translation")
        page.page.fill("textarea[name=text]", "ba de fi")
        page.page.fill("input[name=alternatives]", "3")
        page.page.get_by_role("button", name="Translate", exact=True).click()
        page.page.wait_for_selector(".others li")
        assert page.page.locator(".others li").count() == 3
        assert page.page.locator(".answer").inner_text()
        with page.page.expect_download() as download:
            file = {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"ba\nde\n"}
            page.page.set_input_files("#panel-translation input[type=file]", file)
        assert len(Path(download.value.path()).read_text().splitlines()) == 2
        page.open("runs")  # the run of the translator
        page.page.wait_for_selector(".chart")
        page.check()


def test_a_recording_is_vocoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    require_browser()
    pytest.importorskip("soundfile", reason="the package 'soundfile' (extra 'speech') is not installed")
    import torch

    from toolkit.studio.speech import wav

    stand_in(monkeypatch)
    given = settings(tmp_path)
    save_vocoder(given.runs / "vocoder" / "model")
    (given.runs / "vocoder" / "recipe.yaml").write_text("name: vocoder\n")
    with served(given) as address, watched(address) as page:
        page.open("speech")
        content = wav(0.2 * torch.sin(torch.arange(22050) * 0.06), 22050)
        file = {"name": "tone.wav", "mimeType": "audio/wav", "buffer": content}
        page.page.set_input_files("#panel-speech input[type=file]", file)
        page.page.wait_for_selector("#panel-speech audio")
        assert page.page.locator("#panel-speech audio").count() == 2
        sound = page.page.locator("#panel-speech audio").first
        page.page.wait_for_function("() => document.querySelector('#panel-speech audio').duration > 0")
        assert sound.evaluate("audio => audio.duration") == pytest.approx(1.0, abs=0.05)
        page.check()


def test_tabs_can_be_reached_with_the_keyboard_and_say_what_is_missing(studio: Watched) -> None:
    page = studio.page
    studio.open("images")
    page.focus("#tab-images")
    for name in ("speech", "translation", "faces", "runs", "images"):
        page.keyboard.press("ArrowRight")
        page.wait_for_selector(f"#panel-{name}[data-ready=yes]:not([hidden])")
        assert page.evaluate("document.activeElement.id") == f"tab-{name}"
    page.keyboard.press("End")
    page.wait_for_selector("#panel-runs:not([hidden])")
    assert "no run is in" in page.locator("#panel-runs").inner_text()


def test_the_page_fits_a_telephone_and_the_dark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    require_browser()
    stand_in(monkeypatch)
    with served(settings(tmp_path)) as address, watched(address, color_scheme="dark") as page:
        page.page.set_viewport_size({"width": 360, "height": 700})
        for tab in ("images", "faces"):
            page.open(tab)
            assert page.page.evaluate("document.documentElement.scrollWidth") <= 360
        background = page.page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert max(int(number) for number in re.findall(r"\d+", background)) < 60
        page.check()


def test_a_token_in_the_address_opens_the_page_and_leaves_the_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    require_browser()
    stand_in(monkeypatch)
    token = "a-token-that-is-long-enough"
    with served(settings(tmp_path, token=token)) as address, watched(address) as page:
        page.page.goto(address)
        page.page.wait_for_selector("body[data-ready=refused]")
        assert "asks for a token" in page.page.locator("main").inner_text()
        page.page.goto("about:blank")
        page.page.goto(f"{address}#token={token}")
        page.page.wait_for_selector("body[data-ready=yes]")
        assert token not in page.page.url
        assert token not in page.page.content()
        assert page.outside == []
