"""The tests, in folders that mirror petmsg/."""
