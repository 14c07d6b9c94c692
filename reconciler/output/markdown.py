"""Notes for merge requests: what is planned, folded, escaped and short enough for GitLab.

Values stand in fenced blocks and in `<code>`, where GitLab interprets neither mentions nor quick actions nor HTML.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence

from reconciler.core.errors import Problem
from reconciler.core.plan import Plan, StepAction
from reconciler.core.resource import NOTHING
from reconciler.output.changes import Group, Row, counts, groups
from reconciler.output.clean import clean
from reconciler.output.document import Document, listed
from reconciler.output.terminal import plain_text

LARGEST = 60_000
"""Bytes of a note. GitLab takes a million characters; nobody reads them."""

_ROOM_FOR_TAIL = 2_000
_SIGNS = {StepAction.CREATE: "+", StepAction.DELETE: "-", StepAction.REPLACE: "!", StepAction.UPDATE: "!"}


def plan(shown: Plan, *, brakes: Sequence[Problem] = (), links: Mapping[str, str] = NOTHING) -> str:
    """A plan as a note; its invisible first line names the environment, so that one note is kept up to date."""
    environment = re.sub(r"[^\w.]+", "-", shown.environment) or "default"
    words = counts(shown)
    rows = [f"<!-- reconciler:plan:{environment} -->", f"### Plan{_for(shown)}: {words}", ""]
    facts = [f"{len(shown.unchanged)} unchanged"] if shown.unchanged else []
    facts += [f"{len(shown.blocked)} cannot be decided"] if shown.blocked else []
    rows += [", ".join(facts) + ".", ""] if facts else []
    rows += _warnings(shown, brakes)
    body = "\n".join(rows)
    tail = "\n".join([*_links(links), ""])
    return _fill(body, [_group(group) for group in groups(shown.steps)], tail)


def of_document(document: Document, *, title: str = "", headline: str = "", links: Mapping[str, str] = NOTHING) -> str:
    """Any document as a note: its headline, and the rest as plain text in a fenced block."""
    said = headline.strip()
    text = "\n".join(row for row in plain_text(document).splitlines() if not said or row.strip() != said).strip("\n")
    rows = [f"### {_escaped(title)}", ""] if title else []
    rows += [code(said), ""] if said else []
    cut = text.encode()[: LARGEST - _ROOM_FOR_TAIL - 500].decode("utf-8", "ignore")
    cut += "\n… the rest is in the job's log\n" if len(cut) < len(text) else ""
    return "\n".join([*rows, *([fenced(cut)] if cut else []), *_links(links), ""])


def fenced(text: str, language: str = "") -> str:
    """Text in a fence that nothing in it can close."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


def code(text: str) -> str:
    """Text as inline code that is neither Markdown nor HTML nor a mention."""
    return f"<code>{_escaped(text)}</code>"


# ---------------------------------------------------------------------------------------------------------------------


def _escaped(text: str) -> str:
    safe = html.escape(clean(text), quote=False)
    return re.sub(r"[\\`*_~|\[\]@#!$]", lambda m: f"&#{ord(m[0])};", safe)


def _for(shown: Plan) -> str:
    return f" for {code(shown.environment)}" if shown.environment else ""


def _warnings(shown: Plan, brakes: Sequence[Problem]) -> list[str]:
    rows = [f"- **{one.severity}**: {code(str(one))}" for one in dict.fromkeys((*shown.problems, *brakes))]
    rows += [f"- **cannot be decided**: {code(one.address)} because {code(one.reason)}" for one in shown.blocked[:20]]
    if len(shown.blocked) > 20:
        rows.append(f"- and {len(shown.blocked) - 20} more that cannot be decided")
    for words, paths in (("newly matched", shown.matched), ("no longer matched", shown.unmatched)):
        if paths:
            rows.append(f"- {words}: {code(listed(paths))}")
    if shown.uncompared:
        rows.append(f"- {len(shown.uncompared)} secrets are not set here and were not compared")
    return [*rows, ""] if rows else []


def _group(group: Group) -> str:
    where = f" {group.places}" if group.places else ""
    title = f"{group.symbol} {group.action} {code(group.title)}{where}: {group.why}"
    rows = [_row(group, row) for row in group.rows]
    rows += [f"  {len(group.defaults)} other fields at GitLab's default"] if group.defaults else []
    rows += [f"  note: {note}" for note in group.notes]
    rows += [f"  was {group.previous}"] if group.previous else []
    rows += [f"  in {listed(group.scopes)}"] if len(group.scopes) > 1 else []
    text = "\n".join(clean(row) for row in rows) or "  nothing else"
    return f"<details><summary>{title}</summary>\n\n{fenced(text, 'diff')}\n\n</details>\n"


def _row(group: Group, row: Row) -> str:
    remark = f"  ({row.remark})" if row.remark else ""
    sign = _SIGNS.get(group.action, " ")
    if row.secret:
        return f"{sign} {row.field}: (secret) {row.after or ''}{remark}"
    if row.before is None:
        return f"{sign} {row.field}: {row.after}{remark}"
    return f"{sign} {row.field}: {row.before} → {row.after}{remark}"


def _links(links: Mapping[str, str]) -> list[str]:
    shown = [f"[{label}]({url})" for label, url in links.items()]
    return ["", " · ".join(shown)] if shown else []


def _fill(body: str, details: Sequence[str], tail: str) -> str:
    """The body, as many details as there is room for, and the tail."""
    room = LARGEST - _ROOM_FOR_TAIL - len(tail.encode())
    if len(body.encode()) > room:
        body = body.encode()[:room].decode("utf-8", "ignore")
    room -= len(body.encode())
    kept = []
    for number, text in enumerate(details):
        room -= len(text.encode()) + 1
        if room < 0:
            kept.append(f"\nand {len(details) - number} more, see the job's log.")
            break
        kept.append(text)
    return "\n".join([body, *kept, tail])
