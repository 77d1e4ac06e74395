"""The figures of an evaluation as a table for the terminal."""

from typing import Any

from rich.table import Table

COLUMNS = (
    ("CER", "cer"),
    ("pinyin", "toneless_pinyin_error_rate"),
    ("DER", "der"),
    ("±0.25 s", "der_collar_0.25_s"),
    ("roles", "role_accuracy"),
    ("RTF", "rtf_total"),
)


def figures_table(figures: dict[str, Any]) -> Table:
    """One row per call, then the totals per form. figures: what `evaluate_dir` returns."""
    table = Table(box=None, header_style="bold", pad_edge=False, caption="findings: right/wrong/missed")
    table.add_column("call", overflow="fold")
    for title, _ in COLUMNS:
        table.add_column(title, justify="right")
    table.add_column("findings", justify="right")
    for name, row in figures["calls"].items():
        table.add_row(name, *_cells(row))
    table.add_section()
    for form, row in figures["total"].items():
        table.add_row(f"total {form}", *_cells(row), style="bold")
    return table


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    counts = [
        sum(family[key] for family in row["findings"].values())
        for key in ("true_positives", "false_positives", "missed")
    ]
    rates = ("-" if row[key] is None else f"{row[key]:.3f}" for _, key in COLUMNS)
    return (*rates, "/".join(map(str, counts)))
