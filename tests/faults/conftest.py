"""Fixtures of the tests that share the tiny run."""

from tests.tiny import forget_scripts, trained

__all__ = ["forget_scripts", "trained"]
