"""What was declared, as values: targets, templates, entries, and everything that the loaded files hold.

An entry is one name under `integrations`, `webhooks` or `oauth_applications`, with its template merged in and its
references unresolved. Entries under `targets` have no scope until `targets.expand` gives them one for each project.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from reconciler.core.address import Scope, address_of
from reconciler.core.errors import Place
from reconciler.core.quick import quick
from reconciler.core.resource import NOTHING, Lifecycle, Origin
from reconciler.core.value import Value


@dataclass(frozen=True, slots=True)
class Targets:
    """Which projects a document is for.

    `projects` and `exclude` are paths, in which `*` stands for one segment (or a part of one) and `**` for any number.
    A project needs every one of `topics`; archived ones count only with `archived`.
    """

    projects: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    archived: bool = False
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Template:
    """Shared settings for entries of one kind: `default_config` goes under what an entry writes itself.

    `required_fields` must be there when both are put together. A built-in template has no place.
    """

    name: str
    kind: str
    description: str = ""
    default_config: Mapping[str, Value] = NOTHING
    required_fields: tuple[str, ...] = ()
    place: Place | None = None
    lines: Mapping[str, tuple[int, int]] = field(default=NOTHING, compare=False)


@quick
@dataclass(frozen=True, slots=True)
class Entry:
    """One declared thing.

    - `kind`: a key of `Catalogue.kinds`; for webhooks and applications that of their section.
    - `scope` or `targets`: one of the two.
    - `values`: the manifest's fields in effect, the template's included. Text with references is `Text`.
    - `inherit`: the project uses the group's integration, and states nothing itself.
    - `deliver`: where an OAuth application's generated credentials go.
    - `lines`: (line, column) of each field that the entry itself states, in the file of `place`.
    - `defaulted`: names of the fields that came from the template.
    - `replaces`: where the entry of a glob stands that this explicit one replaces.
    """

    section: str
    name: str
    kind: str
    scope: Scope | None
    values: Mapping[str, Value]
    targets: Targets | None = None
    inherit: bool = False
    template: str = ""
    deliver: Mapping[str, Any] = NOTHING
    lifecycle: Lifecycle = Lifecycle()
    place: Place | None = None
    lines: Mapping[str, tuple[int, int]] = field(default=NOTHING, compare=False)
    defaulted: frozenset[str] = frozenset()
    replaces: Place | None = None
    origin: Origin = Origin.MANIFEST
    alias: str = ""

    @property
    def address(self) -> str:
        """The entry's address; under `targets`, where it has none yet, section and name."""
        return address_of(self.scope.path, self.section, self.name) if self.scope else f"{self.section}.{self.name}"


@dataclass(frozen=True, slots=True)
class Declarations:
    """Everything that the loaded files declare.

    `digest` depends on the files' contents and not on their order or names.
    """

    entries: tuple[Entry, ...] = ()
    templates: Mapping[str, Template] = NOTHING
    files: tuple[str, ...] = ()
    digest: str = ""
