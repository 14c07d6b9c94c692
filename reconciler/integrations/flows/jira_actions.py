"""What people may ask of Jira: the actions with their parameters.

Data; what they do stands in `jira`, `jira_sync` and `jira_merge_requests`.
"""

from __future__ import annotations

from reconciler.core.resource import Action, Field, FieldType
from reconciler.integrations.flows import jira, jira_merge_requests, jira_sync

_ISSUE = Field("issue", FieldType.STRING, "Key of the issue.", required=True, example="PROJ-12")
_PROJECT = Field("project_key", FieldType.STRING, "Jira project, in place of the entry's.")
_TYPE = Field("issue_type", FieldType.STRING, "Type of the issue, by its name in the project.", example="Bug")
_LABELS = Field("labels", FieldType.STRINGS, "Labels; blanks become `_`.")
_FIELDS = Field("fields", FieldType.DATA, "Further fields by Jira's ids, as a JSON object.")
_DESCRIPTION = Field("description", FieldType.STRING, "What the issue is about.")
_PRIORITY = Field("priority", FieldType.STRING, "Priority, by its name.")
_CONFIDENTIAL = Field("confidential", FieldType.BOOLEAN, "Bring confidential issues too.")
_CONFLICT = Field(
    "on_conflict",
    FieldType.STRING,
    "What to do where both sides have changed.",
    choices=("report", "overwrite"),
    default="report",
)

ACTIONS = (
    Action(
        "sync-issues",
        "Bring GitLab's issues to Jira, those that changed since the last time; repeatable",
        jira_sync.sync_issues,
        (
            _TYPE,
            Field("closed", FieldType.BOOLEAN, "Make Jira issues of closed issues, too."),
            _CONFIDENTIAL,
            _CONFLICT,
            _FIELDS,
        ),
    ),
    Action(
        "sync-issue",
        "Bring one issue to Jira",
        jira_sync.sync_issue,
        (
            Field("iid", FieldType.INTEGER, "Number of the GitLab issue.", required=True, example=123),
            Field("title", FieldType.STRING, "Title, in place of GitLab's."),
            Field("description", FieldType.STRING, "Description, in place of GitLab's."),
            _LABELS,
            Field("state", FieldType.STRING, "State, in place of GitLab's.", choices=("opened", "closed")),
            _PROJECT,
            _TYPE,
            Field("closed", FieldType.BOOLEAN, "Make a Jira issue even of a closed one."),
            _CONFIDENTIAL,
            _CONFLICT,
            _FIELDS,
        ),
    ),
    Action(
        "sync-merge-requests",
        "Link merge requests and their state to the Jira issues that they name; repeatable",
        jira_merge_requests.sync_merge_requests,
    ),
    Action(
        "link-commit",
        "Link a commit to Jira issues",
        jira_merge_requests.link_commit,
        (
            Field("commit", FieldType.STRING, "The commit: its id, or a branch or tag.", required=True),
            Field("issues", FieldType.STRINGS, "Keys of the issues, in place of those that its message names."),
        ),
    ),
    Action(
        "link",
        "Link an issue to an address",
        jira.link,
        (
            _ISSUE,
            Field("url", FieldType.STRING, "Where the link leads.", required=True),
            Field("title", FieldType.STRING, "What the link says; its address by default."),
            Field("relationship", FieldType.STRING, "Heading under which Jira shows it."),
            Field("resolved", FieldType.BOOLEAN, "Show it as done."),
            Field("global_id", FieldType.STRING, "What makes it one link; its address by default."),
        ),
    ),
    Action(
        "create-issue",
        "Make an issue",
        jira.create_issue,
        (
            Field("summary", FieldType.STRING, "Title of the issue.", required=True),
            _DESCRIPTION,
            _TYPE,
            _PROJECT,
            _LABELS,
            _PRIORITY,
            Field("parent", FieldType.STRING, "Key of the epic or issue that it belongs to."),
            _FIELDS,
            Field("marker", FieldType.STRING, "Word by which the issue is known again; none is made a second time."),
        ),
    ),
    Action(
        "update-issue",
        "Change an issue",
        jira.update_issue,
        (
            _ISSUE,
            Field("summary", FieldType.STRING, "Title of the issue."),
            _DESCRIPTION,
            Field("labels", FieldType.STRINGS, "Labels that are added."),
            _PRIORITY,
            Field("parent", FieldType.STRING, "Key of the epic or issue that it belongs to."),
            _FIELDS,
        ),
    ),
    Action(
        "comment",
        "Comment on an issue; the same text once",
        jira.comment,
        (_ISSUE, Field("text", FieldType.STRING, "What is said.", required=True)),
    ),
    Action(
        "transition",
        "Move an issue along its workflow",
        jira.transition,
        (
            _ISSUE,
            Field("to", FieldType.STRING, "Status, name of a transition, or `new`, `indeterminate`, `done`."),
            Field("transition_id", FieldType.STRING, "Id of the transition, or several, the first possible one."),
        ),
    ),
)
