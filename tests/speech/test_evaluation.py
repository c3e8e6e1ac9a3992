from __future__ import annotations

import json
import math
import time
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from toolkit.data.memory import ArraySource
from toolkit.data.source import Subset
from toolkit.errors import ConfigError, DataError, MissingExtraError
from toolkit.speech import evaluation as module
from toolkit.speech.audio_format import AudioFormat
from toolkit.speech.evaluation import (
    BASELINE,
    FromMels,
    compare_vocoders,
    evaluate_vocoder,
    paired_metrics,
)
from toolkit.speech.evaluation_table import evaluation_table
from toolkit.speech.segments import to_samples
from toolkit.testing.paired_metrics import vowel

RATE = 16_000
FORMAT = AudioFormat(sample_rate=RATE, n_fft=512, win_length=512, hop_length=128, mels=40)
QUICK = ("mel_distance", "stft_distance")


class Voices(ArraySource):
    """Vowels of several pitches; the samples of one may be replaced."""

    sample_rate = RATE

    def __init__(self, count: int = 3, seconds: float = 0.6, **replaced: Any) -> None:
        waves = [to_samples(vowel(100.0 + 20 * place, seconds=seconds, sample_rate=RATE)) for place in range(count)]
        super().__init__({"audio": np.stack(waves)}, [f"clip-{place}" for place in range(count)], [])
        self.replaced = {int(key.removeprefix("at_")): value for key, value in replaced.items()}

    def __getitem__(self, index: int) -> dict[str, Any]:
        item = super().__getitem__(index)
        return {"audio": self.replaced.get(index, item["audio"])}


def quieter(wave_T: Tensor) -> Tensor:
    return 0.5 * wave_T


def test_means_are_those_of_the_single_recordings_with_their_intervals() -> None:
    found = evaluate_vocoder(quieter, FORMAT, Voices(), ["mel_distance"], baseline=False)
    row = found.rows["model"]
    values = [utterance.numbers["mel_distance"] for utterance in row.utterances]
    assert row.means["mel_distance"] == pytest.approx(np.mean(values))
    assert row.half_widths["mel_distance"] == pytest.approx(4.302653 * np.std(values, ddof=1) / 3**0.5)  # t(0.975, 2)
    assert [utterance.key for utterance in row.utterances] == ["clip-0", "clip-1", "clip-2"]
    assert 0.3 < row.means["mel_distance"] <= math.log(2) + 1e-3


def test_griffin_lim_and_a_perfect_copy_stand_beside_the_model() -> None:
    found = evaluate_vocoder(quieter, FORMAT, Voices(2), ["mel_distance", "pesq"])
    assert list(found.rows) == ["recordings", "model", BASELINE]
    assert set(found.rows["recordings"].means) == {"pesq"}  # of zero distances to itself nothing is learned
    assert found.rows["recordings"].means["pesq"] == pytest.approx(4.64, abs=0.01)
    assert found.rows["recordings"].real_time_factor is None
    assert 1.5 < found.rows[BASELINE].means["pesq"] < 4.6
    assert found.rows["model"].means["pesq"] > 4.6  # it levels both before it compares


def test_without_numbers_of_which_more_is_better_there_is_no_row_of_recordings() -> None:
    assert list(evaluate_vocoder(quieter, FORMAT, Voices(1), QUICK, baseline=False).rows) == ["model"]


def test_a_copy_of_another_length_is_compared_up_to_the_shorter() -> None:
    for change in (lambda wave: wave[:-1000], lambda wave: torch.cat([wave, torch.ones(1000)])):
        row = evaluate_vocoder(change, FORMAT, Voices(1), QUICK, baseline=False).rows["model"]
        assert row.means["stft_distance"] == 0


def test_a_copy_with_leading_dimensions_and_half_precision_is_taken() -> None:
    row = evaluate_vocoder(lambda wave: wave[None, None].bfloat16(), FORMAT, Voices(1), QUICK, baseline=False)
    assert 0 < row.rows["model"].means["mel_distance"] < 0.5


