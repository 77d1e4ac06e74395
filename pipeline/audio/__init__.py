"""From a file to samples: decode, choose the channels that matter, resample for the engines, draw."""

from pipeline.audio.loading import LONG_S, Audio, engine_channels, envelope, load, sha256_of
from pipeline.audio.source import CONTAINERS
from pipeline.audio.warning import WARNING_CODES, warning

__all__ = [
    "CONTAINERS",
    "LONG_S",
    "WARNING_CODES",
    "Audio",
    "engine_channels",
    "envelope",
    "load",
    "sha256_of",
    "warning",
]
