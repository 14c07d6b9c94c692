"""Writes the reports that GitLab's pipelines read, each exactly as its reader takes it.

Rules: docs.gitlab.com/ci/yaml/artifacts_reports, and what a GitLab 18.9 accepted when fed. Each writer takes a summary
and links, and gives a file's text.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
from collections.abc import Callable, Mapping
from xml.etree import ElementTree

from reconciler.output import html, machine, markdown
from reconciler.output.clean import clean, clean_lines
from reconciler.output.findings import Case, Finding, Verdict
from reconciler.output.metrics import METRICS
from reconciler.output.summary import Summary
from reconciler.output.terminal import plain_text

Links = Mapping[str, str]

MOST_VARIABLES = 20
LARGEST_DOTENV = 5120
"""GitLab's limits for dotenv reports; a file must be smaller than this."""

FALLBACK_PATH = "reconciler.yaml"
"""Where a finding is shown that has no file of its own."""


def terraform(summary: Summary, _links: Links) -> str:
    """The three counts of the merge request's plan widget."""
    create, update, delete = summary.counts or (0, 0, 0)
    return json.dumps({"create": create, "update": update, "delete": delete}) + "\n"


def codequality(summary: Summary, _links: Links) -> str:
    """Findings as an array; an empty one is what a clean branch publishes."""
    entries = {entry["fingerprint"]: entry for entry in map(_entry, reversed(summary.findings))}
    rows = [json.dumps(entry) for entry in reversed(entries.values())]
    return "[\n" + ",\n".join(rows) + "\n]\n" if rows else "[]\n"


def junit(summary: Summary, _links: Links) -> str:
    """Cases; the text stands inside the element, because that is what people are shown."""
    root = ElementTree.Element("testsuites")
    attributes = {"name": clean(f"reconciler {summary.title.lower()}"), "tests": str(len(summary.cases))}
    for verdict, name in ((Verdict.FAILED, "failures"), (Verdict.ERROR, "errors"), (Verdict.SKIPPED, "skipped")):
        attributes[name] = str(sum(case.verdict is verdict for case in summary.cases))
    suite = ElementTree.SubElement(root, "testsuite", attributes)
    seen: dict[tuple[str, str], int] = {}
    for case in summary.cases:
        number = seen[case.group, case.name] = seen.get((case.group, case.name), 0) + 1
        _case(suite, case, number)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def metrics(summary: Summary, _links: Links) -> str:
    """OpenMetrics text; label values are plain words, because GitLab loses their quotes."""
    from prometheus_client import CollectorRegistry, Gauge
    from prometheus_client.openmetrics.exposition import generate_latest

    registry = CollectorRegistry()
    gauges: dict[str, Gauge] = {}
    for (name, label), value in summary.metrics.items():
        labels = dict([("is", label)] if label else []) if isinstance(label, str) else dict(label)
        if name not in gauges:
            gauges[name] = Gauge(name, METRICS[name], list(labels), registry=registry)
        (gauges[name].labels(**labels) if labels else gauges[name]).set(value)
    return str(generate_latest(registry), "utf-8")  # type: ignore[no-untyped-call]


def dotenv(summary: Summary, _links: Links) -> str:
    """`KEY=VALUE` lines and nothing else: one blank line would fail the upload."""
    rows: list[str] = []
    for key, value in list(summary.variables.items())[:MOST_VARIABLES]:
        safe = re.sub(r"[^\w.,:/@+-]", "_", value, flags=re.ASCII)
        row = f"{key}={safe}\n"
        if safe and len("".join(rows)) + len(row) < LARGEST_DOTENV:
            rows.append(row)
    return "".join(rows)


def job_links(_summary: Summary, links: Links) -> str:
    """Links for the job's page."""
    entries = [{"external_link": {"label": label, "url": url}} for label, url in links.items()]
    return json.dumps({"reconciler": entries}) + "\n"


def as_json(summary: Summary, _links: Links) -> str:
    """What `-o json` prints."""
    if summary.plan is not None:
        return machine.plan(summary.plan)
    return machine.text(summary.machine)


def as_markdown(summary: Summary, links: Links) -> str:
    """A note for a merge request."""
    if summary.plan is not None:
        return markdown.plan(summary.plan, brakes=summary.brakes, links=links)
    return markdown.of_document(
        summary.document, title=summary.title, headline=plain_text(summary.headline), links=links
    )


WRITERS: Mapping[str, Callable[[Summary, Links], str]] = {
    "terraform": terraform,
    "codequality": codequality,
    "junit": junit,
    "metrics": metrics,
    "dotenv": dotenv,
    "annotations": job_links,
    "json": as_json,
    "markdown": as_markdown,
    "html": html.page,
}


# ---------------------------------------------------------------------------------------------------------------------


def _entry(finding: Finding) -> dict[str, object]:
    """One finding; its fingerprint never depends on a line or a message, so that a moved block stays the same."""
    key = "\0".join((finding.rule, finding.subject, finding.field))
    path = posixpath.normpath(finding.path.replace("\\", "/")) if finding.path else FALLBACK_PATH
    return {
        "check_name": re.sub(r"[^a-z0-9]+", "-", finding.rule.lower()).strip("-") or "finding",
        "description": clean(finding.text),
        "severity": finding.severity,
        "fingerprint": hashlib.sha256(key.encode("utf-8", "replace")).hexdigest(),
        "location": {"path": clean(path), "lines": {"begin": max(finding.line, 1)}},
    }


def _case(suite: ElementTree.Element, case: Case, number: int) -> None:
    name = case.name if number == 1 else f"{case.name} ({number})"  # of equal names GitLab counts the first only
    attributes = {"classname": clean(case.group), "name": clean(name), "time": f"{case.seconds:.3f}"}
    if case.path:
        attributes["file"] = clean(case.path)
    element = ElementTree.SubElement(suite, "testcase", attributes)
    tag = {Verdict.FAILED: "failure", Verdict.ERROR: "error", Verdict.SKIPPED: "skipped"}.get(case.verdict)
    if tag or case.text:
        ElementTree.SubElement(element, tag or "system-out").text = clean_lines(case.text)
