"""Options of the trainer and the engine: plain validated records, below both so that either may read them."""

from __future__ import annotations

import math
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Options(BaseModel):
    """Base of every section that is not a registered part: unknown names are errors, values never change.

    Infinite numbers are refused: JSON, in which a model remembers its recipe, has none.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class TrainerOptions(Options):
    """How long and in what turns the game is played. Lengths of warm-ups are in samples, intervals in steps."""

    steps: int = Field(default=1000, ge=1, description="steps in all; a step is one round of turns")
    batch_size: int = Field(default=64, ge=1, description="samples per turn over all processes together")
    batch_tokens: int | None = Field(
        default=None,
        ge=1,
        description="for sequences, instead of batch_size: sequences of like lengths are put together, as many as fill "
        "so many places over all processes, padding included",
    )
    micro_batch: int | None = Field(
        default=None,
        ge=1,
        description="cut a turn's batch into pieces of this size and add their gradients up: the same maths in a "
        "fraction of the memory, at some cost in speed",
    )
    discriminator_steps: int = Field(
        default=1, ge=1, description="discriminator turns in a step, each with a batch of its own"
    )
    discriminator_warmup: int = Field(default=0, ge=0, description="samples during which only the discriminator plays")
    generator_warmup: int = Field(
        default=0, ge=0, description="samples during which only the generator plays, on its terms alone"
    )
    accuracy_band: tuple[float, float] | None = Field(
        default=None,
        description="the discriminator plays alone until it is right in so large a share of cases (the first number), "
        "or for discriminator_warmup samples; then it rests while above the second, and its word does not count while "
        "below the first",
    )
    shared_batch: bool = Field(
        default=False, description="the generator's turn reuses the last discriminator turn's batch"
    )
    shared_fakes: bool = Field(
        default=False,
        description="the generator's turn reuses the fakes made for the discriminator's; needs shared_batch",
    )
    clip_gradient: float | None = Field(default=None, gt=0, description="largest gradient norm of a player")
    max_bad_steps: int = Field(
        default=10, ge=1, description="stop after so many steps in a row with a non-finite loss or gradient"
    )
    log_every: int = Field(default=50, ge=1)
    checkpoint_every: int = Field(default=500, ge=1)
    samples_every: int | None = Field(
        default=500, ge=1, description="write a picture of samples; null: only at the end"
    )
    evaluate_every: int | None = Field(default=None, ge=1, description="measure on the validation split; null: never")
    keep_checkpoints: int = Field(default=2, ge=1, description="how many of the newest checkpoints to keep")
    keep_best: int = Field(default=1, ge=0, description="how many of the best by `best_metric` to keep beside them")
    best_metric: str = Field(default="frechet_distance", description="the measure that `keep_best` goes by")
    best_is: Literal["lowest", "highest"] = "lowest"
    fall_back: float | None = Field(
        default=None,
        ge=0,
        description="when best_metric is worse than its best by more than this, go back to the weights of then and "
        "halve the weight of the game; at the end the best weights become the model",
    )

    @model_validator(mode="after")
    def _consistent(self) -> TrainerOptions:
        band = self.accuracy_band
        if band is not None and not 0.5 <= band[0] < band[1] <= 1:
            raise ValueError(f"accuracy_band lies between 0.5 and 1, the smaller number first, not {list(band)}")
        if band is not None and not self.discriminator_warmup:
            raise ValueError("accuracy_band needs discriminator_warmup: the most samples that the warm-up may take")
        if self.fall_back is not None and (self.evaluate_every is None or not self.keep_best):
            raise ValueError("fall_back goes by measures and their best checkpoint: set evaluate_every and keep_best")
        return self


class EngineOptions(Options):
    """Where and how fast the arithmetic happens; no option changes what is computed, except `precision`."""

    device: str = Field(default="auto", description="auto, cpu, cuda, cuda:1 or mps")
    precision: Literal["auto", "float32", "bfloat16", "float64"] = Field(
        default="auto", description="auto: bfloat16 autocast where the processor multiplies it natively, else float32"
    )
    channels_last: bool = Field(default=True, description="memory layout of pictures; pays beside bfloat16")
    allocator: Literal["auto", "system"] = Field(
        default="auto",
        description="auto: keep freed memory in the process instead of returning it to the kernel at every step",
    )
    threads: int | Literal["auto"] = "auto"
    deterministic: bool = Field(default=False, description="ask torch for deterministic algorithms only")
    compile: bool = Field(
        default=False, description="torch.compile the generator and discriminators (pays on a GPU only)"
    )


class ReportOptions(Options):
    """What a run writes about itself while it trains."""

    trackers: list[Any] = Field(
        default=["tensorboard"], description="names or specs; metrics.jsonl is always written beside them"
    )
    samples: int = Field(default=64, ge=1, description="samples in a picture grid")
    evaluation_samples: int = Field(default=2000, ge=2, description="generated samples that an evaluation uses")


class SplitOptions(Options):
    """Shares of the data; a sample's split depends on its own key only, so added files never move another."""

    train: float = Field(default=0.9, gt=0, le=1)
    validation: float = Field(default=0.05, ge=0, lt=1)
    test: float = Field(default=0.05, ge=0, lt=1)

    @model_validator(mode="after")
    def _whole(self) -> SplitOptions:
        total = self.train + self.validation + self.test
        if not math.isclose(total, 1, abs_tol=1e-6):
            raise ValueError(f"the shares of train, validation and test add up to {total:g}; they must add up to 1")
        return self
