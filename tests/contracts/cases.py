"""What some parts need to be tested with: small data, stand-ins for services and weights, further settings.

A part that is not named here is tested with its defaults.
"""

from __future__ import annotations

import io
import math
import sys
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from tests.contracts.stretches import Stretches
from tests.face import making as faces
from tests.face import networks
from tests.recipes import stand_ins
from tests.recipes.stand_ins import recordings as speech
from tests.speech.reference_hifigan import ReferenceHifiGan, normalised_state
from tests.speech.vocoders import FORMAT as VOCODED
from tests.speech.vocoders import HIFIGAN, VOCOS
from tests.speech.voice import small as voices
from toolkit.adversarial.estimators import Draw
from toolkit.adversarial.terms import Offer
from toolkit.adversarial.types import GeneratorOutput
from toolkit.config import build
from toolkit.data.sequences import padded
from toolkit.data.source import Subset
from toolkit.engine.models import save_model
from toolkit.face.detection import Face
from toolkit.face.geometry import canonical_landmarks
from toolkit.metrics.inception import WEIGHTS_FILE
from toolkit.speech.segments import RandomSegment
from toolkit.testing.material import noise, seeded, uniform

Settings = dict[str, Any]
PICTURES = 12
DCGAN = {"name": "dcgan", "width": 8, "latent": 8, "norm": "none", "resolution": 8, "channels": 1}


@dataclass(frozen=True)
class Place:
    """Where a case may put files and stand-ins."""

    folder: Path
    patch: pytest.MonkeyPatch


def pixels(count: int = PICTURES, size: int = 12) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return np.random.default_rng(0).integers(0, 256, (count, size, size, 3), dtype=np.uint8)


def png(picture: np.ndarray[Any, np.dtype[np.uint8]]) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "PNG")
    return stream.getvalue()


# -- data sets ----------------------------------------------------------------------------------------------------


def folder(place: Place) -> list[Settings]:
    for number, picture in enumerate(pixels()):
        file = place.folder / "data" / ("cats", "dogs")[number % 2] / f"{number}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(png(picture))
    path = str(place.folder / "data")
    return [
        {"path": path, "resolution": 16, "labels": "folders"},
        {"path": path, "resolution": 8, "channels": 1, "cache_gib": 0.0},
    ]


def start_on_pictures(place: Place) -> list[Settings]:
    for number, picture in enumerate(pixels(24)):
        file = place.folder / "data" / f"{number}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(png(picture))
    return [{"data": place.folder / "data"}, {"data": place.folder / "data", "asked": ["trainer.steps=8000"]}]


def npz(place: Place) -> list[Settings]:
    file = place.folder / "pictures.npz"
    np.savez(file, images=pixels(), labels=np.arange(PICTURES) % 3)
    return [{"path": str(file)}, {"path": str(file), "labels": None, "resolution": 16}]


def fashion_mnist(place: Place) -> list[Settings]:
    for name in ("train", "test"):
        grey = pixels(size=28)[..., 0]
        numbers = np.arange(PICTURES)
        np.savez(place.folder / f"fashion-mnist-{name}.npz", images=grey, labels=numbers % 10, index=numbers)
    return [{"path": str(place.folder)}]


def mnist(place: Place) -> list[Settings]:
    return [{"path": str(stand_ins.mnist(place.folder, PICTURES, PICTURES))}]


def stacked_mnist(place: Place) -> list[Settings]:
    path = mnist(place)[0]["path"]
    return [{"path": path, "count": 20, "held_out": 5}, {"path": path, "resolution": 28, "count": 20, "held_out": 0}]


def emoji(place: Place) -> list[Settings]:
    path = str(stand_ins.emoji(place.folder, PICTURES))
    return [{"path": path}, {"path": path, "resolution": 16}]


def shards(place: Place) -> list[Settings]:
    with tarfile.open(place.folder / "0.tar", "w") as archive:
        for number, picture in enumerate(pixels()):
            for name, content in ((f"{number:02}.png", png(picture)), (f"{number:02}.cls", b"%d" % (number % 3))):
                entry = tarfile.TarInfo(name)
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
    return [{"path": str(place.folder), "resolution": 16}]


def huggingface(place: Place) -> list[Settings]:
    library = pytest.importorskip("datasets", reason="the package 'datasets' (extra 'datasets') is not installed")
    columns = {"image": [{"bytes": png(picture), "path": None} for picture in pixels()]}
    columns["label"] = [number % 2 for number in range(PICTURES)]
    features = library.Features({"image": library.Image(), "label": library.ClassLabel(names=["cat", "dog"])})
    path = place.folder / "saved"
    library.Dataset.from_dict(columns, features=features).save_to_disk(str(path))
    return [{"dataset": str(path), "resolution": 16, "label": "label"}, {"dataset": str(path), "resolution": 16}]


def recordings(place: Place) -> list[Settings]:
    soundfile = pytest.importorskip("soundfile", reason="the package 'soundfile' (extra 'speech') is not installed")
    time = np.arange(8000) / 8000
    for number in range(PICTURES):
        tone = 0.3 * np.sin(2 * np.pi * (200 + 40 * number) * time[: 4000 + 300 * number])
        for folder in ("train", "test") if number == 0 else ("train",):
            (place.folder / "data" / folder).mkdir(parents=True, exist_ok=True)
            soundfile.write(place.folder / "data" / folder / f"{number}.wav", tone, 8000)
    known = {"path": str(place.folder / "data"), "sample_rate": 8000, "transform": RandomSegment(1024, 256)}
    return [{**known, "trim": False, "cache": False}, {**known, "level": None, "maximum_seconds": 0.7}]


def spoken(place: Place) -> list[Settings]:
    known = {"sentences": 8, "sample_rate": 16000, "transform": RandomSegment(1024, 256)}
    ours = {**known, "synthesiser": "additive"}
    return [ours, known] if find_spec("espeakng_loader") else [ours]


