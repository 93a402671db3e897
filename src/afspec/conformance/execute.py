"""Asking: every check once in a run, whoever needs its answer; one cause is named once, all that it stops point to it.

What a check rests on is asked first. Where a check does not pass, what it rests on is asked again: a scheduler that
died half-way is the cause, not each of the jobs that were never heard of.
"""

from __future__ import annotations

import hashlib
import re
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from afspec.conformance.checks import function_of
from afspec.conformance.evidence import Evidence, now
from afspec.conformance.preflight import preflight
from afspec.conformance.probe import Probe
from afspec.conformance.store import Told
from afspec.conformance.trouble import FailedError, Trouble, UnverifiedError
from afspec.report.model import Attempt, Cause, Problem
from afspec.verdict import Outcome, Reason

if TYPE_CHECKING:
    from afspec.conformance.catalogue import Check
    from afspec.conformance.plan import Instance
    from afspec.conformance.run import Run
    from afspec.conformance.store import Store
    from afspec.report.model import EvidenceRef

# Seconds between two probes with bad credentials, so that no site takes them for an attack.
_BAD_CREDENTIALS_EVERY = 2.0
_BAD = {Outcome.FAIL, Outcome.UNVERIFIED, Outcome.ERROR}


def key(instance: Instance, check: Check) -> str:
    """The name of a check on an instance: AF-BATCH-003.nonce[slurm/roma]."""
    return f"{instance.requirement.id}.{check.name}[{instance.subject.item}]"


