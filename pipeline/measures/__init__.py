"""What can be measured in a call: levels, rates, pitch, silences, overlaps, replies. Pure functions on arrays."""

from pipeline.measures.call import Measured, measure_call
from pipeline.measures.level import active_level, clipping_level, clipping_ratio, noise_level_dbfs
from pipeline.measures.reasons import REASONS, Reason

__all__ = [
    "REASONS",
    "Measured",
    "Reason",
    "active_level",
    "clipping_level",
    "clipping_ratio",
    "measure_call",
    "noise_level_dbfs",
]
