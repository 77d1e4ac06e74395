"""Speech to words with faster-whisper, fed with levelled turns packed into windows.

Measured reasons (tests/bench/CHOICES.md): the model hears best when whole turns, each brought to the same level, are
packed into one window with short gaps; library VAD and prompts lose speech. Windows are decoded by beam search without
time tokens, which costs less and errs less; a window whose text looks wrong, and a span that was left without words,
is decoded again in the library's careful way (time tokens, other temperatures).
No prompt and no hot words are ever given: a forbidden phrase put there comes back as a hallucination.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from pipeline.config import ModelSettings, TranscriptionSettings
from pipeline.engines import DroppedText, Reading, Samples, Span, Transcript, packing, runtime
from pipeline.engines.doubt import Heard, disbelief, looks_wrong
from pipeline.engines.packing import PAD_S, RATE_HZ, Piece, Window, place
from pipeline.errors import EngineError
from pipeline.model import Word
from pipeline.text import normalise

RETRY_MIN_S = 0.6  # a span this long without a word is decoded once more on its own
SCORE_MARGIN_S = 5.0  # of silence after a span that is scored: garbled spans get wild figures with less
REREAD_BEAM = 10
MIN_TOKEN_PROBABILITY = 1e-9
TOKENS_PER_CHARACTER = 2  # common characters are one token, rare ones three
MAX_TOKENS = 220  # the model's own limit is 224
LONGEST_WORDS = 2.0  # times the median of the window: a word that is longer has swallowed a pause

Task = TypeVar("Task")
Result = TypeVar("Result")


class WhisperTranscriber:
    """faster-whisper behind the Transcriber protocol."""

    def __init__(
        self, model: Path | str, models: ModelSettings, settings: TranscriptionSettings, *, threads: int
    ) -> None:
        """Load the model. Raises EngineError when the folder holds no CTranslate2 Whisper model."""
        runtime.prepare(allow_hub=models.allow_hub)
        from faster_whisper import WhisperModel  # noqa: PLC0415 - only after prepare()

        self._settings = settings
        # Windows side by side, one thread each: two threads in one window wait for each other as long as they work.
        self._pool = ThreadPoolExecutor(threads) if threads > 1 and models.device == "cpu" else None
        try:
            self._model = WhisperModel(
                str(model),
                device=models.device,
                compute_type=models.compute_type,
                cpu_threads=1,
                num_workers=threads if self._pool else 1,
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
        windows = self._windows(samples, spans)
        for window, heard in chain.from_iterable(
            self._map(lambda b: self._together(samples, b), self._batches(windows))
        ):
            self._hand_out(window, heard, words, dropped)
        silent = [i for i, span in enumerate(spans) if not words[i] and span.duration_s >= RETRY_MIN_S]
        for window, heard in self._map(lambda w: (w, self._carefully(samples, w)), self._alone(samples, spans, silent)):
            self._hand_out(window, heard, words, dropped)
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

    def _windows(self, samples: Samples, spans: tuple[Span, ...]) -> tuple[Window, ...]:
        return packing.windows(samples, spans, limit_s=self._settings.window_s, gap_s=self._settings.gap_s)

    def _batches(self, windows: tuple[Window, ...]) -> list[tuple[Window, ...]]:
        """Always the same for the same windows, however many threads there are: so are the words."""
        size = self._settings.batch_windows if len(windows) > self._settings.batch_windows else 1
        return [windows[i : i + size] for i in range(0, len(windows), size)]

    def _alone(self, samples: Samples, spans: tuple[Span, ...], which: Iterable[int]) -> Iterator[Window]:
        """The windows of these spans, each heard on its own."""
        for i in which:
            for window in self._windows(samples, (spans[i],)):
                yield tuple(Piece(i, p.source, p.window_start_s) for p in window)

    def _render(self, samples: Samples, window: Window) -> Samples:
        settings = self._settings
        return packing.render(samples, window, level_dbfs=settings.level_dbfs, max_gain_db=settings.max_gain_db)

    def _map(self, work: Callable[[Task], Result], tasks: Iterable[Task]) -> Iterator[Result]:
        """The results in order, several computed at once where there are threads for it."""
        return map(work, tasks) if self._pool is None else self._pool.map(work, tasks)

    def _hand_out(
        self, window: Window, heard: Iterable[Heard], words: list[list[Word]], dropped: list[DroppedText]
    ) -> None:
        """Hand the words to the spans they belong to, and what is not believed to `dropped`."""
        for one in heard:
            reason = disbelief(one, self._settings)
            placed = [place(word, window) for word in one.words]
            if reason and placed:
                dropped.append(DroppedText(placed[0][1].start_s, placed[-1][1].end_s, one.text, reason))
                continue
            for span, word in placed:
                words[span].append(word)

    def _together(self, samples: Samples, windows: tuple[Window, ...]) -> list[tuple[Window, tuple[Heard, ...]]]:
        """What is heard in each of these windows, decoded at once; piece by piece, so that each is doubted alone."""
        rendered = [self._render(samples, window) for window in windows]
        found = []
        for window, whole, sound in zip(windows, self._decoded(rendered), rendered, strict=True):
            speech_s = sum(piece.source.duration_s for piece in window)
            if looks_wrong(whole, speech_s, self._settings):
                found.append((window, self._run(sound)))
            else:
                found.append((window, _by_piece(whole, window)))
        return found

    def _decoded(self, rendered: list[Samples]) -> tuple[Heard, ...]:
        """Each window as one stretch, by beam search without time tokens, with word times from the attention."""
        from faster_whisper.audio import pad_or_trim  # noqa: PLC0415 - only after prepare()

        model, tokenizer = self._model, self._tokenizer
        features = [model.feature_extractor(sound)[:, : model.feature_extractor.nb_max_frames] for sound in rendered]
        encoded = model.encode(np.stack([pad_or_trim(f) for f in features]))
        most = self._most_tokens(max(map(len, rendered)) / RATE_HZ)
        results = model.model.generate(
            encoded,
            [[*tokenizer.sot_sequence, tokenizer.no_timestamps]] * len(rendered),
            beam_size=self._settings.beam_size,
            max_length=2 * (most or MAX_TOKENS + 4),  # CTranslate2 grants half of the length asked for
            suppress_tokens=self._suppressed,
            return_scores=True,
            return_no_speech_prob=True,
        )
        ids = [[token for token in result.sequences_ids[0] if token < tokenizer.eot] for result in results]
        aligned = model.find_alignment(tokenizer, ids, encoded, [f.shape[-1] for f in features])
        return tuple(
            Heard(
                words=_words(words),
                text=tokenizer.decode(tokens),
                avg_logprob=result.scores[0],  # CTranslate2 gives the mean over the tokens
                no_speech_prob=result.no_speech_prob,
                compression_ratio=_compression_ratio(tokenizer.decode(tokens)),
                cut_off=most is not None and len(tokens) >= most - 1,
            )
            for result, tokens, words in zip(results, ids, aligned, strict=True)
        )

    @cached_property
    def _suppressed(self) -> list[int]:
        from faster_whisper.transcribe import get_suppressed_tokens  # noqa: PLC0415 - only after prepare()

        return list(get_suppressed_tokens(self._tokenizer, [-1]))

    def _carefully(self, samples: Samples, window: Window) -> tuple[Heard, ...]:
        return self._run(self._render(samples, window))

    def _run(self, window: Samples) -> tuple[Heard, ...]:
        """The library's own way: time tokens, windows moved on by them, other temperatures where a text is doubted."""
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


