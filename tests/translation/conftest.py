"""Fixtures of tests that need a model."""

from tests.translation.models import translator

__all__ = ["translator"]
