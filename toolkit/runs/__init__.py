"""Runs: everything the toolkit does with a recipe, as library calls. The command line is a thin shell over these."""

from toolkit.runs.evaluation import evaluate
from toolkit.runs.exporting import export
from toolkit.runs.folder import RunFolder
from toolkit.runs.importing import import_model
from toolkit.runs.models import load
from toolkit.runs.preparation import prepare
from toolkit.runs.starting import Started, start
from toolkit.runs.training import RunResult, resume, train

__all__ = [
    "RunFolder",
    "RunResult",
    "Started",
    "evaluate",
    "export",
    "import_model",
    "load",
    "prepare",
    "resume",
    "start",
    "train",
]
