"""Feature banks of real data, extracted once: kept in memory, and as files for the next process."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from torch import nn

from toolkit.engine.cache import keep_within
from toolkit.errors import DISTRIBUTION, DataError, TrainingError
from toolkit.metrics.bank import FeatureBank
from toolkit.metrics.bank_file import FORMAT
from toolkit.metrics.classifier import weights_hash
from toolkit.metrics.extractor import Extractor

LIMIT_BYTES = 4 * 2**30
"""Most bytes that stored banks may take together; those used longest ago go first."""

_OURS = ("toolkit", "torch_fidelity")


class BankCache:
    """Banks by what they were made of and with.

    On disk a bank is found by the content of the data, the extractor's name and weights, the device, and the versions
    of the toolkit and of the file format; so a change of any of them makes a new one, and no file is ever wrong. A
    damaged file is made again, and a folder that cannot be written is done without; both are said in `notes`. Banks of
    extractors from outside packages stay in memory: their code may change without a sign.

    Args:
        folder: where to keep files; `None` for memory only. Made when it is first needed.

    Attributes:
        notes: sentences for the user about what went wrong on the way.
        reused: how many banks were read from files.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder
        self.notes: list[str] = []
        self.reused = 0
        self._known: list[tuple[object, Extractor, int | None, FeatureBank]] = []

    def bank(
        self,
        data: object,
        extractor: Extractor,
        capacity: int | None,
        fingerprint: Callable[[], str],
        make: Callable[[str], FeatureBank],
    ) -> FeatureBank:
        """The bank of some data, made only where it is not known.

        Args:
            data: the data's own object; the same object with the same extractor gives the same bank in this process.
            extractor: makes the features.
            capacity: rows that the bank keeps.
            fingerprint: identifies the data's content; called only for banks on disk.
            make: makes the bank, given its fingerprint.
        """
        for known, of, rows, bank in self._known:
            if known is data and of is extractor and rows == capacity:
                return bank
        if self.folder is None or not _is_ours(extractor):
            bank = make("")
        else:
            mark = fingerprint()
            bank = self._stored(self.folder / _file_name(extractor, capacity, mark), extractor, mark, make)
        self._known.append((data, extractor, capacity, bank))
        return bank

    def take_notes(self) -> list[str]:
        """The notes since the last call."""
        taken, self.notes = self.notes, []
        return taken

    def _stored(
        self, file: Path, extractor: Extractor, fingerprint: str, make: Callable[[str], FeatureBank]
    ) -> FeatureBank:
        if file.is_file():
            try:
                bank = FeatureBank.load(file, extractor=extractor.name, fingerprint=fingerprint)
                self._touch(file)
            except (DataError, OSError, KeyError, ValueError, RuntimeError) as error:
                reason = error.message if isinstance(error, DataError) else f"{type(error).__name__}: {error}"
                self.notes.append(f"stored features were damaged and are made again: {reason}")
            else:
                self.reused += 1
                return bank
        bank = make(fingerprint)
        try:
            bank.save(file)
            keep_within(file.parent, "*.safetensors", LIMIT_BYTES)
        except (OSError, TrainingError) as error:
            self.notes.append(f"the features of the real data could not be kept in {file.parent}: {_words(error)}")
        return bank

    def _touch(self, file: Path) -> None:
        """Mark it as used, so that it is deleted later than others."""
        try:
            os.utime(file)
        except OSError as error:
            self.notes.append(f"{file} is used, but cannot be marked as used: {_words(error)}")


def _words(error: OSError | TrainingError) -> str:
    return error.message if isinstance(error, TrainingError) else str(error.strerror or error)


def _is_ours(extractor: Extractor) -> bool:
    parts = [extractor, getattr(extractor, "module", extractor)]
    return all(type(part).__module__.split(".")[0] in _OURS for part in parts)


def _release() -> str:
    """The toolkit's version: another one may extract differently."""
    try:
        return version(DISTRIBUTION)
    except PackageNotFoundError:  # used from its source without being installed
        return ""


def _file_name(extractor: Extractor, capacity: int | None, fingerprint: str) -> str:
    module = getattr(extractor, "module", None)
    network = module if isinstance(module, nn.Module) else None
    first = None if network is None else next(network.parameters(), None)
    facts = {
        "data": fingerprint,
        "extractor": extractor.name,
        "weights": "" if network is None else weights_hash(network.state_dict()),
        "device": "cpu" if first is None else first.device.type,
        "capacity": capacity,
        "toolkit": _release(),
        "format": FORMAT,
    }
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
    return f"{digest[:32]}.safetensors"
