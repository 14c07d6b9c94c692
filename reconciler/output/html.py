"""One self-contained page for a browser, with everything a summary holds. Values are escaped by jinja2."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from reconciler.output.changes import groups
from reconciler.output.clean import clean
from reconciler.output.summary import Summary
from reconciler.output.terminal import plain_text


def page(summary: Summary, links: Mapping[str, str]) -> str:
    """The page's text."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_cleaned,
    )
    plan = summary.plan
    rendered: str = environment.get_template("page.html.jinja").render(
        summary=summary,
        headline=plain_text(summary.headline).strip(),
        groups=groups(plan.steps) if plan else [],
        text=Text(plain_text(summary.document)),
        links=links,
        plan=plan,
        problems=(*plan.problems, *summary.brakes) if plan else (),
    )
    return rendered


def _cleaned(value: object) -> object:
    """What a value is shown as: its text without control sequences, escaped by jinja2 unless that has been done."""
    if isinstance(value, Text):
        return value
    cleaned = clean(str(value))
    return type(value)(cleaned) if isinstance(value, str) and hasattr(value, "__html__") else cleaned


class Text(str):
    """Text whose line ends are kept; it has been cleaned already."""
