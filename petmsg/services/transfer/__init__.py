"""A company as files: what `petmsg export` writes and `petmsg import petmsg` takes back."""
