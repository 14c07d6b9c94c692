"""Integrations of the pretend GitLab: one table a rule."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from reconciler.sandbox.gitlab.integration_kind import FLAGS
from reconciler.sandbox.gitlab.integration_table import KINDS
from tests.sandbox.bodies import BODIES
from tests.sandbox.lab import GROUP, SHOP, WEB, Lab, configure, one

FACTS = Path(__file__).parents[3] / "shared/facts/gitlab-integrations.json"
ON_PROJECTS = sorted(slug for slug in BODIES if slug != "zentao")
NOWHERE = sorted(slug for slug, kind in KINDS.items() if kind.nowhere)


@pytest.mark.parametrize("slug", sorted(KINDS))
def test_the_table_says_what_a_running_gitlab_said(slug: str) -> None:
    if not FACTS.exists():
        pytest.skip("the facts about GitLab are not beside the repository")
    fact = next(row for row in json.loads(FACTS.read_text()) if row["slug"] == slug)
    kind = KINDS[slug]
    assert kind.title == fact["title"]
    assert set(kind.events) == set(fact["events"])
    assert set(kind.broken_events) == set(fact["unassignable_events"])
    assert {**FLAGS, **kind.flags} == fact["flags_of_a_new_record"]
    assert kind.tracker == (fact["category"] == "issue_tracker")
    assert (kind.columns is not None) == (not fact["updated_at_moves_on_every_write"])
    assert kind.project_only == fact["project_only"]
    for field in fact["fields"]:
        ours = kind.named[field["name"]]
        assert ours.required == field.get("required", False), field
        assert ours.secret == field.get("secret", False), field
        assert ours.shown == (not field.get("hidden", False)), field
        assert ours.exposes == field.get("exposes_secrets", False), field
        assert ours.declared == (not field.get("read_only", False)), field
        assert ours.storable == (not field.get("unassignable", False)), field
    assert {f.name for f in kind.fields} == {field["name"] for field in fact["fields"]}


@pytest.mark.parametrize("slug", ON_PROJECTS)
def test_a_slug_lives_from_nothing_to_switched_off(slug: str) -> None:
    lab = Lab()
    assert lab.get(one(slug)).text == "404 Integration Not Found"
    assert lab.delete(one(slug)).status == 404
    shown = configure(lab, slug)
    assert shown["active"] is True
    assert shown["inherited"] is False
    assert lab.get(one(slug)).json == shown
    assert [item["slug"] for item in lab.get(f"{SHOP}/integrations").json] == [slug]
    assert lab.delete(one(slug)).status == 204
    assert lab.delete(one(slug)).status == 204
    left = lab.get(one(slug)).json
    assert left["active"] is False
    assert left["id"] == shown["id"]
    assert lab.get(f"{SHOP}/integrations").json == []
    again = configure(lab, slug)
    assert (again["id"], again["active"]) == (shown["id"], True)


@pytest.mark.parametrize("slug", ON_PROJECTS)
def test_required_parameters_are_named_together_and_on_every_put(slug: str) -> None:
    lab = Lab()
    missing = ", ".join(f"{f.name} is missing" for f in KINDS[slug].fields if f.required)
    assert lab.put(one(slug), {}).text == missing
    configure(lab, slug)
    assert lab.put(one(slug), {"use_inherited_settings": True}).text == missing
    assert lab.put(one(slug), {**BODIES[slug], "use_inherited_settings": True}).text == "Default integration not found."


@pytest.mark.parametrize("slug", ON_PROJECTS)
def test_no_secret_and_no_webhook_is_ever_shown(slug: str) -> None:
    lab = Lab()
    configure(lab, slug)
    shown = lab.get(one(slug)).json["properties"]
    hidden = {f.name for f in KINDS[slug].fields if f.secret} | {"webhook"}
    assert not hidden & shown.keys()


@pytest.mark.parametrize(
    ("slug", "name", "left"),
    [
        ("datadog", "datadog_site", "datadoghq.com"),
        ("apple-app-store", "app_store_protected_refs", True),
        ("google-play", "google_play_protected_refs", True),
        ("emails-on-push", "branches_to_be_notified", "all"),
        ("slack", "branches_to_be_notified", None),
        ("slack", "notify_only_broken_pipelines", None),
        ("jira", "issues_enabled", False),
        ("jira", "project_keys", []),
        ("jira", "jira_auth_type", 0),
        ("bamboo", "enable_ssl_verification", None),
        ("redmine", "project_url", None),
    ],
)
def test_switching_off_leaves_the_columns_default(slug: str, name: str, left: object) -> None:
    lab = Lab()
    configure(lab, slug)
    lab.delete(one(slug))
    assert lab.get(one(slug)).json["properties"][name] == left


def test_unsent_values_and_flags_stay_and_unknown_ones_are_dropped() -> None:
    lab = Lab()
    configure(lab, "slack", username="bot", push_events=False)
    shown = configure(lab, "slack", job_events=False, nonsense=1, active=False)
    assert (shown["properties"]["username"], shown["push_events"], shown["job_events"]) == ("bot", False, True)
    assert shown["active"] is True


def test_null_clears_a_text_and_shows_in_a_flag() -> None:
    lab = Lab()
    configure(lab, "slack", username="bot")
    shown = configure(lab, "slack", username=None, push_events=None)
    assert (shown["properties"]["username"], shown["push_events"]) == (None, None)


@pytest.mark.parametrize(
    ("sent", "text"),
    [
        ({"notify_only_broken_pipelines": "perhaps"}, "notify_only_broken_pipelines is invalid"),
        ({"push_events": "perhaps"}, "push_events is invalid"),
        ({"username": ["a"]}, "username is invalid"),
    ],
)
def test_wrong_types_are_named(sent: dict[str, Any], text: str) -> None:
    assert Lab().put(one("slack"), {**BODIES["slack"], **sent}).text == text


def test_an_answer_can_show_what_is_not_stored() -> None:
    lab = Lab()
    assert configure(lab, "datadog", datadog_env=" prod ")["properties"]["datadog_env"] == "prod"
    assert lab.get(one("datadog")).json["properties"]["datadog_env"] == " prod "
    assert (
        configure(lab, "emails-on-push", branches_to_be_notified=None)["properties"]["branches_to_be_notified"] is None
    )
    assert lab.get(one("emails-on-push")).json["properties"]["branches_to_be_notified"] == "all"


def test_datadogs_flags_follow_its_switch() -> None:
    lab = Lab()
    off = configure(lab, "datadog", pipeline_events=True)
    assert (off["pipeline_events"], off["job_events"]) == (False, False)
    on = configure(lab, "datadog", datadog_ci_visibility=True)
    assert (on["pipeline_events"], on["job_events"]) == (True, True)


def test_the_old_branch_switch_fills_an_empty_choice() -> None:
    lab = Lab()
    configure(lab, "pipelines-email", notify_only_default_branch=True, branches_to_be_notified=None)
    assert lab.get(one("pipelines-email")).json["properties"]["branches_to_be_notified"] == "default"


def test_an_exposing_change_without_the_secret_erases_it() -> None:
    lab = Lab()
    configure(lab, "squash-tm", token="t")
    row = next(iter(lab.world.table("integrations")))
    configure(lab, "squash-tm")
    assert row["values"]["token"] == "t"
    configure(lab, "squash-tm", url="https://moved.example.test")
    assert row["values"]["token"] is None


def test_jenkins_refuses_an_exposing_change_and_keeps_its_password() -> None:
    lab = Lab()
    configure(lab, "jenkins", username="u", password="p")
    answer = lab.put(one("jenkins"), {**BODIES["jenkins"], "jenkins_url": "https://moved.example.test"})
    assert '{:password=>["can\'t be blank"]}' in answer.text
    assert next(iter(lab.world.table("integrations")))["values"]["password"] == "p"
    assert lab.put(one("jenkins"), {**BODIES["jenkins"], "username": ""}).status == 500


def test_a_second_tracker_is_refused_until_the_first_is_off() -> None:
    lab = Lab()
    configure(lab, "jira")
    answer = lab.put(one("redmine"), {**BODIES["redmine"], "new_issue_url": ""})
    assert ':base=>["Another issue tracker is already in use.' in answer.text
    assert ":new_issue_url=>" in answer.text
    lab.delete(one("jira"))
    configure(lab, "redmine")


@pytest.mark.parametrize(("slug", "moves"), [("slack", True), ("asana", True), ("jira", False), ("redmine", False)])
def test_updated_at_moves_on_every_write_without_data_fields(slug: str, moves: bool) -> None:
    lab = Lab()
    before = configure(lab, slug)["updated_at"]
    lab.wait(5)
    assert (configure(lab, slug)["updated_at"] != before) == moves
    lab.wait(5)
    flag = KINDS[slug].events[0]
    assert configure(lab, slug, **{flag: False})["updated_at"] != before


@pytest.mark.parametrize("slug", [*NOWHERE, "zentao"])
def test_what_the_instance_lacks_is_not_available(slug: str) -> None:
    lab = Lab()
    body = BODIES.get(slug) or {f.name: "x" for f in KINDS[slug].fields if f.required}
    assert lab.put(one(slug), body).text == "400 Integration not available"
    assert lab.get(one(slug)).text == "404 Integration Not Found"
    assert lab.delete(one(slug)).text == "404 Integration Not Found"


@pytest.mark.parametrize("slug", ["apple-app-store", "github", "google-play", "jenkins"])
def test_project_slugs_are_refused_at_group_scope(slug: str) -> None:
    lab, path = Lab(), f"{GROUP}/integrations/{slug}"
    assert lab.put(path, BODIES[slug], who="olivia").text == "400 Integration not available"
    assert lab.get(path, who="olivia").status == 400


def test_a_licence_decides_about_github() -> None:
    assert Lab(licensed=False).put(one("github"), BODIES["github"]).text == "400 Integration not available"


def test_zentao_works_for_groups() -> None:
    shown = Lab().put(f"{GROUP}/integrations/zentao", BODIES["zentao"], who="olivia").json["properties"]
    assert shown == {"url": "https://z.example.test", "api_url": None, "zentao_product_xid": "3"}


@pytest.mark.parametrize(
    ("method", "status", "text"),
    [
        ("GET", 400, "slug does not have a valid value"),
        ("DELETE", 400, "slug does not have a valid value"),
        ("PUT", 404, "404 Not Found"),
    ],
)
@pytest.mark.parametrize("slug", ["nonsense", "emails_on_push", "prometheus", "mock-ci"])
def test_unknown_slugs(method: str, status: int, text: str, slug: str) -> None:
    answer = Lab().ask(method, one(slug), {} if method == "PUT" else None)
    assert (answer.status, answer.text) == (status, text)


@pytest.mark.parametrize(
    ("who", "project", "group"), [("olivia", 200, 200), ("mia", 200, 403), ("dev", 403, 403), ("outsider", 404, 404)]
)
def test_projects_need_a_maintainer_and_groups_an_owner(who: str, project: int, group: int) -> None:
    lab = Lab()
    assert lab.get(f"{SHOP}/integrations", who=who).status == project
    assert lab.get(f"{GROUP}/integrations", who=who).status == group
    assert lab.put(one("asana"), {}, who=who).status == (400 if project == 200 else project)
    assert lab.get(f"{SHOP}/integrations", who=None).status == 401


def test_only_groups_show_the_mention_channels() -> None:
    lab = Lab()
    assert "group_mention_channel" not in configure(lab, "slack")["properties"]
    shown = lab.put(f"{GROUP}/integrations/slack", BODIES["slack"], who="olivia").json
    assert shown["properties"]["group_mention_channel"] is None


def test_a_stale_date_stops_a_deletion() -> None:
    lab = Lab()
    configure(lab, "asana")
    assert lab.delete(one("asana"), if_unmodified_since="Wed, 01 Jan 2020 00:00:00 GMT").status == 412
    assert lab.delete(one("asana"), if_unmodified_since="never").status == 204


def test_the_old_name_of_the_path_works() -> None:
    lab = Lab()
    assert lab.put(f"{WEB}/services/asana", BODIES["asana"]).status == 200
    assert lab.get(f"{WEB}/services").json[0]["slug"] == "asana"


def test_before_17_9_only_what_was_set_is_shown_and_nothing_is_deleted_quietly() -> None:
    lab = Lab()
    lab.world.settings["version"] = "17.8.1-ee"
    assert lab.delete(one("slack")).status == 204
    assert "username" not in configure(lab, "slack")["properties"]
    assert configure(lab, "slack", username="bot")["properties"]["username"] == "bot"
