"""Read the `scope` of a rule or of a condition (see rules.scope); what contradicts itself is refused."""

from pipeline.config.yaml_source import Entry, Node
from pipeline.errors import RuleError
from pipeline.rules.scope import EVERY, LAST, Anchor, Condition, Names, Reach, Scope
from pipeline.rules.vocabulary import ANCHOR_KEYS, SCOPE_KEYS

_ENDS = SCOPE_KEYS[:4]


def read_scope(node: Node, names: Names, *, counts_hits: bool = True) -> Scope:
    """Read `scope:` of a mapping; absent: the whole call.

    counts_hits: whether `occurrence` means anything here. Raises RuleError for what is empty or contradicts itself.
    """
    if "scope" not in node:
        return Scope()
    inner = node.node("scope")
    inner.allow(SCOPE_KEYS if counts_hits else SCOPE_KEYS[:-1])
    if not inner.names():
        raise inner.error("is empty; leave `scope` out to look at the whole call")
    turns = [inner.whole(k, low=1, high=1000) if k in inner else None for k in _ENDS[:2]]
    seconds = [inner.optional_number(k, low=0.1, high=36000) for k in _ENDS[2:]]
    scope = Scope(
        *(turns[0], turns[1], seconds[0], seconds[1]),
        after=_read_anchor(inner, "after", names),
        before=_read_anchor(inner, "before", names),
        between=_read_between(inner, names),
        occurrence=_read_occurrence(inner),
    )
    if scope.at_end and (scope.first_turns is not None or scope.first_s is not None):
        raise inner.error("first_… and last_… contradict each other; write two rules")
    if scope.between is not None and (scope.after or scope.before):
        raise inner.error("between says both ends already; leave after and before out", "between")
    if scope.after and scope.before and names.same(scope.after.condition, scope.before.condition):
        raise inner.error("after and before the same condition leave nothing in between; name two conditions", "before")
    return scope


def _read_anchor(node: Node, key: str, names: Names) -> Anchor | None:
    if key not in node:
        return None
    inner = node.node(key)
    if "condition" in inner:
        inner.allow(("condition", *ANCHOR_KEYS))
        entry = inner.entry("condition")
    else:
        entry = Entry(inner.without(ANCHOR_KEYS), inner.place)
    turns = inner.whole("within_turns", low=1, high=1000) if "within_turns" in inner else None
    seconds = inner.optional_number("within_s", low=0.1, high=36000)
    return Anchor(_anchoring(entry, names), Reach(turns, seconds))


def _anchoring(entry: Entry, names: Names) -> Condition:
    condition = names.condition(entry)
    if not condition.has_moments:
        raise RuleError(
            f"{entry.place}: this condition holds for a call as a whole and has no moment to count from; "
            "use says, event, repeat or a measure per utterance, and put the other under `when`"
        )
    return condition


def _read_between(node: Node, names: Names) -> tuple[Condition, Condition] | None:
    if "between" not in node:
        return None
    entries = node.entries("between")
    if len(entries) != 2:
        raise node.error(
            f"between needs two conditions, where it begins and where it ends, not {len(entries)}", "between"
        )
    opening, closing = (_anchoring(entry, names) for entry in entries)
    if names.same(opening, closing):
        raise node.error("between needs two different conditions; it begins and ends with the same one", "between")
    return opening, closing


def _read_occurrence(node: Node) -> int:
    if "occurrence" not in node:
        return EVERY
    words = {"every": EVERY, "first": 1, "last": LAST}
    if isinstance(node.entry("occurrence").value, str):
        return words[node.choice("occurrence", tuple(words))]
    return node.whole("occurrence", low=1, high=1000)
