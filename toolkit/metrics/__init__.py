"""Comparing distributions of features: extractors, banks of features, and the metrics on them."""
