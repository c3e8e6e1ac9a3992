"""Adversarial training of translators: a task, discriminators of pairs, and further losses."""
