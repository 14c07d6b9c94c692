"""Asks whether what is declared works: probes side by side, keeps what they find, tells of changes.

No probe has a visible effect. One credential is asked once a run: where nothing that a probe looked at differs, its
answer counts for the next entry too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from reconciler.core.address import Scope, key_of
from reconciler.core.errors import InputError, Problem, ReconcilerError, Severity, UsageError
from reconciler.core.events import Progress, Warned
from reconciler.core.health import TOKEN, HealthHistory, HealthReport, HealthResult, Transition, figures_of, merged
from reconciler.core.healthbook import (
    HealthBook,
    book_from_bytes,
    book_to_bytes,
    changed,
    entered,
    without_others,
)
from reconciler.core.resource import NOTHING, Health, Kind, Primitive, Subject
from reconciler.core.source import closest
from reconciler.engine.acting import act_on
from reconciler.engine.aside import readers
from reconciler.engine.probing import Found, credential_of, probe, shared
from reconciler.engine.refresh import Reader
from reconciler.engine.subjects import Known, Subjects, open_subjects, thresholds
from reconciler.engine.workspace import Workspace

DOCUMENT = "health"
"""The name of the document beside the state."""
IN_HISTORY = 1000
_TOLD_LINES = 20


@dataclass(frozen=True, slots=True)
class HealthOptions:
    """What is checked and what comes of it. `targets` and `exclude` are addresses, `*` matching within them.

    `record` keeps the results; `alert` tells the chat of the settings about changes (only of recorded ones).
    """

    targets: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    record: bool = True
    alert: bool = True


def check_health(ws: Workspace, options: HealthOptions) -> HealthReport:
    """Ask everything that is declared whether it works. Nothing that a probe meets is raised; it is the answer.

    Raises `InputError` for wrong manifests, `UsageError` for a target that is nothing.
    """
    begun, sent = ws.clock.now(), ws.requests_sent()
    subjects = open_subjects(ws)
    if subjects.problems:
        raise InputError(subjects.problems)
    everything = [TOKEN, *subjects] if ws.own_token else [*subjects]
    wanted = _selected(everything, options)
    known = [_token(ws) if address == TOKEN else subjects.of(address) for address in wanted]
    ws.route(one.subject for one in known)
    at = ws.timestamp().replace("+00:00", "Z")
    lacking = _lacking(ws, known)
    found = _probed(ws, known)
    results = tuple(
        _result(ws, one, answer, at, lacking.get(key_of(one.subject.address), ""))
        for one, answer in zip(known, found, strict=True)
    )
    report = HealthReport(results, checked_at=at)
    if options.record:
        report = _kept(ws, report, subjects, everything, alert=options.alert)
    return replace(report, seconds=ws.clock.now() - begun, requests=ws.requests_sent() - sent)


def health_history(ws: Workspace, address: str, limit: int = 50) -> HealthHistory:
    """The kept results of an address, newest first, from this machine and from beside the state.

    The figures are those of all that is kept, whatever the limit. Raises `UsageError` for an address that is nothing
    and of which nothing is kept.
    """
    results = merged(ws.history.of(address, IN_HISTORY), _book_if_any(ws).of(address))
    if not results and key_of(address) != key_of(TOKEN):
        open_subjects(ws).require(address)
    return HealthHistory(address, results[:limit], figures_of(results))


def unhealthy(ws: Workspace) -> tuple[HealthResult, ...]:
    """What did not work when it was checked last, as far as it is still declared or recorded."""
    there = {key_of(address) for address in (TOKEN, *open_subjects(ws))}
    last = last_results(ws)
    broken = [key for key, result in last.items() if key in there and result.status is Health.UNHEALTHY]
    return tuple(last[key] for key in sorted(broken))


def last_results(ws: Workspace) -> dict[str, HealthResult]:
    """The newest kept result of each address, by `key_of`, from this machine and from beside the state."""
    last: dict[str, HealthResult] = {}
    for result in sorted((*_book_if_any(ws).last(), *ws.history.last()), key=lambda result: result.last_check):
        last[key_of(result.address)] = result
    return last


# ---------------------------------------------------------------------------------------------------------------------


def _selected(addresses: Sequence[str], options: HealthOptions) -> list[str]:
    for target in options.targets:
        if not any(_meant(target, address) for address in addresses):
            raise UsageError(f"nothing is declared or recorded as `{target}`", hint=closest(target, addresses))
    chosen = [a for a in addresses if not options.targets or any(_meant(target, a) for target in options.targets)]
    return [address for address in chosen if not any(_meant(unwanted, address) for unwanted in options.exclude)]


def _meant(pattern: str, address: str) -> bool:
    return fnmatchcase(key_of(address), key_of(pattern))


def _token(ws: Workspace) -> Known:
    """Our own token, as something that is probed."""
    assert ws.own_token is not None
    facts = {"thresholds": thresholds(ws)}
    subject = Subject(TOKEN, "token", Scope.instance(), NOTHING, facts, ws.clock.now())
    kind = Kind("token", "GitLab token", "The token that we use.", "gitlab", None, (), probe=ws.own_token)
    return Known(subject, kind, None)


def _lacking(ws: Workspace, known: Iterable[Known]) -> dict[str, str]:
    """Integrations that GitLab does not have, switched off ones included: their services may work all the same."""
    theirs = [k for k in known if k.kind.shape and k.kind.shape.primitive is Primitive.INTEGRATION]
    reader = Reader(ws.provider, ws.shapes, ws.listener, parallelism=ws.parallelism)
    reader.prefetch((Primitive.INTEGRATION, one.subject.scope) for one in theirs)
    found = {}
    for one in theirs:
        listing = reader.listing(Primitive.INTEGRATION, one.subject.scope)
        assert one.kind.shape is not None
        slug = one.kind.shape.name
        if not listing.unknown and not any(item.identity.get("slug") == slug for item in listing.items):
            said = "GitLab has it no longer" if one.home else "GitLab does not have it yet"
            found[key_of(one.subject.address)] = f"{said}; `apply` creates it"
    return found


def _probed(ws: Workspace, known: Sequence[Known]) -> list[Found]:
    """Each entry's answer. Of entries with one credential the first is asked, then those that its answer cannot be
    for; all others share.
    """
    answers: dict[int, Found] = {}
    groups: dict[object, list[int]] = {}
    for n, one in enumerate(known):
        groups.setdefault(credential_of(one) or n, []).append(n)
    with readers(max(1, min(ws.parallelism, len(known) or 1))) as pool:
        firsts = [members[0] for members in groups.values()]
        _ask(ws, pool, known, firsts, answers)
        seconds: dict[object, list[int]] = {}
        for key, members in groups.items():
            first = answers[members[0]]
            for n in members[1:]:
                looked_at = first.looked_at(known[n])
                if looked_at == first.looked_at(known[members[0]]):
                    answers[n] = shared(first, known[members[0]].subject.address)
                else:
                    seconds.setdefault((key, looked_at), []).append(n)
        _ask(ws, pool, known, [members[0] for members in seconds.values()], answers)
        for members in seconds.values():
            for n in members[1:]:
                answers[n] = shared(answers[members[0]], known[members[0]].subject.address)
    return [answers[n] for n in range(len(known))]


def _ask(
    ws: Workspace, pool: ThreadPoolExecutor, known: Sequence[Known], chosen: Sequence[int], answers: dict[int, Found]
) -> None:
    for n, found in zip(chosen, pool.map(lambda n: probe(ws, known[n]), chosen), strict=True):
        answers[n] = found
        ws.listener.on_event(Progress(f"asked {known[n].subject.address}", len(answers), len(known)))


def _result(ws: Workspace, one: Known, found: Found, at: str, lacking: str) -> HealthResult:
    status, sentence = found.verdict.status, found.verdict.sentence
    slow_ms = ws.settings.health.slow_ms
    if status is Health.HEALTHY and found.took_ms is not None and found.took_ms > slow_ms:
        status, sentence = Health.DEGRADED, f"{sentence}, but slowly: {found.took_ms} ms, and {slow_ms} are allowed"
    if lacking:
        status = Health.UNHEALTHY
        sentence = f"{lacking}; {sentence}" if sentence and one.kind.probe else lacking
    return HealthResult(
        one.subject.address,
        one.kind.name,
        status,
        found.took_ms,
        at,
        sentence,
        found.verdict.facts,
        found.shared_with,
        one.place,
    )


def _kept(
    ws: Workspace, report: HealthReport, subjects: Subjects, everything: Iterable[str], *, alert: bool
) -> HealthReport:
    """Keep results here and beside the state, and tell of changes; what fails of that is a warning.

    A change that the chat was to be told of, and was not, is one for the next run too.
    """
    alerts = ws.settings.health.alerts
    on = alerts.on if alerts else tuple(status.value for status in Health)
    problems: list[Problem] = []
    transitions: tuple[Transition, ...] = ()
    told: bool | None = None
    everything = list(everything)
    if alerts and alert and not any(key_of(alerts.through) == key_of(address) for address in everything):
        detail, near = f"`health.alerts.through` names {alerts.through}", closest(alerts.through, everything)
        problems.append(Problem("alerts go nowhere", detail, near or "declare it", severity=Severity.WARNING))
    try:
        book = _book(ws)
        transitions = changed(book, report.results, on)
        if transitions and alerts and alert:
            told = _tell(ws, subjects, alerts.through, transitions, problems)
        book = entered(book, report.results, on, untold=transitions if alerts and not told else ())
        ws.backend.beside(DOCUMENT).write(book_to_bytes(without_others(book, everything)))
    except ReconcilerError as error:
        problems.append(_warning("health could not be kept beside the state", error))
    try:
        ws.history.add(report.results)
    except ReconcilerError as error:
        problems.append(_warning("health could not be kept on this machine", error))
    return replace(report, transitions=transitions, told=told, problems=tuple(problems))


def _tell(
    ws: Workspace, subjects: Subjects, through: str, transitions: Sequence[Transition], problems: list[Problem]
) -> bool:
    """Tell the chat of changes in one message; False, and a warning, where that did not work."""
    rows = [f"{t.after.value}: {t.address} (was {t.before.value}): {t.sentence}" for t in transitions[:_TOLD_LINES]]
    if len(transitions) > _TOLD_LINES:
        rows.append(f"and {len(transitions) - _TOLD_LINES} more")
    try:
        act_on(ws, subjects.of(through), "notify", {"text": "\n".join(["Health has changed.", *rows])})
    except ReconcilerError as error:
        problems.append(_warning("changes of health could not be told", error, through))
        return False
    return True


def _book_if_any(ws: Workspace) -> HealthBook:
    """The book, an empty one where it cannot be had: this machine has a history of its own."""
    try:
        return _book(ws)
    except ReconcilerError as error:
        ws.listener.on_event(Warned(f"what is kept beside the state cannot be read: {error.message}", error.hint))
        return HealthBook()


def _book(ws: Workspace) -> HealthBook:
    return book_from_bytes(ws.backend.beside(DOCUMENT).read())


def _warning(summary: str, error: ReconcilerError, address: str = "") -> Problem:
    return Problem(summary, error.message, error.hint, address=address or None, severity=Severity.WARNING)
