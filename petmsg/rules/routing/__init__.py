"""Which number does a message to this client leave from? Pure: facts in, Decision out.

`decide` is the only place that knows the rules. Nothing in this package opens a database, looks at
a clock or prints.
"""

from petmsg.rules.routing.decide import RULESET, decide, usable
from petmsg.rules.routing.decision import ChosenNumber, DecidingWindow, Decision, Step
from petmsg.rules.routing.facts import Facts, NumberFact, PoolNumberFact, SpeakerFact, WindowFact

__all__ = [
    "RULESET",
    "ChosenNumber",
    "DecidingWindow",
    "Decision",
    "Facts",
    "NumberFact",
    "PoolNumberFact",
    "SpeakerFact",
    "Step",
    "WindowFact",
    "decide",
    "usable",
]
