"""The stack one would build in an afternoon, to measure ours against: every library at its defaults.

faster-whisper on the whole file (per channel on stereo) with word times, the stock pyannote.audio pipeline, words to
speakers by overlap, the first to speak is the agent. Same models, same quantisation, same threads as ours.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from pipeline.config import Settings
from pipeline.engines import runtime
from pipeline.model import CallReport
from tests.bench.accuracy.heard import Heard, to_report
from tests.bench.accuracy.stacks import RATE_HZ, Pyannote, Whisper, decoded, joined

VOICES = 2


class NaiveStack:
    """Loaded once, for any number of calls."""

    def __init__(self, settings: Settings) -> None:
        runtime.prepare()
        runtime.set_threads(settings.batch.threads_per_worker)
        self._whisper = Whisper(settings, batched=False)
        self._pyannote = Pyannote(settings)

    def analyze(self, path: Path) -> CallReport:
        """One call to a report that holds what evaluation looks at: text, times, speakers, roles, stage times."""
        times: dict[str, float] = {}
        with timed(times, "decode"):
            signals = decoded(path)
        turns = None
        if len(signals) == 1:
            with timed(times, "find speech"):
                turns = Heard(turns=self._pyannote.turns(signals[0], VOICES))
        with timed(times, "transcribe"):
            words = self._whisper.hear_samples(signals)
        heard = replace(joined(words, turns), stages=tuple(times.items()))
        return to_report(path.stem, heard, stereo=len(signals) == 2, decoded_s=len(signals[0]) / RATE_HZ)


@contextmanager
def timed(times: dict[str, float], stage: str) -> Iterator[None]:
    """Seconds spent inside, added to those of the stage."""
    start = time.perf_counter()
    yield
    times[stage] = times.get(stage, 0.0) + time.perf_counter() - start
