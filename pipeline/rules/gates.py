"""What a text must hold before an expression can match it: sets of literals, of each of which one has to be there.

    required("爱.{1,3}嫌.{1,3}不")          ->  ({"爱"}, {"嫌"}): that 不 is there would say little
    required("(您|你)(就|得)?(自己|去)查")   ->  ({"您自己查", "您就自己查", …},)

So hundreds of expressions cost nothing where their literals do not occur: all of those are looked for at once.
An expression of which nothing is known has (), and must be tried everywhere.

Expressions are RE2's; Python's own parser reads them. Where the two languages differ, nothing is said.
"""

import re
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, pairwise, product
from math import inf
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser as sre_parser  # type: ignore[attr-defined]
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.rules.needles import Indices, expanded

_MOST = 200  # literals of one set
_MOST_NEEDED = 1000  # of all alternatives of an expression: each is looked for anyway, with all the others
_SETS = 2  # of one expression: those that say most
_COMMON_SET = 0.005  # a further set that is there so often says little and is dear to look for
_LONGEST = 8  # characters of a literal: more do not make it rarer
# Read differently by RE2: POSIX classes, {,n}; and flags that change what characters mean.
_OTHER_LANGUAGE = re.compile(r"\[\[?:|\{,|\(\?[a-zA-Z-]*[imsxuU]")
# The commonest characters of calls, in order: a literal of one of them is a poor gate.
_COMMON = "的您是我一不了好有在您个就请这那吗到要可以上号院医没电话看下点说挂科来去人么什会天们时间也还对多给你能先把几"
_RARE = 0.0004
_SECOND = 0.02  # how much rarer each further character makes a literal

_Literals = frozenset[str]
_EMPTY: _Literals = frozenset({""})


@dataclass(frozen=True, slots=True)
class _Part:
    """exact: all texts that it can match, None: too many. needs: literals of which every match holds one, or None."""

    exact: _Literals | None
    needs: _Literals | None


_ANYTHING = _Part(None, None)


class Gates:
    """Which expressions may match where, told by the literals that they cannot do without.

    literals: each with its number.
    """

    def __init__(self, sources: Iterable[str]) -> None:
        self.literals: dict[str, int] = {}
        sets: dict[frozenset[str], int] = {}
        self.needed = [tuple(sets.setdefault(one, len(sets)) for one in required(source)) for source in sources]
        members = [(self.literals.setdefault(text, len(self.literals)), n) for one, n in sets.items() for text in one]
        self._sets_count = len(sets)
        of_literal: list[list[int]] = [[] for _ in self.literals]
        for literal, number in members:
            of_literal[literal].append(number)
        self._sizes = np.array([len(found) for found in of_literal], np.intp)
        self._members = np.array(list(chain.from_iterable(of_literal)), np.intp)
        self._firsts = np.cumsum(self._sizes) - self._sizes

    def opened(self, turns: Indices, literals: Indices, count: int) -> "Opened":
        """turns, literals: what was found where (literals of other numbers are none of these). count: of all turns."""
        there = np.zeros((self._sets_count, count), np.bool_)
        mine = literals < len(self._sizes)
        turns, literals = turns[mine], literals[mine]
        which, members = expanded(self._firsts[literals], self._sizes[literals])
        there[self._members[members], turns[which]] = True
        return Opened(self, there)


class Opened:
    """The turns in which expressions may match. there: whether a set of literals has one in a turn: (sets, turns)."""

    def __init__(self, gates: Gates, there: NDArray[np.bool_]) -> None:
        self._gates, self._there = gates, there

    def turns(self, expression: int, among: NDArray[np.bool_] | None = None) -> Indices:
        """Those of the expression of this number. among: only of these."""
        masks = [self._there[number] for number in self._gates.needed[expression]]
        if among is not None:
            masks.append(among)
        if not masks:
            return np.arange(self._there.shape[1])
        return np.flatnonzero(masks[0] if len(masks) == 1 else np.logical_and.reduce(masks))


@lru_cache(maxsize=16_384)
def required(expression: str) -> tuple[_Literals, ...]:
    """Sets of literals in lower case, the rarest first: every match holds one of each. (): nothing is known."""
    parsed = _parsed(expression)
    if parsed is None:
        return ()
    known = {_shortest(needed) for needed in _factors(parsed)[0] if needed is not None}
    ranked = sorted(known, key=lambda literals: (_cost(literals), sorted(literals)))
    return tuple(one for place, one in enumerate(ranked[:_SETS]) if not place or _cost(one) < _COMMON_SET)


class Language(NamedTuple):
    """All texts that an expression matches, in lower case. at_end: only where the turn ends behind them."""

    texts: tuple[str, ...]
    at_end: bool


@lru_cache(maxsize=16_384)
def language(expression: str) -> Language | None:
    """What an expression matches, if that is a few texts none of which begins another: so they may be looked for
    instead. None: it has to be tried."""
    parsed = _parsed(expression)
    if parsed is None:
        return None
    at_end = tuple(parsed[-1:]) == ((sre.AT, sre.AT_END),)
    body = parsed[:-1] if at_end else parsed
    exact = _factors(body)[1]
    if exact is None or "" in exact or _asks_for_places(body):
        return None
    ordered = sorted(exact)
    if any(other.startswith(one) for one, other in pairwise(ordered)):
        return None
    return Language(tuple(ordered), at_end)


