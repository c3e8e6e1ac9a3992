"""What a user should know of their pictures before a run: too few, all alike, made smaller, left out."""

from __future__ import annotations

import numpy as np

from toolkit.errors import DataError
from toolkit.image.choices import ENLARGED, FEWEST, SMALL
from toolkit.image.survey import Survey

_SHOWN = 5
_COPIES = 0.1  # share of equal pictures from which it is worth saying
_ODD = 0.05  # share of pictures of one colour


def refuse_useless(survey: Survey) -> None:
    """Refuse pictures that no generator can learn from.

    Raises:
        DataError: they are fewer than 20, all the same, or all of one colour.
    """
    looks, details = survey.looks, "".join(f"\n  {line}" for line in left_out(survey))
    if survey.count < FEWEST:
        found = {0: "no usable picture", 1: "1 usable picture"}.get(survey.count, f"{survey.count} usable pictures")
        raise DataError(
            f"{survey.path} holds {found}, too few to learn from: a generator needs {FEWEST} to start on, which it "
            f"will copy; some hundreds, with the augmentation that is then chosen, to vary them; and {SMALL:,} or more "
            f"to make new ones{details}",
            "add pictures (PNG, JPEG, WebP, GIF, BMP or TIFF), or check the path",
        )
    if looks.sampled - looks.copies <= 1:
        raise DataError(
            f"all {looks.sampled} pictures of {survey.path} that were looked at are the same{details}",
            "check how they were made: there is nothing to learn but that one picture",
        )
    if looks.one_colour == looks.sampled:
        raise DataError(
            f"all {looks.sampled} pictures of {survey.path} that were looked at are of a single colour each{details}",
            "check how they were made; pictures that look right in a viewer may be 16-bit ones with small values",
        )


def notices(survey: Survey, resolution: int) -> list[str]:
    """Sentences on what happens to the pictures, and on what is odd about them."""
    looks = survey.looks
    found = []
    if survey.count < SMALL // 5:
        found.append(
            f"{survey.count} pictures are few: expect variations of these; {SMALL:,} or more make new ones likely"
        )
    larger, smaller = int((survey.sides > resolution).sum()), int((survey.sides * ENLARGED < resolution).sum())
    if larger:
        largest = int((survey.widths * survey.heights).argmax())
        size = f"{survey.widths[largest]}x{survey.heights[largest]}"
        found.append(
            f"{_of(larger, survey)} larger than {resolution}x{resolution} and made smaller (the largest is {size})"
        )
    if smaller:
        least = int(survey.sides.min())
        found.append(
            f"{_of(smaller, survey)} much smaller than {resolution}x{resolution} and enlarged, which looks soft "
            f"(the smallest side is {least})"
        )
    uneven = int((np.maximum(survey.widths, survey.heights) > 1.02 * survey.sides).sum())
    if uneven:
        found.append(f"{_of(uneven, survey)} not square: the square in the middle is used")
    if survey.animated:
        found.append(f"{_of(survey.animated, survey)} animated: the first frame is used")
    if looks.copies > _COPIES * looks.sampled:
        found.append(
            f"{looks.copies} of {looks.sampled} pictures looked at are copies of others; copies in training and test "
            "make a generator look better than it is"
        )
    if looks.one_colour > _ODD * looks.sampled:
        found.append(f"{looks.one_colour} of {looks.sampled} pictures looked at are of a single colour")
    return found


def left_out(survey: Survey) -> list[str]:
    """The files that are not used, the first few by name; and what was passed over as no picture."""
    found = [f"{problem.path}: {problem.reason}" for problem in survey.left_out[:_SHOWN]]
    more = len(survey.left_out) - _SHOWN
    lines = [f"left out: {line}" for line in found] + ([f"left out: {more} more"] if more > 0 else [])
    return [*lines, survey.note] if survey.note else lines


def _of(count: int, survey: Survey) -> str:
    if count == survey.count:
        return f"all {count:,} pictures are"
    return f"{count:,} of {survey.count:,} pictures {'is' if count == 1 else 'are'}"