def test_the_limit_chooses_by_the_seed_and_keeps_the_order() -> None:
    def keys(seed: int) -> list[str]:
        found = compare_vocoders({"a": quieter}, FORMAT, Voices(8), QUICK[:1], limit=3, baseline=False, seed=seed)
        assert found.recordings == 3
        return [utterance.key for utterance in found.rows["a"].utterances]

    assert keys(1) == keys(1) == sorted(keys(1))
    assert len({tuple(keys(seed)) for seed in range(4)}) > 1


def test_every_vocoder_gets_the_same_recordings_and_the_call_back_their_copies() -> None:
    heard: dict[tuple[str, str], Tensor] = {}
    found = compare_vocoders(
        {"same": lambda wave: wave, "quieter": quieter},
        FORMAT,
        Voices(2),
        QUICK,
        baseline=False,
        keep=lambda name, key, copy_T: heard.__setitem__((name, key), copy_T),
    )
    assert found.rows["same"].means["mel_distance"] == 0 < found.rows["quieter"].means["mel_distance"]
    assert set(heard) == {(name, key) for name in ("same", "quieter") for key in ("clip-0", "clip-1")}
    assert torch.equal(heard["same", "clip-1"] * 0.5, heard["quieter", "clip-1"])


def test_the_real_time_factor_is_audio_per_computing_without_the_first_call() -> None:
    calls = []

    def slow(wave_T: Tensor) -> Tensor:
        calls.append(len(wave_T))
        time.sleep(0.5 if len(calls) == 1 else 0.02)  # compilers take their time at first
        return wave_T

    row = evaluate_vocoder(slow, FORMAT, Voices(2), QUICK[:1], baseline=False).rows["model"]
    assert len(calls) == 3
    assert row.seconds == pytest.approx(2 * 0.6, abs=0.02)
    assert 0.04 <= row.computing < 0.5
    assert row.real_time_factor == pytest.approx(row.seconds / row.computing)


