"""The contract of data sets."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from toolkit.data.loader import Loader, Transform, evaluation_batches
from toolkit.data.source import Array, Source, group_of, taker, weights_of
from toolkit.data.splits import split
from toolkit.testing.subject import PartLike, Subject

_SPLITS = ("train", "validation", "test")
_MOST = 50  # samples looked at one by one


def check_dataset(part: PartLike, /, transform: Transform | None = None, **overrides: Any) -> None:
    """The contract of a data set.

    * at least two samples; keys are texts, all different, and the same when the data set is opened again;
    * every sample is a mapping with the same names and types; reading it again, also from several threads at once,
      gives the same; changing what was read does not change the data;
    * `image`, where there is one: uint8 `[H, W, C]` with 1, 3 or 4 channels, all of one size;
    * `label` if and only if there are `classes`: a whole number that names one of them;
    * splits are `train`, `validation`, `test` or open, and the split of the whole is complete and without overlap;
    * `take`, where there is one, gives what reading one by one gives, and copies;
    * `weights`, where there are any, are one finite number from 0 per sample, not all 0, the same when the data set is
      opened again; `group`, where there is one, names a group, and the splits that the data set fixes keep it together;
    * batches can be made of it.

    Args:
        part: registered name, or class; buildable from its defaults and the overrides (a path to small data, usually).
        transform: for samples of different lengths, what makes them equally long on their way into a batch; they are
            then evaluated one by one.
        overrides: constructor arguments.

    Raises:
        BrokenRuleError: naming the part and the broken rule.
    """
    subject = Subject("datasets", part, overrides)
    subject.check_signature()
    source: Source = subject.build()
    subject.must(len(source) >= 2, f"holds at least two samples, got {len(source)}")
    places = [int(place) for place in np.linspace(0, len(source) - 1, min(len(source), _MOST)).astype(int)]
    _check_keys(subject, source)
    _check_items(subject, source, places)
    _check_reading(subject, source, places)
    _check_splits(subject, source)
    _check_take(subject, source, places)
    _check_weights_and_groups(subject, source)
    _check_batches(subject, source, transform)


def _check_keys(subject: Subject, source: Source) -> None:
    keys = [source.key(place) for place in range(len(source))]
    subject.must(all(isinstance(key, str) and key for key in keys), "has keys that are texts")
    subject.must(len(set(keys)) == len(keys), "gives each sample a key of its own")
    again: Source = subject.build()
    found = [again.key(place) for place in range(len(again))]
    subject.must(found == keys, "has the same keys in the same order when it is opened again")
    rule = "has `classes`, a tuple of texts (empty without labels)"
    subject.must(isinstance(source.classes, tuple) and all(isinstance(name, str) for name in source.classes), rule)
    subject.must(isinstance(source.problems, list), "has `problems`, the list of what was left out")


def _check_items(subject: Subject, source: Source, places: list[int]) -> None:
    with subject.rule("reads its samples"):
        items = [source[place] for place in places]
    for item in items:
        subject.must(isinstance(item, Mapping) and item, "gives samples as mappings")
        subject.must(_form(item) == _form(items[0]), f"gives all samples alike: {_form(items[0])}, not {_form(item)}")
        if "image" in item:
            image = item["image"]
            fits = image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] in (1, 3, 4)
            rule = f"gives pictures as uint8 [H, W, C] with 1, 3 or 4 channels, got {image.dtype} {image.shape}"
            subject.must(fits, rule)
        if source.classes:
            rule = (
                f"labels each sample with a whole number from 0 to {len(source.classes) - 1}, got {item.get('label')!r}"
            )
            label = item.get("label")
            number = isinstance(label, (int, np.integer)) and not isinstance(label, bool)
            subject.must(number and 0 <= int(label or 0) < len(source.classes), rule)
        else:
            subject.must("label" not in item, "has classes if its samples have labels")


def _form(item: Mapping[str, Any]) -> dict[str, str]:
    """Names and types of a sample; pictures also by their size."""
    form = {}
    for name, value in item.items():
        kind = f"{value.dtype}[{value.ndim}]" if isinstance(value, np.ndarray) else type(value).__name__
        form[name] = f"{kind} {value.shape}" if name == "image" else kind
    return form


def _equal(first: Mapping[str, Any], second: Mapping[str, Any]) -> bool:
    return first.keys() == second.keys() and all(np.array_equal(first[name], second[name]) for name in first)


def _copied(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: np.copy(value) if isinstance(value, np.ndarray) else value for name, value in item.items()}


def _spoil(array: Array) -> None:
    """Change every value in place."""
    np.copyto(array, array[..., ::-1] if array.dtype.kind in "OUS" else array + 1, casting="unsafe")


def _check_reading(subject: Subject, source: Source, places: list[int]) -> None:
    before = [_copied(source[place]) for place in places]
    with ThreadPoolExecutor(4) as pool, subject.rule("can be read from several threads"):
        threaded = list(pool.map(source.__getitem__, places))
    alike = all(_equal(one, other) for one, other in zip(before, threaded, strict=True))
    subject.must(alike, "gives the same samples when it is read again, from several threads")
    for value in source[places[0]].values():
        if isinstance(value, np.ndarray) and value.flags.writeable:
            _spoil(value)
    subject.must(_equal(source[places[0]], before[0]), "keeps its data when someone writes into a sample that was read")


def _check_splits(subject: Subject, source: Source) -> None:
    fixed = {source.split_of(place) for place in range(len(source))}
    subject.must(fixed <= {*_SPLITS, None}, f"fixes only the splits train, validation and test, got {fixed}")
    parts = split(source)
    together = sorted(int(place) for indices in parts.values() for place in indices)
    subject.must(together == list(range(len(source))), "can be split without loss and overlap")


def _check_take(subject: Subject, source: Source, places: list[int]) -> None:
    take = taker(source)
    if take is None:
        return
    with subject.rule("reads many samples at once (take)"):
        arrays = take(np.array(places))
    for row, place in enumerate(places):
        taken = {name: array[row] for name, array in arrays.items()}
        subject.must(_equal(taken, source[place]), "gives with `take` what it gives one by one")
    before = _copied(source[places[0]])
    for array in arrays.values():
        subject.must(array.flags.writeable, "gives with `take` arrays that may be changed")
        _spoil(array)
    subject.must(_equal(source[places[0]], before), "gives copies with `take`")


def _check_weights_and_groups(subject: Subject, source: Source) -> None:
    with subject.rule("has weights that are one finite number from 0 per sample"):
        weights = weights_of(source)
    if weights is not None:
        subject.must(weights.any(), "has weights that are not all 0")
        again = weights_of(subject.build())
        subject.must(again is not None and np.array_equal(weights, again), "has the same weights when opened again")
    if getattr(source, "group", None) is None:
        return
    groups = [group_of(source, place) for place in range(len(source))]
    subject.must(all(isinstance(group, str) for group in groups), "names the group of a sample with a text")
    fixed: dict[str, set[str | None]] = {}
    for place, group in enumerate(groups):
        fixed.setdefault(group, set()).add(source.split_of(place))
    subject.must(all(len(splits) == 1 for splits in fixed.values()), "keeps the samples of a group in one split")


def _check_batches(subject: Subject, source: Source, transform: Transform | None) -> None:
    with subject.rule("can be loaded in batches"):
        batch = Loader(source, 4, seed=0, transform=transform, prefetch=0).batch(0)
        count = sum(len(page["index"]) for page in evaluation_batches(source, 64 if transform is None else 1))
    subject.must(all(len(column) == 4 for column in batch.values()), "fills a batch")
    subject.must(count == len(source), "gives every sample once for an evaluation")