def _parsed(expression: str) -> Any:
    """As Python reads it; None where RE2 would read it otherwise."""
    if _OTHER_LANGUAGE.search(expression):
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return sre_parser.parse(expression)
    except (re.error, RecursionError, OverflowError, Warning):
        return None


def _asks_for_places(items: Iterable[Any]) -> bool:
    """Whether anything in it matches a place (^, $, \\b) and no character."""
    for kind, value in items:
        if kind is sre.AT:
            return True
        inner: Iterable[Any] = ()
        if kind is sre.SUBPATTERN:
            inner = [value[3]]
        elif kind is sre.BRANCH:
            inner = value[1]
        elif kind in (sre.MAX_REPEAT, sre.MIN_REPEAT):
            inner = [value[2]]
        if any(map(_asks_for_places, inner)):
            return True
    return False


def _shortest(literals: _Literals) -> _Literals:
    """Without those that hold another one."""
    return frozenset(long for long in literals if not any(short in long for short in literals if short != long))


def _best(part: _Part) -> _Literals | None:
    """The rarer of what the part matches exactly and what it needs."""
    known = [s for s in (part.exact, part.needs) if s is not None and "" not in s]
    return min(known, key=_cost, default=None)


def _cost(literals: _Literals | None) -> float:
    return inf if literals is None else sum(map(_frequency, literals))


def _frequency(literal: str) -> float:
    """About how often a literal stands at a place of a call."""
    each = [0.04 / (1 + _COMMON.index(c)) if c in _COMMON else _RARE for c in literal]
    return min(each) * _SECOND ** (len(literal) - 1)


def _sequence(items: Iterable[Any]) -> _Part:
    needs, exact = _factors(items)
    return _Part(exact, min(needs, key=_cost))


def _factors(items: Iterable[Any]) -> tuple[list[_Literals | None], _Literals | None]:
    """What parts that follow one another need, and all texts they match as long as these are few."""
    needs: list[_Literals | None] = []
    run, whole = _EMPTY, True
    for kind, value in items:
        part = _part(kind, value)
        joined = _joined(run, part.exact)
        if joined is not None:
            run = joined
            continue
        whole = False
        needs += [_best(_Part(run, None)), part.needs]
        run = part.exact or _EMPTY
    needs.append(_best(_Part(run, None)))
    return needs, run if whole else None


def _joined(left: _Literals, right: _Literals | None) -> _Literals | None:
    if right is None or len(left) * len(right) > _MOST:
        return None
    joined = frozenset(a + b for a, b in product(left, right))
    return joined if max(map(len, joined)) <= _LONGEST else None


def _part(kind: Any, value: Any) -> _Part:  # noqa: PLR0911 - one way out for each kind
    if kind is sre.LITERAL:
        return _Part(frozenset({chr(value).lower()}), None)
    if kind is sre.AT:
        return _Part(_EMPTY, None)
    if kind is sre.IN:
        return _class(value)
    if kind is sre.SUBPATTERN:
        return _sequence(value[3])
    if kind is sre.BRANCH:
        return _either([_sequence(branch) for branch in value[1]])
    if kind in (sre.MAX_REPEAT, sre.MIN_REPEAT):
        return _repeated(value[0], value[1], _sequence(value[2]))
    return _ANYTHING


def _class(items: Iterable[Any]) -> _Part:
    characters: set[str] = set()
    for kind, value in items:
        if kind is sre.LITERAL:
            characters.add(chr(value).lower())
        elif kind is sre.RANGE and value[1] - value[0] < _MOST:
            characters |= {chr(code).lower() for code in range(value[0], value[1] + 1)}
        else:
            return _ANYTHING
    return _Part(frozenset(characters), None) if len(characters) <= _MOST else _ANYTHING


def _either(branches: list[_Part]) -> _Part:
    exact: set[str] = set()
    for branch in branches:
        exact |= branch.exact or set()
    known = all(branch.exact is not None for branch in branches) and len(exact) <= _MOST
    best = [_best(branch) for branch in branches]
    needs = frozenset(literal for one in best for literal in one or ())
    return _Part(
        exact=frozenset(exact) if known else None,
        needs=needs if all(one is not None for one in best) and len(needs) <= _MOST_NEEDED else None,
    )


def _repeated(low: int, high: int, part: _Part) -> _Part:
    if part.exact is not None and high == 1:
        return _Part(part.exact | _EMPTY if low == 0 else part.exact, None)
    if low == 0:
        return _ANYTHING
    if part.exact is not None and low == high <= 3:
        repeated: _Literals | None = _EMPTY
        for _ in range(low):
            repeated = _joined(repeated, part.exact) if repeated is not None else None
        if repeated is not None:
            return _Part(repeated, None)
    return _Part(None, _best(part))
