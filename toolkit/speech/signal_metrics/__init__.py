"""Metrics that compare a generated waveform with the recording it copies; parts of kind `paired_metrics`."""
