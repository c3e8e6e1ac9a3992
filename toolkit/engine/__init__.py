"""The engine: devices, precision, processes, randomness, checkpoints, tracking."""
