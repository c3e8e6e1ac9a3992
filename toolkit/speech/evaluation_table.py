"""Tables of vocoders that were judged on the same recordings."""

from __future__ import annotations

from collections.abc import Sequence

from toolkit.speech.evaluation_result import Evaluation, Row

_LABELS = {
    "mel_distance": "mel L1",
    "stft_distance": "M-STFT",
    "spectral_convergence": "convergence",
    "log_magnitude": "log magnitude",
    "mcd": "MCD",
    "f0_rmse": "F0 RMSE",
    "voicing_error": "V/UV error",
    "periodicity_rmse": "periodicity RMSE",
    "pesq": "PESQ",
    "stoi": "STOI",
    "estoi": "ESTOI",
}


def evaluation_table(evaluation: Evaluation, *, markdown: bool = True, numbers: Sequence[str] | None = None) -> str:
    """One line per vocoder: means with half widths of their 95 % confidence intervals, and the real-time factor.

    An arrow says whether more (↑) or less (↓) is better. Below it stand the number of recordings, and what could not be
    computed.

    Args:
        evaluation: what `compare_vocoders` found.
        markdown: a Markdown table, or columns for a terminal.
        numbers: which to show, in this order; all by default.
    """
    shown = [name for name in (evaluation.units if numbers is None else numbers) if name in evaluation.units]
    head = ["", *(_heading(evaluation, name) for name in shown), "x real time ↑"]
    lines = [[name, *(_score(row, number) for number in shown), _speed(row)] for name, row in evaluation.rows.items()]
    table = _markdown(head, lines) if markdown else _columns(head, lines)
    return "\n".join([table, "", *_notes(evaluation)])


def _heading(evaluation: Evaluation, name: str) -> str:
    unit = evaluation.units[name]
    arrow = "↓" if evaluation.lower_is_better[name] else "↑"
    return f"{_LABELS.get(name, name)}{f' ({unit})' if unit and unit != 'MOS-LQO' else ''} {arrow}"


def _score(row: Row, number: str) -> str:
    if number not in row.scores:
        return "-"
    mean = row.scores[number]
    digits = 0 if abs(mean.value) >= 100 else 2 if abs(mean.value) >= 1 else 3
    spread = "" if mean.half_width is None else f" ± {mean.half_width:.{digits}f}"
    return f"{mean.value:.{digits}f}{spread}"


def _speed(row: Row) -> str:
    factor = row.real_time_factor
    return "-" if factor is None else f"{factor:.0f}" if factor >= 100 else f"{factor:.3g}"


def _notes(evaluation: Evaluation) -> list[str]:
    several = "recording" if evaluation.recordings == 1 else "recordings"
    notes = [f"{evaluation.recordings} {several}, {evaluation.seconds:.0f} s; ± is the 95 % confidence interval."]
    for name, row in evaluation.rows.items():
        for metric, reasons in row.refused.items():
            words = "; ".join(f"{reason} ({count})" for reason, count in reasons.items())
            notes.append(f"{name}: {metric} could not judge {sum(reasons.values())} of them: {words}.")
    notes += [f"Left out: {metric}. {reason}" for metric, reason in evaluation.left_out.items()]
    return notes


def _markdown(head: list[str], lines: list[list[str]]) -> str:
    ruler = ["---", *["---:"] * (len(head) - 1)]
    cells = [[cell.replace("|", "\\|") for cell in line] for line in (head, ruler, *lines)]
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)


def _columns(head: list[str], lines: list[list[str]]) -> str:
    widths = [max(len(line[place]) for line in (head, *lines)) for place in range(len(head))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if place == 0 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in (head, *lines)
    )
