"""How much of a translator's score is left when its sources are noisy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from toolkit.data.source import Source
from toolkit.errors import DataError
from toolkit.translation.evaluating import Translates
from toolkit.translation.noise import KINDS, NoiseKind, add_noise, check_noise
from toolkit.translation.scores import score
from toolkit.translation.segmented import pairs_behind, places_of

RATES = (0.05, 0.1, 0.2)


def noise_suite(
    pipeline: Translates,
    source: Source,
    kinds: Sequence[NoiseKind] = KINDS,
    rates: Sequence[float] = RATES,
    samples: int | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    """BLEU, chrF and exact matches by kind and rate of noise, beside those of the clean sources.

    Args:
        pipeline: what is measured.
        source: sentence pairs; their references stay clean.
        kinds: see `toolkit.translation.noise.add_noise`.
        rates: of noise, 0 to 1.
        samples: the first so many pairs.
        seed: of the noise.

    Returns:
        `clean`: the values without noise; `noisy`: a list of `{kind, rate, values, lost}`, `lost` in BLEU;
        and the `signatures` of the scores.

    Raises:
        ConfigError: a kind is unknown, or a rate lies outside of 0 to 1.
        DataError: there are no pairs.
    """
    for rate in rates:
        check_noise(kinds, rate)
    pairs, places = pairs_behind(source), places_of(source)[:samples]
    if not places:
        raise DataError("there are no sentences to measure noise with", "give the test split a share, split.test=0.1")
    texts = [pairs.pair(place).source for place in places]
    references = [pairs.pair(place).target for place in places]

    def measured(sources: Sequence[str]) -> Any:
        written = [one.text for one in pipeline.translate(list(sources), split=False)]
        return score(written, references, pipeline.languages[1])

    clean = measured(texts)
    noisy = []
    for kind in kinds:
        for rate in rates:
            found = measured([add_noise(text, kind, rate, seed) for text in texts])
            lost = clean.values["bleu"] - found.values["bleu"]
            noisy.append({"kind": kind, "rate": rate, "values": found.values, "lost": lost})
    return {"samples": len(places), "clean": clean.values, "noisy": noisy, "signatures": clean.signatures}
