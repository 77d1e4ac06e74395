"""Synthetic sample calls with known truth: the generator (a developer's tool) and the audio it made."""
