"""The field lists of `petmsg metrics`."""

from typing import Any

from petmsg.render.field_types import COUNT, NAME, TEXT, FieldType
from petmsg.render.fields import Field, View


def _labels(row: Any, _: View) -> str:
    return ", ".join(f"{name}={value}" for name, value in row["labels"].items()) or "-"


_LABELS = FieldType({"type": "object", "additionalProperties": {"type": "string"}})
SAMPLES = (
    Field("metric", "Metric", kind=NAME),
    Field("labels", "Labels", kind=_LABELS, cell=_labels),
    Field("value", "Value", kind=FieldType({"type": "number"}, right=True)),
)
WRITTEN = (
    Field("file", "File", kind=TEXT),
    Field("samples", "Samples", kind=COUNT),
)
