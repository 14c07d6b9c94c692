"""The reports, read as GitLab's own readers took them (facts on CI, sections 1 and last)."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from reconciler.core.errors import Place, Problem
from reconciler.core.plan import Plan
from reconciler.core.report import Validation
from reconciler.output import summary
from reconciler.output.metrics import METRICS
from reconciler.output.reports import WRITERS

from .samples import BLOCKED, BRAKE, CREATE, EMPTY, EVIL, PLAN, REPORT, UNKNOWN_KEY, VALIDATION

SUMMARIES = {
    "plan": lambda: summary.of_plan(PLAN, (BRAKE,)),
    "empty plan": lambda: summary.of_plan(EMPTY),
    "validation": lambda: summary.of_validation(VALIDATION),
    "clean validation": lambda: summary.of_validation(Validation(files=("a.yaml",))),
    "drift": lambda: summary.of_drift(PLAN),
    "report": lambda: summary.of_report(REPORT, PLAN),
    "stopped by its input": lambda: summary.of_problems((UNKNOWN_KEY,)),
    "hostile": lambda: summary.of_plan(Plan(steps=(replace(CREATE, fields={"channel": EVIL}, notes=(EVIL,)),))),
}
LINKS = {"Job": "https://gitlab.example/jobs/1"}


def written(kind: str, name: str) -> str:
    return WRITERS[kind](SUMMARIES[name](), LINKS)


@pytest.mark.parametrize("name", SUMMARIES)
@pytest.mark.parametrize("kind", WRITERS)
def test_every_report_of_everything_is_written_without_control_characters(kind: str, name: str) -> None:
    text = written(kind, name)

    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", text)


def test_the_plan_widget_counts_a_replacement_as_one_created_and_one_deleted() -> None:
    assert json.loads(written("terraform", "plan")) == {"create": 27, "update": 2, "delete": 2}


def test_the_plan_widget_of_an_empty_plan_is_zeros() -> None:
    assert json.loads(written("terraform", "empty plan")) == {"create": 0, "update": 0, "delete": 0}


@pytest.mark.parametrize("name", SUMMARIES)
def test_every_code_quality_entry_has_what_gitlab_demands(name: str) -> None:
    entries = json.loads(written("codequality", name))

    for entry in entries:
        assert entry["description"]
        assert re.fullmatch(r"[0-9a-f]{64}", entry["fingerprint"])
        assert entry["severity"] in ("blocker", "critical", "major", "minor", "info")
        assert not entry["location"]["path"].startswith(("./", "/"))
        assert entry["location"]["lines"]["begin"] >= 1
        assert re.fullmatch(r"[a-z0-9-]+", entry["check_name"])
    assert len({entry["fingerprint"] for entry in entries}) == len(entries)


def test_code_quality_of_a_clean_branch_is_an_empty_array() -> None:
    assert written("codequality", "clean validation") == "[]\n"


def test_a_finding_keeps_its_fingerprint_when_its_block_moves_and_its_hint_changes() -> None:
    def fingerprint(found: Problem) -> str:
        text = WRITERS["codequality"](summary.of_problems((found,)), {})
        return str(json.loads(text)[0]["fingerprint"])

    moved = replace(UNKNOWN_KEY, place=Place("manifests/shop.yaml", 99, 1, "x"), hint="another")

    assert fingerprint(moved) == fingerprint(UNKNOWN_KEY)
    assert fingerprint(replace(UNKNOWN_KEY, detail="`usrname`")) != fingerprint(UNKNOWN_KEY)


def test_a_code_quality_entry_stands_at_its_line() -> None:
    entry = json.loads(written("codequality", "validation"))[0]

    assert entry["location"] == {"path": "manifests/shop.yaml", "lines": {"begin": 7}}


def test_junit_has_one_case_a_file_with_the_text_inside_the_failure() -> None:
    root = ElementTree.fromstring(written("junit", "validation"))
    cases = {case.get("name"): case for case in root.iter("testcase")}

    assert root.tag == "testsuites"
    assert set(cases) == {"manifests/shop.yaml", "manifests/web.yaml", "a secret is not set here"}
    failure = cases["manifests/shop.yaml"].find("failure")
    assert failure is not None
    assert "unknown key: `chanel`" in (failure.text or "")
    assert cases["manifests/web.yaml"].find("failure") is None


def test_junit_of_an_apply_tells_done_failed_and_skipped_apart() -> None:
    root = ElementTree.fromstring(written("junit", "report"))
    suite = root.find("testsuite")

    assert suite is not None
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("3", "1", "1")
    case = suite[0]
    assert (case.get("classname"), case.get("time")) == ("integrations", "0.310")


def test_junit_of_drift_says_error_for_what_could_not_be_read() -> None:
    root = ElementTree.fromstring(written("junit", "drift"))

    assert len(list(root.iter("error"))) == len(BLOCKED)
    assert len(list(root.iter("failure"))) == 1


def test_equal_case_names_are_told_apart() -> None:
    one = Plan(problems=(BRAKE, replace(BRAKE, detail="other")))
    root = ElementTree.fromstring(WRITERS["junit"](summary.of_plan(one), {}))
    names = [case.get("name") for case in root.iter("testcase")]

    assert names == ["too many deletions", "too many deletions (2)"]


@pytest.mark.parametrize("name", SUMMARIES)
def test_a_dotenv_report_has_only_lines_that_gitlab_takes(name: str) -> None:
    text = written("dotenv", name)
    rows = text.splitlines()

    assert len(text.encode()) < 5120
    assert len(rows) <= 20
    assert all(re.fullmatch(r"[A-Z0-9_]+=[^\s$\"'#]+", row) for row in rows)
    assert text == "" or text.endswith("\n")


def test_the_dotenv_report_of_a_plan_says_whether_it_destroys() -> None:
    rows = dict(row.split("=") for row in written("dotenv", "plan").splitlines())

    assert rows["RECONCILER_CHANGES"] == str(len(PLAN.steps))
    assert rows["RECONCILER_DESTRUCTIVE"] == "true"


def test_annotations_hold_external_links_only() -> None:
    assert json.loads(written("annotations", "plan")) == {
        "reconciler": [{"external_link": {"label": "Job", "url": "https://gitlab.example/jobs/1"}}]
    }


@pytest.mark.parametrize("name", SUMMARIES)
def test_metrics_are_openmetrics_with_one_value_a_line(name: str) -> None:
    rows = written("metrics", name).splitlines()

    assert rows[-1] == "# EOF"
    samples = [row for row in rows if not row.startswith("#")]
    assert samples
    assert all(re.fullmatch(r'[a-z_]+(\{is="[a-z]+"\})? [0-9.]+', row) for row in samples), samples


def test_every_figure_says_what_it_counts_and_is_documented() -> None:
    documented = (Path(__file__).parents[2] / "docs" / "ci.md").read_text(encoding="utf-8")

    assert "# HELP reconciler_pending Steps that a plan would carry out, by action." in written("metrics", "plan")
    assert [name for name, said in METRICS.items() if f"| `{name}` | {said} |" not in documented] == []


def test_the_json_report_of_a_plan_is_the_plan_itself() -> None:
    from reconciler.core.planformat import plan_from_bytes
    from reconciler.output.machine import plan

    assert written("json", "plan") == plan(PLAN)
    assert plan_from_bytes(plan(PLAN).encode(), "plan.json") == PLAN


@pytest.mark.parametrize("name", SUMMARIES)
def test_every_json_report_is_versioned(name: str) -> None:
    assert json.loads(written("json", name))["format_version"] == 1


@pytest.mark.parametrize("name", SUMMARIES)
def test_the_page_loads_nothing_and_runs_nothing(name: str) -> None:
    text = written("html", name)

    assert "<script" not in text
    assert not re.search(r"(src|href)=\"(?!https://gitlab\.example/jobs/1)", text)
    assert "default-src 'none'" in text


def test_the_page_escapes_what_comes_from_outside() -> None:
    text = written("html", "hostile")

    assert "<b>" not in text
    assert "&lt;b&gt;" in text
