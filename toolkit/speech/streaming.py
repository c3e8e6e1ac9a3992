"""Vocoding piece by piece: what is joined equals what is decoded at once.

A frame of audio depends on the mel frames around it, as far as the network's kernels reach (`context_frames` on each
side). So a stretch is decoded with that many frames more at both ends, and the samples of the extra frames are thrown
away. Only at the true beginning and end of the mel spectrogram are there no more frames; there the network pads its
inner layers, just as it does when it decodes everything at once. The result is the same up to rounding.

The price is computing the extra frames twice, the gain that audio starts early, that memory stays bounded, and, for
networks whose activations would outgrow the processor's cache, speed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Protocol

import torch
from torch import Tensor

from toolkit.errors import ToolkitError
from toolkit.speech.audio_format import AudioFormat

FIRST_SECONDS = 0.1
"""Audio in the first piece of a stream: as little as makes sense, because nothing is heard before it is decoded."""
GROWTH = 2.0
"""Each piece of a stream is at most so much longer than the one before: while one is heard, the next is computed."""


class Decoder(Protocol):
    """What turns mel spectrograms into waves: a generator, or another way to run one.

    Attributes:
        context_frames: frames of mel on each side that one frame of audio depends on.
        hop_length: samples per frame.
    """

    @property
    def context_frames(self) -> int:
        """Frames of mel on each side that one frame of audio depends on."""
        ...

    @property
    def hop_length(self) -> int:
        """Samples per frame."""
        ...

    def __call__(self, mel_BMT: Tensor, /) -> Tensor:
        """`wave_B1T` in [-1, 1], `T * hop_length` samples long."""
        ...


class ChunkedDecoder:
    """Decodes a mel spectrogram that arrives little by little.

    Give it mel frames as they come (`feed`), and say when there are no more (`finish`); both give the pieces of audio
    that can be made by then. Audio lags behind the mel by `context_frames`, which a frame needs after it. Afterwards
    the decoder is ready for the next utterance.

    Args:
        network: the decoder; a generator in evaluation mode, or anything that behaves like one.
        format: the audio format, which gives the bands and the samples of a frame.
        chunk_frames: frames of the longest pieces.
        first_frames: frames of the first piece; each next one is `growth` times longer, up to `chunk_frames`. All
            pieces are of one length when left out.
        growth: see there; at least 1.

    Raises:
        ToolkitError: a length is not positive, the growth is below 1, or network and format differ in samples per
            frame.

    Example:
        >>> decoder = ChunkedDecoder(generator, format, chunk_frames=86, first_frames=9)  # doctest: +SKIP
        >>> for mel_MT in acoustic_model:  # doctest: +SKIP
        ...     play(*decoder.feed(mel_MT))
        >>> play(*decoder.finish())  # doctest: +SKIP
    """

    def __init__(
        self,
        network: Decoder,
        format: AudioFormat,
        chunk_frames: int,
        first_frames: int | None = None,
        growth: float = GROWTH,
    ) -> None:
        if chunk_frames < 1 or (first_frames is not None and first_frames < 1):
            raise ToolkitError(f"pieces of {first_frames or chunk_frames} frames cannot be decoded", "take at least 1")
        if growth < 1:
            raise ToolkitError(f"pieces cannot grow by a factor of {growth}", "take at least 1")
        if network.hop_length != format.hop_length:
            raise ToolkitError(
                f"the network makes {network.hop_length} samples of a frame, the audio format says {format.hop_length}",
                "use the audio format that is stored with the model",
            )
        self.network = network
        self.format = format
        self.chunk_frames = chunk_frames
        self.first_frames = min(first_frames or chunk_frames, chunk_frames)
        self.growth = growth
        self.reset()

    def reset(self) -> None:
        """Forget what was fed: the next frames are those of another utterance."""
        self._waiting: list[Tensor] = []  # what arrived and is not in `_kept` yet
        self._kept: Tensor | None = None  # `[1, M, T]`, from frame `_start` on
        self._start = 0  # frame number of the first one that is kept
        self._received = 0
        self._done = 0  # frames whose audio was given out
        self._piece = float(self.first_frames)

    def feed(self, mel_MT: Tensor) -> list[Tensor]:
        """Take further frames of mel, as many as there are.

        Args:
            mel_MT: log-mel `[M, T]`, or `[1, M, T]`; T may be 0.

        Returns:
            Pieces of the wave, `[samples]` each, in [-1, 1]; often none.

        Raises:
            ToolkitError: this is no mel spectrogram of the format's number of bands.
        """
        self._receive(mel_MT)
        return list(self._ready())

    def finish(self) -> list[Tensor]:
        """No further frames will come: the rest of the wave, as pieces of `[samples]`."""
        return list(self._rest())

    def stream(self, mels: Iterable[Tensor]) -> Iterator[Tensor]:
        """The pieces of audio for stretches of mel, each as early as it can be had.

        Args:
            mels: stretches `[M, T]` of any lengths, in order.
        """
        for mel_MT in mels:
            self._receive(mel_MT)
            yield from self._ready()
        yield from self._rest()

    def _receive(self, mel_MT: Tensor) -> None:
        mel_1MT = one_mel(mel_MT, self.format)
        if mel_1MT.shape[2]:
            self._waiting.append(mel_1MT)
            self._received += mel_1MT.shape[2]

    def _ready(self) -> Iterator[Tensor]:
        """Pieces for which enough has arrived, each decoded when it is asked for."""
        while self._done + int(self._piece) + self.network.context_frames <= self._received:
            yield self._decode(self._done + int(self._piece))

    def _rest(self) -> Iterator[Tensor]:
        while self._done < self._received:
            left = self._received - self._done
            # What would be left of a short rest costs its whole context again, so it goes with the last piece.
            whole = left <= int(self._piece) + self.network.context_frames
            yield self._decode(self._done + (left if whole else int(self._piece)))
        self.reset()

    def _decode(self, end: int) -> Tensor:
        """The wave from the first frame that is not done up to frame `end`."""
        context = self.network.context_frames
        begin, stop = max(0, self._done - context), min(end + context, self._received)
        kept = [] if self._kept is None else [self._kept]
        together = torch.cat([*kept, *self._waiting], 2)[:, :, begin - self._start :]
        self._waiting, self._kept, self._start = [], together, begin
        wave_B1T = decode_window(self.network, together[:, :, : stop - begin], self._done - begin, end - begin)
        self._done = end
        self._piece = min(self._piece * self.growth, float(self.chunk_frames))
        return wave_B1T[0, 0]


def decode_window(network: Decoder, mel_BMT: Tensor, begin: int, end: int) -> Tensor:
    """`wave_B1T` of frames `begin` to `end` of a stretch of mel that reaches further on both sides."""
    hop = network.hop_length
    with torch.inference_mode():
        return network(mel_BMT)[:, :, begin * hop : end * hop].clone()


def decode_in_chunks(network: Decoder, mel_BMT: Tensor, chunk_frames: int | None) -> Tensor:
    """Decode a mel spectrogram in stretches, each small enough for the processor's cache.

    Args:
        network: the decoder.
        mel_BMT: log-mel.
        chunk_frames: frames of a stretch; `None` decodes all at once.

    Returns:
        `wave_B1T`, the same as decoded at once up to rounding.
    """
    frames, context, hop = mel_BMT.shape[2], network.context_frames, network.hop_length
    if chunk_frames is None or frames <= chunk_frames + context:
        with torch.inference_mode():
            return network(mel_BMT).clone()
    pieces = -(-frames // chunk_frames)  # of equal length, so that the last one is not a short one
    bounds = [frames * number // pieces for number in range(pieces + 1)]
    wave_B1T = mel_BMT.new_empty(mel_BMT.shape[0], 1, frames * hop, dtype=torch.float32)
    for first, last in pairwise(bounds):
        begin, stop = max(0, first - context), min(last + context, frames)
        piece = decode_window(network, mel_BMT[:, :, begin:stop], first - begin, last - begin)
        wave_B1T[:, :, first * hop : last * hop] = piece
    return wave_B1T


def one_mel(mel: Tensor, format: AudioFormat) -> Tensor:
    """`mel_1MT` float32 of one mel spectrogram, `[M, T]` or `[1, M, T]`.

    Raises:
        ToolkitError: it has another shape or another number of bands than the format.
    """
    mel_BMT = mel.unsqueeze(0) if mel.dim() == 2 else mel
    if mel_BMT.dim() != 3 or mel_BMT.shape[0] != 1 or mel_BMT.shape[1] != format.mels:
        raise ToolkitError(
            f"a mel spectrogram has the shape [{format.mels}, frames] here, not {list(mel.shape)}",
            "give the log-mel of one utterance, bands first",
        )
    return mel_BMT.float()
