"""What people read: golden texts, narrow and wide, with and without colour."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest

from reconciler.core.errors import InputError, Place, Problem, StateLocked
from reconciler.core.plan import Blocked, Change, Mover, Plan, Step
from reconciler.core.report import Report
from reconciler.output.document import line, table
from reconciler.output.human import drift as drift_view
from reconciler.output.human import outcome, problems
from reconciler.output.human import plan as plan_view
from reconciler.output.terminal import Screen, plain_text

from .samples import BRAKE, CREATE, EMPTY, ESC, EVIL, FLEET, PLAN, REPORT, UPDATE, VALIDATION, project


def shown(plan: Plan, **more: object) -> str:
    return plain_text(plan_view.plan(plan, **more))  # type: ignore[arg-type]


def test_a_created_resource_shows_its_fields_its_secrets_by_reference_and_its_defaults_folded() -> None:
    text = shown(Plan(steps=(CREATE,)), following="reconciler apply")

    assert text == (
        "Plan\n"
        "\n"
        "  + create  myorg/shop:integrations.chat  (slack): newly declared\n"
        '      channel      "#deployments"\n'
        "      events       [merge_request, push]\n"
        "      active       true\n"
        "      webhook_url  (secret) ${env:SLACK_WEBHOOK_URL}  written\n"
        "      2 other fields at GitLab's default: username, notify_only_default_branch\n"
        "      note: install an app with incoming webhooks in Slack\n"
        "\n"
        "1 to create. Next: reconciler apply\n"
    )


def test_an_updated_field_says_who_moved_it_and_a_secret_whether_it_is_written() -> None:
    text = shown(Plan(steps=(UPDATE,)))

    assert text.split("\n\n")[1] == (
        "  ~ update  myorg/shop:webhooks.deploy  (webhook): drifted, secret changed\n"
        '      url          "https://evil.example/x" → "https://a.example/x"'
        '  changed outside, recorded "https://a.example/x"\n'
        "      push_events  true → false\n"
        "      token        (secret) ${env:HOOK_TOKEN}  written"
    )


def test_equal_changes_over_many_projects_are_shown_once() -> None:
    text = shown(Plan(steps=FLEET))

    assert text.count("https://audit.example/in") == 1
    assert "+ create  webhooks.audit in 25 projects  (webhook): newly declared" in text
    assert "in myorg/p000, myorg/p001" in text
    assert text.endswith("and 5 more\n\n25 to create.\n")


def test_a_verbose_plan_lists_every_project() -> None:
    assert "myorg/p024" in shown(Plan(steps=FLEET), verbose=True)


def test_steps_that_differ_in_a_value_are_not_taken_together() -> None:
    other = replace(FLEET[1], fields={"url": "https://other.example"})

    assert "projects" not in shown(Plan(steps=(FLEET[0], other)))


def naming(path: str, url: str) -> Step:
    return replace(FLEET[0], address=f"{path}:webhooks.audit", scope=project(path), fields={"url": url})


@pytest.mark.parametrize(
    ("urls", "told"),
    [
        (
            {"myorg/shop": "https://ci.example/hook/shop", "myorg/web": "https://ci.example/hook/web"},
            "https://ci.example/hook/${project.name}",
        ),
        (
            {"myorg/shop": "https://ci.example/myorg/shop?of=shop", "team/web": "https://ci.example/team/web?of=web"},
            "https://ci.example/${project.path}?of=${project.name}",
        ),
        (
            {"a/path": "https://ci.example/path", "b/path": "https://ci.example/path", "c/x": "https://ci.example/x"},
            "https://ci.example/${project.name}",
        ),
    ],
)
def test_steps_that_differ_in_their_projects_name_only_are_told_as_manifests_tell_them(
    urls: dict[str, str], told: str
) -> None:
    text = shown(Plan(steps=tuple(naming(path, url) for path, url in urls.items())))

    assert text.count("url  ") == 1
    assert f'"{told}"' in text
    assert f"in {', '.join(urls)}" in text


@pytest.mark.parametrize(
    "urls",
    [
        {"myorg/shop": "https://ci.example/shop"},
        {"myorg/shop": "https://ci.example/shop", "myorg/web": "https://ci.example/webs"},
        {"myorg/shop": "https://ci.example/shop", "myorg/web": "https://other.example/web"},
        {"myorg/a": "https://a.example/a", "myorg/b": "https://a.example/b"},
    ],
)
def test_values_that_a_projects_name_does_not_explain_are_shown_as_they_are(urls: dict[str, str]) -> None:
    text = shown(Plan(steps=tuple(naming(path, url) for path, url in urls.items())))

    assert [f'"{url}"' in text for url in urls.values()] == [True] * len(urls)
    assert "${" not in text


def test_every_action_blocked_object_and_warning_is_in_the_plan() -> None:
    text = shown(PLAN)

    for part in (
        "Plan for production at https://gitlab.example",
        "Newly matched, 1 project: myorg/p024",
        "- delete  myorg/old:integrations.chat",
        "→ move  myorg/shop:webhooks.new",
        "was myorg/shop:webhooks.old",
        "-/+ replace  myorg/web:webhooks.ci",
        "[a] → [b]",
        "< adopt  myorg/api:integrations.chat",
        '"#old" → "#new"',
        "x forget  myorg/api:webhooks.gone",
        "Cannot be decided, nothing is done to these:",
        "because the project cannot be read (403)",
        "1 secret not compared, not set here: ",
        "warning: a secret is not set here: ${env:TEAM}",
        "note: the sandbox is in use",
    ):
        assert part in text, part
    counts = "26 to create, 1 to adopt, 1 to update, 1 to replace, 1 to delete, 1 to move, 1 to forget"
    assert text.splitlines()[-1].lower() == f"{counts} (1 unchanged, 2 blocked)."


def test_an_empty_plan_is_one_line() -> None:
    assert shown(EMPTY, following="reconciler apply") == "No changes (2 unchanged).\n"


def test_a_plan_that_a_brake_stops_says_so_in_its_last_line_and_names_no_command() -> None:
    text = shown(Plan(steps=(CREATE,)), brakes=(BRAKE,), following="reconciler apply")

    assert "error: too many deletions: 25 planned, 20 at most" in text
    assert text.splitlines()[-1] == "1 to create. This plan would be refused, see above."


def test_a_problem_shows_place_line_caret_and_hint() -> None:
    text = plain_text(problems.validation(VALIDATION))

    assert text == (
        "manifests/shop.yaml:7:5: error: unknown key: `chanel`\n"
        "  7 |     chanel: '#x'\n"
        "    |     ^\n"
        "  in myorg/shop:integrations.chat\n"
        "  hint: did you mean `channel`?\n"
        "\n"
        "warning: a secret is not set here: ${env:TEAM}\n"
        "\n"
        "1 error, 1 warning (3 entries in 2 files)\n"
    )


@pytest.mark.parametrize("column", [1, 50, 400])
def test_the_caret_stands_under_its_column_even_in_a_long_line(column: int) -> None:
    text = "".join(chr(97 + n % 26) for n in range(600))
    rows = plain_text(problems.problem(Problem("wrong", place=Place("a.yaml", 3, column, text)))).splitlines()
    caret = rows[2].index("^")

    assert rows[1][caret : caret + 3] == text[column - 1 : column + 2]


def test_an_error_says_what_to_do() -> None:
    raised = StateLocked("the state is locked by anna", lock_id="4b", hint="wait, or `reconciler state unlock 4b`")

    assert plain_text(problems.error(raised)) == (
        "error: the state is locked by anna\n  hint: wait, or `reconciler state unlock 4b`\n"
    )


def test_an_input_error_counts_what_was_found() -> None:
    assert InputError(VALIDATION.problems).message == "1 problem found"


def test_a_report_lists_what_is_not_done_why_and_the_command_that_goes_on() -> None:
    assert plain_text(outcome.report(REPORT)) == (
        "Settled from an interrupted run:\n"
        "  myorg/api:webhooks.x  it was created\n"
        "\n"
        "Failed:\n"
        "  myorg/shop:webhooks.deploy  update: 422: url is blocked\n"
        "    hint: allow it\n"
        "\n"
        "Skipped:\n"
        "  myorg/web:webhooks.ci, because myorg/shop:webhooks.deploy failed\n"
        "\n"
        "To know:\n"
        "  client id of @instance:oauth_applications.portal: abc\n"
        "\n"
        "Applied in part: 1 done, 1 failed, 1 skipped in 1.3 s with 9 requests. To go on: reconciler apply\n"
    )


def test_what_is_blocked_is_listed_unless_the_plan_was_shown_just_before() -> None:
    stuck = Report(blocked=(Blocked("myorg/shop:webhooks.deploy", "the answer was 403"),))
    count = "Applied in part: 0 done, 1 blocked. To go on: reconciler apply\n"

    assert "because the answer was 403" in plain_text(outcome.report(stuck))
    assert plain_text(outcome.report(stuck, previewed=True)) == count


def test_a_report_of_nothing_says_that_there_was_nothing() -> None:
    assert plain_text(outcome.report(Report())) == "Nothing to do: GitLab is what the manifests say.\n"


def test_drift_shows_recorded_and_live_and_counts() -> None:
    found = Plan(
        drift={"myorg/shop:webhooks.deploy": (Change("url", "https://a", "https://b", "https://a", Mover.OUTSIDE),)},
        gone=("myorg/shop:webhooks.x",),
        touched=("myorg/shop:integrations.chat",),
        unmanaged=(("myorg/shop", "jira", "jira"),),
    )

    assert plain_text(drift_view.drift(found, following="reconciler plan")) == (
        "Changed outside (recorded → live):\n"
        "  myorg/shop:webhooks.deploy\n"
        '      url  "https://a" → "https://b"\n'
        "\n"
        "Removed outside:\n"
        "  myorg/shop:webhooks.x\n"
        "\n"
        "Written to outside, with no difference that GitLab shows:\n"
        "  myorg/shop:integrations.chat\n"
        "\n"
        "Not ours:\n"
        "  SCOPE       WHAT  NAME\n"
        "  myorg/shop  jira  jira\n"
        "\n"
        "1 drifted, 1 removed outside, 1 touched, 1 not ours. Next: reconciler plan\n"
    )


def test_what_is_not_ours_is_no_drift() -> None:
    found = Plan(unmanaged=(("myorg/shop", "jira", "jira"),))

    assert not drift_view.has_findings(found)
    assert plain_text(drift_view.drift(found)).splitlines()[-1] == "No drift (1 not ours)."


def test_text_from_outside_cannot_move_the_cursor_nor_turn_the_direction() -> None:
    text = shown(Plan(steps=(replace(CREATE, fields={"channel": EVIL}, notes=(EVIL,)),)))

    assert ESC not in text
    assert "\x07" not in text
    assert "\u202e" not in text
    assert "note: red gnp.exe @all <b>⏎second line\n" in text


def on_screen(width: int | None, *, colour: bool) -> str:
    stream = io.StringIO()
    Screen(stream, colour, width).write(plan_view.plan(Plan(steps=(CREATE, *FLEET))))
    return stream.getvalue()


@pytest.mark.parametrize("width", [40, 80, 160])
@pytest.mark.parametrize("colour", [True, False])
def test_no_line_is_wider_than_the_terminal_and_no_word_is_lost(width: int, colour: bool) -> None:
    import re

    text = re.sub(r"\x1b\[[0-9;]*m", "", on_screen(width, colour=colour))
    plain = on_screen(None, colour=False)

    assert max(map(len, text.splitlines())) <= width
    assert "".join(text.split()) == "".join(plain.split())


def test_wrapped_rows_hang_below_their_values() -> None:
    rows = on_screen(60, colour=False).splitlines()
    where = next(n for n, row in enumerate(rows) if "in myorg/p000" in row)

    assert rows[where].startswith("      in myorg/p000,")
    assert rows[where + 1].startswith("        myorg/p0")


def test_colour_adds_colours_and_nothing_else() -> None:
    assert ESC in on_screen(None, colour=True)
    assert ESC not in on_screen(None, colour=False)


def test_text_that_looks_like_markup_is_shown_as_it_is() -> None:
    stream = io.StringIO()
    Screen(stream, colour=True, width=80).write([line("[bold]x[/bold] :smile:"), table(("A",), [("[red]y[/]",)])])

    assert "[bold]x[/bold] :smile:" in stream.getvalue()
    assert "[red]y[/]" in stream.getvalue()


def test_a_coloured_job_log_gets_tables_no_wider_than_their_words() -> None:
    stream = io.StringIO()

    Screen(stream, colour=True).write([table(("FIELD", "VALUE"), [("channel", "#ops")])])

    assert max(len(row) for row in stream.getvalue().splitlines()) < 60


def test_what_a_row_of_a_table_is_about_is_not_broken_on_a_narrow_screen() -> None:
    stream = io.StringIO()
    row = ("notify_only_when_pipeline_status_changes"[:36], "words " * 20, "more words " * 10)

    Screen(stream, width=80).write([table(("FIELD", "VALUE", "FROM"), [row])])

    assert row[0] in stream.getvalue()
