"""What holds for all tests: they leave nothing in the user's own folders."""

from __future__ import annotations

import os
import tempfile

import pytest
from hypothesis import settings

from toolkit.engine.cache import CACHE_VARIABLE


def pytest_configure(config: pytest.Config) -> None:
    """Features of real data are kept in a folder of this test run; processes that tests start inherit it."""
    folder = tempfile.TemporaryDirectory(prefix="toolkit-cache-", ignore_cleanup_errors=True)
    config.add_cleanup(folder.cleanup)
    os.environ[CACHE_VARIABLE] = folder.name


# What decides whether a change may land says the same twice, on a busy machine too: no example has a time to keep.
# `--hypothesis-profile default` looks at new examples.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")
