"""The discriminators of a game as the generator hears them: what they say, and what of it each choice answers for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import torch
from torch import Tensor, nn

from toolkit.adversarial.augmentation import Augmentation
from toolkit.adversarial.estimators import Draw, Estimator
from toolkit.adversarial.judgement import Augment, full_precision
from toolkit.adversarial.losses import AdversarialLoss
from toolkit.adversarial.statistics import per_sample
from toolkit.adversarial.task import Task
from toolkit.adversarial.types import Batch, DiscriminatorOutput, GeneratorOutput
from toolkit.engine.randomness import Noise
from toolkit.errors import ToolkitError

Answers = Mapping[str, DiscriminatorOutput]


class Jury:
    """Every discriminator of a game, and the adversarial loss that their answers mean to the generator.

    Args:
        task: the modality.
        generator: the module that makes data.
        discriminators: by name.
        loss: of the game.
        estimator: decides which loss each choice answers for.
        augmentation: of what the discriminators see.
    """

    def __init__(
        self,
        task: Task,
        generator: nn.Module,
        discriminators: nn.ModuleDict,
        loss: AdversarialLoss,
        estimator: Estimator,
        augmentation: Augmentation | None,
    ) -> None:
        self._task = task
        self._generator = generator
        self._discriminators = discriminators
        self._loss = loss
        self._estimator = estimator
        self._augmentation = augmentation

    # -- what they see --------------------------------------------------------------------------------------------

    def augmenter(self, noise: Noise) -> Augment:
        """What happens to data before a discriminator sees it, in a turn with this noise."""
        pipeline = self._augmentation
        if pipeline is None:
            return lambda data, side: data
        return lambda data, side: pipeline(data, noise.scope(f"augmentation/{side}"))

    @torch.no_grad()
    def real(self, batch: Batch, noise: Noise) -> Tensor:
        """The real data of a batch, for the discriminators.

        Raises:
            ValueError: the task has none.
        """
        made = getattr(self._task, "real_from", None)
        draw = Draw(noise.scope("real"), self._estimator)
        real: Tensor | None = self._task.real(batch) if made is None else made(self._generator, batch, draw)
        if real is None:
            raise ValueError("a game with discriminators needs real data from its task")
        return real

    # -- what they say --------------------------------------------------------------------------------------------

    def answers(self, batch: Batch, output: GeneratorOutput, noise: Noise) -> Answers:
        """On generated data, with the graph."""
        return self._ask(self.augmenter(noise)(output.data, "fake"), batch)

    @torch.no_grad()
    def answers_on_real(self, batch: Batch, noise: Noise) -> Answers:
        """On real data; their features are targets, and a graph for them would be thrown away."""
        return self._ask(self.augmenter(noise)(self.real(batch, noise), "real"), batch)

    def opinion(self, fake: Answers, real: Answers, mask: Tensor | None) -> Tensor:
        """`B`: the generator's adversarial loss, summed over discriminators and their parts."""
        return torch.stack([per_sample(values, mask) for values in self._values(fake, real)]).sum(0)

    @torch.no_grad()
    def greedy(self, batch: Batch, noise: Noise, real: Answers) -> Tensor:
        """`B`: the loss of the most probable choice. After the main pass, whose autocast weights need a graph."""
        output = self._task.generate(self._generator, batch, Draw(noise.scope("generator"), None))
        return self.opinion(self.answers(batch, output, noise), real, output.mask)

    # -- what choices answer for ----------------------------------------------------------------------------------

    def credited(
        self, opinion: Tensor, batch: Batch, output: GeneratorOutput, fake: Answers, real: Answers, noise: Noise
    ) -> Tensor:
        """`B`, or `BT` for an estimator that gives credit by position: the losses that choices answer for.

        Raises:
            ToolkitError: the task generates no sequences, or cannot complete them.
        """
        credit = getattr(self._estimator, "credit", "sequence")
        if credit == "sequence":
            return opinion
        if output.mask is None:
            raise ToolkitError(
                f"credit={credit} belongs to sequences, and this task generates none", "set estimator.credit=sequence"
            )
        if credit == "prefix":
            return self._of_prefixes(fake, real, output.mask)
        return self._of_completions(opinion.detach(), batch, output, output.mask, real, noise)

    def _of_prefixes(self, fake: Answers, real: Answers, mask_BT: Tensor) -> Tensor:
        """`BT`: the loss of what is written up to each position; a discriminator of wholes says one thing."""
        rows = [
            values if values.shape == mask_BT.shape else per_sample(values, None).unsqueeze(1).expand(mask_BT.shape)
            for values in self._values(fake, real)
        ]
        return torch.stack(rows).sum(0)

    @torch.no_grad()
    def _of_completions(
        self, whole_B: Tensor, batch: Batch, output: GeneratorOutput, mask_BT: Tensor, real: Answers, noise: Noise
    ) -> Tensor:
        """`BT`: for each prefix the mean loss of what it is completed to; the whole speaks for itself."""
        complete = getattr(self._task, "complete", None)
        if complete is None:
            raise ToolkitError(
                "credit=roll_outs needs a task that completes what was begun, and this one does not",
                "set estimator.credit=sequence",
            )
        lengths = mask_BT.sum(1)
        rows = whole_B.unsqueeze(1).repeat(1, mask_BT.shape[1])
        for kept in range(1, int(lengths.max())):
            found = []
            for number in range(int(getattr(self._estimator, "roll_outs", 1))):
                draw = Draw(noise.scope(f"roll_out{number}"), self._estimator)
                completed: GeneratorOutput = complete(self._generator, batch, output, kept, draw)
                found.append(self.opinion(self.answers(batch, completed, noise), real, completed.mask))
            rows[:, kept - 1] = torch.where(lengths > kept, torch.stack(found).mean(0), whole_B)
        return rows

    # -- shared ---------------------------------------------------------------------------------------------------

    def _ask(self, data: Tensor, batch: Batch) -> Answers:
        condition = self._task.condition(batch)
        asked = cast(Mapping[str, Any], self._discriminators)
        return {name: full_precision(discriminator(data, condition)) for name, discriminator in asked.items()}

    def _values(self, fake: Answers, real: Answers) -> list[Tensor]:
        return [
            self._loss.generator(real[name].logits[place] if self._loss.needs_real else None, logits)
            for name, output in fake.items()
            for place, logits in enumerate(output.logits)
        ]
