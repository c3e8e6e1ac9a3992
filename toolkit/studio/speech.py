"""Texts through voices, and recordings through vocoders."""

from __future__ import annotations

import io
import time
import wave as wave_file
from typing import Any

import numpy as np
import torch
from fastapi import APIRouter, Header, Query, Request
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from toolkit.errors import DataError
from toolkit.speech.files import read_audio
from toolkit.speech.mel import LogMel
from toolkit.speech.mel_picture import mel_picture
from toolkit.studio.pictures import data_url, png
from toolkit.studio.scratch import plain_name, scratch_folder
from toolkit.studio.settings import Limits
from toolkit.studio.workshop import Workshop

VOCODER, VOICE = "vocoder", "voice"
PIPELINES = (VOCODER, VOICE)
_PEAKS = 600  # columns of a waveform


class SpeakRequest(BaseModel):
    """What is to be said, and how; see `toolkit.speech.voice.pipeline.VoicePipeline.speak`."""

    model: str
    text: str
    speaker: str | None = None
    speed: float = Field(1.0, ge=0.25, le=4)
    pitch: float = Field(0.0, ge=-24, le=24)


def speech_router(workshop: Workshop, limits: Limits) -> APIRouter:
    """`/api/speech`."""
    router = APIRouter(prefix="/api/speech", tags=["speech"])

    @router.get("/models")
    def models() -> dict[str, list[dict[str, Any]]]:
        """Voices and vocoders."""
        found: dict[str, list[dict[str, Any]]] = {"voices": [], "vocoders": []}
        for model in workshop.models(*PIPELINES):
            rate = (model.config.get("audio") or {}).get("sample_rate")
            known = {"name": model.name, "origin": model.origin, "sample_rate": rate}
            if model.config["pipeline"] == VOICE:
                speakers = [name for name in model.config.get("speakers") or () if name]
                found["voices"].append({**known, "speakers": speakers})
            else:
                found["vocoders"].append({**known, "generator": model.config["generator"]["name"]})
        return found

    @router.post("/speak")
    def speak(wanted: SpeakRequest) -> dict[str, Any]:
        """Say a text: one recording, with the time of every word."""
        return spoken(workshop, limits, wanted)

    @router.post("/vocode")
    async def vocode(
        request: Request, model: str = Query(), x_file_name: str = Header("the recording")
    ) -> dict[str, Any]:
        """Copy synthesis: a recording (the body, a file of any common format) through its mel spectrogram and back."""
        content = await request.body()
        return await run_in_threadpool(copied, workshop, limits, model, content, plain_name(x_file_name, "recording"))

    return router


def copied(workshop: Workshop, limits: Limits, model: str, content: bytes, name: str) -> dict[str, Any]:
    """A recording through a vocoder: audio, waveforms and mel spectrograms of both.

    Raises:
        AudioFileError: it is no recording.
        DataError: it is too long.
    """
    pipeline = workshop.pipeline(model, VOCODER)
    rate = pipeline.format.sample_rate
    with scratch_folder() as folder:
        file = folder / "recording"
        file.write_bytes(content)
        wave, _ = read_audio(file, rate, name=name)
    if len(wave) > limits.audio_seconds * rate:
        raise DataError(
            f"{name} has {len(wave) / rate:.0f} seconds; the limit is {limits.audio_seconds:g}",
            "upload a shorter piece, or use `toolkit vocode`",
        )
    recording = torch.from_numpy(np.asarray(wave, np.float32))
    with workshop.turn(), torch.inference_mode():
        started = time.perf_counter()
        made = pipeline.copy_synthesis(recording)
        seconds = time.perf_counter() - started
        mels = [("recording", pipeline.mel(recording)[0]), ("vocoder", pipeline.mel(made.cpu())[0])]
    return {
        "name": name,
        "sample_rate": rate,
        "seconds_of_audio": round(len(wave) / rate, 3),
        "seconds": round(seconds, 3),
        "real_time_factor": round(len(wave) / rate / seconds, 2) if seconds else None,
        "recording": sound(recording, rate),
        "vocoded": sound(made.cpu(), rate),
        "mel": data_url(png(mel_picture(mels))),
    }


def spoken(workshop: Workshop, limits: Limits, wanted: SpeakRequest) -> dict[str, Any]:
    """A text, said.

    Raises:
        DataError: it is too long, or there is nothing to say in it.
    """
    if len(wanted.text) > limits.spoken_characters:
        raise DataError(
            f"the text has {len(wanted.text):,} characters; the limit is {limits.spoken_characters:,}",
            "say a part of it, or use `toolkit generate speech`",
        )
    voice = workshop.pipeline(wanted.model, VOICE)
    rate = voice.format.sample_rate
    words: list[dict[str, Any]] = []
    notes: list[str] = []
    waves: list[torch.Tensor] = []
    with workshop.turn(), torch.inference_mode():
        started = time.perf_counter()
        for sentence in voice.speak(
            wanted.text, speaker=wanted.speaker or None, speed=wanted.speed, pitch=wanted.pitch
        ):
            before = sum(len(wave) for wave in waves) / rate
            words += [
                {"text": word.word, "start": round(before + word.start, 3), "end": round(before + word.end, 3)}
                for word in sentence.words
            ]
            notes += [note for note in sentence.notes if note not in notes]
            waves.append(sentence.wave.cpu())
        seconds = time.perf_counter() - started
        wave = torch.cat(waves)
        mel = LogMel(voice.format)(wave[None])[0]
    length = len(wave) / rate
    return {
        "sample_rate": rate,
        "seconds_of_audio": round(length, 3),
        "seconds": round(seconds, 3),
        "real_time_factor": round(length / seconds, 2) if seconds else None,
        "words": words,
        "notes": notes,
        "spoken": sound(wave, rate),
        "mel": data_url(png(mel_picture([("spoken", mel)]))),
    }


def sound(wave: torch.Tensor, rate: int) -> dict[str, Any]:
    """A wave as a WAV file, and its outline: least and largest sample of each of some stretches."""
    values = wave.detach().float().numpy()
    stretches = np.array_split(values, min(_PEAKS, len(values)))
    return {
        "audio": data_url(wav(wave, rate), "audio/wav"),
        "outline": [[round(float(one.min()), 3), round(float(one.max()), 3)] for one in stretches],
    }


def wav(wave: torch.Tensor, rate: int) -> bytes:
    """A wave as the content of a WAV file of 16 bits."""
    samples = (wave.detach().float().clamp(-1, 1) * 32767).round().to(torch.int16).numpy()
    stream = io.BytesIO()
    with wave_file.open(stream, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.astype("<i2").tobytes())
    return stream.getvalue()
