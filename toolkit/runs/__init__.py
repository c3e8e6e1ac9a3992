"""Runs: everything the toolkit does with a recipe, as library calls. The command line is a thin shell over these."""

from toolkit.runs.evaluation import evaluate
from toolkit.runs.exporting import export
from toolkit.runs.folder import RunFolder
from toolkit.runs.models import load
from toolkit.runs.preparation import prepare
from toolkit.runs.training import RunResult, resume, train

__all__ = ["RunFolder", "RunResult", "evaluate", "export", "load", "prepare", "resume", "train"]
