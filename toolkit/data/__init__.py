"""Data sets as numbered samples: decoding, splitting, batching, downloading."""
