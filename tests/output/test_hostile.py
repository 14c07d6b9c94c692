"""Text from servers and manifests in every report: it reads as text, and every file can be parsed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from reconciler.core.errors import Place, Problem
from reconciler.core.flow import Response
from reconciler.core.plan import Plan
from reconciler.core.report import Outcome, Report, StepStatus, Validation
from reconciler.output import summary
from reconciler.output.reports import WRITERS
from reconciler.output.summary import Summary

from .samples import BLOCKED, CREATE, PLAN

EVIL = (
    "\x1b[31m\x00\x0b\ufffe\uffff\x85</script><img src=x onerror=alert(1)>]]>&\"'`|@all /close\n/label ~bug\r\n# H\n"
    "![x](http://evil.example)\u202e```\n</details><h1>::error::\tend"
)
PROBLEM = Problem(EVIL, EVIL, EVIL, Place(f"a/{EVIL}", 3, 4, EVIL), "myorg/x:webhooks.a")
HOSTILE = replace(
    PLAN,
    environment=EVIL,
    gitlab_url=f"http://{EVIL}",
    problems=(PROBLEM, replace(PROBLEM, place=None)),
    notes=(EVIL,),
    matched=(EVIL,),
    unmatched=(EVIL,),
    blocked=tuple(replace(one, reason=EVIL) for one in BLOCKED),
    steps=tuple(
        replace(
            step,
            fields={f"url{EVIL}": EVIL},
            notes=(EVIL,),
            source=f"{EVIL}:3:4",
            changes=tuple(replace(change, live=EVIL, desired=EVIL) for change in step.changes),
        )
        for step in PLAN.steps
    ),
    drift={address: tuple(replace(one, live=EVIL) for one in changes) for address, changes in PLAN.drift.items()},
)
FAILED = Report(tuple(Outcome(f"myorg/x:webhooks.{n}", "create", StepStatus.FAILED, EVIL) for n in "ab"))
SUMMARIES: Mapping[str, Callable[[], Summary]] = {
    "plan": lambda: summary.of_plan(HOSTILE, (PROBLEM,)),
    "drift": lambda: summary.of_drift(HOSTILE),
    "apply": lambda: summary.of_report(FAILED, HOSTILE),
    "problems": lambda: summary.of_problems((PROBLEM, replace(PROBLEM, place=None))),
    "validation": lambda: summary.of_validation(Validation(problems=(PROBLEM,), files=(EVIL,))),
}
LINKS = {"Report": "https://gitlab.example/-/jobs/1"}


def text(kind: str, what: str) -> str:
    return WRITERS[kind](SUMMARIES[what](), LINKS)


class Page(HTMLParser):
    """The elements and attributes of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found |= {tag, *(name for name, _ in attrs)}


@pytest.mark.parametrize("what", SUMMARIES)
@pytest.mark.parametrize("kind", WRITERS)
def test_no_control_character_gets_into_a_report(kind: str, what: str) -> None:
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e\ufffe\uffff]", text(kind, what))


@pytest.mark.parametrize("what", SUMMARIES)
def test_reports_can_be_parsed_whatever_was_said(what: str) -> None:
    for kind in ("terraform", "codequality", "annotations", "json"):
        json.loads(text(kind, what))
    suites = ElementTree.fromstring(text("junit", what))
    assert {element.tag for element in suites.iter()} <= {
        *("testsuites", "testsuite", "testcase", "failure", "error", "skipped", "system-out")
    }
    assert text("metrics", what).endswith("# EOF\n")
    assert all(re.fullmatch(r"\w+=[\w.,:/@+-]+", row) for row in text("dotenv", what).splitlines())


@pytest.mark.parametrize("what", SUMMARIES)
def test_a_page_has_no_element_and_no_attribute_that_is_not_ours(what: str) -> None:
    page = text("html", what)
    kept = Page(WRITERS["html"](summary.of_plan(PLAN), LINKS)).found
    kept |= Page(WRITERS["html"](summary.of_validation(Validation()), LINKS)).found

    assert Page(page).found <= kept | {"ul", "li", "section", "h2", "table", "tr", "td"}
    assert not re.search(r"""(src|href|url\()=?["'(]?(?!https://gitlab.example)http""", page)


@pytest.mark.parametrize("what", SUMMARIES)
def test_a_note_says_nothing_to_gitlab_outside_of_code(what: str) -> None:
    note = re.sub(r"(?ms)^(`{3,})\w*\n.*?^\1$", "", text("markdown", what))

    assert not re.search(r"(?m)^/|@all|~bug|\]\(http://evil|<img|<h1>|<script", note)


def test_a_plan_with_many_changes_is_a_page() -> None:
    steps = tuple(replace(CREATE, address=f"a/b:webhooks.w{n}", fields={"url": str(n)}) for n in range(30))

    assert WRITERS["html"](summary.of_plan(Plan(steps=steps)), {}).count("<details>") == 31


def test_half_a_character_in_an_answer_is_replaced() -> None:
    answer = Response(200, body=b'{"name": "x\\ud800y", "smile": "\\ud83d\\ude00", "path": "C:\\\\ud8"}')

    assert answer.data() == {"name": "x?y", "smile": "\N{GRINNING FACE}", "path": "C:\\ud8"}
