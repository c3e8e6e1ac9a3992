from __future__ import annotations

import json
import threading

import numpy as np
import pytest

from toolkit.face.detection import Face
from toolkit.face.search import Match
from toolkit.face.sessions import Sessions
from toolkit.face.states import FaceSession, SessionError, Step
from toolkit.face.upload import Upload

UPLOAD = Upload(np.zeros((40, 40, 3), dtype=np.uint8), "me.jpg", "JPEG", (), "0" * 64)
FACE = Face((0.0, 0.0, 40.0, 40.0), 1.0)
MATCHES = (Match(4, 0.9), Match(8, 0.8), Match(15, 0.7))


def generated() -> FaceSession[str]:
    session: FaceSession[str] = FaceSession()
    return session.uploaded(UPLOAD).found(FACE, MATCHES, (2, 1, 1), seed=5).generated("a face")


# -- the way through ----------------------------------------------------------------------------------------------


def test_the_four_steps_in_their_order() -> None:
    session = generated()
    assert session.step is Step.GENERATED
    assert session.request is not None
    assert session.request.weights == (2.0, 1.0, 1.0)
    accepted = session.accepted()
    assert (accepted.step, accepted.result, accepted.rejected) == (Step.ACCEPTED, "a face", 0)
    assert session.step is Step.GENERATED  # the old one stays as it was


def test_again_asks_for_new_noise_other_weights_or_without_a_source() -> None:
    session = generated()
    again = session.again()
    assert (again.step, again.result, again.rejected) == (Step.FOUND, None, 1)
    assert again.request is not None
    assert again.request.seed == 6
    assert again.request.matches == MATCHES
    weighted = session.again(seed=9, weights=[0, 0, 1]).request
    assert weighted is not None
    assert (weighted.seed, weighted.weights) == (9, (0.0, 0.0, 1.0))
    fewer = session.again(drop=4).request
    assert fewer is not None
    assert ([match.id for match in fewer.matches], fewer.weights) == ([8, 15], (1.0, 1.0))
    assert session.again().generated("other").again().rejected == 2


def test_dropping_leaves_weights_that_can_be_used() -> None:
    session = FaceSession[str]().uploaded(UPLOAD).found(FACE, MATCHES, (1, 0, 0)).generated("x").again(drop=4)
    assert session.request is not None
    assert session.request.weights == (1.0, 1.0)


def test_a_face_that_could_not_be_made_can_be_asked_for_in_another_way() -> None:
    found = FaceSession[str]().uploaded(UPLOAD).found(FACE, MATCHES, seed=3)
    other = found.again(drop=8)
    assert other.request is not None
    assert ([match.id for match in other.request.matches], other.request.seed, other.rejected) == ([4, 15], 4, 0)


def test_a_new_picture_forgets_what_came_before() -> None:
    session = generated().uploaded(UPLOAD)
    assert (session.step, session.request, session.result, session.rejected) == (Step.UPLOADED, None, None, 0)
    assert generated().found(FACE, MATCHES[:1]).result is None


def test_a_session_is_plain_values_without_pixels() -> None:
    plain = json.loads(json.dumps(generated().to_json()))
    assert plain["step"] == "generated"
    assert plain["request"]["sources"][0] == {"id": 4, "similarity": 0.9, "weight": 2.0}
    assert json.loads(json.dumps(FaceSession().to_json()))["upload"] is None


# -- wrong order --------------------------------------------------------------------------------------------------


def test_steps_out_of_order_are_refused_with_what_to_do_first() -> None:
    empty: FaceSession[str] = FaceSession()
    uploaded = empty.uploaded(UPLOAD)
    found = uploaded.found(FACE, MATCHES)
    wrong = [
        (lambda: empty.found(FACE, MATCHES), "cannot search while the session is 'empty'", "upload"),
        (lambda: uploaded.generated("x"), "cannot generate while the session is 'uploaded'", "search"),
        (lambda: found.accepted(), "cannot accept while the session is 'found'", "generate"),
        (lambda: uploaded.again(), "cannot ask again while the session is 'uploaded'", "search"),
        (lambda: found.generated("x").generated("y"), "cannot generate while the session is 'generated'", "accepted"),
        (lambda: generated().accepted().accepted(), "cannot accept while the session is 'accepted'", "generate"),
    ]
    for step, message, way_out in wrong:
        with pytest.raises(SessionError, match=message) as caught:
            step()
        assert way_out in caught.value.way_out


@pytest.mark.parametrize("weights", [(1,), (0, 0, 0), (-1, 1, 1), (float("nan"), 1, 1), (float("inf"), 1, 1)])
def test_weights_that_do_not_fit_are_refused(weights: tuple[float, ...]) -> None:
    with pytest.raises(SessionError, match="3 sources need as many weights"):
        generated().again(weights=weights)


def test_sources_that_cannot_be_dropped_are_named() -> None:
    with pytest.raises(SessionError, match=r"face 99 is none of the sources \(4, 8, 15\)"):
        generated().again(drop=99)
    with pytest.raises(SessionError, match="the only source"):
        FaceSession[str]().uploaded(UPLOAD).found(FACE, MATCHES[:1]).generated("x").again(drop=4)
    with pytest.raises(SessionError, match="no face of the library may be used"):
        FaceSession[str]().uploaded(UPLOAD).found(FACE, [])


# -- several users ------------------------------------------------------------------------------------------------


def test_sessions_of_several_users_do_not_mix() -> None:
    sessions: Sessions[str] = Sessions()
    names = [sessions.start() for _ in range(20)]
    assert len(set(names)) == 20

    def go(number: int) -> None:
        upload = Upload(UPLOAD.picture, f"{number}.jpg", "JPEG", (), "0" * 64)
        sessions.change(names[number], lambda session: session.uploaded(upload))
        sessions.change(names[number], lambda session: session.found(FACE, MATCHES, seed=number))
        sessions.change(names[number], lambda session: session.generated(f"face {number}"))

    threads = [threading.Thread(target=go, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, name in enumerate(names):
        session = sessions.get(name)
        assert (session.upload.name, session.result) == (f"{number}.jpg", f"face {number}")  # type: ignore[union-attr]


def test_a_failed_step_leaves_the_session_as_it_was() -> None:
    sessions: Sessions[str] = Sessions()
    name = sessions.start()
    sessions.change(name, lambda session: session.uploaded(UPLOAD))
    with pytest.raises(SessionError):
        sessions.change(name, lambda session: session.accepted())
    assert sessions.get(name).step is Step.UPLOADED


def test_sessions_end_when_they_are_idle_or_too_many_or_told_to() -> None:
    now = [0.0]
    sessions: Sessions[str] = Sessions(most=2, idle_seconds=10, clock=lambda: now[0])
    first = sessions.start()
    now[0] = 5
    second = sessions.start()
    sessions.get(first)
    third = sessions.start()  # the second was used longest ago, at the same time as the first was started
    now[0] = 6
    assert len(sessions) == 2
    sessions.get(third)
    now[0] = 15.5
    for gone in (first, second):
        with pytest.raises(SessionError, match="no such session"):
            sessions.get(gone)
    sessions.end(third)
    assert len(sessions) == 0
    sessions.end("unknown")
