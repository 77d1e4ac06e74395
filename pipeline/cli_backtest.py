"""callqa backtest: try a rulebook on stored calls before it counts."""

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from pipeline.cli_rules import sources_named
from pipeline.cli_shared import console, settings_of
from pipeline.errors import ConfigError

if TYPE_CHECKING:
    from rich.console import Console

    from pipeline.backtest import AgentChange, CallChange, Comparison, Example, RuleChange
    from pipeline.labels import Accuracy, Labelled, Scoreboard, Share

SHOWN_CALLS, SHOWN_AGENTS, WORDS = 15, 15, 44


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(backtest)


def backtest(
    context: typer.Context,
    new: Annotated[
        str, typer.Argument(metavar="NEW", help="Rulebook folder, one rule file, a kept version, or 'shipped'.")
    ],
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day; calls without date count.")
    ] = None,
    labels: Annotated[Path | None, typer.Option(help="Folder with truth files (NAME.truth.json).")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write all figures there.")] = None,
    examples: Annotated[int, typer.Option(min=0, max=20, help="Examples shown per rule, won and lost.")] = 3,
) -> None:
    """Compare a rulebook with the active one on stored calls, with the words and roles that people put right.

    No score is changed and no model is loaded.

    Shows hits won and lost per rule with examples, calls that would pass or fail otherwise, and agents affected; with
    truth files, or where reviewers confirmed or rejected hits, precision and recall with 95 % intervals. A single file
    takes the place of the file of the same name in the active rulebook, or is added. Exit 1 if a rule falls below the
    floor it declares, 2 if the rulebook is not valid or there is nothing to compare.
    """
    from pipeline.backtest import compare  # noqa: PLC0415
    from pipeline.corrections import stored_corrections  # noqa: PLC0415
    from pipeline.judge import Judge  # noqa: PLC0415 - here and below: heavy
    from pipeline.store import artefact  # noqa: PLC0415

    settings, out = settings_of(context), console()
    before, after = Judge(settings), Judge(settings, sources_named(settings, new))
    if before.version == after.version:
        raise ConfigError(f"nothing to compare: {new} is the active rulebook {before.version}, file for file")
    first = since.date() if since else None
    with ExitStack() as stack:
        board = stack.enter_context(_scoreboard(settings.home, before, after, labels))
        calls = map(stored_corrections(settings).applied, artefact.iter_facts(settings.home, first))
        with out.status("judging stored calls with both rulebooks"):
            found = compare(calls, before, after, (board.add,))
        labelled = board.result()
    if not found.calls:
        raise ConfigError(_no_calls(settings.home, first))
    show_comparison(found, labelled, out, examples=examples)
    if json_file:
        _write_json(json_file, found, labelled)
    below = [rule for rule in labelled.rules if rule.below_floor]
    raise typer.Exit(1 if below else 0)


@contextmanager
def _scoreboard(home: Path, before: Any, after: Any, labels: Path | None) -> "Iterator[Scoreboard]":
    """The scoreboard with all labels there are; reviews are read only where somebody reviewed."""
    from pipeline.labels import NO_TRUTHS, Scoreboard, read_truths  # noqa: PLC0415
    from pipeline.store.reviews import open_reviews, reviews_path  # noqa: PLC0415

    truths = read_truths(labels) if labels else NO_TRUTHS
    if not reviews_path(home).exists():
        yield Scoreboard(before.rulebook, after.rulebook, truths)
        return
    with open_reviews(home) as store:

        def verdicts_of(call_id: str) -> Mapping[str, str]:
            return {key: verdict.verdict for key, verdict in store.latest_verdicts(call_id).items()}

        yield Scoreboard(before.rulebook, after.rulebook, truths, verdicts_of)


def _no_calls(home: Path, first: date | None) -> str:
    if first:
        return f"no calls since {first.isoformat()} are stored in {home}; name an earlier day with --since"
    return f"no calls are stored in {home}; analyse some with callqa run, or name another data folder with --home"


def show_comparison(found: "Comparison", labelled: "Labelled", out: "Console", *, examples: int) -> None:
    """What differs, for people: rules first, then calls, agents and labels."""
    out.print(f"{found.calls} calls: active {found.version_before}, new {found.version_after}")
    rules = [rule for rule in found.rules if rule.differs]
    if rules:
        out.print(_rules_table(rules))
        for rule in rules:
            _show_examples(rule, out, examples)
    else:
        out.print("no rule finds anything else")
    if waiting := sum(rule.won_for_review for rule in rules):
        out.print(
            f"\n{waiting} of the hits won are for review; callqa recheck puts those of new phrases to the recogniser"
        )
    _show_scores(found, out)
    _show_labels(labelled, out)


def _rules_table(rules: "list[RuleChange]") -> Table:
    table = _table("hits per rule", "rule", "family", "severity", ">active", ">new", ">won", ">lost", ">status")
    for rule in rules:
        counts = (rule.hits_before, rule.hits_after, rule.won, rule.lost, rule.changed)
        table.add_row(Text(rule.rule_id), Text(rule.family), rule.severity, *map(str, counts))
    table.caption = "won: only the new rulebook finds it; lost: only the active one; status: judged otherwise"
    return table


def _show_examples(rule: "RuleChange", out: "Console", limit: int) -> None:
    kinds = ("won", "lost", "changed")
    shown = [e for kind in kinds for e in [e for e in rule.examples if e.kind == kind][:limit]]
    if shown:
        out.print(f"\n{rule.rule_id} {rule.name_zh} ({rule.name_en})", markup=False, style="bold")
    for example in shown:
        out.print(_example_line(example), markup=False)


