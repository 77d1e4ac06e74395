"""The targets that this product set itself, and what was measured beside each."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.bench.accuracy.figures import Figure, Row, chosen, figure
from tests.bench.accuracy.hours import Figures
from tests.bench.accuracy.metrics import Form


@dataclass(frozen=True, slots=True)
class Target:
    """A line of the table: what, at most how much, what was measured (None: not in this run)."""

    text: str
    most: float
    value: float | None
    interval: tuple[float, float] | None = None
    percent: bool = False


def target_rows(rows: Sequence[Row], times: Mapping[str, Any], hours: Figures) -> list[list[str]]:
    """One row a target: text, target, measured, met or missed, short by."""
    return [_row(t) for t in (*_accuracy(rows), *_speeds(times), *_hours(hours))]


def _accuracy(rows: Sequence[Row]) -> Iterator[Target]:
    limits: tuple[tuple[Form, float, float], ...] = (("stereo", 0.08, 0.045), ("mono", 0.10, 0.07))
    for form, cer, _ in limits:
        yield _of(f"CER, {form}", cer, figure(chosen(rows, "ours", form), "cer"))
        yield _against(rows, "whisper", form, "cer", 0.65, f"CER, {form}, against faster-whisper defaults + OpenCC")
    for form, _, pinyin in limits:
        yield _of(f"toneless-pinyin error, {form}", pinyin, figure(chosen(rows, "ours", form), "pinyin"))
    for form, *_ in limits:
        yield _of(f"lost turns, {form}", 0.005, figure(chosen(rows, "ours", form), "lost_turns"), percent=True)
    for form, *_ in limits:
        yield _of(
            f"字 on non-speech per minute, {form}", 0.0, figure(chosen(rows, "ours", form), "hallucinated_per_min")
        )
    yield from _speakers(rows)
    for form, *_ in limits:
        mine = chosen(rows, "ours", form)
        yield _of(f"level error of turns from 3 s on, {form}, dB", 0.5, figure(mine, "level_error_db"))
        yield _of(f"rate error of turns from 3 s on, {form}", 0.05, figure(mine, "rate_error"), percent=True)
    yield _of(
        "turns with a wrong role, stereo", 0.0, figure(chosen(rows, "ours", "stereo"), "role_errors"), percent=True
    )
    yield _of("turns with a wrong role, mono", 0.02, figure(chosen(rows, "ours", "mono"), "role_errors"), percent=True)


def _speakers(rows: Sequence[Row]) -> Iterator[Target]:
    generated = [r for r in rows if r.truth.plan["condition"] != "real"]
    mine = figure(chosen(generated, "ours", "mono"), "der")
    yield _of("DER, mono, no collar", 0.03, mine)
    alike = [r for r in chosen(generated, "ours", "mono") if r.truth.plan["same_sex"]]
    yield _of("DER, mono, pairs of one sex", 0.05, figure(alike, "der"))
    for stack in ("pyannote", "senko"):
        yield _against(generated, stack, "mono", "der", 1 / 3, f"DER, mono, against {stack} defaults")


def _speeds(times: Mapping[str, Any]) -> Iterator[Target]:
    if not times:
        return
    yield Target("RTF of finding speech and speakers, mono", 0.02, times["mono"]["ours"]["rtf"].get("find speech"))
    for form in ("mono", "stereo"):
        ours, naive = times[form]["ours"], times[form]["naive"]
        yield Target(f"RTF of everything, {form}", 0.10, ours["rtf_total"])
        yield Target(f"time against faster-whisper + pyannote, {form}", 0.25, ours["rtf_total"] / naive["rtf_total"])
    peak = max(times[form]["ours"]["peak_memory_mib"] for form in ("mono", "stereo")) / 1024
    yield Target("memory of a worker, GiB", 2.0, peak)


def _hours(hours: Figures) -> Iterator[Target]:
    """A call of three hours costs as much time per second as any other, and little memory more than a short one."""
    if not hours:
        return
    a_second = {name: hours[f"{name}_cpu_s"] / hours[f"{name}_s"] for name in ("short", "long")}
    text = "processor seconds a second, a mono call of three hours against one of a minute"
    yield Target(text, 1.0, a_second["long"] / a_second["short"])
    more = (hours["long_peak_mib"] - hours["short_peak_mib"]) / 1024
    yield Target("memory for a call of three hours more than for a minute, GiB", 0.7, more)


def _against(rows: Sequence[Row], stack: str, form: Form, name: str, most: float, text: str) -> Target:
    """Ours over another stack's, on the calls that both heard."""
    mine, theirs = chosen(rows, "ours", form), chosen(rows, stack, form)
    common = {r.truth.name for r in mine} & {r.truth.name for r in theirs}
    a, b = (figure([r for r in one if r.truth.name in common], name) for one in (mine, theirs))
    on = "" if len(common) == len(mine) else f" ({len(common)} calls)"
    return Target(text + on, most, a.value / b.value if a and b and b.value else None)


def _of(text: str, most: float, found: Figure | None, *, percent: bool = False) -> Target:
    if found is None:
        return Target(text, most, None, percent=percent)
    return Target(text, most, found.value, (found.low, found.high), percent)


def _row(target: Target) -> list[str]:
    scale, digits, unit = (100, 1, " %") if target.percent else (1, 3, "")
    most = f"≤ {scale * target.most:.{digits}f}{unit}" if target.most else "0"
    if target.value is None:
        return [target.text, most, "not measured", "", ""]
    measured = f"{scale * target.value:.{digits}f}{unit}"
    if target.interval:
        measured += " ({}–{})".format(*(f"{scale * v:.{digits}f}" for v in target.interval))
    short = target.value - target.most
    met = short <= 0
    return [target.text, most, measured, "met" if met else "missed", "" if met else f"{scale * short:.{digits}f}{unit}"]
