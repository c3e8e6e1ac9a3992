"""Every part of the package keeps the contract of its kind, by the name that recipes use."""

from __future__ import annotations

from typing import Any

import pytest

from toolkit.testing import check_part


@pytest.mark.parametrize(
    ("kind", "name", "settings"),
    [
        ("generators", "coordinate", {"width": 16}),
        ("generators", "coordinate", {"width": 16, "depth": 1, "channels": 1, "resolution": 12}),
        ("losses", "alpha", {}),
        ("losses", "alpha", {"alpha": 1.0}),
        ("losses", "alpha", {"alpha": 100.0}),
        ("datasets", "shapes", {"count": 30, "resolution": 16}),
    ],
)
def test_contract(kind: str, name: str, settings: dict[str, Any]) -> None:
    check_part(kind, name, **settings)
