"""Verdicts of probes: how they are written, and what an answer means by a service's table and by its form.

Pure. Every sentence is written here or in a service's table and quotes no URL, header or body: any may hold a secret.
The signs are in the documentation that each service's file names.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from reconciler.core.flow import Answer, Failure, Response
from reconciler.core.resource import NOTHING, Health, Verdict
from reconciler.core.value import Plain
from reconciler.integrations.flows.answers import is_page

CREDENTIAL, GONE, THROTTLED, UNREACHABLE = "credential", "gone", "throttled", "unreachable"
MISLEADING, FAILING, REFUSED, SETTINGS, UNSURE = "misleading", "failing", "refused", "settings", "unsure"
"""Causes, told in a verdict's facts beside its sentence: what to look at when something is not healthy."""


def healthy(sentence: str, /, **facts: Plain) -> Verdict:
    """It works."""
    return Verdict(Health.HEALTHY, sentence, facts)


def degraded(sentence: str, cause: str, /, **facts: Plain) -> Verdict:
    """It works in part."""
    return Verdict(Health.DEGRADED, sentence, {"cause": cause, **facts})


def unhealthy(sentence: str, cause: str, /, **facts: Plain) -> Verdict:
    """It does not work."""
    return Verdict(Health.UNHEALTHY, sentence, {"cause": cause, **facts})


def unknown(sentence: str, cause: str = UNSURE, /, **facts: Plain) -> Verdict:
    """It cannot be told."""
    return Verdict(Health.UNKNOWN, sentence, {"cause": cause, **facts})


@dataclass(frozen=True, slots=True)
class Sign:
    """One row of a service's table: an answer of these statuses whose body has one of these words means this.

    No statuses: any. No words: any body. Words are compared in small letters.
    """

    statuses: tuple[int, ...]
    says: tuple[str, ...]
    health: Health
    sentence: str
    cause: str = ""

    def fits(self, answer: Response) -> bool:
        """Whether an answer is one of these."""
        if self.statuses and answer.status not in self.statuses:
            return False
        text = answer.text.lower() if self.says else ""
        return not self.says or any(word in text for word in self.says)

    @property
    def verdict(self) -> Verdict:
        """What it means."""
        return Verdict(self.health, self.sentence, {"cause": self.cause} if self.cause else NOTHING)


def judge(service: str, answer: Answer, signs: Iterable[Sign] = ()) -> Verdict:
    """What an answer means: the first row of `signs` that fits, else what the like means anywhere.

    A success that no row fits is `unknown`: a probe names what it takes as good.
    """
    verdict = _by_signs(answer, signs) or _by_form(service, answer)
    return verdict or unknown(f"{service} gave an answer that is none of its own", MISLEADING)


def trouble(service: str, answer: Answer, signs: Iterable[Sign] = ()) -> Verdict | None:
    """What is wrong by an answer's form, in the words of the first row of `signs` that fits it, if any does.

    None for a success that is no page: then the probe reads what it says.
    """
    wrong = _by_form(service, answer)
    return wrong and (_by_signs(answer, signs) or wrong)


# ---------------------------------------------------------------------------------------------------------------------


def _by_signs(answer: Answer, signs: Iterable[Sign]) -> Verdict | None:
    if isinstance(answer, Failure):
        return None
    return next((sign.verdict for sign in signs if sign.fits(answer)), None)


def _by_form(service: str, answer: Answer) -> Verdict | None:
    if isinstance(answer, Failure):
        return unhealthy(f"{service} cannot be reached: {answer.summary}", UNREACHABLE)
    status = answer.status
    if status == 429:
        return unknown(f"{service} refuses for now: too many requests", THROTTLED)
    if status == 408 or status >= 500:
        return unknown(f"{service} has trouble of its own ({status})", FAILING)
    if status in (401, 407):
        return unhealthy(f"{service} does not accept the credential", CREDENTIAL)
    if status == 403:
        return unhealthy(f"{service} forbids this to the credential", CREDENTIAL)
    if status in (404, 410):
        return unhealthy(f"{service} does not know it: it was removed, or the address is wrong", GONE)
    if 300 <= status < 400:
        return unhealthy(f"{service} redirects elsewhere, as sign-in pages and moved servers do", MISLEADING)
    if not answer.ok:
        return unhealthy(f"{service} refuses ({status})", REFUSED)
    if is_page(answer):
        return unhealthy(f"a web page answers in place of {service}: a sign-in page, or a wrong address", MISLEADING)
    return None
