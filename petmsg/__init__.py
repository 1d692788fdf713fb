"""petmsg: the masked text messaging of a pet-sitting company, from a terminal and from cron."""

__version__ = "0.1.0"
