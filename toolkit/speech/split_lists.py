"""Which recordings a collection holds out: short text files that name them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from toolkit.data.source import standard_split
from toolkit.errors import DataError

_ENDINGS = (".txt", ".csv", ".lst")


def split_lists(folder: Path) -> dict[str, frozenset[str]]:
    """The recordings that each split names, from files such as `val-ids.txt`, `test.txt` or `training.csv`.

    Such a file lies directly in the folder and is called after a split (`train`, `val`, `validation`, `dev`, `test`,
    ...), perhaps with `-ids`, `_list`, `-files` or the like behind it. Each line begins with the name of a recording:
    its path below the folder or only its last part, with or without ending; what follows a `|` or a tab is not read.

    Raises:
        DataError: such a file is not text.
    """
    named: dict[str, frozenset[str]] = {}
    for file in sorted(folder.iterdir()):
        split = standard_split(re.split(r"[-_.]", file.stem)[0])
        if split is None or file.suffix.lower() not in _ENDINGS or not file.is_file():
            continue
        try:
            lines = file.read_text("utf-8-sig").splitlines()
        except (UnicodeDecodeError, OSError) as error:
            reason = "is not text in UTF-8" if isinstance(error, UnicodeDecodeError) else f"cannot be read: {error}"
            raise DataError(
                f"{file}, which should name the {split} recordings, {reason}",
                "save it as UTF-8 with one name per line, or rename it so that it is not taken for such a list",
            ) from error
        names = {_plain(re.split(r"[|\t]", line, maxsplit=1)[0]) for line in lines if line.strip()}
        named[split] = named.get(split, frozenset()) | names
    return named


def listed_splits(keys: Iterable[str], lists: Mapping[str, frozenset[str]]) -> dict[str, str]:
    """The split of each recording, `train` where no list names it; empty when no list names any of them.

    Where only one kind of held-out recordings is listed they are the test split, also when the list calls them
    validation: figures shall be measured on what the collection's makers held out, and recordings for validation are
    then taken out of the training ones (`toolkit.data.splits.split`).

    Args:
        keys: paths of the recordings below the folder, without endings.
        lists: what `split_lists` gives.

    >>> listed_splits(["wavs/a", "wavs/b"], {"validation": frozenset({"b"})})
    {'wavs/a': 'train', 'wavs/b': 'test'}
    """
    held_out = [split for split in lists if split != "train"]
    found: dict[str, str] = {}
    for key in keys:
        names = {key, key.rpartition("/")[2]}
        for split in held_out:
            if names & lists[split]:
                found[key] = "test" if len(held_out) == 1 else split
                break
        else:
            found[key] = "train"
    return found if set(found.values()) - {"train"} else {}


def _plain(name: str) -> str:
    """A name as a key would have it: `/` between its parts, no audio ending.

    >>> _plain(" wavs\\\\a.b.WAV ")
    'wavs/a.b'
    """
    name = name.strip().replace("\\", "/").removeprefix("./")
    return re.sub(r"\.(wav|flac|ogg|mp3|opus|aiff?|m4a|npy)$", "", name, flags=re.IGNORECASE)