def rendered_faces(place: Place) -> list[Settings]:
    path = str(faces.rendered_set(place.folder))
    return [{"path": path}, {"path": path, "resolution": 32, "labels": "identity"}]


def face_crops(place: Place) -> list[Settings]:
    path = str(networks.people(place.folder))
    return [{"path": path, "resolution": 32}, {"path": path, "resolution": 32, "labels": "identity"}]


def driving(place: Place) -> list[Settings]:
    path = str(networks.people(place.folder))
    return [{"path": path, "resolution": 32, "count": 1}]


# -- networks of faces ------------------------------------------------------------------------------------------------

_BOX = Face((20.0, 20.0, 108.0, 108.0), 1.0)


def face_task(data: str, spec: Settings, **known: Any) -> Callable[[Place], list[Settings]]:
    """A task of faces on small data."""

    def case(place: Place) -> list[Settings]:
        path = str(networks.people(place.folder))
        return [{"source": build("datasets", {"name": data, "path": path, **known}), "generator": spec}]

    return case


def _faces_to_drive(network: nn.Module) -> tuple[Tensor, ...]:
    face = torch.tensor(canonical_landmarks(1), dtype=torch.float32)
    near = 0.02 * uniform(4, 3, 68, 2, dtype=torch.float32)
    weights = uniform(4, 2, seed=3, dtype=torch.float32).softmax(1)
    noise = uniform(4, 2, 4, 4, seed=4, dtype=torch.float32)
    return uniform(4, 2, 3, 32, 32, dtype=torch.float32), face + near[:, :2], weights, face + near[:, 2], noise


def _driving_offer(name: str | None = None) -> Callable[[Tensor], Offer]:
    """What the task face_driving offers beside small pictures; under `name`, the pictures themselves."""
    count = 4
    sources = uniform(count, 2, 3, 8, 8, seed=7)
    weights = uniform(count, 2, seed=8).softmax(1)
    target = torch.tensor(canonical_landmarks(1)).expand(count, -1, -1)
    same = torch.tensor([1.0, 0.0, 1.0, 0.0], dtype=torch.float64)

    def make(data: Tensor) -> Offer:
        rows = len(data)
        extra = {"same": same[:rows], "sources": sources[:rows], "weights": weights[:rows], "target": target[:rows]}
        if name:
            extra[name] = data
        return Offer({}, GeneratorOutput(data, extra=extra), uniform(count, *data.shape[1:], seed=6)[:rows])

    return make


def _landmark_offer(data: Tensor) -> Offer:
    wanted = torch.tensor(canonical_landmarks(1)).expand(len(data), -1, -1)
    extra = {"landmarks": wanted, "face": torch.ones(len(data), dtype=torch.float64)}
    return Offer({}, GeneratorOutput(data, extra=extra), None)


_KNOWN_OFFER = _driving_offer()
LANDMARK_TERM = {"sample_data": uniform(4, 137, seed=5), "make_offer": _landmark_offer}
DRIVING_DATA = uniform(4, 3, 4, 4, seed=5)


def known_face(place: Place) -> list[Settings]:
    return [{"sample_data": DRIVING_DATA, "make_offer": _all_known}]


def _all_known(data: Tensor) -> Offer:
    offer = _KNOWN_OFFER(data)
    extra = {**(offer.output.extra or {}), "same": torch.ones(len(data), dtype=torch.float64)}
    return Offer({}, GeneratorOutput(data, extra=extra), offer.real)


def likeness(place: Place) -> list[Settings]:
    model = networks.saved(place.folder / "embedder", {**networks.EMBEDDER, "size": 16}, "face_embedder")
    return [{"model": str(model), "cap": 0.2, "sample_data": DRIVING_DATA, "make_offer": _KNOWN_OFFER}]


def landmarks_kept(place: Place) -> list[Settings]:
    model = networks.saved(place.folder / "landmarker", networks.LANDMARKER, "face_landmarks")
    return [{"model": str(model), "sample_data": DRIVING_DATA, "make_offer": _KNOWN_OFFER}]


# -- face detectors ---------------------------------------------------------------------------------------------------


def yunet(place: Place) -> list[Settings]:
    place.patch.setitem(sys.modules, "cv2", faces.OpenCvStandIn())
    file = place.folder / "yunet.onnx"
    file.write_bytes(b"stand-in")
    return [{"model": str(file)}]


# -- extractors and trackers --------------------------------------------------------------------------------------


def classifier(place: Place) -> list[Settings]:
    spec = {"name": "classifier", "resolution": 16, "channels": 3, "classes": 2, "width": 4}
    model = place.folder / "model"
    save_model(
        model, build("generators", spec).state_dict(), {"generator": spec, "classes": ["cat", "dog"]}, "# Card\n"
    )
    return [{"model": str(model)}]


def projected(place: Place) -> list[Settings]:
    features = {"name": "classifier", **classifier(place)[0]}
    return [
        {"features": features, "width": 4},
        {"features": features, "width": 4, "channels": 4, "mixed_width": 6, "spectral_norm": False},
    ]


def stacked(place: Place) -> list[Settings]:
    spec = {"name": "classifier", "resolution": 16, "channels": 1, "classes": 2, "width": 4}
    model = place.folder / "model"
    config = {"generator": spec, "classes": ["0", "1"]}
    save_model(model, build("generators", spec).state_dict(), config, "# Card\n")
    return [{"model": str(model)}]


def generated(place: Place) -> list[Settings]:
    several = []
    for name, classes in (("plain", []), ("conditional", ["cat", "dog"])):
        spec = {**DCGAN, "classes": len(classes) or None}
        config = {"pipeline": "image", "generator": spec, "classes": classes}
        save_model(place.folder / name, build("generators", spec).state_dict(), config, "# Card\n")
        several.append({"model": str(place.folder / name), "count": PICTURES, "device": "cpu"})
    return several


