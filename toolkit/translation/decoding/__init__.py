"""From a network to translations: greedy search, beams, sampling."""
