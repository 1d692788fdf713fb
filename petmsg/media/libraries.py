"""Loads Pillow and pypdf, the libraries of the extra `media`, the moment they are needed."""

import logging
import warnings

from petmsg.errors import ExtraMissing


def need_pillow() -> None:
    """Make Pillow ready to use. Raises `ExtraMissing`."""
    try:
        import PIL.Image
    except ImportError as problem:
        raise ExtraMissing("Pictures need Pillow.", "media") from problem
    _silence(PIL.__name__)


def need_pypdf() -> None:
    """Make pypdf ready to use. Raises `ExtraMissing`."""
    try:
        import pypdf
    except ImportError as problem:
        raise ExtraMissing("PDF files need pypdf.", "media") from problem
    _silence(pypdf.__name__)


def _silence(library: str) -> None:
    """Keep what a library says about a damaged file off the terminal; the caller says it."""
    warnings.filterwarnings("ignore", module=rf"{library}\b")
    logger = logging.getLogger(library)
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