class _InceptionStandIn(nn.Module):
    """Takes what torch-fidelity's network takes and gives what it gives, from a fixed random layer."""

    def __init__(self, name: str, features_list: list[str], feature_extractor_weights_path: str) -> None:
        super().__init__()
        random = torch.Generator().manual_seed(0)
        self.weight = nn.Parameter(torch.randn(48, 2048, generator=random))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        small = nn.functional.adaptive_avg_pool2d(x.float() / 255, 4).flatten(1)
        features = small @ self.weight
        return features, features[:, :1008]


def inception(place: Place) -> list[Settings]:
    (place.folder / WEIGHTS_FILE).write_bytes(b"stand-in")
    module = ModuleType("torch_fidelity.feature_extractor_inceptionv3")
    module.FeatureExtractorInceptionV3 = _InceptionStandIn  # type: ignore[attr-defined]
    place.patch.setitem(sys.modules, "torch_fidelity", ModuleType("torch_fidelity"))
    place.patch.setitem(sys.modules, module.__name__, module)
    return [{"weights": str(place.folder / WEIGHTS_FILE)}]


class _Service(ModuleType):
    """A service any function of which can be called; runs have the id `7`."""

    id = "7"
    info = SimpleNamespace(run_id="7")

    def __getattr__(self, name: str) -> Callable[..., _Service]:
        if name.startswith("__"):  # what Python itself asks modules for
            raise AttributeError(name)
        return lambda *arguments, **keywords: self


def start_on_recordings(place: Place) -> list[Settings]:
    return [{"data": speech(place.folder / "voice"), "asked": ("trainer.steps=7", "data.level=null")}]


def service(module: str, **settings: Any) -> Callable[[Place], list[Settings]]:
    """A tracker of a service, with the service's package replaced."""

    def case(place: Place) -> list[Settings]:
        place.patch.setitem(sys.modules, module, _Service(module))
        return [{"folder": place.folder, **settings}]

    return case


# -- waveforms ----------------------------------------------------------------------------------------------------

WAVES = uniform(4, 1, 80)


def waves(network: nn.Module) -> Tensor:
    """Tones, each at a frequency of its own, in a little noise."""
    phases = torch.arange(700) * torch.tensor([0.05, 0.2, 0.8, 2.0])[:, None, None]
    return 0.5 * phases.sin() + 0.1 * uniform(4, 1, 700, dtype=torch.float32)


MEL = {
    "mels": 5,
    "hop_length": 8,
    "sample_inputs": lambda network: (uniform(4, 5, 12, dtype=torch.float32),),
    "sample_shape": (1, 96),
}
SMALL_STACK = {**MEL, "channels": 8, "rates": [4, 2], "kernels": [8, 4]}


# -- sentences ----------------------------------------------------------------------------------------------------

SENTENCES = {
    "vocabulary": 11,
    "pad_id": 10,
    "eos_id": 0,
    "sample_inputs": lambda network: (
        torch.tensor([[1, 2, 3], [4, 5, 6], [7, 8, 9], [2, 4, 8]]),
        torch.tensor([[1, 1, 1], [1, 1, 0], [1, 1, 1], [0, 1, 1]]),
        torch.tensor([[10, 3], [10, 4], [10, 5], [10, 6]]),
    ),
    "sample_output": lambda answer: answer.logits,
    "sample_shape": (2, 11),
}
MARIAN = {"width": 8, "hidden": 16, "encoder_layers": 1, "decoder_layers": 1, "heads": 2}
DATES = {"count": 30, "held_out": 5, "vocabulary": 120}


def sentence_files(place: Place) -> list[Settings]:
    if find_spec("sentencepiece") is None:
        pytest.skip("the package 'sentencepiece' is not installed")
    place.folder.mkdir(parents=True, exist_ok=True)
    lines = [
        f"the {animal} has {count} {thing}"
        for animal in ("cat", "dog")
        for count in (3, 4, 5)
        for thing in ("toys", "cups")
    ]
    sides = {
        "a.en": lines,
        "a.de": [line.replace("the", "das").replace("has", "hat").replace("toys", "Tiere") for line in lines],
    }
    for name, texts in sides.items():
        (place.folder / name).write_text("".join(f"{text}\n" for text in texts))
    files = {"source": str(place.folder / "a.en"), "target": str(place.folder / "a.de"), "vocabulary": 320}
    return [{"source_language": "en", "target_language": "de", **files}]


def multilingual_files(place: Place) -> list[Settings]:
    (given,) = sentence_files(place)
    corpus = {name: value for name, value in given.items() if name != "vocabulary"}
    return [{"corpora": [{**corpus, "reversed": True}], "vocabulary": 320, "placeholders": 0}]


def two_domains(place: Place) -> list[Settings]:
    """The vocabulary of a model folder with dates, which are also what is new."""
    if find_spec("sentencepiece") is None:
        pytest.skip("the package 'sentencepiece' is not installed")
    pairs = build("datasets", {"name": "dates", **DATES})
    save_model(place.folder / "model", {"weight": torch.ones(1)}, {}, "# A vocabulary for a test\n")
    pairs.segmenter.save(place.folder / "model")
    return [{"segmentation": str(place.folder / "model"), "new": pairs, "old": pairs}]


def translated(place: Place) -> list[Settings]:
    if find_spec("sentencepiece") is None or find_spec("transformers") is None:
        pytest.skip("the packages 'sentencepiece' and 'transformers' are not both installed")
    network = {"name": "marian", **MARIAN, "dropout": 0.0}  # with dropout no pass is like another
    given = {"source": build("datasets", {"name": "dates", **DATES}), "generator": network}
    return [given, {**given, "beam": 2}]


def translating(place: Place) -> list[Settings]:
    (given, _) = translated(place)
    task = build("tasks", "translation")
    network = {**given["generator"], **task.open(given["source"])}
    return [
        {
            "generator": network,
            "config": {"languages": ["en", "de"], "segmentation": task.pairs.segmenter.fingerprint()},
            "files": task.files(),
            "use": lambda pipeline: [one.text for one in pipeline.translate(["five", "May 3"], beam=2)],
        }
    ]


