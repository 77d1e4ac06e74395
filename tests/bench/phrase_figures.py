"""Figures of the phrase bench: counts, ratios with 95 % intervals, and what was confused with what."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

Z_95 = 1.96
MOST_LISTED = 40


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one clip. statuses: of the findings at its place. by_text: plain text search found a phrase."""

    kind: str
    half: str
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


def wilson(part: int, whole: int) -> tuple[float, float]:
    """95 % interval of part/whole (Wilson's score interval); (0, 1) of nothing."""
    if not whole:
        return 0.0, 1.0
    share, z = part / whole, Z_95
    middle = (share + z * z / (2 * whole)) / (1 + z * z / whole)
    width = z * math.sqrt(share * (1 - share) / whole + z * z / (4 * whole * whole)) / (1 + z * z / whole)
    return max(0.0, middle - width), min(1.0, middle + width)


def table(outcomes: Sequence[Outcome]) -> str:
    """Markdown: recall and precision by half and noise, beside plain text search; then the confusions."""
    lines = [
        "| half | SNR, dB | said / clean clips | recall: counts | counts or waits | precision: counts "
        "| counts or waits | text search: recall | precision |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for half in ("fit", "report"):
        for snr_db in (25.0, 12.0, None):
            mine = [o for o in outcomes if o.half == half and snr_db in (None, o.snr_db)]
            if mine:
                lines.append(_row(half, "both" if snr_db is None else f"{snr_db:g}", mine))
    return "\n".join((*lines, "", *_confusions([o for o in outcomes if o.half == "report"])))


def _row(half: str, snr: str, mine: Sequence[Outcome]) -> str:
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
    return f"| {half} | {snr} | {len(said)} / {len(clean)} | {' | '.join(cells)} |"


def _ratio(part: int, whole: int) -> str:
    low, high = wilson(part, whole)
    return f"{part / whole:.3f} ({low:.2f}–{high:.2f})" if whole else "–"


def _confusions(mine: Sequence[Outcome]) -> list[str]:
    wrong = [o for o in mine if not o.is_said and o.counts]
    missed = [o for o in mine if o.is_said and not o.counts]
    lines = [f"Wrongly found: {len(wrong)}", ""]
    lines += [f"- {o.snr_db:g} dB, {o.kind}: {o.text} — heard {o.heard}: {o.matched}" for o in wrong[:MOST_LISTED]]
    lines += ["", f"Not counted: {len(missed)}, of them {sum(o.waits for o in missed)} for review", ""]
    for o in missed[:MOST_LISTED]:
        lines.append(f"- {o.snr_db:g} dB: {o.phrase} — heard {o.heard}: {o.matched or 'nothing'}")
    return lines
