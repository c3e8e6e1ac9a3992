"""The demonstration: every shipped model at work on this machine, and a training run, on one page."""
