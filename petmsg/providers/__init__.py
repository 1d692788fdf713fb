"""Who carries a text: a Protocol in `base`, the shipped `sandbox`, and `twilio`."""
