"""The command line as a whole: help, options, forms of answers."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from reconciler import __version__
from reconciler.__main__ import main
from reconciler.cli.command import Command as CommandClass
from reconciler.cli.front import COMMANDS, help_text
from reconciler.cli.main import root
from reconciler.core.plan import Plan, StepAction
from reconciler.core.report import Validation

from ..output.samples import CREATE, PLAN, VALIDATION
from .conftest import Command, Stand


def every_command() -> Iterator[tuple[str, click.Command]]:
    context = click.Context(root())
    for name in COMMANDS:
        command = root().get_command(context, name)
        assert command is not None
        yield name, command
        if isinstance(command, click.Group):
            yield from ((f"{name} {verb}", below) for verb, below in command.commands.items())


ALL = dict(every_command())


@pytest.mark.parametrize("name", ALL)
def test_every_command_has_help_with_two_examples(name: str, reconciler: Command) -> None:
    ran = reconciler(*name.split(), "--help")

    assert ran.code == 0
    assert len(re.findall(r"^  \$ reconciler", ran.out, re.MULTILINE)) >= 2
    assert "Global options:" in ran.out
    assert ran.err == ""


@pytest.mark.parametrize("name", COMMANDS)
def test_the_table_says_what_the_command_says(name: str) -> None:
    said = COMMANDS[name][2]

    assert ALL[name].short_help == said
    assert (ALL[name].help or "").split("\n")[0].rstrip(".") == said


@pytest.mark.parametrize("name", [name for name, command in ALL.items() if isinstance(command, CommandClass)])
def test_the_examples_of_every_command_parse(name: str) -> None:
    for line, _what in ALL[name].examples:  # type: ignore[attr-defined]
        words = shlex.split(re.split(r" [|<>] ?", line)[0])[1:]
        command: click.Command = root()
        context = command.make_context("reconciler", words)
        while isinstance(command, click.Group):
            found, below, rest = command.resolve_command(context, [*context._protected_args, *context.args])
            assert below is not None
            command, context = below, below.make_context(found, rest, parent=context)


def test_the_front_page_is_the_same_with_and_without_click(
    reconciler: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--help"]) == 0
    assert capsys.readouterr().out == help_text() + "\n"
    assert reconciler("-v", "--help").out == help_text() + "\n"


def test_the_front_page_fits_100_columns_and_is_ascii() -> None:
    assert max(map(len, help_text().splitlines())) <= 100
    assert help_text().isascii()


@pytest.mark.parametrize("arguments", [["--version"], ["-q", "--version"]])
def test_the_version_is_printed(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 0
    assert capsys.readouterr().out == f"reconciler {__version__}\n"


@pytest.mark.parametrize("arguments", [(), ("state",), ("kinds",)])
def test_no_command_shows_help_as_words_and_is_a_usage_error(reconciler: Command, arguments: tuple[str, ...]) -> None:
    ran = reconciler(*arguments)

    assert ran.code == 64
    assert ran.out == ""
    assert "Usage: reconciler" in ran.err


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (("plna",), "Did you mean `plan`"),
        (("state", "lsit"), "Did you mean `list`"),
        (("plan", "--targte", "x"), "--target"),
        (("plan", "-o", "yaml"), "'human', 'json', 'markdown'"),
        (("plan", "--report", "terrafrom=x"), "`terrafrom` is no report of this command"),
        (("plan", "--report", "junit"), "names no file"),
        (("validate", "--report", "terraform=x"), "`terraform` is no report of this command"),
        (("plan", "--timeout", "soon"), "`soon` is no duration"),
        (("plan", "--parallelism", "0"), "0 is not in the range"),
        (("show", "a", "b"), "unexpected extra argument"),
    ],
)
def test_a_mistyped_command_line_is_64_and_says_what_was_meant(
    reconciler: Command, arguments: tuple[str, ...], meant: str
) -> None:
    ran = reconciler(*arguments)

    assert ran.code == 64
    assert meant in ran.err
    assert "hint: `reconciler" in ran.err
    assert ran.out == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ("-e", "staging", "-m", "a", "--state", "file:x", "--parallelism", "4", "--timeout", "5m", "plan", "-m", "b"),
        ("plan", "-e", "staging", "-m", "a", "-m", "b", "--state", "file:x", "--parallelism", "4", "--timeout", "300"),
        ("-e", "other", "plan", "-e", "staging", "-ma", "-mb", "--state=file:x", "--parallelism=4", "--timeout=300s"),
    ],
)
def test_global_options_stand_before_and_after_the_command(
    reconciler: Command, stand: Stand, arguments: tuple[str, ...]
) -> None:
    assert reconciler(*arguments).code == 0
    assert stand.options.environment == "staging"
    assert stand.options.manifests == ("a", "b")
    assert stand.options.state == "file:x"
    assert stand.options.parallelism == 4
    assert stand.options.timeout == 300.0
    assert stand.options.cache


def test_global_options_stand_between_a_noun_and_its_verb(reconciler: Command, stand: Stand) -> None:
    assert reconciler("state", "-e", "staging", "list", "-o", "json").data["what"] == "state"
    assert stand.options.environment == "staging"


@pytest.mark.parametrize(
    ("name", "value", "field", "seen"),
    [
        ("RECONCILER_ENV", "staging", "environment", "staging"),
        ("RECONCILER_STATE", "file:x", "state", "file:x"),
        ("RECONCILER_MANIFESTS", f"a{os.pathsep}b", "manifests", ("a", "b")),
        ("RECONCILER_SANDBOX", "1", "sandbox", True),
        ("RECONCILER_SANDBOX", "0", "sandbox", False),
        ("RECONCILER_PARALLELISM", "3", "parallelism", 3),
        ("RECONCILER_LOCK_TIMEOUT", "1m", "lock_timeout", 60.0),
        ("RECONCILER_NO_CACHE", "1", "cache", False),
        ("RECONCILER_PLAN_STATE", "file:y", "state", "file:y"),
        ("RECONCILER_STATE_KEY", "secret", "state", None),
    ],
)
def test_options_come_from_the_environment_too(
    reconciler: Command,
    stand: Stand,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    value: str,
    field: str,
    seen: object,
) -> None:
    monkeypatch.setenv(name, value)

    assert reconciler("plan").code == 0
    assert getattr(stand.options, field) == seen


def test_a_flag_wins_over_the_environment(reconciler: Command, stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECONCILER_ENV", "a")
    monkeypatch.setenv("RECONCILER_PLAN_ENVIRONMENT", "b")

    reconciler("--env", "c", "plan")

    assert stand.options.environment == "c"


def test_what_plan_is_asked_reaches_the_engine(reconciler: Command, stand: Stand) -> None:
    arguments = "plan one two -t a -t b --exclude c --no-refresh --destroy --require-secrets --reassert-secrets"
    reconciler(*arguments.split())
    options = stand.asked[0][1]

    assert (options.paths, options.targets, options.exclude) == (("one", "two"), ("a", "b"), ("c",))
    assert (options.refresh, options.destroy, options.require_secrets, options.reassert_secrets) == (
        False,
        True,
        True,
        True,
    )


def test_the_plan_as_json_is_the_file_that_out_writes(reconciler: Command, stand: Stand) -> None:
    stand.planned = PLAN
    ran = reconciler("plan", "-o", "json", "--out", "deep/plan.json")

    assert ran.out == Path("deep/plan.json").read_text(encoding="utf-8")
    assert ran.data["format_version"] == 1


def test_a_saved_plan_is_shown_as_it_was_planned(reconciler: Command, stand: Stand) -> None:
    stand.planned = PLAN
    planned = reconciler("plan", "--out", "plan.json")
    text = reconciler("show", "plan.json")

    assert text.out == planned.out
    assert reconciler("show", "plan.json", "-o", "markdown").out.startswith("<!-- reconciler:plan:production -->")
    assert reconciler("show", "plan.json", "-o", "json").out == Path("plan.json").read_text(encoding="utf-8")


def test_the_last_line_of_a_plan_names_the_command_to_run_next(
    reconciler: Command, stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand.planned = Plan(steps=(CREATE,))

    assert reconciler("plan", "--out", "p.json").out.splitlines()[-1] == "1 to create. Next: reconciler apply p.json"
    monkeypatch.setenv("CI", "true")
    assert reconciler("plan").out.splitlines()[-1] == "1 to create."


READERS = {
    "validate": (),
    "plan": (),
    "drift": (),
    "show": (),
    "explain": ("myorg/shop:integrations.chat",),
    "state list": (),
    "state history": (),
    "state pull": (),
    "templates list": (),
    "schema": (),
    "version": (),
}


@pytest.mark.parametrize("name", READERS)
def test_every_command_that_reads_answers_in_json_and_nothing_else(reconciler: Command, name: str) -> None:
    ran = reconciler(*name.split(), *READERS[name], "-o", "json")

    assert ran.code == 0
    assert isinstance(ran.data, dict)


@pytest.mark.parametrize("name", ["validate", "plan", "drift", "show"])
def test_readers_answer_in_markdown(reconciler: Command, name: str) -> None:
    assert reconciler(name, "-o", "markdown").code == 0


def test_apply_in_json_prints_the_report_only(reconciler: Command, stand: Stand) -> None:
    stand.planned = Plan(steps=(CREATE,))
    data = reconciler("apply", "--auto-approve", "-o", "json").data

    assert data["what"] == "report"
    assert data["outcomes"][0]["action"] == StepAction.CREATE


def test_reports_are_written_beside_the_answer(reconciler: Command, stand: Stand) -> None:
    stand.planned = PLAN
    kinds = ("terraform", "codequality", "junit", "metrics", "dotenv", "annotations", "json", "markdown", "html")
    reconciler("plan", *(word for kind in kinds for word in ("--report", f"{kind}=r/{kind}")))

    assert {path.name for path in Path("r").iterdir()} == set(kinds)
    assert json.loads(Path("r/terraform").read_text(encoding="utf-8"))["create"] == 26 + 1


def test_a_job_links_its_reports(reconciler: Command, stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI_JOB_URL", "https://gitlab.example/-/jobs/9")
    reconciler("validate", "--report", "html=./public/index.html", "--report", "annotations=a.json")
    links = json.loads(Path("a.json").read_text(encoding="utf-8"))["reconciler"]

    assert links[0]["external_link"]["url"] == "https://gitlab.example/-/jobs/9/artifacts/file/public/index.html"


def test_a_report_that_cannot_be_written_is_an_error(reconciler: Command, stand: Stand) -> None:
    Path("taken").write_text("", encoding="utf-8")

    assert reconciler("validate", "--report", "json=taken/x.json").code == 1


def test_quiet_says_nothing_but_the_answer(reconciler: Command, stand: Stand) -> None:
    stand.validation = Validation(files=("a.yaml",), entries=1)
    ran = reconciler("-q", "validate")

    assert ran.out == "valid: 1 entry in 1 file. Next: reconciler plan\n"
    assert ran.err == ""


@pytest.mark.parametrize(("arguments", "coloured"), [((), False), (("--color", "always"), True)])
def test_colour_is_asked_for(reconciler: Command, stand: Stand, arguments: tuple[str, ...], coloured: bool) -> None:
    stand.validation = VALIDATION

    assert ("\x1b[" in reconciler("validate", *arguments).out) is coloured


@pytest.mark.parametrize(
    ("arguments", "verb"),
    [
        (("mv", "a:webhooks.x", "a:webhooks.y"), "state_mv"),
        (("forget", "a:webhooks.x"), "state_forget"),
        (("unlock", "4b"), "state_unlock"),
        (("restore", "3", "--auto-approve"), "state_restore"),
        (("push", "file.json", "--auto-approve"), "state_push"),
    ],
)
def test_state_repairs_reach_the_engine(
    reconciler: Command, stand: Stand, arguments: tuple[str, ...], verb: str
) -> None:
    Path("file.json").write_bytes(b"{}")

    assert reconciler("state", *arguments).code == 0
    assert verb in stand.verbs()


@pytest.mark.parametrize("arguments", [("restore", "3"), ("push", "file.json")])
def test_a_state_is_not_replaced_where_nobody_can_be_asked(
    reconciler: Command, stand: Stand, arguments: tuple[str, ...]
) -> None:
    assert reconciler("state", *arguments).code == 64
    assert stand.asked == []


def test_an_unknown_address_is_an_error_with_a_way_out(reconciler: Command) -> None:
    ran = reconciler("show", "myorg/shop:webhooks.deploy")

    assert ran.code == 1
    assert "reconciler state list" in ran.err


def test_init_writes_a_folder_once(reconciler: Command) -> None:
    assert reconciler("init", "new", "--project", "acme/web", "--ci").code == 0
    assert "project: acme/web" in Path("new/manifests/web.yaml").read_text(encoding="utf-8")
    assert {p.name for p in Path("new").iterdir()} == {"reconciler.yaml", "manifests", "schemas", ".gitlab-ci.yml"}
    assert reconciler("init", "new", "--project", "acme/web").code == 1
    assert reconciler("init", "new", "--project", "acme/web", "--force").code == 0


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_completion_scripts_are_printed(reconciler: Command, shell: str) -> None:
    assert "_RECONCILER_COMPLETE" in reconciler("completion", shell).out


def test_completion_answers_names_with_their_help_and_imports_no_command() -> None:
    environ = {
        **os.environ,
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "_RECONCILER_COMPLETE": "zsh_complete",
        "COMP_WORDS": "reconciler d",
        "COMP_CWORD": "1",
    }
    command = [sys.executable, "-X", "importtime", "-m", "reconciler"]
    ended = subprocess.run(command, capture_output=True, text=True, env=environ, check=False)

    assert ended.stdout.split("\n")[:3] == ["plain", "drift", COMMANDS["drift"][2]]
    assert "reconciler.cli.plan" not in ended.stderr


HEAVY = ("requests", "deepdiff", "pydantic", "yaml", "rich", "jinja2", "prometheus_client")


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["plan", "--help"], ["version"]])
def test_nothing_heavy_is_imported_to_answer_quickly(arguments: list[str]) -> None:
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-X", "importtime", "-m", "reconciler", *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, env=environ, check=True)
    imported = {row.rsplit("|", 1)[-1].strip().split(".")[0] for row in ended.stderr.splitlines()}

    assert imported.isdisjoint(HEAVY)
    assert ("click" in imported) is (arguments not in (["--help"], ["--version"]))
