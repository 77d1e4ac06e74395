"""Figures of the phrase bench: counts, ratios with 95 % intervals, and what was missed or confused with what."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from tests.bench.phrase_clips import HARD_DB, SNRS_DB, Part

Z_95 = 1.96
PARTS: tuple[Part, ...] = ("unseen", "report", "development")
_HEADER = (
    "| {} | said / clean clips | recall: counts | counts or waits | precision: counts | counts or waits "
    "| text search: recall | precision |\n|---|---|---|---|---|---|---|---|"
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one clip. statuses: of the findings at its place. by_text: plain text search found a phrase."""

    kind: str
    part: Part
    snr_db: float
    voice: str
    phrase: str
    text: str
    heard: str
    statuses: tuple[str, ...]
    matched: str
    by_text: bool

    @property
    def is_said(self) -> bool:
        return self.kind == "said"

    @property
    def counts(self) -> bool:
        return "violated" in self.statuses

    @property
    def waits(self) -> bool:
        """For a person to listen, and nothing counts without."""
        return "review" in self.statuses and not self.counts

    @property
    def is_promised(self) -> bool:
        """Whether the figures are promised for a line as good as this."""
        return self.snr_db > HARD_DB


def wilson(part: int, whole: int) -> tuple[float, float]:
    """95 % interval of part/whole (Wilson's score interval); (0, 1) of nothing."""
    if not whole:
        return 0.0, 1.0
    share, z = part / whole, Z_95
    middle = (share + z * z / (2 * whole)) / (1 + z * z / whole)
    width = z * math.sqrt(share * (1 - share) / whole + z * z / (4 * whole * whole)) / (1 + z * z / whole)
    return max(0.0, middle - width), min(1.0, middle + width)


def table(outcomes: Sequence[Outcome]) -> str:
    """Markdown: recall and precision by part and noise, by voice and by kind of clean clip; no sentence is named."""
    clean = [o for o in outcomes if o.is_promised and not o.is_said]
    return "\n\n".join(
        (
            _by_noise(outcomes),
            "By voice, 25 and 15 dB:",
            _rows("voice", outcomes, lambda o: f"{o.part}, {o.voice}" if o.is_promised else None),
            "Clean clips at 25 and 15 dB with a finding, by what they are:",
            "\n".join(("| part, kind | clips | counts | waits |", "|---|---|---|---|", *_clean(clean))),
        )
    )


def _by_noise(outcomes: Sequence[Outcome]) -> str:
    lines = [_HEADER.format("part, SNR")]
    for part in PARTS:
        mine = [o for o in outcomes if o.part == part]
        groups = [("25 and 15 dB", [o for o in mine if o.is_promised])]
        groups += [(f"{snr_db:g} dB", [o for o in mine if o.snr_db == snr_db]) for snr_db in SNRS_DB[part]]
        lines += [_row(f"{part}, {name}", group) for name, group in groups if group]
    return "\n".join(lines)


def _rows(title: str, outcomes: Iterable[Outcome], group: Callable[[Outcome], str | None]) -> str:
    groups: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        name = group(outcome)
        if name is not None:
            groups[name].append(outcome)
    return "\n".join((_HEADER.format(title), *(_row(name, mine) for name, mine in sorted(groups.items()))))


def _row(name: str, mine: Sequence[Outcome]) -> str:
    said, clean = [o for o in mine if o.is_said], [o for o in mine if not o.is_said]
    found, wrong = sum(o.counts for o in said), sum(o.counts for o in clean)
    all_found = found + sum(o.waits for o in said)
    all_wrong = wrong + sum(o.waits for o in clean)
    by_text, text_wrong = sum(o.by_text for o in said), sum(o.by_text for o in clean)
    cells = (
        _ratio(found, len(said)),
        _ratio(all_found, len(said)),
        _ratio(found, found + wrong),
        _ratio(all_found, all_found + all_wrong),
        _ratio(by_text, len(said)),
        _ratio(by_text, by_text + text_wrong),
    )
    return f"| {name} | {len(said)} / {len(clean)} | {' | '.join(cells)} |"


def _clean(clean: Sequence[Outcome]) -> Iterator[str]:
    for part in PARTS:
        for kind in sorted({o.kind for o in clean if o.part == part}):
            there = [o for o in clean if o.part == part and o.kind == kind]
            counts, waits = sum(o.counts for o in there), sum(o.waits for o in there)
            yield f"| {part}, {kind} | {len(there)} | {counts} | {waits} |"


def _ratio(part: int, whole: int) -> str:
    low, high = wilson(part, whole)
    return f"{part / whole:.3f} ({low:.2f}–{high:.2f})" if whole else "–"


def confusions(outcomes: Sequence[Outcome], part: Part) -> str:
    """Markdown: the sentences of a part that were found wrongly or missed."""
    mine = [o for o in outcomes if o.part == part]
    wrong = [o for o in mine if not o.is_said and o.counts]
    missed = [o for o in mine if o.is_said and not o.counts]
    listed = [f"Found where nothing was wrong (part {part}): {len(wrong)} clips"]
    listed.append("\n".join(f"- {o.kind}, {_where(o)}: {o.text} — heard {o.heard}: {o.matched}" for o in wrong) or "–")
    listed.append(
        f"Said and not counted (part {part}): {len(missed)} clips, of them {sum(o.waits for o in missed)} for review"
    )
    by_phrase: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in missed:
        by_phrase[outcome.phrase].append(outcome)
    lines = [
        f"- {phrase}: " + "; ".join(f"{_where(o)}, heard {o.heard or '–'}: {o.matched or 'no finding'}" for o in mine)
        for phrase, mine in sorted(by_phrase.items(), key=lambda item: -len(item[1]))
    ]
    return "\n\n".join((*listed, "\n".join(lines) or "–"))


def _where(outcome: Outcome) -> str:
    return f"{outcome.snr_db:g} dB {outcome.voice}"
