"""Why a measure has no value: short codes, stored with the measure and translated where people read them."""

from typing import Literal, get_args

from pipeline.model import Measure

Reason = Literal[
    "no_speech",  # nobody (or not this side) was heard where it was to be measured
    "unknown_role",  # it is not known who of the speakers is the agent
    "too_little_speech",  # less speech than the measure needs (min_level_speech_s, min_pitch_voiced_s)
    "too_few_characters",  # fewer characters than min_rate_characters
    "too_few_turns",  # nothing earlier of this speaker to compare with
    "mono_overlap",  # one channel holds both voices at once: they cannot be told apart
    "single_channel",  # two channels, but only one of them carries speech
    "clipped",  # more samples than max_clipping_ratio are cut off, so the level is too low
    "low_snr",  # speech less than min_snr_db above the noise
    "no_pause",  # no stretch without speech to hear the noise in
    "no_reply",  # the floor did not pass from the other side
    "uncalibrated_line",  # the offset from dBFS to dB SPL is the shipped estimate
]
REASONS: tuple[Reason, ...] = get_args(Reason)


def measured(name: str, value: float) -> Measure:
    return Measure(name, float(value))


def unmeasurable(name: str, reason: Reason) -> Measure:
    return Measure(name, None, reason)


def either(name: str, value: float | Reason) -> Measure:
    """A measure from a number, or from the reason why there is none."""
    return unmeasurable(name, value) if isinstance(value, str) else measured(name, value)
