"""Speech to words with faster-whisper, fed with levelled turns packed into windows.

Measured reasons (FACTS of the project, ten synthetic telephone calls): the model hears best when whole turns, each
brought to the same level, are packed into one window with short gaps; library VAD and prompts lose speech.
No prompt and no hot words are ever given: a forbidden phrase put there comes back as a hallucination.
"""

from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from ruamel.yaml import YAML

from pipeline.config import ModelSettings, TranscriptionSettings
from pipeline.engines import DroppedText, Reading, Samples, Span, Transcript, runtime
from pipeline.errors import EngineError
from pipeline.model import Word
from pipeline.text import count_characters, for_scoring, normalise

RATE_HZ = 16_000
PAD_S = 0.12  # of real signal kept on both sides of a span, so that soft onsets survive
FADE_S = 0.01
RETRY_MIN_S = 0.6  # a span this long without a word is decoded once more on its own
LOOP_REPEATS = 4  # the same 2 to 12 characters this many times in a row: a decoding loop
SCORE_MARGIN_S = 5.0  # of silence after a span that is scored: garbled spans get wild figures with less
REREAD_BEAM = 10
MIN_TOKEN_PROBABILITY = 1e-9
TOKENS_PER_CHARACTER = 2  # common characters are one token, rare ones three
MAX_TOKENS = 220  # the model's own limit is 224
MIN_MEAN_PROBABILITY = 0.1  # words heard in tones lie below 0.08, garbled speech well above
CUT_SEARCH_S = 8.0  # an over-long span is cut at the quietest moment within its last seconds


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part of a span inside a window. Both intervals have the same length."""

    span: int
    source: Span
    window_start_s: float

    @property
    def window_end_s(self) -> float:
        return self.window_start_s + self.source.duration_s


@dataclass(frozen=True, slots=True)
class _Heard:
    """A decoded segment: its words in window time and the recogniser's own figures.

    cut_off: decoding ended here because it had said all that anybody can say in the time.
    """

    words: tuple[Word, ...]
    text: str
    avg_logprob: float
    no_speech_prob: float
    compression_ratio: float
    cut_off: bool


class WhisperTranscriber:
    """faster-whisper behind the Transcriber protocol."""

    def __init__(
        self, model: Path | str, models: ModelSettings, settings: TranscriptionSettings, *, threads: int
    ) -> None:
        """Load the model. Raises EngineError when the folder holds no CTranslate2 Whisper model."""
        runtime.prepare(allow_hub=models.allow_hub)
        from faster_whisper import WhisperModel  # noqa: PLC0415 - only after prepare()

        self._settings = settings
        try:
            self._model = WhisperModel(
                str(model),
                device=models.device,
                compute_type=models.compute_type,
                cpu_threads=threads,
                local_files_only=not models.allow_hub,
            )
        except (RuntimeError, ValueError, OSError) as error:
            raise EngineError(
                f"Whisper model {model} could not be loaded: {error}; check models.whisper, models.device and "
                "models.compute_type, then run: callqa doctor"
            ) from error

    def transcribe(self, samples: Samples, spans: tuple[Span, ...]) -> Transcript:
        """Words of each span, times in seconds of `samples` (n,) at 16 kHz."""
        words: list[list[Word]] = [[] for _ in spans]
        dropped: list[DroppedText] = []
        for window in self._windows(samples, spans):
            self._decode(samples, window, words, dropped)
        for i, span in enumerate(spans):
            if not words[i] and span.duration_s >= RETRY_MIN_S:
                for window in self._windows(samples, (span,)):
                    alone = tuple(_Piece(i, p.source, p.window_start_s) for p in window)
                    self._decode(samples, alone, words, dropped)
        return Transcript(tuple(tuple(w) for w in words), tuple(dropped))

    def score(self, samples: Samples, span: Span, texts: tuple[str, ...]) -> tuple[float | None, ...]:
        """How well each text fits the audio of the span: see the protocol.

        The encoder hears the span once, with SCORE_MARGIN_S of silence after it instead of the 30 s that decoding pads
        to: it costs a quarter for a turn of 5 s.
        """
        if not texts or self._too_long(span):
            return tuple(None for _ in texts)
        encoded, frames = self._encoded(samples, span)
        return tuple(self._logprob(encoded, frames, text) for text in texts)

    def reread(self, samples: Samples, span: Span) -> tuple[Reading, ...]:
        """The span decoded again on its own: see the protocol.

        Nothing is drawn at random: CTranslate2 keeps one generator a thread that no seed sets back, so that the same
        audio would not give the same readings. What differs from the first decoding is window, beam and context.
        """
        if self._too_long(span):
            return ()
        encoded, _ = self._encoded(samples, span)
        most = round(span.duration_s * self._settings.max_characters_per_s * TOKENS_PER_CHARACTER) + 16
        result = self._model.model.generate(
            encoded,
            [[*self._tokenizer.sot_sequence, self._tokenizer.no_timestamps]],
            beam_size=REREAD_BEAM,
            num_hypotheses=REREAD_BEAM,
            length_penalty=0.0,  # scores are sums, not means per token
            max_length=2 * min(most, MAX_TOKENS),  # CTranslate2 grants half of the length asked for
            return_scores=True,
        )[0]
        found: dict[str, float] = {}
        for ids, score in zip(result.sequences_ids, result.scores, strict=True):
            found.setdefault(normalise(self._tokenizer.decode(ids)).strip(), float(score))
        return tuple(Reading(text, score) for text, score in found.items() if text)

    def _too_long(self, span: Span) -> bool:
        return span.duration_s > self._settings.window_s - 2 * PAD_S

    def _encoded(self, samples: Samples, span: Span) -> tuple[Any, int]:
        """What the encoder makes of the span, levelled as for decoding, and how many frames it heard."""
        window = self._render(samples, self._windows(samples, (span,))[0])
        features = self._model.feature_extractor(np.pad(window, (0, round(SCORE_MARGIN_S * RATE_HZ))), padding=0)
        features = features[:, : min(features.shape[-1] // 2 * 2, self._model.feature_extractor.nb_max_frames)]
        return self._model.encode(features), features.shape[-1]

    def _logprob(self, encoded: Any, frames: int, text: str) -> float | None:
        ids = self._tokenizer.encode(text)
        if not ids or len(ids) > self._model.max_length // 2 - len(self._tokenizer.sot_sequence):
            return None
        result = self._model.model.align(encoded, self._tokenizer.sot_sequence, [ids], frames)[0]
        return float(np.sum(np.log(np.maximum(result.text_token_probs, MIN_TOKEN_PROBABILITY))))

    @cached_property
    def _tokenizer(self) -> Any:
        from faster_whisper.tokenizer import Tokenizer  # noqa: PLC0415 - only after prepare()

        model = self._model
        return Tokenizer(
            model.hf_tokenizer, model.model.is_multilingual, task="transcribe", language=self._settings.language
        )

    def _windows(self, samples: Samples, spans: tuple[Span, ...]) -> tuple[tuple[_Piece, ...], ...]:
        """Pack spans, padded and cut where too long, into windows of at most window_s."""
        total_s = len(samples) / RATE_HZ
        limit_s, gap_s = self._settings.window_s, self._settings.gap_s
        windows: list[tuple[_Piece, ...]] = []
        current: list[_Piece] = []
        at_s = 0.0
        for i, span in enumerate(spans):
            before_s = spans[i - 1].end_s if i else 0.0
            after_s = spans[i + 1].start_s if i + 1 < len(spans) else total_s
            start_s = max(span.start_s - PAD_S, min((before_s + span.start_s) / 2, span.start_s), 0.0)
            end_s = min(span.end_s + PAD_S, max((after_s + span.end_s) / 2, span.end_s), total_s)
            for part in _cut(samples, Span(start_s, end_s), limit_s):
                if current and at_s + part.duration_s > limit_s:
                    windows.append(tuple(current))
                    current, at_s = [], 0.0
                current.append(_Piece(i, part, at_s))
                at_s += part.duration_s + gap_s
        if current:
            windows.append(tuple(current))
        return tuple(windows)

    def _decode(
        self, samples: Samples, pieces: tuple[_Piece, ...], words: list[list[Word]], dropped: list[DroppedText]
    ) -> None:
        """Decode one window and hand its words to the spans they belong to."""
        for heard in self._run(self._render(samples, pieces)):
            reason = self._disbelief(heard)
            placed = [_place(word, pieces) for word in heard.words]
            if reason and placed:
                dropped.append(DroppedText(placed[0][1].start_s, placed[-1][1].end_s, heard.text, reason))
                continue
            for span, word in placed:
                words[span].append(word)

    def _render(self, samples: Samples, pieces: tuple[_Piece, ...]) -> Samples:
        """The window's samples: each piece levelled, faded at its edges, silence between."""
        window = np.zeros(round(pieces[-1].window_end_s * RATE_HZ) + 1, np.float32)
        for piece in pieces:
            part = samples[round(piece.source.start_s * RATE_HZ) : round(piece.source.end_s * RATE_HZ)].copy()
            rms = float(np.sqrt(np.mean(np.square(part, dtype=np.float64)))) if len(part) else 0.0
            if rms > 0:
                gain_db = min(self._settings.level_dbfs - 20 * np.log10(rms), self._settings.max_gain_db)
                part *= np.float32(10 ** (gain_db / 20))
            fade = min(round(FADE_S * RATE_HZ), len(part) // 2)
            if fade:
                ramp = np.linspace(0, 1, fade, dtype=np.float32)
                part[:fade] *= ramp
                part[-fade:] *= ramp[::-1]
            at = round(piece.window_start_s * RATE_HZ)
            part = part[: len(window) - at]
            window[at : at + len(part)] = np.clip(part, -1, 1)
        return window

    def _run(self, window: Samples) -> tuple[_Heard, ...]:
        import ctranslate2  # noqa: PLC0415 - only after prepare()

        ctranslate2.set_random_seed(0)  # the fallback temperatures sample: the same audio must give the same words
        settings = self._settings
        most_tokens = self._most_tokens(len(window) / RATE_HZ)
        segments, _ = self._model.transcribe(
            window,
            language=settings.language,
            beam_size=settings.beam_size,
            temperature=list(settings.temperatures),
            compression_ratio_threshold=settings.max_compression_ratio,
            log_prob_threshold=settings.min_avg_logprob,
            no_speech_threshold=settings.max_no_speech_prob,
            condition_on_previous_text=False,
            word_timestamps=True,
            vad_filter=False,
            max_new_tokens=2 * most_tokens if most_tokens else None,  # CTranslate2 grants half of the length asked for
        )
        heard = list(segments)
        cut_off = most_tokens is not None and sum(len(s.tokens) for s in heard) >= most_tokens - 1
        return tuple(_heard(s, cut_off=cut_off and s is heard[-1]) for s in heard)

    def _most_tokens(self, seconds: float) -> int | None:
        """More than anybody can say in this time; None: the model's own limit.

        Over a tone or noise taken for speech the model repeats itself up to its limit, at every temperature: a ringing
        tone of two seconds took ten to decode.
        """
        tokens = round(seconds * self._settings.max_characters_per_s * TOKENS_PER_CHARACTER) + 16
        return tokens if tokens < MAX_TOKENS else None

    def _disbelief(self, heard: _Heard) -> str | None:
        """Why a segment is not believed, None when it is."""
        plain = for_scoring(heard.text)
        settings = self._settings
        seconds = heard.words[-1].end_s - heard.words[0].start_s if heard.words else 0.0
        unsure = heard.avg_logprob < settings.min_avg_logprob
        reasons = {
            "no_characters": not plain,
            "known_hallucination": any(phrase in plain for phrase in self._hallucinations),
            "loop": _loops(plain) or heard.cut_off,
            "compression_ratio": heard.compression_ratio > settings.max_compression_ratio,
            "improbable_words": _mean_probability(heard.words) < MIN_MEAN_PROBABILITY,
            "no_speech": unsure and heard.no_speech_prob > settings.max_no_speech_prob / 2,
            "characters_per_second": count_characters(heard.text) > max(1.0, seconds) * settings.max_characters_per_s,
        }
        return next((reason for reason, holds in reasons.items() if holds), None)

    @cached_property
    def _hallucinations(self) -> tuple[str, ...]:
        text = files("pipeline.config").joinpath("lexicon/hallucinations.yaml").read_text(encoding="utf-8")
        return tuple(YAML(typ="safe", pure=True).load(text)["phrases"])


def _mean_probability(words: tuple[Word, ...]) -> float:
    return sum(w.probability for w in words) / len(words) if words else 0.0


def _heard(segment: Any, *, cut_off: bool) -> _Heard:
    return _Heard(
        words=tuple(Word(w.word, float(w.start), float(w.end), float(w.probability)) for w in segment.words or ()),
        text=segment.text,
        avg_logprob=segment.avg_logprob,
        no_speech_prob=segment.no_speech_prob,
        compression_ratio=segment.compression_ratio,
        cut_off=cut_off,
    )


def _place(word: Word, pieces: tuple[_Piece, ...]) -> tuple[int, Word]:
    """The span a word belongs to, and the word in the source's time, kept inside its piece."""
    middle_s = (word.start_s + word.end_s) / 2
    piece = min(pieces, key=lambda p: max(p.window_start_s - middle_s, middle_s - p.window_end_s, 0.0))
    shift_s = piece.source.start_s - piece.window_start_s
    start_s = min(max(word.start_s + shift_s, piece.source.start_s), piece.source.end_s)
    end_s = min(max(word.end_s + shift_s, start_s), piece.source.end_s)
    return piece.span, Word(word.text, start_s, end_s, word.probability)


def _cut(samples: Samples, span: Span, limit_s: float) -> tuple[Span, ...]:
    """Cut a span into parts of at most limit_s, each cut at the quietest 50 ms near the end of a part."""
    parts = []
    start_s = span.start_s
    hop = round(0.05 * RATE_HZ)
    while span.end_s - start_s > limit_s:
        search_s = min(CUT_SEARCH_S, limit_s / 2)
        first = round((start_s + limit_s - search_s) * RATE_HZ)
        frames = samples[first : round((start_s + limit_s) * RATE_HZ)]
        frames = frames[: len(frames) // hop * hop].reshape(-1, hop)
        quietest = int(np.argmin(np.square(frames).mean(axis=1)))
        cut_s = (first + quietest * hop + hop / 2) / RATE_HZ
        parts.append(Span(start_s, cut_s))
        start_s = cut_s
    return (*parts, Span(start_s, span.end_s))


def _loops(text: str) -> bool:
    """True when 2 to 12 characters come LOOP_REPEATS times in a row, or one character twice as often."""
    return any(
        text[i : i + size] * repeats == text[i : i + size * repeats]
        for size in range(1, 13)
        for repeats in (LOOP_REPEATS if size > 1 else LOOP_REPEATS * 2,)
        for i in range(len(text) - size * repeats + 1)
    )
