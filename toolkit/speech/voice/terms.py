"""Losses of an acoustic model beside what a discriminator says: frames, timing, pitch, energy, alignment.

All read what `toolkit.speech.voice.task.AcousticTask` puts beside the generated mel spectrogram, and answer with one
value per sample; padding never counts.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from toolkit.adversarial.schedules import Schedule, Scheduled, as_schedule
from toolkit.adversarial.terms import Offer
from toolkit.errors import ToolkitError
from toolkit.speech.text.inventory import PADDING
from toolkit.speech.voice.aligner import EXCLUDED
from toolkit.speech.voice.alignment import frame_mask


class _AcousticTerm:
    needs_real_outputs = False

    def __init__(self, weight: Schedule | float) -> None:
        self.weight = as_schedule(weight)

    def _extra(self, offer: Offer, name: str) -> Tensor:
        found = (offer.output.extra or {}).get(name)
        if found is None:
            raise ToolkitError(
                f"the generator gives no '{name}', which an acoustic term needs", "use it with the task 'acoustic'"
            )
        return found


class MelFrames(_AcousticTerm):
    """Mean absolute difference of log-mel frames, over the frames of each sample (Ren et al. 2021, section 2.2)."""

    def __init__(self, weight: Scheduled = 1.0) -> None:
        super().__init__(weight)

    def __call__(self, offer: Offer) -> Tensor:
        """`B`, in nepers per band."""
        made_BTM = self._extra(offer, "mel")
        inside = frame_mask(offer.batch["frames"], made_BTM.shape[1])[..., None]
        differences = ((made_BTM - offer.batch["mel"].to(made_BTM.dtype)).abs() * inside).sum((1, 2))
        means: Tensor = differences / (offer.batch["frames"] * made_BTM.shape[2])
        return means


class _UnitTerm(_AcousticTerm):
    """Mean squared difference over the units of each sample."""

    said, wanted = "", ""

    def __call__(self, offer: Offer) -> Tensor:
        """`B`: see the class."""
        said = self._extra(offer, self.said)
        inside = offer.batch["symbols"] != PADDING
        squares = (said - self._wanted(offer).to(said.dtype)).square() * inside
        means: Tensor = squares.sum(1) / inside.sum(1)
        return means

    def _wanted(self, offer: Offer) -> Tensor:
        return self._extra(offer, self.wanted).detach()


class Duration(_UnitTerm):
    """Squared error of the logarithm of each unit's frames (Ren et al. 2019, "FastSpeech", section 3.3)."""

    said = "log_durations"

    def __init__(self, weight: Scheduled = 0.1) -> None:
        super().__init__(weight)

    def _wanted(self, offer: Offer) -> Tensor:
        return self._extra(offer, "durations").clamp(min=1).log()


class Pitch(_UnitTerm):
    """Squared error of each unit's mean log pitch, in standard deviations (Łańcucki 2021, "FastPitch", section 2.2)."""

    said, wanted = "pitch", "real_pitch"

    def __init__(self, weight: Scheduled = 0.1) -> None:
        super().__init__(weight)


class Energy(_UnitTerm):
    """Squared error of each unit's mean log amplitude, in standard deviations (Ren et al. 2021, section 2.3)."""

    said, wanted = "energy", "real_energy"

    def __init__(self, weight: Scheduled = 0.1) -> None:
        super().__init__(weight)


class ForwardSum(_AcousticTerm):
    """How unlikely the units make the recording's frames, over all monotonic alignments together, per frame.

    Badlani et al. 2021, "One TTS alignment to rule them all", equation 3: -log of the sum over paths of the product of
    their frames' scores. The sum is that of connectionist temporal classification (Graves et al. 2006) with the units
    in a row as labels and a blank that never occurs. That objective takes probabilities over the units of each frame;
    the aligner's scores are likelihoods, so what normalising them takes away is added again.
    """

    def __init__(self, weight: Scheduled = 0.1) -> None:
        super().__init__(weight)

    def __call__(self, offer: Offer) -> Tensor:
        """`B`, in nats per frame, up to a constant."""
        scores_BTN, frames_B = self._extra(offer, "scores"), offer.batch["frames"]
        units_B = (offer.batch["symbols"] != PADDING).sum(1)
        normaliser_BT = scores_BTN.logsumexp(2)
        log_probability = functional.pad(scores_BTN - normaliser_BT[..., None], (1, 0), value=EXCLUDED)
        labels_BN = torch.arange(1, scores_BTN.shape[2] + 1, device=units_B.device).expand(len(units_B), -1)
        losses = functional.ctc_loss(
            log_probability.transpose(0, 1), labels_BN, frames_B, units_B, blank=0, reduction="none"
        )
        inside_BT = frame_mask(frames_B, scores_BTN.shape[1])
        likelihood: Tensor = losses - (normaliser_BT * inside_BT).sum(1)
        per_frame: Tensor = likelihood / frames_B
        return per_frame
