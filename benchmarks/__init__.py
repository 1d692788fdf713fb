"""The figures that petmsg is held to, each beside its peer: `python -m benchmarks`.

A figure is a ratio. Wall times of a shared machine drift by half within minutes, so both sides of
a pair take turns in one run, and the ratio is the median of the rounds' ratios.
"""
