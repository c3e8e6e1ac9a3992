"""Corpora: sentence pairs from the formats they come in, cleaned, divided and described."""
