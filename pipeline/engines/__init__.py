"""The engines: the only place that imports the heavy models."""
