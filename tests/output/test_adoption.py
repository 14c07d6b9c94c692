"""What people see of an adoption."""

from __future__ import annotations

from dataclasses import replace

from reconciler.core.address import Scope, ScopeType
from reconciler.core.adopt import LeftOut
from reconciler.core.adopted import ManifestFile, Manifests, Variable
from reconciler.core.adoption import Adoption
from reconciler.core.errors import Problem
from reconciler.core.plan import Blocked, Change, Plan, Reason, Step, StepAction
from reconciler.core.resource import Primitive
from reconciler.core.state import Record
from reconciler.output.human.adoption import MOST, adoption
from reconciler.output.terminal import plain_text

SHOP = Scope(ScopeType.PROJECT, "myorg/shop")
CHAT = "myorg/shop:integrations.slack"
TOKEN = Variable("MYORG_SHOP_SLACK_WEBHOOK_URL", CHAT, "webhook_url")
FOUND = Adoption(
    Manifests(
        (ManifestFile("manifests/myorg/shop.yaml", "project: myorg/shop\n", {}),), (TOKEN,), {"slack": 2}, {"myorg": 3}
    ),
    (Record(CHAT, Primitive.INTEGRATION, "slack", "slack", SHOP, 1),),
    (LeftOut("myorg/shop", "jira", "recorded as myorg/shop:integrations.jira"),),
    (LeftOut("myorg/shop", "tomorrow", "this reconciler does not know it; a newer one may"),),
    Plan(unchanged=(CHAT,), uncompared=((CHAT, "webhook_url", "${env:MYORG_SHOP_SLACK_WEBHOOK_URL}"),)),
    written=True,
    recorded=True,
    serial=1,
)


def test_what_was_written_left_out_and_is_to_be_set_is_listed_and_the_proof_comes_last() -> None:
    assert plain_text(adoption(FOUND)) == (
        "wrote manifests/myorg/shop.yaml\n"
        "template `slack` for 2 entries with the same settings\n"
        "`targets: myorg/**` for 3 objects that every project below has\n"
        "\n"
        "Left out:\n"
        "  SCOPE       WHAT      WHY\n"
        "  myorg/shop  tomorrow  this reconciler does not know it; a newer one may\n"
        "\n"
        "Variables to set, in your shell and in CI, before an apply can write these secrets:\n"
        "  VARIABLE                      FOR\n"
        "  MYORG_SHOP_SLACK_WEBHOOK_URL  webhook_url of myorg/shop:integrations.slack\n"
        "\n"
        "Adopted 1 object of 1 scope (1 object ours already): the next plan is empty, with 1 secret taken on trust.\n"
    )


def test_what_is_ours_already_is_listed_when_everything_is_wanted() -> None:
    assert "Ours already:" in plain_text(adoption(FOUND, verbose=True))


def test_what_is_left_out_of_many_scopes_for_one_reason_is_shown_once() -> None:
    same = tuple(LeftOut(f"myorg/{name}", "discord", "it uses the settings of a group") for name in ("a", "b", "c"))

    shown = plain_text(adoption(replace(FOUND, left_out=same)))

    assert "  myorg/a and 2 more  discord  it uses the settings of a group\n" in shown
    assert "myorg/c" not in shown
    assert "myorg/c" in plain_text(adoption(replace(FOUND, left_out=same), verbose=True))


def test_a_schema_that_is_not_there_is_said_with_the_command_that_writes_it() -> None:
    assert "`reconciler schema --out schemas/x.json`" in plain_text(adoption(FOUND, lacking="schemas/x.json"))
    assert "schema" not in plain_text(adoption(replace(FOUND, written=False), lacking="schemas/x.json"))


def test_long_lists_are_cut_and_say_so() -> None:
    many = tuple(LeftOut("myorg/shop", f"thing {n}", "why") for n in range(MOST + 2))

    assert "and 2 more; -v shows all" in plain_text(adoption(replace(FOUND, left_out=many)))
    assert "thing 41" in plain_text(adoption(replace(FOUND, left_out=many), verbose=True))


def test_a_plan_that_is_not_empty_says_what_is_in_the_way() -> None:
    step = Step(
        CHAT,
        StepAction.UPDATE,
        (Reason.DRIFTED,),
        Primitive.INTEGRATION,
        "slack",
        "slack",
        SHOP,
        changes=(Change("channel"),),
    )
    plan = Plan((step,), blocked=(Blocked("myorg/shop:webhooks.a", "no rights"),), problems=(Problem("bad", "worse"),))
    text = plain_text(adoption(replace(FOUND, plan=plan)))

    assert f"  {CHAT}  update channel\n" in text
    assert "  myorg/shop:webhooks.a  no rights\n" in text
    assert "  error: bad: worse\n" in text
    assert text.endswith(
        "Not proven: adopted 1 object of 1 scope (1 object ours already), and the next plan is not empty.\n"
    )


def test_a_folder_that_nobody_reads_is_said() -> None:
    assert "hint: other commands read `elsewhere`" in plain_text(adoption(replace(FOUND, beside="elsewhere")))
