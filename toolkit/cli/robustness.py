"""`toolkit robustness`."""

from __future__ import annotations

from typing import Any

import click

from toolkit.cli.main import print_json


@click.command()
@click.argument("run")
@click.option("--noise", help="Kinds of noise with commas between them.  [default: all]")
@click.option("--rates", default="0.05,0.1,0.2", show_default=True, help="Shares of characters or words.")
@click.option("--samples", type=click.IntRange(min=1), help="Test sentences, at most.")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def robustness(run: str, noise: str | None, rates: str, samples: int | None, seed: int, as_json: bool) -> None:
    """Measure a translator on noisy sources: typos, keyboard slips, casing, words dropped and swapped.

    RUN is a run folder; the sentences are those of the test split of its own data.
    """
    try:
        levels = [float(rate) for rate in rates.split(",")]
    except ValueError:
        raise click.UsageError(f"--rates takes numbers with commas between them, not '{rates}'") from None
    from toolkit.runs.noise import measure_noise
    from toolkit.translation.noise import KINDS

    kinds = [kind.strip() for kind in (noise or "").split(",") if kind.strip()]
    if outside := [f"{level:g}" for level in levels if not 0 <= level <= 1]:
        raise click.UsageError(f"--rates takes shares between 0 and 1, not {', '.join(outside)}")
    if unknown := [kind for kind in kinds if kind not in KINDS]:
        raise click.UsageError(f"--noise knows {', '.join(KINDS)}, not {', '.join(unknown)}")
    found: dict[str, Any] = measure_noise(run, kinds, levels, samples, seed)
    if as_json:
        print_json(found)
        return
    click.echo(f"clean            BLEU {found['clean']['bleu']:6.2f}  chrF {found['clean']['chrf']:6.2f}")
    for one in found["noisy"]:
        values = one["values"]
        name = f"{one['kind']} {one['rate']:g}"
        click.echo(f"{name:18} BLEU {values['bleu']:6.2f}  chrF {values['chrf']:6.2f}  lost {one['lost']:5.2f}")
