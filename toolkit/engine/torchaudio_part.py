"""The one place that imports torchaudio, also where its compiled extension does not fit the PyTorch that is installed.

torchaudio is published as one wheel, linked against one build of PyTorch. Beside another build (the CPU build, say) its
extension cannot be loaded, and `import torchaudio` ends in an OSError, although what this library uses of it
(resampling, mel filters) is written in Python. The extension serves forced alignment, a transducer loss and recursive
filters; torchaudio itself can be built without it, and asks `torchaudio._extension` whether it is there. So where the
real module cannot be loaded, one that answers "no" takes its place.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from threading import Lock
from types import ModuleType
from typing import Any

from toolkit.errors import ToolkitError, require

_EXTENSION = "torchaudio._extension"
_FAILURES = (OSError, RuntimeError, ImportError)
_importing = Lock()


def torchaudio_functional() -> Any:
    """The module `torchaudio.functional`: `resample`, `melscale_fbanks` and everything else that is pure Python.

    The first call imports torchaudio (about a second); later ones look it up.

    Raises:
        MissingExtraError: torchaudio is not installed.
        ToolkitError: it is, but cannot be imported for another reason than its extension.
    """
    known = sys.modules.get("torchaudio.functional")
    if known is not None and not getattr(known.__spec__, "_initializing", False):
        return known
    with _importing:  # recordings are read from several threads
        try:
            return _functional()
        except _FAILURES as error:
            if _EXTENSION in sys.modules:
                raise _broken(error) from error
        for name in [name for name in sys.modules if name.partition(".")[0] == "torchaudio"]:
            del sys.modules[name]  # half imported
        sys.modules[_EXTENSION] = _NoExtension(_EXTENSION)
        try:
            return _functional()
        except _FAILURES as error:
            raise _broken(error) from error


def has_extension() -> bool:
    """Whether torchaudio runs with its own compiled extension here."""
    torchaudio_functional()
    return not isinstance(sys.modules.get(_EXTENSION), _NoExtension)


def _functional() -> ModuleType:
    return require("torchaudio.functional", "speech", "Resampling and mel spectrograms")


def _broken(error: Exception) -> ToolkitError:
    return ToolkitError(
        f"torchaudio is installed, but cannot be imported: {error}", "install it anew: pip install torchaudio"
    )


class _NoExtension(ModuleType):
    """Stands for `torchaudio._extension` where nothing is compiled, whichever of its names a release asks for."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name.startswith("_IS_"):
            return False
        if name.startswith("fail_if_no"):
            return _refuse
        return _unavailable


def _refuse(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def refusing(*_: object, **__: object) -> Any:
        raise RuntimeError(f"{function.__name__} needs the compiled extension of torchaudio, which does not load here")

    return refusing


def _unavailable(*_: object, **__: object) -> bool:
    return False
