"""What becomes of dear findings once the audio was asked: they count, wait for a person, or are dropped.

At `violated_from` and above a finding counts, below a person has to listen; words that the audio refutes (below
`review_from` whoever spoke) are dropped: kept with the reason, they count nowhere. Where the stretch, read again on its
own, holds the phrase in company that excuses it (要是不耐烦了 where 要事不耐烦了 was recognised), a person has to
listen.
"""

from collections.abc import Mapping
from dataclasses import replace

from pipeline.model import BY_A_PERSON, CallFacts, Finding, Probe, Utterance
from pipeline.rules.lines import lines_of
from pipeline.rules.phrases import PhraseList
from pipeline.rules.spoken import Chunk, SpokenTurn
from pipeline.rules.verified import Verification
from pipeline.sounds import encode

SAME_TIME_S = 0.05
_OPEN = frozenset({"violated", "remedied", "review"})


def settled(
    findings: tuple[Finding, ...], facts: CallFacts, dear: Mapping[str, PhraseList], by: Verification
) -> tuple[Finding, ...]:
    """The findings as the audio leaves them. dear: the words of the rules whose hits are verified before they count."""
    return tuple(
        _settled(f, facts, dear[f.rule_id], by) if f.rule_id in dear and f.status in _OPEN else f for f in findings
    )


def _settled(finding: Finding, facts: CallFacts, words: PhraseList, by: Verification) -> Finding:
    probe = _probe_of(finding, facts, by)
    if probe is None:
        return _unheard(finding) if facts.verified and not _read_by_a_person(finding, facts) else finding
    said = by.probability(probe)
    sure = round(said * (facts.role_confidence if finding.role != "unknown" else 1.0), 4)
    if said < by.review_from:
        heard = f"，单独再听为“{probe.second_text}”" if probe.second_text else ""
        return _noted(replace(finding, status="dropped", confidence=sure), f"听音核对排除：把握 {said:.0%}{heard}")
    if finding.status == "violated" and sure < by.violated_from:
        return _noted(replace(finding, status="review", confidence=sure), f"听音核对把握 {sure:.0%}，请试听")
    if finding.status == "violated" and _is_excused(probe, words):
        note = f"单独再听为“{probe.second_text}”，前后的话可能说明不算违规，请试听"
        return _noted(replace(finding, status="review", confidence=sure), note)
    return replace(finding, confidence=sure)


def _is_excused(probe: Probe, words: PhraseList) -> bool:
    """Whether the second reading holds the phrase, and the list does not hit it there, whatever else it asks for."""
    text = probe.second_text
    if encode(probe.phrase) not in encode(text):
        return False
    heard = Utterance(0, "unknown", "", probe.start_s, probe.end_s, text, text)
    alone = replace(words, also=(), none=None, least=1, near=tuple(n for n in words.near if not n.wanted))
    return not any(alone.hits(SpokenTurn(0, Chunk(lines_of(((heard,),))), 0)))


def _read_by_a_person(finding: Finding, facts: CallFacts) -> bool:
    """Whether somebody has listened and put the words of the utterance right."""
    index = finding.utterance_index
    return index is not None and any(c.reason == BY_A_PERSON for c in facts.utterances[index].corrections)


def _unheard(finding: Finding) -> Finding:
    if finding.status != "violated":
        return finding
    return _noted(replace(finding, status="review"), "尚未听音核对，请试听或重新检查")


def _noted(finding: Finding, note: str) -> Finding:
    return replace(finding, note=f"{finding.note}；{note}" if finding.note else note)


def _probe_of(finding: Finding, facts: CallFacts, by: Verification) -> Probe | None:
    """The probe of this very place: words before what only sounds alike, the same end, then the likeliest.

    Of a place that several hidden phrases claim the likeliest was found (`strongest`).
    """
    start_s, end_s = finding.start_s, finding.end_s
    if start_s is None or end_s is None:
        return None
    there = [
        p
        for p in facts.probes
        if p.utterance_index == finding.utterance_index and abs(p.start_s - start_s) <= SAME_TIME_S
    ]
    return min(there, key=lambda p: (p.hidden, round(abs(p.end_s - end_s), 1), -by.probability(p)), default=None)
