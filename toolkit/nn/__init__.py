"""Layers that two or more modalities build their networks from."""