def _example_line(example: "Example") -> str:
    statuses = [s for s in (example.status_before, example.status_after) if s]
    at = "whole call" if example.start_s is None else f"{example.start_s:.1f} s"
    words = example.words if len(example.words) <= WORDS else example.words[: WORDS - 1] + "…"
    return f"  {example.kind:7} {example.call_id}  {at}  {' → '.join(statuses)}  {words}"


def _show_scores(found: "Comparison", out: "Console") -> None:
    out.print(
        f"\nscores: {found.scores_changed} of {found.calls} calls change; "
        f"{found.now_failing} would fail now, {found.now_passing} would pass now"
    )
    if found.calls_changed:
        out.print(_calls_table(found.calls_changed))
    if found.agents:
        out.print(_agents_table(found.agents))


def _calls_table(calls: "tuple[CallChange, ...]") -> Table:
    table = _table("calls, flips first", "call", "agent", ">active", ">new", "")
    for call in calls[:SHOWN_CALLS]:
        table.add_row(
            Text(call.call_id),
            Text(call.agent_id or "-"),
            _points(call.total_before, fatal=call.fatal_before),
            _points(call.total_after, fatal=call.fatal_after),
            f"{_passed(call.passed_before)} → {_passed(call.passed_after)}" if call.flipped else "",
        )
    _and_more(table, len(calls) - SHOWN_CALLS)
    return table


def _agents_table(agents: "tuple[AgentChange, ...]") -> Table:
    table = _table(
        "agents affected",
        "agent",
        "name",
        ">calls",
        ">changed",
        ">mean active",
        ">mean new",
        ">change",
        ">fail",
        ">pass",
    )
    for agent in sorted(agents, key=lambda a: -abs(a.change))[:SHOWN_AGENTS]:
        counts = (str(agent.calls), str(agent.calls_changed))
        means = (_points(agent.mean_before), _points(agent.mean_after), f"{agent.change:+.1f}")
        name = Text(agent.agent_name or "-")
        table.add_row(
            Text(agent.agent_id or "unknown"), name, *counts, *means, str(agent.now_failing), str(agent.now_passing)
        )
    _and_more(table, len(agents) - SHOWN_AGENTS)
    return table


def _show_labels(labelled: "Labelled", out: "Console") -> None:
    if labelled.truth_calls or labelled.verdict_calls:
        out.print(
            f"\nlabelled: {labelled.truth_calls} calls by truth files, "
            f"{labelled.verdicts} verdicts of reviewers on {labelled.verdict_calls} calls"
        )
        out.print(_labels_table([*labelled.families, *labelled.rules]))
    else:
        out.print("\nno labelled calls: give truth files with --labels, or let reviewers confirm and reject hits")
    if labelled.truths_unmatched:
        out.print(
            f"{labelled.truths_unmatched} truth file(s) belong to no stored call; run callqa run on their recordings"
        )
    for rule in labelled.rules:
        for what in rule.below_floor:
            share, floor = _of(rule, what)
            out.print(f"below its floor: rule {rule.name}, {what} {_share(share)}, declared {floor:.2f}", markup=False)
        if rule.floor_unproven:
            out.print(f"floor of rule {rule.name} could not be tried in full: no label speaks of it", markup=False)


def _of(rule: "Accuracy", what: str) -> "tuple[Share | None, float]":
    precision = what == "precision"
    floor = rule.floor_precision if precision else rule.floor_recall
    return rule.precision_after if precision else rule.recall_after, floor or 0.0


def _labels_table(rows: "list[Accuracy]") -> Table:
    """One line for everything that differs between the rulebooks or is below its floor; the rest is counted."""
    table = _table("labelled calls: share, 95 % interval, cases", "name", "", ">active", ">new")
    same = 0
    for row in rows:
        measures = (
            ("precision", row.precision_before, row.precision_after),
            ("recall", row.recall_before, row.recall_after),
        )
        for what, before, after in measures:
            if before != after or what in row.below_floor:
                name = Text(f"{row.kind} {row.name}")
                table.add_row(name, what, _share(before), _share(after))
            else:
                same += before is not None
    table.caption = f"the same in both: {same} other shares; all with --json"
    return table


def _share(share: "Share | None") -> str:
    if share is None:
        return "-"
    return f"{share.value:.2f} ({share.low:.2f}–{share.high:.2f}) {share.hits}/{share.cases}"


def _points(points: float | None, *, fatal: bool = False) -> str:
    shown = "-" if points is None else f"{points:.1f}"
    return f"{shown} fatal" if fatal else shown


def _passed(passed: bool | None) -> str:
    return {True: "pass", False: "fail", None: "not judged"}[passed]


def _table(title: str, *columns: str) -> Table:
    """columns: titles; ">" in front: to the right."""
    table = Table(title=f"\n{title}", title_justify="left", box=None, pad_edge=False, header_style="bold")
    table.title_style = "bold"
    table.caption_justify = "left"
    for column in columns:
        right = column.startswith(">")
        table.add_column(column.lstrip(">"), justify="right" if right else "left", overflow="fold", no_wrap=False)
    return table


def _and_more(table: Table, more: int) -> None:
    if more > 0:
        table.caption = f"and {more} more; all with --json"


def _write_json(path: Path, found: "Comparison", labelled: "Labelled") -> None:
    below = [{"rule_id": rule.name, "below_floor": rule.below_floor} for rule in labelled.rules if rule.below_floor]
    values = {"comparison": asdict(found), "labelled": asdict(labelled), "below_floor": below}
    try:
        path.write_text(json.dumps(values, ensure_ascii=False, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror or error}; name another file") from error
