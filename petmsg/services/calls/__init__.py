"""Phone calls: who is rung, and what becomes of a call; one transaction each."""
