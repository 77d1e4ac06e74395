"""Many calls read and searched at once: what the rulebook and the topic lexicon judge by."""

from collections.abc import Iterable, Iterator, Sequence

from pipeline.model import CallFacts
from pipeline.rules.index import MatchIndex
from pipeline.rules.lines import lines
from pipeline.rules.spoken import CallView, Chunk
from pipeline.rules.verified import Verification
from pipeline.rules.words import PhraseList


def index_of(lists: Iterable[PhraseList]) -> MatchIndex:
    """One index over all these lists, their exceptions and what has to stand near."""
    return MatchIndex(part for words in lists for part in words.alternatives())


def views_of(
    calls: Sequence[CallFacts], index: MatchIndex, verification: Verification | None = None
) -> tuple[CallView, ...]:
    """A view of each call, searched for everything that the index knows.

    verification: by which the audio's word is believed; None: the shipped one.
    """
    return tuple(each_view(calls, index, verification))


def each_view(
    calls: Sequence[CallFacts], index: MatchIndex, verification: Verification | None = None
) -> Iterator[CallView]:
    """The same one after the other, so that what was worked out about a call need not outlive it.

    All calls are searched before the first view is given: a few hundred at once serve best.
    """
    joined = lines(calls)
    chunk = Chunk(joined, index.search(joined), verification)
    for place, facts in enumerate(calls):
        yield CallView(facts, chunk=chunk, place=place)
