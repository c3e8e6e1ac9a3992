"""The command line: a thin shell over the library."""

from toolkit.cli.main import main

__all__ = ["main"]
