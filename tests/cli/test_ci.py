"""Notes on merge requests, joined plans, child pipelines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import Any

import pytest
import yaml

from reconciler.__main__ import main
from reconciler.cli.note import pipeline_links, upsert
from reconciler.cli.pipeline import pipeline
from reconciler.core.errors import RemoteError
from reconciler.core.flow import Failure, Request, Response
from reconciler.core.plan import Plan
from reconciler.output import machine
from reconciler.output.joined import join

from ..output.samples import CREATE, DELETE, EMPTY, PLAN
from .conftest import Command, Stand

BODY = "<!-- reconciler:plan:production -->\n### Plan"
NOTES = "/api/v4/projects/7/merge_requests/3/notes"


def converse(answers: Sequence[Response | Failure]) -> tuple[list[Request], str]:
    """Carry the conversation with these answers; what was asked, and what came out."""
    flow, asked = upsert("7", "3", BODY), []
    given: Any = None
    for answer in (None, *answers):
        try:
            given = flow.send(answer)
        except StopIteration as end:
            return asked, end.value
        assert isinstance(given, Request)
        asked.append(given)
    raise AssertionError(f"one more answer is wanted: {given}")


def says(data: Any, status: int = 200) -> Response:
    return Response(status, body=json.dumps(data).encode())


def a_note(id: int, author: int, body: str, *, system: bool = False) -> dict[str, Any]:
    return {"id": id, "author": {"id": author}, "body": body, "system": system}


ME = says({"id": 5})


def test_the_first_note_is_written() -> None:
    asked, said = converse([ME, says([]), says({"id": 41}, 201)])

    assert (asked[-1].method, asked[-1].url, asked[-1].json) == ("POST", NOTES, {"body": BODY})
    assert said == "note 41 was written"


def test_our_own_note_is_found_among_others_and_changed() -> None:
    others = [
        a_note(1, 9, BODY),
        a_note(2, 5, "hello"),
        a_note(3, 5, BODY, system=True),
        a_note(4, 5, "<!-- reconciler:plan:staging -->"),
        a_note(6, 5, "<!-- reconciler:plan:production -->\nold"),
    ]
    asked, said = converse([ME, says(others), says({"id": 6})])

    assert (asked[-1].method, asked[-1].url) == ("PUT", f"{NOTES}/6")
    assert said == "note 6 was brought up to date"


def test_further_pages_are_looked_through() -> None:
    page = [a_note(n, 9, "x") for n in range(100)]
    asked, _ = converse([ME, says(page), says([a_note(500, 5, BODY)]), says({"id": 500})])

    assert [request.query.get("page") for request in asked[1:3]] == [1, 2]


@pytest.mark.parametrize("answers", [[says({}, 401)], [ME, Failure("timed out")], [ME, says([]), says({}, 403)]])
def test_what_cannot_be_written_is_said(answers: list[Response | Failure]) -> None:
    with pytest.raises(RemoteError, match="the merge request: "):
        converse(answers)


def test_a_note_outside_of_a_merge_request_is_a_usage_error(reconciler: Command) -> None:
    Path("plan.json").write_text(machine.plan(PLAN), encoding="utf-8")

    assert reconciler("ci", "note", "plan.json").code == 64


def test_a_plan_elsewhere_leaves_the_note_out(reconciler: Command, stand: Stand) -> None:
    assert reconciler("plan", "--note").code == 0


def test_several_plans_are_one() -> None:
    one = join([Plan(steps=(CREATE,), environment="a", records=3), Plan(steps=(DELETE,), environment="a", records=4)])

    assert (one.steps, one.environment, one.records) == ((CREATE, DELETE), "a", 7)
    assert join([PLAN]) is PLAN
    assert join([Plan(environment="a"), Plan(environment="b")]).environment == ""


def test_reports_are_written_over_all_parts(reconciler: Command) -> None:
    for name, plan in (("plan-a.json", PLAN), ("plan-b.json", EMPTY), ("plan-c.json", Plan(steps=(CREATE,)))):
        Path(name).write_text(machine.plan(plan), encoding="utf-8")
    ran = reconciler("ci", "report", "plan-*.json", "--report", "terraform=tf.json")

    assert ran.code == 0
    assert json.loads(Path("tf.json").read_text(encoding="utf-8"))["create"] == 28
    assert ran.out.startswith("27 to create")


def test_a_part_without_a_plan_is_told_in_every_report_and_fails(reconciler: Command) -> None:
    Path("plan-a.json").write_text(machine.plan(PLAN), encoding="utf-8")
    reports = ("--report", "junit=j.xml", "--report", "markdown=n.md", "--report", "html=h.html")
    ran = reconciler("ci", "report", "plan-a.json", "plan-b.json", *reports)

    assert ran.code == 1
    for said in (ran.out, *(Path(name).read_text(encoding="utf-8") for name in ("j.xml", "n.md", "h.html"))):
        assert "a part has no plan" in said
        assert "plan-b.json" in said
    assert reconciler("ci", "report", "plan-b.json", "plan-c.json").code == 1


def test_a_note_says_where_it_comes_from() -> None:
    environ = {
        "CI_JOB_URL": "https://gitlab.example/myorg/infra/-/jobs/9",
        "CI_PROJECT_URL": "https://gitlab.example/myorg/infra",
        "CI_COMMIT_SHA": "0123456789abcdef",
    }

    assert pipeline_links(environ) == {
        "Job": "https://gitlab.example/myorg/infra/-/jobs/9",
        "Commit 01234567": "https://gitlab.example/myorg/infra/-/commit/0123456789abcdef",
    }


def test_a_child_pipeline_is_never_empty_and_reports_over_exactly_its_parts() -> None:
    parts = [PurePath("manifests/a.yaml"), PurePath("manifests/b.yaml")]
    made = yaml.safe_load(pipeline(parts, [], state="gitlab:reconciler", environment="prod"))

    assert made["workflow"] == {"rules": [{"when": "always"}]}
    (report,) = made["report"]["script"]
    assert report.startswith("reconciler ci report plan-a.json plan-b.json ")
    assert report.endswith(" --note")
    assert made["apply a"]["resource_group"] == "reconciler-prod-a"


@pytest.mark.parametrize(
    "arguments", [("ci", "generate", "--state", "gitlab:myorg/infra/x"), ("schema",), ("report", "metrics")]
)
def test_what_writes_a_file_answers_in_json_where_that_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    (tmp_path / "manifests").mkdir()
    (tmp_path / "manifests" / "team.yaml").write_text("project: myorg/shop\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for more in ((), ("--out", "x")):
        assert main([*arguments, *more, "-o", "json"]) == 0
        said = json.loads(capsys.readouterr().out)
    assert said == {"format_version": 1, "what": "wrote", "file": "x"}


def test_a_child_pipeline_has_a_plan_and_an_apply_for_every_part_with_a_state_of_its_own() -> None:
    parts = [PurePath("manifests/team a"), PurePath("manifests/Team-A.yaml"), PurePath("manifests/x.yaml")]
    made = yaml.safe_load(pipeline(parts, ["manifests/templates.yaml"], state="gitlab:reconciler", environment="prod"))

    assert made["plan team-a"]["script"] == [
        "reconciler plan -m 'manifests/team a' -m manifests/templates.yaml"
        " --state gitlab:reconciler-team-a -e prod --out plan-team-a.json --detailed-exitcode"
    ]
    assert made["apply team-a-2"]["needs"] == ["plan team-a-2"]
    assert made["apply team-a-2"]["script"] == [
        "reconciler apply plan-team-a-2.json --state gitlab:reconciler-team-a-2 -e prod"
    ]
    assert len({job["resource_group"] for job in made.values() if "resource_group" in job}) == 3
    assert made["plan x"]["artifacts"]["when"] == "always"


def test_every_job_of_a_child_pipeline_reads_the_settings_that_its_maker_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours" / "settings.yaml").write_text("manifests: [estate]\n", encoding="utf-8")
    (tmp_path / "ours" / "estate").mkdir()
    (tmp_path / "ours" / "estate" / "team.yaml").write_text("project: myorg/shop\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert main(["ci", "generate", "--settings", "ours/settings.yaml", "--state", "gitlab:myorg/infra/x"]) == 0
    made = yaml.safe_load(capsys.readouterr().out)

    commands = [made[job]["script"][0] for job in ("plan team", "apply team", "report")]
    assert all(
        command.endswith(" --settings ours/settings.yaml") or " --settings ours/settings.yaml " in command
        for command in commands
    ), commands


def test_a_file_state_gets_a_name_of_its_own_too() -> None:
    text = pipeline([PurePath("m/x.yaml")], [], state=".reconciler/state.json", environment=None)

    assert "--state .reconciler/state-x.json " in text


def test_the_states_of_parts_are_in_the_pipelines_own_project_where_nobody_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "manifests").mkdir()
    (tmp_path / "manifests" / "team.yaml").write_text("project: myorg/shop\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RECONCILER_STATE", raising=False)
    monkeypatch.delenv("CI_PROJECT_PATH", raising=False)

    assert main(["ci", "generate"]) == 64
    assert "--state gitlab:" in capsys.readouterr().err
    monkeypatch.setenv("CI_PROJECT_PATH", "myorg/infrastructure")
    assert main(["ci", "generate"]) == 0
    assert "--state gitlab:myorg/infrastructure/reconciler-team " in capsys.readouterr().out


def test_the_pipeline_that_init_writes_is_yaml_with_every_stage() -> None:
    path = Path(__file__).parents[2] / "reconciler/cli/scaffold/gitlab-ci.yml"
    made = yaml.safe_load(path.read_text(encoding="utf-8"))

    assert {"validate", "plan", "apply", "drift"} <= set(made)
    assert made["plan"]["artifacts"]["when"] == "always"
    assert made["apply"]["interruptible"] is False
