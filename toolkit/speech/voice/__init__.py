"""Voices: from symbols of a text to mel spectrograms, learned from recordings and their texts."""
