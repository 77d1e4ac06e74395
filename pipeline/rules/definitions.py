"""What the names of a rulebook stand for while it is read: sets of phrases, conditions, topics.

Definitions are shared by all files. Raises RuleError for a name that is not known, is defined twice or leads back to
itself; remembers which names were asked for, so that the check can tell what nobody uses.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import tzinfo

from pipeline.config.yaml_source import Entry, Node, Place, did_you_mean
from pipeline.errors import RuleError
from pipeline.model import Role
from pipeline.rules.conditions import AllOf, CountOf, Named, Not, Observed, OnMetadata, OnTopic, Says, weekday_number
from pipeline.rules.context import Context
from pipeline.rules.operators import event, measure, repeat
from pipeline.rules.phrases import Sets, read_phrase_list
from pipeline.rules.scope import Condition
from pipeline.rules.scope_keys import read_scope
from pipeline.rules.vocabulary import CONDITION_KEYS, METADATA_KEYS, ROLES, TEXT_KEYS, WEEKDAYS

_EQUAL = METADATA_KEYS[:5]
MAX_DEPTH = 30
_DIRECTIONS = ("inbound", "outbound")


@dataclass(frozen=True, slots=True)
class Definition:
    """A set or a condition, and whether anything asks for it."""

    kind: str
    name: str
    place: Place
    used: bool


class _Watched(Mapping[str, tuple[Entry, ...]]):
    """Sets that remember who was asked for."""

    def __init__(self, sets: Mapping[str, tuple[Entry, ...]]) -> None:
        self._sets = sets
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> tuple[Entry, ...]:
        self.asked.add(name)
        return self._sets[name]

    def __contains__(self, name: object) -> bool:
        return name in self._sets

    def __iter__(self) -> Iterator[str]:
        return iter(self._sets)

    def __len__(self) -> int:
        return len(self._sets)


class Definitions:
    """The names of all files of a rulebook."""

    def __init__(
        self, files: Iterable[Node], topics: Collection[str], zone: tzinfo | None, classes: Sets, context: Context
    ) -> None:
        """files: parsed rule files. topics: those of the topic lexicon. zone: in which hours are meant.

        classes: see pipeline.rules.entities; a class that is missing there is the shipped one. context: what rules
        that weigh it go by.
        """
        sets: dict[str, tuple[Entry, ...]] = dict(classes)
        self._places: dict[tuple[str, str], Place] = {}
        self._written: dict[str, tuple[Node, Entry]] = {}
        self._topics = topics
        self.context = context
        self._zone = zone
        for file in files:
            for name, node in self._named(file, "sets", "set"):
                sets[name] = node.entries(name)
            for name, node in self._named(file, "conditions", "condition"):
                self._written[name] = (node, node.entry(name))
        self._sets = _Watched(sets)
        self._read: dict[str, Named] = {}
        self._within: list[str] = []
        self._asked: set[str] = set()
        self._depth = 0

    @property
    def sets(self) -> Sets:
        return self._sets

    def all(self) -> tuple[Definition, ...]:
        """Every definition, once everything has been read that may ask for it."""
        asked = {"set": self._sets.asked, "condition": self._asked}
        return tuple(Definition(kind, name, at, name in asked[kind]) for (kind, name), at in self._places.items())

    def read_all(self) -> None:
        """Read the conditions that no rule asked for too: a mistake in them is a mistake."""
        for name in self._written:
            self._named_condition(name)

    def condition(self, entry: Entry) -> Condition:
        """The condition written here: the name of one, or a mapping."""
        value = entry.value
        if isinstance(value, str):
            return self._asked_for(value, f"{entry.place}:")
        if isinstance(value, tuple):
            raise RuleError(f"{entry.place}: a list is no condition; join its parts with all: [...] or any: [...]")
        if not isinstance(value, Node):
            raise RuleError(f"{entry.place}: {value!r} is no condition; write its name or one of {_known()}")
        chosen = [key for key in CONDITION_KEYS if key in value]
        if len(chosen) != 1:
            value.allow(CONDITION_KEYS)
            raise value.error(f"has {len(chosen)} conditions; give exactly one of {_known()}, or join them with all:")
        key = chosen[0]
        value.allow((key, "min_confidence") if key == "topic" else (key,))
        if self._depth == MAX_DEPTH:
            raise value.error(f"stands {MAX_DEPTH} conditions deep; give the inner ones names under conditions:")
        self._depth += 1
        try:
            return self._of_kind(key, value)
        finally:
            self._depth -= 1

    def same(self, one: Condition, other: Condition) -> bool:
        """Whether both are the same named condition."""
        return isinstance(one, Named) and one is other

    def _named(self, file: Node, key: str, kind: str) -> Iterator[tuple[str, Node]]:
        if key not in file:
            return
        node = file.node(key)
        for name in node.names():
            if (kind, name) in self._places:
                raise node.error(
                    f"{kind} {name!r} is defined twice, first at {self._places[kind, name]}; {key} are shared by all "
                    "files",
                    name,
                )
            self._places[kind, name] = node.place_of(name)
            yield name, node

    def _asked_for(self, name: str, where: str) -> Named:
        if name not in self._written:
            known = did_you_mean(name, self._written) if self._written else "none is defined under conditions:"
            raise RuleError(f"{where} condition {name!r} is not defined; {known}")
        if name in self._within:
            circle = " → ".join((*self._within[self._within.index(name) :], name))
            raise RuleError(f"{where} condition {name!r} leads back to itself ({circle}); break the circle")
        self._asked.add(name)
        return self._named_condition(name)

    def _named_condition(self, name: str) -> Named:
        if name not in self._read:
            self._within.append(name)
            try:
                self._read[name] = Named(name, self.condition(self._written[name][1]))
            finally:
                self._within.pop()
        return self._read[name]

    def _of_kind(self, key: str, node: Node) -> Condition:
        readers: Mapping[str, Callable[[], Condition]] = {
            "condition": lambda: self._asked_for(node.text("condition"), f"{node.place_of('condition')}:"),
            "all": lambda: self._read_all_of(node),
            "any": lambda: CountOf(1, self._parts(node, "any")),
            "at_least": lambda: self._read_count(node.node("at_least")),
            "not": lambda: Not(self.condition(node.entry("not"))),
            "says": lambda: self._read_says(node.node("says")),
            "topic": lambda: self._read_topic(node),
            "metadata": lambda: _read_metadata(node.node("metadata"), self._zone),
        }
        return readers.get(key, lambda: self._read_observed(key, node))()

    def _parts(self, node: Node, key: str) -> tuple[Condition, ...]:
        parts = tuple(self.condition(entry) for entry in node.entries(key))
        if not parts:
            raise node.error(f"{key!r} is missing: list at least one condition")
        return parts

    def _read_all_of(self, node: Node) -> AllOf:
        parts = self._parts(node, "all")
        denied = [part.part for part in parts if isinstance(part, Not)]
        if any(part is other for part in parts for other in denied):
            raise node.error("all: asks for a condition and for its opposite; this can never hold", "all")
        return AllOf(parts)

    def _read_count(self, node: Node) -> CountOf:
        node.allow(("count", "of"))
        parts = self._parts(node, "of")
        return CountOf(node.whole("count", low=1, high=len(parts)), parts)

    def _read_says(self, node: Node) -> Says:
        node.allow(("role", "scope", *TEXT_KEYS))
        words = read_phrase_list(node, self._sets)
        return Says(_role(node), words, read_scope(node, self))

    def _read_observed(self, key: str, node: Node) -> Observed:
        inner = node.node(key)
        role = _role(inner) if key == "repeat" or "role" in inner else None
        bare = node.lifted(key, ("role", "scope"))
        if key == "measure":
            read = measure.read(bare, self, role)
            return Observed(read, has_moments=not read.per_call)
        return Observed(event.read(bare, self, role) if key == "event" else repeat.read(bare, self, role), True)

    def _read_topic(self, node: Node) -> OnTopic:
        listed = isinstance(node.entry("topic").value, tuple)
        names = node.texts("topic") if listed else (node.text("topic"),)
        for name in names:
            if name not in self._topics:
                raise node.error(
                    f"topic {name!r} is not in the topic lexicon; {did_you_mean(name, self._topics)}", "topic"
                )
        return OnTopic(frozenset(names), node.number("min_confidence", low=0, high=1, default=0.0))


def _known() -> str:
    return ", ".join(CONDITION_KEYS)


def _role(node: Node) -> Role | None:
    return ROLES[node.choice("role", tuple(ROLES))]


def _read_metadata(node: Node, zone: tzinfo | None) -> OnMetadata:
    node.allow(METADATA_KEYS)
    if not node.names():
        raise node.error("is empty; name at least one of " + ", ".join(METADATA_KEYS))
    longer_than_s, shorter_than_s = _read_duration(node)
    return OnMetadata(
        equal=tuple((name, _values(node, name)) for name in _EQUAL if name in node),
        hour=_read_hour(node) if "hour" in node else None,
        weekdays=_read_weekdays(node) if "weekday" in node else None,
        repeat_caller=node.flag("repeat_caller", default=True) if "repeat_caller" in node else None,
        longer_than_s=longer_than_s,
        shorter_than_s=shorter_than_s,
        zone=zone,
    )


def _values(node: Node, name: str) -> frozenset[str]:
    values = node.texts(name) if isinstance(node.entry(name).value, tuple) else (node.text(name),)
    for value in values if name == "direction" else ():
        if value not in _DIRECTIONS:
            raise node.error(f"direction {value!r} is not known; {did_you_mean(value, _DIRECTIONS)}", name)
    return frozenset(values)


def _read_hour(node: Node) -> tuple[float, float]:
    hours = [entry.value for entry in node.entries("hour")]
    good = [h for h in hours if isinstance(h, float) and 0 <= h <= 24]
    if len(hours) != 2 or len(good) != 2 or good[0] == good[1]:
        raise node.error(
            "hour must be two different hours from 0 to 24, from (included) to (excluded): [8, 18]", "hour"
        )
    return good[0], good[1]


def _read_weekdays(node: Node) -> frozenset[int]:
    days = node.texts("weekday")
    for day in days:
        if day not in WEEKDAYS:
            raise node.error(f"weekday {day!r} is not known; {did_you_mean(day, WEEKDAYS)}", "weekday")
    return frozenset(map(weekday_number, days))


def _read_duration(node: Node) -> tuple[float | None, float | None]:
    if "duration_s" not in node:
        return None, None
    inner = node.node("duration_s")
    inner.allow(("above", "below"))
    above, below = (inner.optional_number(key, low=0, high=360_000) for key in ("above", "below"))
    if above is None and below is None:
        raise inner.error("needs above, below or both")
    if above is not None and below is not None and above >= below:
        raise inner.error(f"above {above:g} and below {below:g} leave nothing in between")
    return above, below
