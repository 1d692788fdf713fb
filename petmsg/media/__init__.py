"""Pictures and PDF files: what they are, how they are cleaned, and where their bytes are kept.

Knows no database and no provider. Pillow, pypdf and fsspec (the extras `media` and `s3`) are
imported inside functions of this package only.
"""
