"""A call's facts as people put them right: the one function behind the call's page, rechecks and publishing.

    corrected(facts, changes, settings.measures) -> CallFacts

`changes` are those that hold (pipeline.store.corrections), oldest first. Facts as heard stay as they are stored; a
correction names the text that it was made on, so that after a new analysis, which may hear otherwise, it is only
applied where the same was heard (`unfitting` names the others).

What follows from a corrected word or role is made anew: the utterance's sounds, characters and rates, the rates of
both sides, who cut in, reply latencies. Levels, pitch and talking time of a side belong to its voice: they change
sides when all roles do, and have no value (`unknown_role`) when a speaker's role changes otherwise. Probes of words
that were corrected say nothing any more: a person has listened.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from statistics import median

from pipeline.config import MeasureSettings, Settings
from pipeline.measures.line import rate_of
from pipeline.measures.reasons import Reason, either
from pipeline.measures.timeline import interruptions, replies, roles_of_speakers, stretches_of, utterance_of
from pipeline.model import BY_A_PERSON, CallFacts, Correction, Event, Measure, Measures, Probe, Role, Utterance
from pipeline.sounds import encode
from pipeline.store.corrections import Change, open_corrections
from pipeline.store.reviews import reviews_path
from pipeline.text import count_characters, normalise

_OTHER: Mapping[Role, Role] = {"agent": "patient", "patient": "agent", "unknown": "unknown"}
_SIDES: tuple[Role, ...] = ("agent", "patient")
_RATES = ("characters_count", "speech_rate_cpm", "gross_rate_cpm")


@dataclass(frozen=True, slots=True)
class Corrections:
    """What holds for every call that was ever corrected, with the settings to measure by. Goes to other processes."""

    settings: MeasureSettings
    by_call: Mapping[str, tuple[Change, ...]] = field(default_factory=dict)

    def applied(self, facts: CallFacts) -> CallFacts:
        """The facts as people put them right; the very same facts where nobody did."""
        changes = self.by_call.get(facts.recording.call_id)
        return corrected(facts, changes, self.settings) if changes else facts


def stored_corrections(settings: Settings) -> Corrections:
    """Those of a data folder. Raises StoreError when they cannot be read."""
    if not reviews_path(settings.home).is_file():  # nobody has reviewed anything
        return Corrections(settings.measures)
    with open_corrections(settings.home) as store:
        held = {call_id: tuple(c.change for c in mine) for call_id, mine in store.holding().items()}
    return Corrections(settings.measures, held)


def corrected(facts: CallFacts, changes: Iterable[Change], settings: MeasureSettings) -> CallFacts:
    """The facts with these changes, oldest first. Changes that do not fit are left out; without any: the same facts."""
    fitting = [change for change in changes if _fits(facts, change)]
    if not fitting:
        return facts
    utterances = facts.utterances
    sure = facts.role_confidence
    for change in fitting:
        utterances = tuple(_changed(u, change) for u in utterances)
        sure = 1.0 if change.kind in ("swap", "roles_right") else sure
    utterances = tuple(_remeasured(new, old, settings) for new, old in zip(utterances, facts.utterances, strict=True))
    found = replace(
        facts,
        utterances=utterances,
        role_confidence=sure,
        probes=tuple(p for p in facts.probes if utterances[p.utterance_index].text == _heard(facts, p)),
    )
    return _with_sides(found, facts, settings)


def unfitting(facts: CallFacts, changes: Iterable[Change]) -> tuple[Change, ...]:
    """The changes that were made on words which are heard otherwise now."""
    return tuple(change for change in changes if not _fits(facts, change))


def _fits(facts: CallFacts, change: Change) -> bool:
    if change.kind not in ("text", "role"):
        return change.kind != "withdraw"
    index = change.utterance_index
    return index is not None and 0 <= index < len(facts.utterances) and facts.utterances[index].text == change.heard


def _heard(facts: CallFacts, probe: Probe) -> str:
    return facts.utterances[probe.utterance_index].text


def _changed(utterance: Utterance, change: Change) -> Utterance:
    if change.kind == "swap":
        return replace(utterance, role=_OTHER[utterance.role])
    if change.utterance_index != utterance.index:
        return utterance
    if change.kind == "role" and change.role is not None:
        return replace(utterance, role=change.role)
    if change.kind != "text":
        return utterance
    text = normalise(change.text).strip()
    mended = _mended(change.heard, text)
    return replace(utterance, text=text, sounds=encode(text), corrections=mended)


def _mended(heard: str, said: str) -> tuple[Correction, ...]:
    """What stands in `said` in place of what was heard."""
    pieces = SequenceMatcher(None, heard, said, autojunk=False).get_opcodes()
    return tuple(
        Correction(start, end, heard[first:last], said[start:end], BY_A_PERSON, 1.0)
        for kind, first, last, start, end in pieces
        if kind != "equal"
    )


def _remeasured(new: Utterance, old: Utterance, settings: MeasureSettings) -> Utterance:
    """Characters and rates of the words that were said."""
    if new.text == old.text:
        return new
    characters = count_characters(new.text)
    voiced_s = new.measures.value("voiced_s")
    speech: float | Reason = "no_speech" if voiced_s is None else rate_of(characters, voiced_s, settings)
    fresh = {
        "characters_count": either("characters_count", float(characters)),
        "speech_rate_cpm": either("speech_rate_cpm", speech),
        "gross_rate_cpm": either("gross_rate_cpm", rate_of(characters, new.duration_s, settings)),
    }
    return replace(new, measures=_replaced(new.measures, fresh))


def _with_sides(facts: CallFacts, before: CallFacts, settings: MeasureSettings) -> CallFacts:
    """What follows for the call as a whole."""
    fresh: dict[str, Measure] = {}
    roles = [u.role for u in facts.utterances]
    if roles != [u.role for u in before.utterances]:
        fresh |= _voices(facts, before)
        facts = _with_turn_taking(facts, settings)
        fresh |= _turn_taking_measures(facts, settings)
    for side in _SIDES:
        fresh |= _rates(facts, side, settings)
    return replace(facts, measures=_replaced(facts.measures, fresh))


def _voices(facts: CallFacts, before: CallFacts) -> dict[str, Measure]:
    """Measures of voices under the roles that they have now."""
    was, now = roles_of_speakers(before.utterances), roles_of_speakers(facts.utterances)
    moved = [speaker for speaker in was if was[speaker] != now.get(speaker)]
    if not moved:
        return {}
    swapped = all(now.get(speaker) == _OTHER[role] for speaker, role in was.items())
    named = {m.name: m for m in before.measures.items}
    fresh = {}
    for measure in before.measures.items:
        side, _, rest = measure.name.partition("_")
        if side not in _SIDES or rest in _RATES or f"{_OTHER[side]}_{rest}" not in named:
            continue
        source = named[f"{_OTHER[side]}_{rest}"] if swapped else Measure(measure.name, None, "unknown_role")
        fresh[measure.name] = replace(source, name=measure.name)
    return fresh


def _with_turn_taking(facts: CallFacts, settings: MeasureSettings) -> CallFacts:
    """Events under the new roles; interruptions are looked for anew, where overlaps could be heard."""
    roles = {u.index: u.role for u in facts.utterances}
    kept = [replace(e, role=roles.get(_index(e), e.role)) for e in facts.events if e.kind != "interruption"]
    stretches = stretches_of(facts.turns, facts.utterances)
    cut_ins = interruptions(stretches, facts.utterances, settings) if _hears_overlaps(facts) else ()
    events = sorted((*kept, *cut_ins), key=lambda e: (e.start_s, e.end_s, e.kind))
    return replace(facts, events=tuple(events), utterances=_with_latencies(facts, settings))


def _index(event: Event) -> int:
    return -1 if event.utterance_index is None else event.utterance_index


def _hears_overlaps(facts: CallFacts) -> bool:
    return facts.measures.value("overlap_s") is not None


def _with_latencies(facts: CallFacts, settings: MeasureSettings) -> tuple[Utterance, ...]:
    latencies: dict[int, float] = {}
    for stretch, latency_s in replies(stretches_of(facts.turns, facts.utterances), settings):
        utterance = utterance_of(stretch, facts.utterances)
        if utterance is not None:
            latencies.setdefault(utterance.index, latency_s)
    return tuple(
        replace(u, measures=_replaced(u.measures, {"reply_latency_s": _latency(latencies.get(u.index))}))
        for u in facts.utterances
    )


def _latency(seconds: float | None) -> Measure:
    return either("reply_latency_s", "no_reply" if seconds is None else seconds)


def _turn_taking_measures(facts: CallFacts, settings: MeasureSettings) -> dict[str, Measure]:
    stretches = stretches_of(facts.turns, facts.utterances)
    spoken = {s.role for s in stretches}
    fresh = {}
    for side in _SIDES if _hears_overlaps(facts) else ():
        count = float(sum(e.kind == "interruption" and e.role == side for e in facts.events))
        name = f"{side}_interruptions_count"
        fresh[name] = either(name, count if side in spoken else _absence(facts))
    waits = [wait for stretch, wait in replies(stretches, settings) if stretch.role == "agent"]
    for name, value in (("median", median), ("max", max)):
        told = f"agent_reply_latency_{name}_s"
        reason: Reason = "no_reply" if "agent" in spoken else _absence(facts)
        fresh[told] = either(told, value(waits) if waits else reason)
    return fresh


def _rates(facts: CallFacts, side: Role, settings: MeasureSettings) -> dict[str, Measure]:
    """Characters of a side, a minute of its speech and a minute of its utterances, as measures.sides has them."""
    own = [u for u in facts.utterances if u.role == side]
    if not own:
        return {f"{side}_{name}": either(f"{side}_{name}", _absence(facts)) for name in _RATES}
    characters = sum(count_characters(u.text) for u in own)
    voiced_s = sum(u.measures.value("voiced_s") or 0.0 for u in own)
    values: tuple[float | Reason, ...] = (
        float(characters),
        rate_of(characters, voiced_s, settings),
        rate_of(characters, sum(u.duration_s for u in own), settings),
    )
    return {f"{side}_{name}": either(f"{side}_{name}", value) for name, value in zip(_RATES, values, strict=True)}


def _absence(facts: CallFacts) -> Reason:
    return "unknown_role" if any(u.role == "unknown" for u in facts.utterances) else "no_speech"


def _replaced(measures: Measures, fresh: Mapping[str, Measure]) -> Measures:
    """The measures with fresh ones in their places; a name that was not there is not added."""
    return Measures(tuple(fresh.get(m.name, m) for m in measures.items)) if fresh else measures
