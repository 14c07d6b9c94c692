"""Shows what became of an apply: done, failed, skipped because, and the command that resumes."""

from __future__ import annotations

from reconciler.core.report import Report, StepStatus
from reconciler.output.document import BLANK, Document, Line, Span, Style, heading, hint, line, listed, plural
from reconciler.output.human.plan import blocked


def report(
    outcome: Report, *, resume: str = "reconciler apply", said: bool = False, previewed: bool = False
) -> Document:
    """An apply's report as a document. What is done was said while it happened, so only the rest is listed; `said`:
    the same holds for what was settled; `previewed`: the plan was shown just before, and what it could not decide.
    """
    rows: list[Line] = []
    if outcome.settled and not said:
        rows.append(heading("Settled from an interrupted run:"))
        rows += [line(Span(address, Style.NAME), f"  {what}", indent=2) for address, what in outcome.settled]
        rows.append(BLANK)
    rows += _failed(outcome)
    rows += _skipped(outcome)
    rows += [] if previewed else blocked(outcome.blocked)
    if outcome.outputs:
        rows.append(heading("To know:"))
        rows += [
            line("client id of ", Span(address, Style.NAME), f": {value}", indent=2)
            for address, value in outcome.outputs.items()
        ]
        rows.append(BLANK)
    return [*rows, summary(outcome, resume=resume)]


def summary(outcome: Report, *, resume: str = "reconciler apply") -> Line:
    """The last line: the count, the time, and the command that resumes."""
    done, failed, skipped = (
        len(outcome.of(status)) for status in (StepStatus.DONE, StepStatus.FAILED, StepStatus.SKIPPED)
    )
    said = f"{done} done"
    said += f", {failed} failed" if failed else ""
    said += f", {skipped} skipped" if skipped else ""
    said += f", {len(outcome.blocked)} blocked" if outcome.blocked else ""
    good = not (failed or skipped or outcome.blocked or outcome.interrupted)
    head = "Applied: " if good else "Interrupted: " if outcome.interrupted else "Applied in part: "
    if not done and (failed or skipped) and not outcome.interrupted:
        head = "Not applied: "
    if good and not outcome.outcomes:
        return line(Span("Nothing to do", Style.GOOD), ": GitLab is what the manifests say.")
    cost = f" in {outcome.seconds:.1f} s with {plural(outcome.requests, 'request')}" if outcome.requests else ""
    tail = "." if good else f". To go on: {resume}"
    return line(Span(head, Style.GOOD if good else Style.BAD), said, cost, tail)


# ---------------------------------------------------------------------------------------------------------------------


def _failed(outcome: Report) -> list[Line]:
    failed = outcome.of(StepStatus.FAILED)
    rows = [heading("Failed:")] if failed else []
    for one in failed:
        rows.append(line(Span(one.address, Style.NAME), f"  {one.action}: ", Span(one.message, Style.BAD), indent=2))
        if one.hint:
            rows.append(hint(one.hint, indent=4))
    return [*rows, BLANK] if rows else []


def _skipped(outcome: Report) -> list[Line]:
    by_cause: dict[str, list[str]] = {}
    for one in outcome.of(StepStatus.SKIPPED):
        by_cause.setdefault(one.message, []).append(one.address)
    rows = [heading("Skipped:")] if by_cause else []
    rows += [line(listed(names), f", because {cause}", indent=2) for cause, names in by_cause.items()]
    return [*rows, BLANK] if rows else []
