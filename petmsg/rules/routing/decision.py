"""A routing decision: the number, the reason, and every rule that was tried.

They are named tuples for the same reason as the facts.
"""

from datetime import datetime
from typing import Any, NamedTuple

from petmsg.clock import iso_utc
from petmsg.enums.messages import StoredRule
from petmsg.enums.numbers import NumberClass
from petmsg.enums.routing import Code, Outcome, Rule, SystemMessageRule

RULE_OF_CLASS = {
    NumberClass.SITTER: StoredRule.ACTIVE_WINDOW,
    NumberClass.POOL: StoredRule.POOL,
    NumberClass.FRONT_DESK: StoredRule.FRONT_DESK,
}
"""The rule that is stored with a message, by the class of the number it was sent from."""


class Step(NamedTuple):
    """One rule that was tried: its condition, its result, and an explanation.

    `step` counts from 1; it is 0 where a person chose the number.
    """

    step: int
    rule: Rule | SystemMessageRule
    condition: str
    result: bool
    code: Code
    explanation: str


class ChosenNumber(NamedTuple):
    """The number a message is sent from. `sitter` is the ref of the sitter it belongs to."""

    id: int
    e164: str
    number_class: NumberClass
    sitter: str | None


class DecidingWindow(NamedTuple):
    """The window that decided, or that could not be used. Instants are aware UTC."""

    booking: str
    sitter: str | None
    starts_at: datetime
    booked_until: datetime
    ends_at: datetime


class Decision(NamedTuple):
    """The answer for one client at one instant (`at`, aware UTC).

    `client` is None for a message outside any thread (`petmsg.rules.routing.direct`).
    """

    org: str
    client: str | None
    at: datetime
    outcome: Outcome
    number: ChosenNumber | None
    reason: str
    window: DecidingWindow | None
    warnings: tuple[str, ...]
    ruleset: str
    trace: tuple[Step, ...]

    @property
    def rule(self) -> Rule | None:
        """The rule that yielded the number; None if none did, or for a message outside any
        thread."""
        rule = self.trace[-1].rule if self.number is not None else None
        return rule if isinstance(rule, Rule) else None

    @property
    def stored_rule(self) -> StoredRule | None:
        """The rule as it is stored with the message: where a person chose the number, the rule that
        numbers of its class come from."""
        rule, number = self.rule, self.number
        if rule is None or number is None:
            return None
        if rule is not Rule.CHOSEN_BY_A_PERSON:
            return StoredRule(rule)
        is_pool = number.number_class is NumberClass.POOL
        return StoredRule.POOL if is_pool else StoredRule.FRONT_DESK

    @property
    def rejects_requested_sitter(self) -> bool:
        """Whether the sitter who wrote the message may not send it: rule 1 ended the decision."""
        last = self.trace[-1]
        return last.rule is Rule.ACTIVE_WINDOW and not last.result

    def to_json(self) -> dict[str, Any]:
        """Return the Decision as `route explain -o json` prints it
        (`docs/schemas/route-explain.json`)."""
        number = self.number
        window = self.window
        return {
            "org": self.org,
            "client": self.client,
            "at": iso_utc(self.at),
            "outcome": self.outcome.value,
            "number": None
            if number is None
            else {
                "e164": number.e164,
                "class": number.number_class.value,
                "sitter": number.sitter,
            },
            "reason": self.reason,
            "window": None
            if window is None
            else {
                "booking": window.booking,
                "sitter": window.sitter,
                "starts_at": iso_utc(window.starts_at),
                "booked_until": iso_utc(window.booked_until),
                "ends_at": iso_utc(window.ends_at),
            },
            "warnings": list(self.warnings),
            "ruleset": self.ruleset,
            "trace": [
                {
                    "step": step.step,
                    "rule": step.rule.value,
                    "condition": step.condition,
                    "result": step.result,
                    "code": step.code.value,
                    "explanation": step.explanation,
                }
                for step in self.trace
            ],
        }
