"""Plans, reports and problems to be shown: one of everything that a view must cope with."""

from __future__ import annotations

from dataclasses import replace

from reconciler.core.address import Scope, ScopeType
from reconciler.core.errors import Place, Problem, Severity
from reconciler.core.plan import Blocked, Change, Mover, Plan, Reason, SecretUse, Step, StepAction
from reconciler.core.report import Outcome, Report, StepStatus, Validation
from reconciler.core.resource import Primitive

ESC = "\x1b"
EVIL = f"{ESC}[31mred{ESC}[0m {ESC}]0;title\x07\u202egnp.exe @all <b>\nsecond line"


def project(path: str) -> Scope:
    return Scope(ScopeType.PROJECT, path)


def step(action: StepAction, address: str, *reasons: Reason, **more: object) -> Step:
    path, _, entry = address.partition(":")
    hook = entry.startswith("webhooks")
    made = Step(
        address=address,
        action=action,
        reasons=reasons,
        primitive=Primitive.HOOK if hook else Primitive.INTEGRATION,
        kind="webhook" if hook else "slack",
        shape="hook" if hook else "slack",
        scope=project(path),
    )
    return replace(made, **more)  # type: ignore[arg-type]


CREATE = step(
    StepAction.CREATE,
    "myorg/shop:integrations.chat",
    Reason.NEW,
    fields={"channel": "#deployments", "events": ("merge_request", "push"), "active": True},
    secrets={"webhook_url": SecretUse("${env:SLACK_WEBHOOK_URL}", write=True)},
    defaults={"username": None, "notify_only_default_branch": False},
    notes=("install an app with incoming webhooks in Slack",),
    source="manifests/shop.yaml:4",
)
DRIFTED = Change("url", "https://a.example/x", "https://evil.example/x", "https://a.example/x", Mover.OUTSIDE)
UPDATE = step(
    StepAction.UPDATE,
    "myorg/shop:webhooks.deploy",
    Reason.DRIFTED,
    Reason.ROTATED,
    changes=(
        DRIFTED,
        Change("push_events", True, True, False, Mover.AUTHOR),
        Change("token", mover=Mover.AUTHOR, secret=True),
    ),
    secrets={
        "token": SecretUse("${env:HOOK_TOKEN}", write=True),
        "custom_headers.X-Team": SecretUse("${env:TEAM}", write=False),
    },
    source="manifests/shop.yaml:18:3",
)
FLEET = tuple(
    step(StepAction.CREATE, f"myorg/p{n:03}:webhooks.audit", Reason.NEW, fields={"url": "https://audit.example/in"})
    for n in range(25)
)
DELETE = step(StepAction.DELETE, "myorg/old:integrations.chat", Reason.UNDECLARED, id=7)
MOVE = step(StepAction.MOVE, "myorg/shop:webhooks.new", Reason.RENAMED, previous="myorg/shop:webhooks.old", id=9)
REPLACE = step(
    StepAction.REPLACE,
    "myorg/web:webhooks.ci",
    Reason.FIXED,
    changes=(Change("url_variables", ("a",), ("a",), ("b",)),),
)
ADOPT = step(
    StepAction.ADOPT,
    "myorg/api:integrations.chat",
    Reason.NOT_OURS_YET,
    changes=(Change("channel", None, "#old", "#new"),),
    send=("channel",),
)
FORGET = step(StepAction.FORGET, "myorg/api:webhooks.gone", Reason.GONE)
BLOCKED = (
    Blocked("myorg/x:webhooks.deploy", "the project cannot be read (403)"),
    Blocked("myorg/x:integrations.chat", "the project cannot be read (403)"),
)
BRAKE = Problem("too many deletions", "25 planned, 20 at most", "look at the list")
WARNING = Problem("a secret is not set here", "${env:TEAM}", severity=Severity.WARNING)

PLAN = Plan(
    steps=(CREATE, UPDATE, *FLEET, DELETE, MOVE, REPLACE, ADOPT, FORGET),
    unchanged=("myorg/shop:integrations.tracker",),
    blocked=BLOCKED,
    drift={"myorg/shop:webhooks.deploy": (DRIFTED,)},
    uncompared=(("myorg/shop:webhooks.deploy", "custom_headers.X-Team", "${env:TEAM}"),),
    matched=("myorg/p024",),
    problems=(WARNING,),
    notes=("the sandbox is in use",),
    environment="production",
    gitlab_url="https://gitlab.example",
    tool_version="0.1.0",
    records=40,
    forecast=60,
)
EMPTY = Plan(unchanged=("myorg/shop:integrations.chat", "myorg/shop:webhooks.deploy"))

PLACE = Place("manifests/shop.yaml", 7, 5, "    chanel: '#x'\n")
UNKNOWN_KEY = Problem(
    "unknown key", "`chanel`", "did you mean `channel`?", PLACE, address="myorg/shop:integrations.chat"
)
VALIDATION = Validation((UNKNOWN_KEY, WARNING), ("manifests/shop.yaml", "manifests/web.yaml"), 3, {"slack": 2})

REPORT = Report(
    outcomes=(
        Outcome("myorg/shop:integrations.chat", "create", StepStatus.DONE, seconds=0.31),
        Outcome("myorg/shop:webhooks.deploy", "update", StepStatus.FAILED, "422: url is blocked", "allow it"),
        Outcome("myorg/web:webhooks.ci", "create", StepStatus.SKIPPED, "myorg/shop:webhooks.deploy failed"),
    ),
    settled=(("myorg/api:webhooks.x", "it was created"),),
    serial=4,
    seconds=1.26,
    requests=9,
    outputs={"@instance:oauth_applications.portal": "abc"},
)
