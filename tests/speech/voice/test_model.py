"""The acoustic model and its game: padding changes nothing, stretches are the whole, losses are what they say."""

from __future__ import annotations

import pytest
import torch

from tests.speech.voice.small import network, texts
from toolkit.adversarial.estimators import Draw
from toolkit.adversarial.terms import Offer
from toolkit.data.sequences import padded
from toolkit.engine.randomness import Noise
from toolkit.speech.voice.export import ExportedVoice
from toolkit.speech.voice.synthesis import (
    Prosody,
    decode_planned,
    plan_speech,
    speak,
    stretches,
    units_batch,
    whole_frames,
)
from toolkit.speech.voice.terms import Duration, Energy, MelFrames, Pitch

CPU = torch.device("cpu")


def batch_of(data, places):
    return padded([data[place] for place in places], {})


def generated(task, model, batch):
    return task.generate(model, batch, Draw(Noise(0, 0, torch.arange(len(batch["frames"])), "test"), None))


def test_a_sentence_is_the_same_alone_and_beside_longer_ones():
    data = texts()
    task, model = network(data)
    model.eval()
    order = data.lengths[:, 1].argsort()
    short, long = int(order[0]), int(order[-1])
    alone = generated(task, model, batch_of(data, [short]))
    beside = generated(task, model, batch_of(data, [short, long]))
    frames = int(data.lengths[short, 1])
    assert torch.allclose(alone.data[0], beside.data[0, :, :frames], atol=1e-4)
    assert not beside.data[0, :, frames:].any()
    for term in (MelFrames(), Duration(), Pitch(), Energy()):
        values = []
        for output, places in ((alone, [short]), (beside, [short, long])):
            batch = batch_of(data, places)
            values.append(term(Offer(batch, output, task.real(batch)))[0].item())
        assert values[0] == pytest.approx(values[1], abs=1e-4), type(term).__name__


def test_a_term_without_an_acoustic_model_says_so():
    from toolkit.adversarial.types import GeneratorOutput
    from toolkit.errors import ToolkitError

    offer = Offer({"symbols": torch.ones(1, 2)}, GeneratorOutput(torch.zeros(1, 3, 4)), None)
    with pytest.raises(ToolkitError, match="log_durations"):
        Duration()(offer)


def test_stretches_of_frames_are_the_whole():
    data = texts()
    _, model = network(data)
    model.eval()
    batch = units_batch(data.entry(0).units, data.inventory, 0, CPU)
    with torch.no_grad():
        planned = plan_speech(model, batch)
        whole = decode_planned(model, planned, 0, planned.frames.shape[1])
        pieces = list(stretches(model, planned, 7, 30))
    assert len(pieces) > 2
    assert torch.allclose(torch.cat(pieces), whole, atol=1e-5)
    assert int(planned.durations.sum()) == len(whole)


def test_speed_changes_the_length_and_pitch_does_not():
    data = texts()
    _, model = network(data)
    model.eval()
    with torch.no_grad():
        model.duration.out.bias.fill_(2.0)
        batch = units_batch(data.entry(0).units, data.inventory, 0, CPU)
        plain, fast = speak(model, batch), speak(model, batch, Prosody(speed=2.0))
        high = speak(model, batch, Prosody(pitch=4.0))
    assert len(fast.mel) == pytest.approx(len(plain.mel) / 2, abs=1)
    assert torch.equal(high.durations, plain.durations)
    assert not torch.allclose(high.mel, plain.mel, atol=1e-3)


def test_rounding_of_lengths_does_not_add_up():
    lengths = torch.full((1, 100), 1.4)
    assert int(whole_frames(lengths).sum()) == 140
    assert whole_frames(torch.tensor([[0.1, 0.1, 5.0]])).tolist() == [[1, 1, 5]]


def test_the_exported_network_says_what_the_voice_says():
    data = texts()
    _, model = network(data)
    model.eval()
    units = data.entry(1).units
    batch = units_batch(units, data.inventory, 0, CPU)
    with torch.no_grad():
        wanted = speak(model, batch).mel
        rows = torch.stack([batch.symbols, batch.stress, batch.initial], 1)
        frames = torch.arange(20 * len(units))[None]
        found = ExportedVoice.of(model)(rows, frames, batch.speaker, torch.ones(1))[0]
    assert torch.allclose(found[: len(wanted)], wanted, atol=1e-5)
    assert not found[len(wanted) :].any()
