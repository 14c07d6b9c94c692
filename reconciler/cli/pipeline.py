"""A child pipeline as text: for every part of a fleet a plan and an apply, and one report over all.

Pure. Rules of GitLab that it keeps: at most 128 characters in a job's name, distinct artifact names, no empty pipeline,
no widget of a merge request that reads a child's reports (so a note), `CI_PIPELINE_SOURCE` says `parent_pipeline` in a
child.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Sequence
from pathlib import PurePath

_HEAD = """\
# Written by `reconciler ci generate`: write it anew when manifests come or go.
stages: [plan, report, apply]

workflow:
  rules:
    - when: always   # without rules a child of a merge request's pipeline would be empty

default:
  image: python:3.11-slim
  before_script:
    - pip install --quiet reconciler
"""
_PLAN = """
plan {name}:
  stage: plan
  interruptible: true
  script:
    - {plan}
  allow_failure:
    exit_codes: [2]
  artifacts:
    when: always
    access: developer
    expire_in: 1 week
    paths: [{file}]
"""
_APPLY = """
apply {name}:
  stage: apply
  interruptible: false
  needs: [{needs}]
  rules:
    - if: $CI_MERGE_REQUEST_IID
      when: never
    - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH
      when: manual
      allow_failure: false
  script:
    - {apply}
  resource_group: {group}
"""
_REPORT = """
report:
  stage: report
  when: always
  script:
    - {report}
  artifacts:
    when: always
    access: developer
    expire_in: 1 week
    paths: [plan.html]
    reports:
      junit: plan.xml
"""
_LONGEST = 60


def pipeline(
    parts: Sequence[PurePath], shared: Sequence[str], *, state: str, environment: str | None, settings: str = ""
) -> str:
    """The pipeline's text; every part gets the state's URL with its own name behind it. `settings` is the settings
    file where that is not the usual one."""
    rows, files = [_HEAD], []
    known = f" --settings {shlex.quote(settings)}" if settings else ""
    group = "-".join(["reconciler", *(re.findall(r"[A-Za-z0-9_]+", environment or ""))])
    for name, path in _named(parts):
        manifests = " ".join(f"-m {shlex.quote(str(each))}" for each in (path.as_posix(), *shared))
        chosen = f" -e {shlex.quote(environment)}" if environment else ""
        common = f"--state {shlex.quote(_state(state, name))}{chosen}{known}"
        file = f"plan-{name}.json"
        files.append(file)
        rows += [
            _PLAN.format(
                name=name,
                file=file,
                plan=json.dumps(f"reconciler plan {manifests} {common} --out {file} --detailed-exitcode"),
            ),
            _APPLY.format(
                name=name,
                needs=json.dumps(f"plan {name}"),
                apply=json.dumps(f"reconciler apply {file} {common}"),
                group=f"{group}-{name}",
            ),
        ]
    report = f"reconciler ci report {' '.join(files)} --report html=plan.html --report junit=plan.xml --note{known}"
    return "".join([*rows, _REPORT.format(report=json.dumps(report))])


# ---------------------------------------------------------------------------------------------------------------------


def _named(parts: Sequence[PurePath]) -> list[tuple[str, PurePath]]:
    """Each part with a name that no other has."""
    taken: dict[str, PurePath] = {}
    for part in parts:
        stem = re.sub(r"[^a-z0-9]+", "-", part.stem.lower()).strip("-")[:_LONGEST] or "part"
        name, number = stem, 2
        while name in taken:
            name, number = f"{stem}-{number}", number + 1
        taken[name] = part
    return list(taken.items())


def _state(state: str, name: str) -> str:
    """A state of a part's own, beside the common one."""
    folder, slash, last = state.rpartition("/")
    stem, dot, ending = last.rpartition(".")
    return f"{folder}{slash}" + (f"{stem}-{name}.{ending}" if dot and ending == "json" else f"{last}-{name}")