def _heard(segment: Any, *, cut_off: bool) -> Heard:
    return Heard(
        words=tuple(Word(w.word, float(w.start), float(w.end), float(w.probability)) for w in segment.words or ()),
        text=segment.text,
        avg_logprob=segment.avg_logprob,
        no_speech_prob=segment.no_speech_prob,
        compression_ratio=segment.compression_ratio,
        cut_off=cut_off,
    )


def _compression_ratio(text: str) -> float:
    from faster_whisper.transcribe import get_compression_ratio  # noqa: PLC0415 - only after prepare()

    return float(get_compression_ratio(text)) if text else 0.0


def _words(aligned: list[dict[str, Any]]) -> tuple[Word, ...]:
    """The words of find_alignment; one that has swallowed a pause keeps its end.

    The attention moves on to a word as soon as the one before has been said, so the pause lies at its front.
    """
    lengths = [w["end"] - w["start"] for w in aligned if w["end"] > w["start"]]
    longest_s = LONGEST_WORDS * float(np.median(lengths)) if lengths else 0.0
    return tuple(
        Word(w["word"], max(float(w["start"]), float(w["end"]) - longest_s), float(w["end"]), float(w["probability"]))
        for w in aligned
        if w["word"]
    )


def _by_piece(whole: Heard, window: Window) -> tuple[Heard, ...]:
    """A window's text cut where the words of one span end, in order."""
    groups: list[tuple[int, list[Word]]] = []
    for word in whole.words:
        span = place(word, window)[0]
        if not groups or groups[-1][0] != span:
            groups.append((span, []))
        groups[-1][1].append(word)
    return tuple(
        Heard(
            words=tuple(words),
            text="".join(w.text for w in words),
            avg_logprob=whole.avg_logprob,
            no_speech_prob=whole.no_speech_prob,
            compression_ratio=whole.compression_ratio,
            cut_off=False,
        )
        for _, words in groups
    )
