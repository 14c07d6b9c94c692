"""Moving a Jira issue along its workflow.

Pure flows. Transitions have other ids in every workflow, so one is chosen by where it leads. Source:
https://developer.atlassian.com/cloud/jira/platform/rest/v3/
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from reconciler.core.flow import Flow
from reconciler.integrations.flows.answers import mapping, objects, shown
from reconciler.integrations.flows.jira_issue import path_of
from reconciler.integrations.flows.jira_site import Site


def move(site: Site, key: str, towards: Sequence[str], ids: str = "") -> Flow[bool]:
    """Take the first possible of some transitions: of `ids` (numbers, `,` or `;` between), else one whose name, target
    status or target category (`new`, `indeterminate`, `done`) is among `towards`. False where none is possible."""
    answer = yield from site.look(f"{path_of(key)}/transitions", "read the issue's transitions")
    rows = objects(shown(answer).get("transitions"))
    possible = {str(row.get("id")) for row in rows}
    chosen = next((one for one in re.split(r"[,;\s]+", ids) if one and one in possible), "")
    for wanted in towards:
        for row in rows:
            to = mapping(row.get("to"))
            names = (row.get("name"), to.get("name"), mapping(to.get("statusCategory")).get("key"))
            if not chosen and wanted.lower() in {str(name).lower() for name in names}:
                chosen = str(row.get("id"))
    if not chosen:
        return False
    yield from site.write("POST", f"{path_of(key)}/transitions", "move the issue", {"transition": {"id": chosen}})
    return True