def start_on_sentences(place: Place) -> list[Settings]:
    if find_spec("sentencepiece") is None:
        pytest.skip("the package 'sentencepiece' is not installed")
    place.folder.mkdir(parents=True, exist_ok=True)
    lines = [f"the cat has {count} cups\tdie Katze hat {count} Tassen" for count in range(60)]
    file = place.folder / "cups.en-de.tsv"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return [{"data": file}]


def _one_hot(*rows: list[int]) -> Tensor:
    return nn.functional.one_hot(torch.tensor(rows), 11).float()


PAIRS = {  # translations as rows, and their sources
    "vocabulary": 11,
    "pad_id": 10,
    "sample_data": lambda network: _one_hot([1, 2, 0, 10], [3, 0, 10, 10], [4, 5, 6, 0], [7, 8, 0, 10]),
    "sample_condition": torch.tensor([[1, 2, 0], [4, 0, 10], [7, 8, 0], [9, 0, 10]]),
}


def translated_by_players(place: Place) -> list[Settings]:
    given = translated(place)[0]
    return [{**given, "form": "rows"}, {**given, "form": "rows", "room": 2}]


class _Shifted(nn.Module):
    """A translator whose scores of a sample are moved by a vector, by which terms are differentiated."""

    def __init__(self, inner: Any, shift_BV: Tensor) -> None:
        super().__init__()
        self.inner, self.shift, self.config = inner, shift_BV, inner.config

    def __getattr__(self, name: str) -> Any:
        return getattr(super().__getattr__("inner"), name) if name.startswith("get_") else super().__getattr__(name)

    def forward(self, **inputs: Any) -> Any:
        answer = self.inner(**inputs)
        shift = self.shift.repeat_interleave(len(answer.logits) // len(self.shift), 0)
        answer.logits = answer.logits + shift.unsqueeze(1)
        return answer


def back_translated(place: Place) -> list[Settings]:
    """Dates, and more of them in German that a model with the weights of chance puts into English."""
    if find_spec("sentencepiece") is None or find_spec("transformers") is None:
        pytest.skip("the packages 'sentencepiece' and 'transformers' are not both installed")
    pairs = build("datasets", {"name": "dates", **DATES})
    task = build("tasks", "translation")
    network = {"name": "marian", **MARIAN, **task.open(pairs)}
    with seeded():
        weights = build("generators", network, "generator").state_dict()
    languages = [pairs.languages[1], pairs.languages[0]]
    config = {"generator": network, "languages": languages, "segmentation": task.pairs.segmenter.fingerprint()}
    save_model(place.folder / "backwards", weights, config, "# A model for a test\n", task.files())
    (place.folder / "more.txt").write_text("zwei Hunde\ndrei Katzen\n")
    texts = {"texts": str(place.folder / "more.txt"), "model": str(place.folder / "backwards")}
    return [{"pairs": pairs, **texts}, {"pairs": pairs, **texts, "copies": 2, "count": 1}]


def bilingual_words(place: Place) -> list[Settings]:
    for name in ("a.vec", "b.vec"):
        rows = [f"word{number} {number % 7 - 3} {number % 5 - 2} {number % 3}" for number in range(20)]
        (place.folder / name).write_text("20 3\n" + "\n".join(rows) + "\n")
    files = {"source": str(place.folder / "a.vec"), "target": str(place.folder / "b.vec")}
    (place.folder / "pairs.txt").write_text("word1 word1\nword2 word3\n")
    given = {"source_language": "en", "target_language": "de", **files}
    return [given, {**given, "seeds": str(place.folder / "pairs.txt"), "dictionary": str(place.folder / "pairs.txt")}]


def aligned_words(place: Place) -> list[Settings]:
    source = build("datasets", {"name": "bilingual_words", **bilingual_words(place)[1]})
    return [{"source": source, "generator": {"name": "rotation"}}]


def translating_words(place: Place) -> list[Settings]:
    task = build("tasks", "word_alignment")
    known = task.open(build("datasets", {"name": "bilingual_words", **bilingual_words(place)[0]}))
    network = {"name": "rotation", "dimension": known["dimension"]}
    return [
        {
            "generator": network,
            "config": task.model_config(torch.nn.Identity()),
            "files": task.files(),
            "use": lambda pipeline: [one[0].word for one in pipeline.translate(["word1", "word2"])],
        }
    ]


def several_languages(place: Place) -> list[Settings]:
    """Texts of two source languages for the game about encoder states."""
    (given,) = sentence_files(place)
    corpus = {name: value for name, value in given.items() if name != "vocabulary"}
    other = {**corpus, "source_language": "fr"}
    source = build(
        "datasets", {"name": "multilingual_text", "corpora": [corpus, other], "vocabulary": 320, "placeholders": 0}
    )
    return [{"source": source, "generator": {"name": "marian", **MARIAN, "dropout": 0.0}}]


class _Moved(nn.Module):
    """A generator that adds something to what it is given."""

    def __init__(self, change: Tensor) -> None:
        super().__init__()
        self.change = change

    def forward(self, vectors: Tensor) -> Tensor:
        return vectors + self.change


def _seed_offer(data: Tensor) -> Offer:
    pairs = {name: uniform(4, 5, seed=seed)[: len(data)] for name, seed in (("known_source", 1), ("known_target", 2))}
    return Offer(pairs, GeneratorOutput(data), None, generator=_Moved(data))


def offered_sentences(**more: Any) -> Callable[[Place], list[Settings]]:
    """A term that looks at the generator itself."""

    def case(place: Place) -> list[Settings]:
        source = translated(place)[0]["source"]
        task = build("tasks", "adversarial_translation")
        given = task.open(source, torch.float64)
        with seeded():
            network = build("generators", {"name": "marian", **MARIAN, "dropout": 0.0}, "generator", **given).double()
        batch = padded([source[place] for place in range(4)], source.padding)

        def make_offer(data: Tensor) -> Offer:
            first = {name: column[: len(data)] for name, column in batch.items()}
            draw = Draw(noise(4).part(0, len(data)), None)
            generator = _Shifted(network, data)
            return Offer(first, GeneratorOutput(data), None, generator=generator, task=task, noise=draw)

        data = uniform(4, given["vocabulary"], seed=2)
        return [{"make_offer": make_offer, "sample_data": data, **more}]

    return case


# -- voices -------------------------------------------------------------------------------------------------------

TAUGHT_INPUTS = {
    "symbols": 9,
    "mels": 5,
    "speakers": 2,
    "width": 8,
    "encoder_blocks": 1,
    "decoder_blocks": 1,
    "dropout": 0.0,
    "sample_inputs": lambda network: (
        torch.tensor([[1, 2, 3, 4], [5, 6, 7, 8], [1, 5, 2, 0], [3, 3, 0, 0]]),
        torch.tensor([[0, 1, 0, 2], [1, 0, 0, 0], [0, 2, 1, 0], [1, 1, 0, 0]]),
        torch.tensor([[1, 0, 0, 0], [1, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 0]]),
        torch.tensor([0, 1, 0, 0]),
        uniform(4, 12, 5, dtype=torch.float32) - 4,
        4.7 + 0.3 * uniform(4, 12, seed=1, dtype=torch.float32),
        torch.tensor([12, 10, 9, 11]),
    ),
    "sample_output": lambda said: torch.cat(
        [said.mel.flatten(1), said.scores.clamp(min=-50).flatten(1), said.log_durations, said.pitch, said.energy], 1
    ),
}


def spoken_letters(place: Place) -> list[Settings]:
    if find_spec("librosa") is None:
        pytest.skip("the package 'librosa' is not installed")
    path = str(stand_ins.spoken_texts(place.folder / "data", 6))
    known = {"path": path, "phonemizer": "characters", "mels": 20}
    return [{**known, "cache": False}, {**known, "sample_rate": 16000, "fmax": None, "level": None, "trim": False}]


def read_aloud(place: Place) -> list[Settings]:
    if find_spec("librosa") is None:
        pytest.skip("the package 'librosa' is not installed")
    tones = {"synthesiser": "tones", "rows": 2, "mels": 20, "cache": False}
    return [tones, {**tones, "variants": ["m1", "f2"], "sample_rate": 16000, "fmax": None}]


def taught(place: Place) -> list[Settings]:
    data = voices.texts()
    return [{"source": Subset(data, range(8)), "generator": voices.NETWORK, "vocoder": None}]


def taught_waves(place: Place) -> list[Settings]:
    pytest.importorskip("librosa", reason="the package 'librosa' (extra 'speech') is not installed")
    sound = {"name": "vocos", "mels": 20, "hop_length": 256, "n_fft": 1024, "channels": 16, "hidden": 32, "blocks": 1}
    data = Subset(voices.texts(), range(8))
    return [{"source": data, "generator": {**voices.NETWORK, "sound": sound}, "segment": 2048}]


def listening(place: Place) -> list[Settings]:
    given = {"source": Subset(voices.texts(), range(8)), "generator": {"name": "phoneme_recognizer", **EARS}}
    return [given, {**given, "bands": 0, "frames": 0}]


EARS = {"width": 8, "blocks": 1, "dropout": 0.0}


def voice(place: Place) -> list[Settings]:
    data = voices.texts()
    task, network = voices.network(data)
    config = {**task.model_config(network), "vocoder": None}
    spec = {**voices.NETWORK, **task.open(data)}
    return [{"generator": spec, "config": config, "files": task.files(), "use": _mels}]


def ears(place: Place) -> list[Settings]:
    data = voices.texts()
    task = build("tasks", "phoneme_recognition")
    spec = {"name": "phoneme_recognizer", **EARS, **task.open(data)}
    config, files = task.model_config(nn.Identity()), task.files()
    return [{"generator": spec, "config": config, "files": files, "use": lambda made: made.phones(data.wave(0))}]


def _mels(pipeline: Any) -> Any:
    return [mel.tolist() for mel in pipeline.mels("Hello you.")]


def _voice_offer(**names: Any) -> dict[str, Any]:
    """An offer of a voice in which the data that is differentiated stands under one of its names."""
    name, shape = next(iter(names.items()))
    units = torch.tensor([[1, 2, 3], [1, 2, 0], [3, 2, 1], [2, 2, 2]])
    frames = torch.tensor([7, 5, 6, 7])
    others = {
        "durations": torch.tensor([[2, 2, 3], [2, 3, 0], [1, 4, 1], [3, 2, 2]]),
        "real_pitch": uniform(4, 3, seed=3),
        "real_energy": uniform(4, 3, seed=4),
    }

    def offer(data: Tensor) -> Offer:
        count = len(data)
        extra = {key: value[:count] for key, value in others.items()}
        made = torch.zeros(count, 4, 7, dtype=data.dtype)
        if name == "scores":
            data = data.masked_fill((units[:count] == 0)[:, None], -1e4)
        mel = uniform(4, 7, 4, seed=9)[:count]
        batch = {"symbols": units[:count], "frames": frames[:count], "heard": units[:count], "mel": mel}
        return Offer(batch, GeneratorOutput(made, extra={**extra, name: data}), mel.transpose(1, 2))

    return {"make_offer": offer, "sample_data": uniform(*shape, seed=5)}


def heard_offer() -> dict[str, Any]:
    """An offer of a recogniser: scores of four symbols at eight places."""
    heard = torch.tensor([[1, 2, 3], [1, 2, 0], [3, 2, 1], [2, 1, 2]])
    frames = torch.tensor([15, 10, 16, 14])

    def offer(data: Tensor) -> Offer:
        count = len(data)
        return Offer({"heard": heard[:count], "frames": frames[:count]}, GeneratorOutput(data), None)

    return {"make_offer": offer, "sample_data": uniform(4, 8, 4, seed=5)}


def start_on_spoken_texts(place: Place) -> list[Settings]:
    if find_spec("librosa") is None or find_spec("gruut") is None:
        pytest.skip("the packages 'librosa' and 'gruut' are not both installed")
    return [{"data": stand_ins.spoken_texts(place.folder / "voice"), "asked": ("trainer.steps=7",)}]


# -- parts that hold others ---------------------------------------------------------------------------------------


class _SmoothFeatures:
    def differentiable(self, data: Tensor) -> Tensor:
        return torch.tanh(data.flatten(1).cumsum(1))


def _pictures(pipeline: Any) -> Any:
    return pipeline.generate(3, seed=1).pixels.tolist()


def _copied(pipeline: Any) -> Any:
    return pipeline.copy_synthesis(torch.linspace(-0.5, 0.5, 3000)).tolist()


def _driven(pipeline: Any) -> Any:
    crop, points = faces.rendered()
    target = canonical_landmarks(pipeline.size)
    return pipeline([crop, crop[:, ::-1].copy()], [points, points], [2, 1], target, 3).crop.tolist()


def settings(*several: Settings) -> Callable[[Place], list[Settings]]:
    """Settings that need no files."""
    return lambda place: list(several)


def with_package(package: str, *several: Settings) -> Callable[[Place], list[Settings]]:
    """Settings of a part that needs a package; skipped where it is not installed."""

    def case(place: Place) -> list[Settings]:
        if find_spec(package) is None:
            pytest.skip(f"the package '{package}' is not installed")
        return list(several)

    return case


def published_dcgan(place: Place) -> list[Settings]:
    network = build("generators", {"name": "dcgan", "width": 2, "latent": 3, "resolution": 16, "channels": 1})
    names = {"layers.0.0": "main.0", "layers.0.1": "main.1", "layers.1.0": "main.3", "layers.1.1": "main.4"}
    names["head"] = "main.6"
    state = {f"{names[key.rpartition('.')[0]]}.{key.rpartition('.')[2]}": v for key, v in network.state_dict().items()}

    def same(pipeline: Any) -> bool:
        z = torch.linspace(-2, 2, 6).view(2, 3)
        return torch.equal(pipeline.module(z), network.eval()(z))

    return [{"state": state, "same": same}]


def published_hifigan(place: Place) -> list[Settings]:
    original = ReferenceHifiGan(rates=(8, 8, 4), kernels=(3,), normed="new")
    return [{"state": original.state_dict(), "same": lambda pipeline: _same_wave(pipeline, original, 1.0)}]


def published_normalised_hifigan(rates: tuple[int, ...]) -> Callable[[Place], list[Settings]]:
    """The layout of the transformers library, which takes base-10 logarithms."""

    def case(place: Place) -> list[Settings]:
        original = ReferenceHifiGan(rates=rates, kernels=(3,), normed="none")
        state = normalised_state(original)

        def normalised(mel: Tensor) -> Tensor:
            return original((mel - state["mean"][:, None]) / state["scale"][:, None])

        return [{"state": state, "same": lambda pipeline: _same_wave(pipeline, normalised, math.log(10))}]

    return case


def _same_wave(pipeline: Any, original: Callable[[Tensor], Tensor], logarithm: float) -> bool:
    mel = uniform(2, 5, 6, dtype=torch.float32)
    with torch.no_grad():
        return torch.allclose(pipeline.module(mel * logarithm), original(mel), atol=1e-5, rtol=0)


CASES: dict[str, Callable[[Place], list[Settings]]] = {
    "generators/dcgan": settings({"width": 8}, {"width": 8, "norm": "none", "resolution": 8, "channels": 1}),
    "generators/residual": settings({"width": 16}, {"widths": [32, 16, 16], "blocks": 1}),
    "generators/resnet": settings({"width": 8}, {"width": 8, "norm": "none"}, {"widths": [8, 8, 4]}),
    "generators/style": settings(
        {"width": 4, "max_width": 16, "style": 8, "latent": 8}, {"width": 4, "resolution": 8, "mapping_layers": 1}
    ),
    "generators/classifier": settings({"width": 4}),
    "generators/landmark_network": settings(
        {
            "size": 32,
            "width": 4,
            "sample_inputs": lambda network: (uniform(4, 3, 32, 32, dtype=torch.float32),),
            "sample_shape": (137,),
        }
    ),
    "generators/face_embedder": settings(
        {
            "size": 32,
            "width": 4,
            "dimensions": 8,
            "sample_inputs": lambda network: (uniform(4, 3, 32, 32, dtype=torch.float32),),
        }
    ),
    "generators/face_driver": settings(
        {
            "size": 32,
            "width": 8,
            "blocks": 1,
            "sample_inputs": _faces_to_drive,
            "sample_output": lambda made: made.picture,
            "sample_shape": (3, 32, 32),
        }
    ),
    "generators/vocos": settings({**MEL, "n_fft": 32, "channels": 8, "hidden": 16, "blocks": 2}),
    "generators/hifigan": settings(
        {**SMALL_STACK, "shape": "v2"},
        {**SMALL_STACK, "shape": "v3", "weight_norm": False, "normalise": True},
        {**SMALL_STACK, "shape": "v2", "activation": "snake"},
        {**SMALL_STACK, "shape": "v3", "activation": "snakebeta"},
    ),
    "generators/istftnet": settings(
        {**MEL, "channels": 8, "rates": [4], "kernels": [8], "head_fft": 8, "head_hop": 2},
    ),
    "generators/acoustic": settings(TAUGHT_INPUTS),
    "generators/phoneme_recognizer": settings(
        {
            "symbols": 7,
            "mels": 5,
            **EARS,
            "sample_inputs": lambda network: (
                uniform(4, 12, 5, dtype=torch.float32) - 4,
                torch.tensor([12, 11, 9, 8]),
            ),
            "sample_shape": (6, 7),
        }
    ),
    "generators/rotation": settings(
        {
            "dimension": 5,
            "sample_inputs": lambda network: (uniform(4, 5, dtype=torch.float32),),
            "sample_shape": (5,),
        }
    ),
    "generators/marian": with_package(
        "transformers", {**SENTENCES, **MARIAN}, {**SENTENCES, **MARIAN, "activation": "swish"}
    ),
    "generators/seq2seq": with_package(
        "transformers",
        {
            **SENTENCES,
            "config": {
                "model_type": "t5",
                "d_model": 8,
                "d_kv": 4,
                "d_ff": 16,
                "num_layers": 1,
                "num_heads": 2,
                "dropout_rate": 0.0,
            },
        },
    ),
    "schedules/inverse_sqrt": settings({"peak": 0.1, "warm_up": 100}),
    "schedules/warm_up": settings({"samples": 100, "then": 0.5}),
    "discriminators/dcgan": settings({"width": 8}, {"width": 8, "norm": "none"}),
    "discriminators/residual": settings({"width": 16}),
    "discriminators/resnet": settings({"width": 8}, {"width": 8, "spectral_norm": False}),
    "discriminators/projected": projected,
    "discriminators/style": settings({"width": 4}, {"width": 4, "minibatch_deviation": True}),
    "discriminators/face_patch": settings({"width": 8}, {"width": 8, "spectral_norm": False}),
    "discriminators/multi_period": settings(
        {"width": 2, "sample_data": waves}, {"width": 2, "periods": [2, 3], "skip_first": True, "sample_data": waves}
    ),
    "discriminators/multi_scale": settings(
        {"width": 16, "scales": 2, "sample_data": waves},
        {"width": 16, "scales": 2, "spectral_norm": False, "sample_data": waves},
    ),
    "discriminators/sub_band_cqt": settings(
        {"sample_rate": 2000, "hops": [32, 16], "bins_per_octave": [8, 12], "channels": 4, "sample_data": waves}
    ),
    "discriminators/multi_resolution": settings(
        {"channels": 4, "resolutions": [128, 64], "sample_data": waves},
        {"channels": 4, "resolutions": [64], "skip_first": True, "sample_data": waves},
    ),
    "discriminators/pair_cnn": settings(
        {**PAIRS, "embedding": 6, "widths": [1, 2], "filters": 4, "hidden": 8, "dropout": 0.0}
    ),
    "discriminators/alignment_cnn": settings({**PAIRS, "embedding": 6, "channels": 4, "layers": 2, "hidden": 8}),
    "discriminators/pair_transformer": settings(
        {**PAIRS, "width": 8, "layers": 1, "heads": 2, "longest": 16},
        {**PAIRS, "width": 8, "layers": 1, "heads": 2, "longest": 16, "prefixes": True},
    ),
    "discriminators/state_cnn": settings(
        {
            "states": 5,
            "widths": [1, 2],
            "filters": 4,
            "hidden": 6,
            "sample_data": lambda network: uniform(4, 6, 5, dtype=torch.float32),
        }
    ),
    "discriminators/state_mlp": settings(
        {
            "states": 5,
            "hidden": 6,
            "layers": 2,
            "dropout": 0.0,
            "sample_data": lambda network: uniform(4, 6, 5, dtype=torch.float32),
        }
    ),
    "discriminators/mel_patches": settings(
        {"mels": 8, "channels": 4, "sample_data": lambda network: uniform(4, 8, 20, dtype=torch.float32) - 4}
    ),
    "losses/hinge": settings({}, {"margin": 0.5}),
    "losses/least_squares": settings({}, {"real_target": 0.9, "fake_target": -1.0}),
    "penalties/r1_first_order": settings({}, {"side": "fake", "step": 0.01}),
    "penalties/gradient_cap": settings({}, {"cap": 0.2}),
    "terms/reconstruction": settings({}, {"distance": "l2"}, {"distance": "charbonnier"}),
    "terms/mel_l1": settings(
        {"sample_rate": 8000, "n_fft": 64, "hop_length": 16, "win_length": 64, "mels": 5, "sample_data": WAVES}
    ),
    "terms/multi_scale_mel": settings(
        {"sample_rate": 8000, "windows": [16, 64], "bands": [3, 10], "sample_data": WAVES}
    ),
    "terms/multi_resolution_stft": settings(
        {"fft_sizes": [64, 32], "hops": [12, 8], "windows": [48, 32], "sample_data": WAVES}
    ),
    "terms/cross_entropy": settings({}, {"smoothing": 0.1}),
    "terms/minimum_risk": offered_sentences(with_reference=True),
    "terms/sequence_reward": offered_sentences(baseline="none"),
    "terms/embedding_perturbation": offered_sentences(exact_gradient=False),
    "terms/doubly_adversarial_inputs": offered_sentences(exact_gradient=False),
    "terms/seed_pairs": settings({"make_offer": _seed_offer, "sample_data": uniform(4, 5, seed=3)}),
    "terms/angular_margin": settings({"sample_data": 0.9 * uniform(4, 5, seed=5)}),
    "terms/landmark_distance": settings(LANDMARK_TERM),
    "terms/face_or_not": settings(LANDMARK_TERM),
    "terms/known_face": known_face,
    "terms/likeness": likeness,
    "terms/landmarks_kept": landmarks_kept,
    "terms/calm_warps": settings({"sample_data": DRIVING_DATA, "make_offer": _driving_offer("moved")}),
    "terms/mel_frames": settings(_voice_offer(mel=(4, 7, 4))),
    "terms/duration": settings(_voice_offer(log_durations=(4, 3))),
    "terms/pitch": settings(_voice_offer(pitch=(4, 3))),
    "terms/energy": settings(_voice_offer(energy=(4, 3))),
    "terms/forward_sum": settings(_voice_offer(scores=(4, 7, 3))),
    "terms/ctc": settings(heard_offer()),
    "terms/perceptual": settings({"extractor": _SmoothFeatures()}),
    "estimators/straight_through": settings({}, {"temperature": 0.5}),
    "estimators/score_function": settings({}, {"baseline": "self_critical"}, {"baseline": "none"}),
    "optimizers/adam": settings({}, {"weight_decay": 0.01}),
    "optimizers/sgd": settings({}, {"momentum": 0.5}),
    "augmentations/ada": settings({}, {"rotate90": True}),
    "augmentations/diffaugment": settings({}, {"policy": ["translation", "cutout"]}),
    "augmentations/adaptive": settings({}, {"pipeline": "diffaugment"}),
    "augmentations/scheduled": settings(
        {}, {"schedule": {"name": "linear", "start": 0.1, "end": 0.9, "samples": 50_000}}
    ),
    "datasets/folder": folder,
    "datasets/npz": npz,
    "datasets/fashion_mnist": fashion_mnist,
    "datasets/mnist": mnist,
    "datasets/stacked_mnist": stacked_mnist,
    "datasets/emoji": emoji,
    "datasets/shards": shards,
    "datasets/huggingface": huggingface,
    "datasets/recordings": recordings,
    "datasets/espeak": spoken,
    "datasets/espeak_voice": read_aloud,
    "datasets/spoken_texts": spoken_letters,
    "datasets/rendered_faces": rendered_faces,
    "datasets/rendered_crops": face_crops,
    "datasets/driving": driving,
    "datasets/dates": with_package("sentencepiece", DATES, {**DATES, "source_language": "zh", "target_language": "en"}),
    "datasets/parallel_text": sentence_files,
    "datasets/multilingual_text": multilingual_files,
    "datasets/two_domains": two_domains,
    "datasets/back_translated": back_translated,
    "datasets/bilingual_words": bilingual_words,
    "datasets/catalogue": with_package("polib", {"vocabulary": 500}),
    "extractors/classifier": classifier,
    "extractors/inception": inception,
    "extractors/stacked": stacked,
    "datasets/generated": generated,
    "tasks/image": settings({}, {"conditional": True, "flip": True}),
    "tasks/image_classification": settings(
        {"generator": {"name": "classifier", "width": 4}}, {"generator": {"name": "classifier", "width": 4}, "shift": 2}
    ),
    "tasks/vocoder": settings(
        {
            "source": Stretches(),
            "generator": {"name": "vocos", "channels": 8, "hidden": 16, "blocks": 2},
            "segment": 1024,
            "n_fft": 256,
            "hop_length": 64,
            "win_length": 256,
            "mels": 20,
            "fmax": None,
            "metrics": ["mel_distance"],
        }
    ),
    "tasks/acoustic": taught,
    "tasks/text_to_wave": taught_waves,
    "tasks/phoneme_recognition": listening,
    "tasks/translation": translated,
    "tasks/face_landmarks": face_task("rendered_faces", networks.LANDMARKER),
    "tasks/face_embedding": face_task(
        "rendered_crops", {"name": "face_embedder", "size": 32, "width": 4}, resolution=32, labels="identity"
    ),
    "tasks/face_driving": face_task("driving", networks.DRIVER, resolution=32, count=1),
    "tasks/adversarial_translation": translated_by_players,
    "tasks/professor_forcing": lambda place: translated(place)[:1],
    "tasks/latent_languages": several_languages,
    "tasks/word_alignment": aligned_words,
    "pipelines/image": settings(
        {"generator": DCGAN, "use": _pictures},
        {"generator": {**DCGAN, "classes": 2}, "config": {"classes": ["cat", "dog"]}, "use": _pictures},
    ),
    "pipelines/image_classifier": settings(
        {
            "generator": {"name": "classifier", "width": 4, "resolution": 8, "channels": 1, "classes": 2},
            "config": {"classes": ["cat", "dog"]},
            "use": lambda pipeline: pipeline.classify(torch.zeros(2, 1, 8, 8)).tolist(),
        }
    ),
    "pipelines/vocoder": settings(
        *({"generator": spec, "config": {"audio": VOCODED.to_document()}, "use": _copied} for spec in (VOCOS, HIFIGAN))
    ),
    "pipelines/face_landmarks": settings(
        {
            "generator": networks.LANDMARKER,
            "use": lambda pipeline: [
                pipeline.verify(faces.rendered()[0], _BOX),
                pipeline.module(*pipeline.example_inputs().values()).tolist(),
            ],
        }
    ),
    "pipelines/face_embedder": settings(
        {
            "generator": networks.EMBEDDER,
            "use": lambda pipeline: pipeline(faces.rendered()[0][None]).tolist(),
        }
    ),
    "pipelines/face_driver": settings({"generator": networks.DRIVER, "use": _driven}),
    "pipelines/translation": translating,
    "pipelines/word_translation": translating_words,
    "pipelines/voice": voice,
    "pipelines/phoneme_recognizer": ears,
    "importers/dcgan": published_dcgan,
    "importers/hifigan": published_hifigan,
    "importers/speecht5_hifigan": published_normalised_hifigan((4, 4, 4, 4)),
    "importers/fastspeech2_conformer_hifigan": published_normalised_hifigan((8, 8, 2, 2)),
    "starters/image": start_on_pictures,
    "starters/vocoder": start_on_recordings,
    "starters/speech": start_on_spoken_texts,
    "starters/translation": start_on_sentences,
    "paired_metrics/mel_distance": with_package("torchaudio", {}, {"fmax": 8000.0, "mels": 40}),
    "paired_metrics/mcd": with_package("librosa", {}, {"coefficients": 24}),
    "paired_metrics/pitch": with_package("librosa", {"highest": 300.0}),
    "paired_metrics/pesq": with_package("pesq", {}),
    "paired_metrics/stoi": with_package("pystoi", {}),
    "detectors/dlib": with_package("dlib", {"sample_face": str(faces.RENDERED)}),
    "detectors/yunet": yunet,
    "trackers/wandb": service("wandb"),
    "trackers/mlflow": service("mlflow"),
}
