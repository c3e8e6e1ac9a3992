"""The four steps as a library call, with stand-ins for the networks."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.face.making import AverageDriver, GridEmbedder, WholePicture, jpeg, made_library, new_face, noise, reader
from toolkit.errors import DataError
from toolkit.face import provenance
from toolkit.face.detection import Face, NoFaceError
from toolkit.face.driving import FaceDriver, Session, similarity_weights
from toolkit.face.guard import TooSimilarError, attempts, similarity_of_strangers
from toolkit.face.library import FaceLibrary
from toolkit.face.library_file import EmbedderMismatchError, LibraryError
from toolkit.face.reading import FaceReader
from toolkit.face.search import Match
from toolkit.face.states import FaceSession, SessionError, Step
from toolkit.face.upload import UploadError


@pytest.fixture
def library(tmp_path: Path) -> Iterator[FaceLibrary]:
    with made_library(tmp_path / "faces.db") as made:
        yield made


def driver(library: FaceLibrary, **options: Any) -> FaceDriver:
    options = {"most_similar": 0.95, **options}
    return FaceDriver(library, reader(), GridEmbedder(), options.pop("network", AverageDriver()), **options)


def generated(four: FaceDriver, seed: int = 0) -> Session:
    session = four.upload(FaceSession(), jpeg(noise(100, 64)), name="me.jpg")
    return four.generate(four.search(session, seed=seed))


# -- the way through ----------------------------------------------------------------------------------------------


def test_four_steps_from_a_picture_to_a_saved_face(library: FaceLibrary, tmp_path: Path) -> None:
    four = driver(library)
    session = four.upload(FaceSession(), jpeg(noise(100, 64)), name="me.jpg")
    assert session.step is Step.UPLOADED
    assert session.seen is not None
    assert session.seen.landmarks.shape == (68, 2)
    session = four.search(session)
    assert session.request is not None
    assert len(session.request.matches) == 3
    assert sum(session.request.weights) == pytest.approx(1)
    session = four.generate(session)
    assert session.result is not None
    assert session.result.picture.shape == (24, 24, 3)
    files = four.save(four.accept(session), tmp_path / "new.png")
    assert [file.name for file in files] == ["new.png", "new.png.json"]
    assert np.array_equal(np.asarray(Image.open(files[0])), session.result.picture)


def test_the_same_seed_gives_the_same_face_and_again_another(library: FaceLibrary) -> None:
    four = driver(library)
    first, same = generated(four, 5), generated(four, 5)
    assert first.result is not None
    assert same.result is not None
    assert np.array_equal(first.result.picture, same.result.picture)
    other = four.generate(four.again(first))
    assert other.result is not None
    assert other.result.seed == 6
    assert not np.array_equal(first.result.picture, other.result.picture)


def test_a_dropped_source_and_other_weights_are_what_the_network_gets(library: FaceLibrary) -> None:
    network = AverageDriver()
    four = driver(library, network=network)
    session = generated(four)
    assert session.request is not None
    dropped = session.request.matches[0].id
    session = four.generate(four.again(session, drop=dropped, weights=[3, 1]))
    assert network.asked[-1] == ((0.75, 0.25), 1)
    assert session.result is not None
    assert dropped not in [source.id for source in session.result.provenance.sources]


def test_the_sources_are_different_people(tmp_path: Path) -> None:
    """The faces most similar to a picture are often several pictures of one person."""
    with FaceLibrary(tmp_path / "faces.db", GridEmbedder()) as library:
        for view in range(30):
            near = np.clip(noise(1).astype(int) + np.random.default_rng(view).integers(-9, 9, (24, 24, 3)), 0, 255)
            library.add(replace(new_face(1000 + view, person="one"), crop=near.astype(np.uint8)))
        library.add([new_face(seed) for seed in range(2, 6)])
        found = driver(library).find(noise(1), 3)
        people = [library[match.id].person for match in found]
    assert people[0] == "one"
    assert len(set(people)) == 3


def test_a_face_says_what_was_asked_for_and_what_came_out(library: FaceLibrary) -> None:
    result = generated(driver(library)).result
    assert result is not None
    document = json.loads(json.dumps(result.to_json()))
    assert len(document["requested"]) == len(document["produced"]) == 68
    assert document["nme"] == pytest.approx(result.error, abs=1e-4)
    assert document["nearest"]["id"] in library
    assert sum(document["weights"]) == pytest.approx(1, abs=1e-3)


def test_a_face_in_which_none_is_found_says_so(library: FaceLibrary) -> None:
    class Upload(WholePicture):
        def detect(self, picture: Any) -> list[Face]:
            return super().detect(picture) if picture.shape[0] > 24 else []

    four = FaceDriver(
        library, FaceReader(Upload(), reader().landmarker, crop=24), GridEmbedder(), AverageDriver(), most_similar=1
    )
    result = generated(four).result
    assert result is not None
    assert (result.produced, result.error, result.to_json()["nme"]) == (None, None, None)


# -- only what may be used ----------------------------------------------------------------------------------------


def test_faces_without_licence_or_consent_are_never_used(tmp_path: Path) -> None:
    with made_library(tmp_path / "faces.db", 3) as library:
        library.add([new_face(10, licence=None), new_face(11, consent=None), new_face(12, licence="")])
        found = driver(library).find(noise(10), 6)
        assert sorted(match.id for match in found) == [1, 2, 3]


def test_consent_that_is_withdrawn_meanwhile_stops_the_next_face(library: FaceLibrary) -> None:
    four = driver(library)
    session = four.search(four.upload(FaceSession(), jpeg(noise(100, 64))))
    assert session.request is not None
    library.update(session.request.matches[1].id, consent=None)
    with pytest.raises(LibraryError, match="may no longer be used"):
        four.generate(session)


def test_a_forgotten_face_stops_the_next_face(library: FaceLibrary) -> None:
    four = driver(library)
    session = generated(four)
    assert session.request is not None
    library.forget(session.request.matches[0].id)
    with pytest.raises(LibraryError, match="there is no face number"):
        four.generate(four.again(session))


def test_libraries_with_nothing_to_use_say_what_to_do(tmp_path: Path) -> None:
    with FaceLibrary(tmp_path / "empty.db") as library, pytest.raises(LibraryError, match="is empty") as caught:
        driver(library).find(noise(1), 3)
    assert "toolkit face library add" in caught.value.way_out
    with made_library(tmp_path / "faces.db", 2, licence=None) as library:
        with pytest.raises(LibraryError, match="none of the 2 faces") as caught:
            driver(library).find(noise(1), 3)
        assert "library update" in caught.value.way_out


def test_a_library_of_another_embedder_is_refused_with_the_command_that_helps(library: FaceLibrary) -> None:
    with pytest.raises(EmbedderMismatchError) as caught:
        FaceDriver(library, reader(), GridEmbedder("grid-2"), AverageDriver())
    assert caught.value.way_out.startswith("toolkit face library reembed")


# -- the guard ----------------------------------------------------------------------------------------------------


def test_a_face_too_similar_to_a_person_is_made_again_with_other_noise_and_flatter_weights(
    library: FaceLibrary,
) -> None:
    network = AverageDriver(noise=0)
    four = driver(library, network=network, most_similar=1)
    session = four.upload(FaceSession(), jpeg(noise(100, 64)))
    session = four.again(four.search(session), weights=[20, 1, 1], seed=0)
    alone = four.generate(session).result
    assert alone is not None
    assert alone.tries == 1
    equal = four.generate(four.again(session, weights=[1, 1, 1])).result
    assert equal is not None
    cap = (alone.verdict.worst + equal.verdict.worst) / 2
    assert equal.verdict.worst < cap < alone.verdict.worst
    guarded = driver(library, network=network, most_similar=cap).generate(session).result
    assert guarded is not None
    assert guarded.tries > 3
    assert guarded.verdict.allowed
    assert max(guarded.weights) < 20 / 22


def test_when_nothing_helps_no_face_is_given_and_the_session_stays(library: FaceLibrary) -> None:
    four = driver(library, most_similar=-0.99)
    session = four.search(four.upload(FaceSession(), jpeg(noise(100, 64))))
    with pytest.raises(TooSimilarError, match=r"none of \d+ new faces was shown") as caught:
        four.generate(session)
    assert "drop" in caught.value.way_out
    one = four.again(four.again(session, drop=session.request.matches[0].id), drop=session.request.matches[1].id)  # type: ignore[union-attr]
    with pytest.raises(TooSimilarError) as caught:
        four.generate(one)
    assert "two sources" in caught.value.way_out


def test_the_uploaded_person_counts_as_a_person(library: FaceLibrary) -> None:
    """A library with the uploaded face itself would otherwise give it back."""
    four = driver(library, network=AverageDriver(noise=0), most_similar=0.9)
    session = four.upload(FaceSession(), jpeg(noise(2, 64)))
    session = four.search(session, sources=1)
    with pytest.raises(TooSimilarError):
        four.generate(session)


def test_a_new_face_may_be_as_similar_to_somebody_as_strangers_are(tmp_path: Path) -> None:
    """Two pictures of each of forty people: those of one person do not count."""
    with FaceLibrary(tmp_path / "faces.db", GridEmbedder()) as library:
        for person in range(40):
            library.add(new_face(person, person=f"p{person}"))
            twin = replace(new_face(1000 + person, person=f"p{person}"), crop=noise(person))
            library.add(twin)
        similarity = similarity_of_strangers(library)
        table = library.vectors().vectors.astype(float)[::2]
    others = table @ table.T - 9 * np.eye(40)
    assert similarity == pytest.approx(max(0.75, np.quantile(others.max(1), 0.95)), abs=0.01)
    with made_library(tmp_path / "few.db", 20) as few:
        assert similarity_of_strangers(few) is None
        assert FaceDriver(few, reader(), GridEmbedder(), AverageDriver()).most_similar == 0.75


def test_attempts_begin_as_asked_become_flat_and_leave_sources_out() -> None:
    tried = list(attempts([8, 1, 0], 3))
    assert tried[0] == ((8 / 9, 1 / 9, 0.0), 3)
    assert tried[-1][0] == (0.5, 0.5, 0.0)
    assert len({seed for _, seed in tried}) == 3
    assert len(list(attempts([1, 1], 0))) == 3  # flat already
    assert [weights for weights, _ in attempts([3, 2, 1], 0)][-3:] == [(0, 0.5, 0.5), (0.5, 0, 0.5), (0.5, 0.5, 0)]


def test_weights_follow_similarities() -> None:
    weights = similarity_weights([Match(1, 0.9), Match(2, 0.8), Match(3, 0.8)])
    assert sum(weights) == pytest.approx(1)
    assert weights[0] / weights[1] == pytest.approx(np.e)
    assert weights[1] == weights[2]


# -- wrong order and bad input ------------------------------------------------------------------------------------


def test_steps_out_of_order_say_what_is_missing(library: FaceLibrary, tmp_path: Path) -> None:
    four = driver(library)
    empty: Session = FaceSession()
    for step, words in [
        (lambda: four.search(empty), "upload a picture first"),
        (lambda: four.choose(empty, 0), "upload a picture first"),
        (lambda: four.generate(empty), "search the library first"),
        (lambda: four.accept(empty), "generate a face first"),
        (lambda: four.save(generated(four), tmp_path / "new.png"), "accept one first"),
    ]:
        with pytest.raises(SessionError) as caught:
            step()
        assert words in caught.value.way_out
    assert not list(tmp_path.glob("new.png*"))


def test_of_ten_faces_one_can_be_chosen(library: FaceLibrary) -> None:
    class Ten(WholePicture):
        def detect(self, picture: Any) -> list[Face]:
            return [Face((30.0 * n, 0.0, 30.0 * n + 20 + n, 20.0 + n), 1.0) for n in range(10)]

    four = FaceDriver(library, FaceReader(Ten(), reader().landmarker, crop=24), GridEmbedder(), AverageDriver())
    session = four.upload(FaceSession(), jpeg(noise(1, 320)))
    assert session.seen is not None
    assert (len(session.seen.faces), session.seen.number) == (10, 0)
    session = four.choose(session, 3)
    assert session.seen is not None
    assert session.seen.number == 3
    with pytest.raises(NoFaceError, match="there is no face number 10"):
        four.choose(session, 10)


def test_pictures_that_cannot_be_used_leave_the_session_as_it_was(library: FaceLibrary) -> None:
    four = driver(library)
    with pytest.raises(NoFaceError, match="no face was found"):
        four.upload(FaceSession(), jpeg(np.full((64, 64, 3), 90, dtype=np.uint8)))
    with pytest.raises(UploadError):
        four.upload(FaceSession(), b"%PDF-1.7", name="me.png")
    with pytest.raises(DataError, match="1 source at least"):
        four.search(four.upload(FaceSession(), jpeg(noise(1, 64))), sources=0)


# -- provenance ---------------------------------------------------------------------------------------------------


def test_a_saved_face_says_what_it_is_and_of_what_it_was_made(library: FaceLibrary, tmp_path: Path) -> None:
    four = driver(library)
    file, beside = four.save(four.accept(generated(four, 7)), tmp_path / "new.png")
    record = json.loads(beside.read_text())
    assert record["digital_source_type"].endswith("/trainedAlgorithmicMedia")
    assert record["seed"] == 7
    assert record["models"] == {"driver": "average", "embedder": "grid-1", "landmarker": "mean-face"}
    assert {source["licence"] for source in record["sources"]} == {"CC0-1.0"}
    assert sum(source["weight"] for source in record["sources"]) == pytest.approx(1, abs=1e-3)
    assert record["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    inside = provenance.read(file)
    assert inside["sources"] == record["sources"]
    assert "me.jpg" not in beside.read_text()  # nothing of the upload
    with Image.open(file) as picture:
        xmp = picture.getxmp()
    described = xmp["xmpmeta"]["RDF"]["Description"]
    assert described["DigitalSourceType"].endswith("/trainedAlgorithmicMedia")
    assert "adversarial-toolkit" in described["CreatorTool"]


def test_names_that_would_lose_the_provenance_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"does not end in \.png") as caught:
        provenance.checked_name(tmp_path / "new.jpg")
    assert "new.png" in caught.value.way_out
    with pytest.raises(DataError, match="is a folder"):
        provenance.checked_name(tmp_path)


def test_a_picture_without_provenance_is_told(tmp_path: Path) -> None:
    Image.fromarray(noise(1)).save(tmp_path / "plain.png")
    with pytest.raises(DataError, match="has no provenance"):
        provenance.read(tmp_path / "plain.png")
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(DataError, match="cannot be read"):
        provenance.read(tmp_path / "text.png")
