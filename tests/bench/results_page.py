"""tests/bench/RESULTS.md: one page of results; each bench writes its own section and leaves the others alone."""

import re
from pathlib import Path

RESULTS = Path(__file__).with_name("RESULTS.md")
HEAD = """# Results

Each section is written by the command it names; the calls are synthetic, so the figures compare versions and stacks
and foretell none on real calls. Rules and forbidden phrases have pages of their own beside this one.
"""


def put(section: str, text: str, page: Path = RESULTS) -> None:
    """Replace one section of the page, or add it at the end; the page is made when there is none."""
    written = page.read_text(encoding="utf-8") if page.is_file() else HEAD
    block = f"<!-- begin {section} -->\n{text.strip()}\n<!-- end {section} -->"
    old = re.compile(rf"<!-- begin {section} -->.*?<!-- end {section} -->", re.DOTALL)
    whole = old.sub(lambda _: block, written) if old.search(written) else f"{written.rstrip()}\n\n{block}\n"
    part = page.with_suffix(".part")
    part.write_text(whole, encoding="utf-8")
    part.replace(page)
