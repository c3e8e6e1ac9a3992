from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import torch
from torch import Tensor, nn

from toolkit.errors import ToolkitError
from toolkit.speech.audio_format import AudioFormat
from toolkit.speech.hifigan import HifiGanGenerator
from toolkit.speech.istftnet import IstftNetGenerator
from toolkit.speech.streaming import ChunkedDecoder, decode_in_chunks
from toolkit.speech.vocos import VocosGenerator

MELS = 20
FORMAT = AudioFormat(mels=MELS)
FRAMES = 70

GENERATORS: dict[str, Callable[[], nn.Module]] = {
    "vocos": lambda: VocosGenerator(MELS, 256, 1024, channels=16, hidden=32, blocks=3),
    "hifigan v1": lambda: HifiGanGenerator(MELS, 256, "v1", channels=16),
    "hifigan v2, periodic": lambda: HifiGanGenerator(MELS, 256, "v2", channels=16, activation="snakebeta"),
    "hifigan v3": lambda: HifiGanGenerator(MELS, 256, "v3", channels=16),
    "istftnet": lambda: IstftNetGenerator(MELS, 256, channels=16),
}


def built(name: str) -> nn.Module:
    """A generator with random weights, large enough that every layer matters."""
    torch.manual_seed(1)
    network = GENERATORS[name]().eval().requires_grad_(False)
    if name == "vocos":
        for weight in network.parameters():
            if weight.dim() > 1:
                weight.mul_(3)
    return network


def mel(frames: int = FRAMES, batch: int = 1, seed: int = 0) -> Tensor:
    return torch.randn(batch, MELS, frames, generator=torch.Generator().manual_seed(seed)) * 2 - 5


def same(found: Tensor, wanted: Tensor) -> bool:
    """To 1e-4 of the loudest sample, however quiet a network of random weights is."""
    return found.shape == wanted.shape and bool((found - wanted).abs().max() <= 1e-4 * wanted.abs().max())


def stretches(whole: Tensor, *lengths: int) -> Iterator[Tensor]:
    """`[M, T]` cut into stretches of these lengths, again and again."""
    start, place = 0, 0
    while start < whole.shape[1]:
        yield whole[:, start : start + lengths[place % len(lengths)]]
        start += lengths[place % len(lengths)]
        place += 1


@pytest.mark.parametrize("name", GENERATORS)
@pytest.mark.parametrize("chunk", [9, 40])
def test_what_is_streamed_equals_the_whole(name: str, chunk: int) -> None:
    network = built(name)
    decoder = ChunkedDecoder(network, FORMAT, chunk, first_frames=9)
    pieces = list(decoder.stream(stretches(mel()[0], 1, 13, 0, 5)))
    assert len(pieces) > 1
    assert same(torch.cat(pieces), network(mel())[0, 0])


@pytest.mark.parametrize("name", GENERATORS)
def test_a_frame_depends_on_its_context_and_on_nothing_beyond(name: str) -> None:
    network = built(name).double()
    context, middle = network.context_frames, FRAMES // 2
    whole = network(mel().double())[0, 0].view(FRAMES, -1)[middle]
    furthest = 0
    for distance in (context - 2, context - 1, context, context + 1):
        changed = mel().double()
        changed[:, :, [middle - distance, middle + distance]] += 3
        other = network(changed)[0, 0].view(FRAMES, -1)[middle]
        furthest = distance if (other - whole).abs().max() > 1e-14 else furthest
    assert furthest <= context
    if "periodic" not in name:  # whose filters have tails too small to be seen
        assert furthest >= context - 2


def test_a_context_that_is_too_small_would_be_noticed() -> None:
    network = built("vocos")
    network.context_frames = 5
    pieces = ChunkedDecoder(network, FORMAT, 20).stream([mel()[0]])
    assert not same(torch.cat(list(pieces)), network(mel())[0, 0])


class _Counting(nn.Module):
    """Says how much it was given; an output sample is the mean of the frame it belongs to."""

    context_frames = 3
    hop_length = 256

    def __init__(self) -> None:
        super().__init__()
        self.windows: list[int] = []

    def forward(self, mel_BMT: Tensor) -> Tensor:
        self.windows.append(mel_BMT.shape[2])
        return mel_BMT.mean(1, keepdim=True).repeat_interleave(256, 2)


def test_the_first_piece_needs_a_tenth_of_a_second_of_mel_and_what_the_network_sees_beyond() -> None:
    network = _Counting()
    decoder = ChunkedDecoder(network, FORMAT, 86, first_frames=9)
    whole = mel(200)[0]
    assert decoder.feed(whole[:, :11]) == []
    first = decoder.feed(whole[:, 11:12])
    assert [len(piece) for piece in first] == [9 * 256]
    rest = [*decoder.feed(whole[:, 12:]), *decoder.finish()]
    lengths = [len(piece) // 256 for piece in rest]
    assert lengths[:3] == [18, 36, 72]  # growing, so that few surroundings are computed twice
    assert sum(lengths) == 191
    assert max(network.windows) <= 86 + 3 * 3


def test_a_piece_is_given_out_before_the_next_is_decoded() -> None:
    network = _Counting()
    pieces = ChunkedDecoder(network, FORMAT, 86, first_frames=9).stream([mel(60)[0]])
    assert len(next(pieces)) == 9 * 256
    assert network.windows == [9 + 3]


def test_a_decoder_goes_on_with_the_next_utterance() -> None:
    network = _Counting()
    decoder = ChunkedDecoder(network, FORMAT, 10)
    once = torch.cat(list(decoder.stream([mel()[0]])))
    assert torch.equal(torch.cat(list(decoder.stream([mel()[0]]))), once)
    assert decoder.finish() == []


def test_one_frame_alone_is_decoded() -> None:
    network = built("vocos")
    pieces = list(ChunkedDecoder(network, FORMAT, 10).stream([mel(1)[0]]))
    assert same(torch.cat(pieces), network(mel(1))[0, 0])


@pytest.mark.parametrize("name", GENERATORS)
def test_chunks_for_speed_change_nothing_either(name: str) -> None:
    network = built(name)
    wanted = network(mel(batch=2))
    assert same(decode_in_chunks(network, mel(batch=2), 30), wanted)


def test_chunks_are_of_equal_length_and_short_mels_are_decoded_at_once() -> None:
    network = _Counting()
    decode_in_chunks(network, mel(101), 50)
    assert network.windows == [33 + 3, 34 + 6, 34 + 3]
    network.windows.clear()
    decode_in_chunks(network, mel(53), 50)
    decode_in_chunks(network, mel(101), None)
    assert network.windows == [53, 101]


def test_what_cannot_be_decoded_is_explained() -> None:
    network = _Counting()
    with pytest.raises(ToolkitError, match=r"\[20, frames\] here, not \[80, 5\]"):
        ChunkedDecoder(network, FORMAT, 10).feed(torch.zeros(80, 5))
    with pytest.raises(ToolkitError, match="pieces of 0 frames"):
        ChunkedDecoder(network, FORMAT, 0)
    with pytest.raises(ToolkitError, match=r"grow by a factor of 0\.5"):
        ChunkedDecoder(network, FORMAT, 10, growth=0.5)
    with pytest.raises(ToolkitError, match="256 samples of a frame, the audio format says 128"):
        ChunkedDecoder(network, AudioFormat(hop_length=128, mels=MELS), 10)
