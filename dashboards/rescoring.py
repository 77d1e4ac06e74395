"""A call's score after people have looked: verdicts and changed items, computed by the card that made the score."""

from collections.abc import Collection
from functools import lru_cache
from typing import Any

from dashboards.data import CallView, Decisions
from pipeline.config.settings import Settings
from pipeline.errors import ConfigError
from pipeline.model import Deduction, Finding, ItemScore, Score, SectionScore
from pipeline.rulebooks import at_version, read_sources
from pipeline.scoring import Override, Scorecard, Scorecards, apply_review, scorecards_of


def reviewed_score(
    settings: Settings, view: CallView, decisions: Decisions, overrides: Collection[Override] = ()
) -> Score:
    """The score with confirmed and rejected findings and the reviewer's items.

    Raises ConfigError when the call was scored with a card that is not in force any more.
    """
    verdicts = {key: verdict.verdict for key, verdict in decisions.verdicts.items()}
    score = stored_score(view)
    return apply_review(
        score,
        _card(settings, score, view.head["rulebook_version"]),
        stored_findings(view),
        rejected_keys=[key for key, verdict in verdicts.items() if verdict == "reject"],
        confirmed_keys=[key for key, verdict in verdicts.items() if verdict == "confirm"],
        overrides=overrides,
    )


def stored_findings(view: CallView) -> tuple[Finding, ...]:
    """The call's findings as the judge made them."""
    return tuple(_finding(row) for row in view.findings.iter_rows(named=True))


def stored_score(view: CallView) -> Score:
    """The automatic score as it was published."""
    rows = list(view.items.iter_rows(named=True))
    sections = {
        r["section_id"]: SectionScore(
            r["section_id"], r["section_zh"], r["section_en"], r["section_points_max"], r["section_points"]
        )
        for r in rows
    }
    head = view.head
    return Score(
        scorecard_id=head["scorecard_id"],
        scorecard_version=head["scorecard_version"],
        total=head["score_total"],
        fatal=head["fatal"],
        passed=head["passed"],
        sections=tuple(sections.values()),
        items=tuple(_item(row) for row in rows),
    )


def _item(row: dict[str, Any]) -> ItemScore:
    return ItemScore(
        item_id=row["item_id"],
        section_id=row["section_id"],
        name_zh=row["name_zh"],
        name_en=row["name_en"],
        points_max=row["points_max"],
        points=row["points"],
        status=row["status"],
        deductions=tuple(Deduction(d["finding_key"], d["points"]) for d in row["deductions"] or ()),
        fatal=row["fatal"],
        reason=row["reason"],
    )


def _finding(row: dict[str, Any]) -> Finding:
    names = (
        *("rule_id", "family", "severity", "status", "utterance_index", "start_s", "end_s", "evidence"),
        *("confidence", "role", "matched_text", "value", "unit", "note"),
        *("points", "points_cap", "fatal", "alert"),
    )
    return Finding(**{name: row[name] for name in names}, limit=row["limit_value"])


def _card(settings: Settings, score: Score, rulebook_version: str) -> Scorecard:
    """The card that made the score, from the kept rulebook of that version, else from the present one.

    When neither has it: the present card for all calls, which `apply_review` refuses with the remedy.
    """
    try:
        sources = read_sources(at_version(settings, rulebook_version))
    except ConfigError:  # judged before rulebooks were kept
        sources = read_sources(settings)
    cards = _cards_of(tuple(sources.texts("scorecards").items()))
    return cards.version(score.scorecard_id, score.scorecard_version) or cards.default


@lru_cache(maxsize=16)
def _cards_of(texts: tuple[tuple[str, str], ...]) -> Scorecards:
    return scorecards_of(dict(texts))
