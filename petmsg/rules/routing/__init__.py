"""Which number is a message to a client sent from? Pure: facts in, Decision out.

Only `decide` knows the rules. Nothing in this package opens a database, reads a clock or prints.
"""

from petmsg.rules.routing.decide import RULESET, decide, usable
from petmsg.rules.routing.decision import ChosenNumber, DecidingWindow, Decision, Step
from petmsg.rules.routing.facts import (
    COMPANY,
    Facts,
    NumberFact,
    OverrideFact,
    PoolNumberFact,
    SpeakerFact,
    VoiceFact,
    WindowFact,
)

__all__ = [
    "COMPANY",
    "RULESET",
    "ChosenNumber",
    "DecidingWindow",
    "Decision",
    "Facts",
    "NumberFact",
    "OverrideFact",
    "PoolNumberFact",
    "SpeakerFact",
    "Step",
    "VoiceFact",
    "WindowFact",
    "decide",
    "usable",
]
