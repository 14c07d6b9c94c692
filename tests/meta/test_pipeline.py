"""The pipelines that we ship keep GitLab's traps in mind: ours, and the one that `init --ci` writes."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Any

import click
import pytest
import yaml

from reconciler.cli.main import root

from .documents import ROOT

PIPELINES = (".gitlab-ci.yml", "reconciler/cli/scaffold/gitlab-ci.yml")
KEYWORDS = {"variables", "workflow", "stages", "default"}
SINGLE = ("terraform", "codequality")


def jobs() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in PIPELINES:
        pipeline = yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))
        for name, job in pipeline.items():
            if name not in KEYWORDS and not name.startswith("."):
                yield f"{path} {name}", job


JOBS = dict(jobs())


@pytest.mark.parametrize("name", JOBS)
def test_the_commands_of_a_job_parse(name: str) -> None:
    for line in JOBS[name]["script"]:
        if not line.startswith("reconciler "):
            assert line == "bash .ci/run"
            continue
        command: click.Command = root()
        context = command.make_context("reconciler", shlex.split(line)[1:])
        while isinstance(command, click.Group):
            found, below, rest = command.resolve_command(context, [*context._protected_args, *context.args])
            assert below is not None
            command, context = below, below.make_context(found, rest, parent=context)


@pytest.mark.parametrize("name", [name for name, job in JOBS.items() if "allow_failure" in job])
def test_a_job_that_may_exit_with_2_keeps_its_artifacts(name: str) -> None:
    assert JOBS[name]["allow_failure"] == {"exit_codes": [2]}
    assert JOBS[name]["artifacts"]["when"] == "always"
    assert any("--detailed-exitcode" in line for line in JOBS[name]["script"])


@pytest.mark.parametrize("name", JOBS)
def test_reports_that_take_one_file_get_one(name: str) -> None:
    reports = JOBS[name].get("artifacts", {}).get("reports", {})

    assert all(isinstance(reports[kind], str) and "*" not in reports[kind] for kind in SINGLE if kind in reports)


@pytest.mark.parametrize("name", JOBS)
def test_every_report_that_is_uploaded_is_written(name: str) -> None:
    script = " ".join(JOBS[name]["script"])

    for kind, path in JOBS[name].get("artifacts", {}).get("reports", {}).items():
        assert f"--report {kind}={path}" in script


@pytest.mark.parametrize("name", [name for name in JOBS if name.endswith(" apply")])
def test_an_apply_runs_alone_and_to_its_end_and_for_pushes_to_the_default_branch(name: str) -> None:
    job = JOBS[name]

    assert job["interruptible"] is False
    assert job["resource_group"]
    (rule,) = job["rules"]
    assert rule["if"] == '$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH && $CI_PIPELINE_SOURCE == "push"'


def test_the_hook_for_pre_commit_runs_validate_once() -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))

    assert hook["entry"] == "reconciler validate"
    assert hook["pass_filenames"] is False