def test_the_mel_spectrogram_is_not_part_of_a_vocoders_time(monkeypatch: pytest.MonkeyPatch) -> None:
    shapes = []

    def vocode(mel_BMT: Tensor) -> Tensor:
        shapes.append(tuple(mel_BMT.shape))
        return torch.zeros(1, 1, mel_BMT.shape[-1] * FORMAT.hop_length)

    copy = FromMels(vocode, FORMAT)
    real = copy.mel
    monkeypatch.setattr(FromMels, "mel", lambda self, wave: (time.sleep(0.1), real(wave))[1])
    row = evaluate_vocoder(copy, FORMAT, Voices(1), QUICK[:1], baseline=False).rows["model"]
    assert row.computing < 0.1
    assert set(shapes) == {(1, 40, int(0.6 * RATE) // 128)}
    assert copy(torch.zeros(1280)).shape == (1280,)


def test_recordings_that_a_metric_refuses_are_counted_and_shown() -> None:
    source = Voices(3, at_1=np.zeros(8000, dtype=np.int16))
    found = evaluate_vocoder(lambda wave: wave, FORMAT, source, ["pesq", "mel_distance"], baseline=False)
    row = found.rows["model"]
    assert row.refused == {"pesq": {"the reference is silent": 1}}
    assert (row.scores["pesq"].count, row.scores["mel_distance"].count) == (2, 3)
    assert "model: pesq could not judge 1 of them: the reference is silent (1)." in evaluation_table(found)


def test_recordings_shorter_than_a_frame_are_left_out() -> None:
    short = np.ones(300, dtype=np.int16)
    assert evaluate_vocoder(quieter, FORMAT, Voices(2, at_0=short), QUICK, baseline=False).recordings == 1
    with pytest.raises(DataError, match="no recording is longer than a frame"):
        evaluate_vocoder(quieter, FORMAT, Voices(1, at_0=short), QUICK, baseline=False)


def test_long_recordings_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST_SECONDS", 0.25)
    assert evaluate_vocoder(quieter, FORMAT, Voices(2), QUICK, baseline=False).seconds == pytest.approx(0.5, abs=0.02)


def test_a_vocoder_that_makes_no_numbers_is_named_with_the_recording() -> None:
    with pytest.raises(DataError, match="model, clip-0: the generated signal has values that are not finite"):
        evaluate_vocoder(lambda wave: wave * math.nan, FORMAT, Voices(), QUICK, baseline=False)


def test_recordings_of_another_rate_are_refused_with_the_way_out() -> None:
    with pytest.raises(DataError, match=r"16000 samples per second.*22050") as caught:
        evaluate_vocoder(quieter, AudioFormat(), Voices(), QUICK)
    assert "sample_rate=22050" in caught.value.way_out


def test_a_part_of_the_recordings_has_the_rate_of_the_whole() -> None:
    held_out = Subset(Subset(Voices(4), [1, 2, 3]), [2])
    [single] = evaluate_vocoder(quieter, FORMAT, held_out, QUICK, baseline=False).rows["model"].utterances
    assert single.key == "clip-3"
    with pytest.raises(DataError, match="16000 samples per second"):
        evaluate_vocoder(quieter, AudioFormat(), held_out, QUICK)


def test_a_vocoder_cannot_take_the_name_of_another_row() -> None:
    with pytest.raises(DataError, match="'griffin-lim' is the name of another row"):
        compare_vocoders({BASELINE: quieter}, FORMAT, Voices(), QUICK)


# -- which metrics ------------------------------------------------------------------------------------------------


def _without_pesq(monkeypatch: pytest.MonkeyPatch) -> None:
    real = module.build

    def build(kind: str, spec: Any) -> Any:
        if spec == "pesq":
            raise MissingExtraError("The metric PESQ needs the package 'pesq'.", "pip install 'x[speech-metrics]'")
        return real(kind, spec)

    monkeypatch.setattr(module, "build", build)


def test_a_default_metric_whose_package_is_missing_is_left_out_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    _without_pesq(monkeypatch)
    monkeypatch.setattr(module, "DEFAULT_METRICS", ("mel_distance", "pesq"))
    found = evaluate_vocoder(quieter, FORMAT, Voices(1), baseline=False)
    assert set(found.units) == {"mel_distance"}
    assert "speech-metrics" in found.left_out["pesq"]
    assert "Left out: pesq. The metric PESQ needs" in evaluation_table(found)


def test_a_metric_that_was_asked_for_is_not_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    _without_pesq(monkeypatch)
    with pytest.raises(MissingExtraError, match="speech-metrics"):
        paired_metrics(["pesq"])


def test_metrics_are_names_specs_or_objects_and_each_number_comes_once() -> None:
    [built] = paired_metrics([{"name": "mel_distance", "mels": 20}])[0].values()
    assert built.mels == 20  # type: ignore[attr-defined]
    assert next(iter(paired_metrics([built, "stft_distance"])[0].values())) is built
    with pytest.raises(DataError, match="two metrics give the number 'mel_distance'"):
        paired_metrics([built, "mel_distance"])
    with pytest.raises(ConfigError, match="did you mean 'mel_distance'"):
        paired_metrics(["mel_distnace"])


# -- what comes out -----------------------------------------------------------------------------------------------


def test_the_document_is_plain_json_and_holds_single_recordings_on_request() -> None:
    found = evaluate_vocoder(quieter, FORMAT, Voices(1, 1.2), ["mel_distance", "stoi"], baseline=False)
    document = json.loads(json.dumps(found.to_document(), allow_nan=False))
    score = document["rows"]["model"]["scores"]["mel_distance"]
    assert (score["count"], score["half_width"]) == (1, None)
    assert document["lower_is_better"] == {"mel_distance": True, "stoi": False, "estoi": False}
    assert "utterances" not in document["rows"]["model"]
    [single] = found.to_document(utterances=True)["rows"]["model"]["utterances"]
    assert single["scores"]["mel_distance"] == score["mean"]


def test_the_table_names_units_and_directions_and_aligns_in_a_terminal() -> None:
    found = compare_vocoders({"a|b": quieter}, FORMAT, Voices(2, 1.2), ["mel_distance", "stoi"], baseline=False)
    head, _, _, line, *_ = evaluation_table(found).splitlines()
    assert head.startswith("|  | mel L1 (Np) ↓ | STOI ↑ | ESTOI ↑ | x real time ↑ |")
    assert line.startswith("| a\\|b | 0.")
    assert "±" in line
    plain = evaluation_table(found, markdown=False, numbers=["stoi"]).splitlines()
    assert plain[0].split() == ["STOI", "↑", "x", "real", "time", "↑"]
    assert plain[2].startswith("a|b ")
    assert plain[-1].startswith("2 recordings, 2 s;")
