"""How often reviewers agree with each rule: the share of decided hits that they confirmed, with its interval.

People decide on what they were shown, mostly calls that were chosen because something was found in them: this is
precision as reviewers see it, and says nothing of what a rule misses.
"""

from dataclasses import dataclass

from dashboards.data import Data
from dashboards.intervals import Estimate, share
from pipeline.store.reviews import open_reviews


@dataclass(frozen=True, slots=True)
class RuleVerdicts:
    """One rule. precision: share of decided hits that were confirmed."""

    rule_id: str
    confirmed: int
    rejected: int
    precision: Estimate

    @property
    def surely_wrong(self) -> float:
        """The share of wrong hits that 95 % confidence leaves at least: what the list is sorted by."""
        return 1.0 - (self.precision.high if self.precision.high is not None else 1.0)


def rule_verdicts(data: Data) -> tuple[RuleVerdicts, ...]:
    """Rules with at least one decided hit, those that are surely often wrong first. Raises PermissionDeniedError."""
    data.user.require("see_all")
    with open_reviews(data.settings.home) as store:
        rows = store.rows("rule_verdicts")
    found = [_verdicts(row["rule_id"], row["confirmed"], row["rejected"]) for row in rows]
    return tuple(sorted(found, key=lambda r: (-r.surely_wrong, -r.rejected, r.rule_id)))


def _verdicts(rule_id: str, confirmed: int, rejected: int) -> RuleVerdicts:
    precision = share(confirmed, confirmed + rejected)
    assert precision is not None  # a row has a decided hit
    return RuleVerdicts(rule_id, confirmed, rejected, precision)
