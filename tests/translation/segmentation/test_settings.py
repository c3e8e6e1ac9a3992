"""Settings that are stored and read again."""

from __future__ import annotations

from typing import Any

import pytest

from toolkit.errors import ConfigError
from toolkit.translation.segmentation.settings import SegmenterSettings


@pytest.mark.parametrize(
    "settings",
    [
        SegmenterSettings(),
        SegmenterSettings("bpe", False, "nfkc", 0, ("tag", "number"), ("zh", "pt-BR"), True),
        SegmenterSettings(protect=()),
    ],
)
def test_settings_survive_a_document(settings: SegmenterSettings) -> None:
    assert SegmenterSettings.from_document(settings.to_document()) == settings


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"kind": "words"}, "choices: unigram, bpe"),
        ({"normalisation": "NFC"}, "choices: light, nfkc, none"),
        ({"placeholders": 100}, "0 to 99"),
        ({"placeholders": True}, "whole number"),
        ({"protect": ["tags"]}, "did you mean 'tag'"),
        ({"protect": "tag"}, "must be a list"),
        ({"languages": ["z h"]}, "no language code"),
        ({"languages": ["zh", "zh"]}, "twice"),
        ({"lower_source": 1}, "true or false"),
        ({"lower": True}, "did you mean 'lower_source'"),
        ([], "expected fields by name"),
    ],
)
def test_impossible_settings_are_named(document: Any, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        SegmenterSettings.from_document(document, "segmenter.json")
    assert "segmenter.json" in str(caught.value)


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        SegmenterSettings(kind="x", placeholders=-1)  # type: ignore[arg-type]
    assert len(caught.value.problems) == 2
