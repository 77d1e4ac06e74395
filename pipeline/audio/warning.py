"""What can be odd about a recording that still yields a result: a code that the dashboard translates, and a detail."""

from typing import Literal, get_args

WarningCode = Literal[
    "lost_packets",  # packets that no decoder would take; what they held is missing
    "filled_gap",  # time that the container skips, filled with silence so that later times stay right
    "short_of_declared",  # less was decoded than the header promises
    "longer_than_declared",  # the header promises less than there is; everything was decoded
    "unknown_length",  # the header leaves the length open (a recorder that streams or was cut off)
    "ends_early",  # reading stopped at damage that nothing could be read behind
    "dead_channel",  # one of two channels carries nobody
    "silent",  # nothing in the file rises above the dead-channel level
    "same_signal_twice",  # two channels with one signal; one is used
    "channels_dropped",  # more than two channels, of which at most two differ and carry something
    "resampled_while_reading",  # decoded at 16 kHz to stay within the memory limit
    "invalid_samples",  # not-a-number or absurdly large floating-point samples, set to 0 or cut
    "several_audio_tracks",  # the first was used
]
WARNING_CODES: tuple[WarningCode, ...] = get_args(WarningCode)


def warning(code: WarningCode, detail: str) -> str:
    """The text kept in AudioFacts.warnings: "code: detail" (the code up to the first colon)."""
    return f"{code}: {detail}"
