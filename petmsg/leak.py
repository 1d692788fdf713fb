"""Personal phones and e-mail addresses in a body: what masking must not let through."""
