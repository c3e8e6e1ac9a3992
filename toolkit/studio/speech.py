"""Recordings through vocoders."""

from __future__ import annotations

import io
import time
import wave as wave_file
from typing import Any

import numpy as np
import torch
from fastapi import APIRouter, Header, Query, Request
from starlette.concurrency import run_in_threadpool

from toolkit.errors import DataError
from toolkit.speech.files import read_audio
from toolkit.speech.mel_picture import mel_picture
from toolkit.studio.pictures import data_url, png
from toolkit.studio.scratch import plain_name, scratch_folder
from toolkit.studio.settings import Limits
from toolkit.studio.workshop import Workshop

PIPELINE = "vocoder"
_PEAKS = 600  # columns of a waveform


def speech_router(workshop: Workshop, limits: Limits) -> APIRouter:
    """`/api/speech`."""
    router = APIRouter(prefix="/api/speech", tags=["speech"])

    @router.get("/models")
    def models() -> list[dict[str, Any]]:
        """Vocoders."""
        return [
            {
                "name": model.name,
                "origin": model.origin,
                "sample_rate": model.config["audio"].get("sample_rate"),
                "generator": model.config["generator"]["name"],
            }
            for model in workshop.models(PIPELINE)
        ]

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
    pipeline = workshop.pipeline(model, PIPELINE)
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