class Asker:
    """Asks the checks of a run."""

    def __init__(self, run: Run, store: Store) -> None:
        self.run = run
        self.store = store

    def ask(self, instance: Instance, check: Check) -> Told:
        """What came of a check; it is asked now if it was not yet."""
        name = key(instance, check)
        with self.store.lock(name):
            told = self.store.told(name)
            if told is None:
                self.store.asking(name)
                try:
                    told = self._ask(instance, check)
                except Exception as error:  # noqa: BLE001 - the kit's own fault: said of this check, and not of others
                    text = self.run.clean(f"the kit failed: {type(error).__name__}: {error}")
                    told = Told((Attempt(at=now(), seconds=0, outcome=Outcome.ERROR, text=text),))
                except BaseException:
                    # An interrupt leaves it as not asked; only a process that is gone leaves the mark.
                    self.store.forget(name)
                    raise
                self.store.tell(name, told)
        return told

    def _ask(self, instance: Instance, check: Check) -> Told:
        if why := self._left_alone(instance):
            return Told(text=why)
        if told := self._held_back(instance, check):
            return told
        if (told := self._blocked(instance, Told())) is not None:
            return told
        return self._tried(instance, check)

    def _left_alone(self, instance: Instance) -> str:
        """Why it is not asked in this run at all."""
        requirement = instance.requirement
        if instance.context:
            return instance.context
        if not instance.asked:
            return f"{instance.subject.promise.value.replace('_', ' ')}: nothing to try"
        if requirement.vantage not in self.run.request.vantages:
            return f"it is asked from the vantage {requirement.vantage}, which is not part of this run"
        if not self.run.allows(requirement.safety):
            return f"it needs --max-safety {requirement.safety}"
        return ""

    def _held_back(self, instance: Instance, check: Check) -> Told | None:
        """What stands against asking it, before anything is tried."""
        requirement = instance.requirement
        credentials = self.run.credentials
        if why := self.run.absent.get(requirement.capability):
            return self._stopped(Reason.PREREQUISITE_ABSENT, why, about=requirement.capability)
        if downtime := credentials.downtime(requirement.capability, now()):
            until = f"{downtime.end:%Y-%m-%d %H:%M} UTC"
            why = f"announced downtime until {until}: {downtime.notice}"
            return self._stopped(Reason.DOWNTIME, why, about=downtime.capability)
        if check.consent and check.consent not in credentials.consents:
            asks = check.consent.replace("_", " ")
            hint = f"Ask the site, then say who agreed under `consents: {check.consent}:` of the run's credentials."
            return self._stopped(Reason.NO_CREDENTIALS, f"the site has not agreed to {asks}", hint, about=asks)
        if time.time() > self.run.ends:
            return self._stopped(Reason.BUDGET_EXHAUSTED, "the time that the run was given is over")
        if not self._affordable(instance):
            return self._stopped(Reason.BUDGET_EXHAUSTED, "the budget of the run does not allow it")
        return None

    def _stopped(self, reason: Reason, text: str, next_step: str = "", about: str = "") -> Told:
        """What was not tried; `about` is the capability of which it is true as a whole: one cause."""
        cause = None
        if about:
            name = f"{reason.value.replace('_', ' ')}: {about}"
            found = Cause(id=name, target=about, reason=reason, text=self.run.clean(text), next=next_step, at=now())
            cause = self.store.cause(found)
        text = f"{text}. {next_step}" if next_step else text
        attempt = Attempt(at=now(), seconds=0, outcome=Outcome.UNVERIFIED, reason=reason, text=self.run.clean(text))
        return Told((attempt,), cause)

    def _affordable(self, instance: Instance) -> bool:
        """Whether what it may use is left of the run's budget; if so, it is taken."""
        allowed = self.run.request.budget
        if not allowed:
            return True
        limits = instance.requirement.budget
        return self.store.take(
            {name: float(getattr(limits, name)) for name in allowed if name != "wall"},
            {name: value for name, value in allowed.items() if name != "wall"},
        )

    def _blocked(self, instance: Instance, so_far: Told, *, anew: bool = False) -> Told | None:
        """With what stands in its way taken down; None where nothing does."""
        cause = self._obstacle(instance, anew=anew)
        if cause is None:
            return None
        attempt = Attempt(
            at=now(), seconds=0, outcome=Outcome.UNVERIFIED, reason=Reason.BLOCKED_BY, text=f"{cause.id}: {cause.text}"
        )
        return so_far.plus(attempt, cause.id)

    def _obstacle(self, instance: Instance, *, anew: bool) -> Cause | None:
        if cause := preflight(self.run, self.store, instance.requirement.vantage, anew=anew):
            return cause
        for below in self.run.plan.below(instance):
            for check in below.requirement.checks:
                # What is asked only where the site has agreed says nothing of whether the thing works.
                if check.consent:
                    continue
                told = self._again(below, check) if anew else self.ask(below, check)
                if told.outcome in _BAD:
                    return self._cause(below, told)
        return None

    def _again(self, instance: Instance, check: Check) -> Told:
        """What comes of a check when it is asked once more, if it had passed."""
        name = key(instance, check)
        with self.store.lock(name):
            told = self.store.told(name) or Told()
            if told.outcome is not Outcome.PASS:
                return told
            blocked = self._blocked(instance, told, anew=True)
            again = blocked or self._attempt(instance, check, told)
            # A pass that only repeats the one before it says nothing new.
            if again.outcome is Outcome.PASS:
                return told
            self.store.tell(name, again)
            return again

    def _cause(self, instance: Instance, told: Told) -> Cause:
        known = {cause.id: cause for cause in self.store.causes()}
        if told.cause and told.cause in known:
            return known[told.cause]
        last = told.attempts[-1]
        cause = Cause(
            id=instance.id.removesuffix("[]"),
            target=" ".join(filter(None, [instance.requirement.capability, instance.subject.item])),
            requirement=instance.requirement.id,
            item=instance.subject.item,
            reason=last.reason or Reason.BLOCKED_BY,
            text=last.text,
            at=last.at,
        )
        self.store.cause(cause)
        return cause

    def _tried(self, instance: Instance, check: Check) -> Told:
        told = Told()
        for _ in range(1 + check.retries):
            told = self._attempt(instance, check, told)
            if told.outcome is Outcome.PASS:
                return told
            if (blocked := self._blocked(instance, told, anew=True)) is not None:
                return blocked
        return told

    def _attempt(self, instance: Instance, check: Check, so_far: Told) -> Told:
        """With one more attempt, whatever comes of it; what it made is undone."""
        self._pace(check)
        started, begun = now(), time.monotonic()
        evidence = Evidence(self.run.clean)
        wall = min(float(instance.requirement.budget.wall), self.run.ends - time.time())
        probe = Probe(self.run, instance, evidence, begun + wall)
        outcome, reason, text = Outcome.PASS, None, ""
        try:
            function_of(check)(probe)
        except UnverifiedError as trouble:
            outcome, reason, text = Outcome.UNVERIFIED, trouble.reason, _told(trouble)
        except FailedError as trouble:
            outcome, text = Outcome.FAIL, _told(trouble)
            if not any(not item["passed"] for item in evidence.assertions):
                evidence.claim(trouble.text, passed=False)
        except Exception as error:  # noqa: BLE001 - whatever else it raises is the kit's fault, and is said to be
            outcome, text = Outcome.ERROR, f"{type(error).__name__}: {error}"
        finally:
            # Also after Ctrl-C: nothing is left behind at the facility.
            self._clean_up(instance, probe)
        text = self.run.clean(" ".join(text.split()))
        number = len(so_far.attempts) + 1
        degraded = tuple(self.run.clean(why) for why in probe.degradations) if outcome is Outcome.PASS else ()
        head: dict[str, object] = {"attempt": number, "outcome": outcome.value, "text": text}
        head |= {"degraded": list(degraded), "proof": probe.proof.value}
        ref = self._write(instance, check, head, evidence)
        attempt = Attempt(
            at=started,
            seconds=round(time.monotonic() - begun, 3),
            outcome=outcome,
            reason=reason,
            text=text,
            assertions=len(evidence.assertions),
            evidence=(ref,),
        )
        return replace(so_far.plus(attempt), degraded=degraded, proof=probe.proof)

    def _pace(self, check: Check) -> None:
        if check.consent == "bad_credentials":
            self.store.pace("bad credentials", _BAD_CREDENTIALS_EVERY)

    def _clean_up(self, instance: Instance, probe: Probe) -> None:
        for text, by_hand in probe.close():
            self.store.problem(
                Problem(
                    kind="cleanup",
                    text=self.run.clean(f"not cleaned up: {text}"),
                    next=self.run.clean(by_hand),
                    requirement=instance.requirement.id,
                    item=instance.subject.item,
                )
            )

    def _write(self, instance: Instance, check: Check, said: dict[str, object], evidence: Evidence) -> EvidenceRef:
        path = f"evidence/{instance.requirement.id}/{_file(instance.subject.item)}.{check.name}.{said['attempt']}.json"
        head = {
            "requirement": instance.requirement.id,
            "item": instance.subject.item,
            "check": check.name,
            "run": self.run.request.run,
        }
        return self.store.evidence(path, evidence.plain(**head, **said))


def _file(item: str) -> str:
    """The start of a file's name for an item; two items never share one."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", item)[:60].strip("-") or "site"
    return plain if plain == item or not item else f"{plain}-{hashlib.sha256(item.encode()).hexdigest()[:6]}"


def _told(trouble: Trouble) -> str:
    return f"{trouble.text}. {trouble.next_step}" if trouble.next_step else trouble.text
