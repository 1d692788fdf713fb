"""The colours of a picture whose profile is taken away.

An ICC profile has texts in it, and may name a device or a person. Phones that receive a picture
take its numbers for sRGB, so a picture in other colours is converted to them. One that is sRGB
already, which is nearly every one, keeps each number.
"""

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image, ImageCms

_LARGEST_PROFILE = 4_000_000
_NEAR = 2


def needs_conversion(profile: bytes | None, mode: str) -> bool:
    """Whether pixels of that mode must be changed to look the same without their profile.

    False for a profile that cannot be read: its receiver could not have used it either.
    """
    if not profile or len(profile) > _LARGEST_PROFILE or mode not in ("RGB", "RGBA", "CMYK"):
        return False
    return _opened(profile, mode) is not None and not _is_srgb(profile, mode)


def converted(image: "Image.Image", profile: bytes) -> "Image.Image":
    """The picture in sRGB: RGB, or RGBA if it was. The picture itself where that fails."""
    from PIL import ImageCms

    opened = _opened(profile, image.mode)
    if opened is None:
        return image
    mode = "RGBA" if image.mode == "RGBA" else "RGB"
    try:
        return _to_srgb(opened, image, mode)
    except ImageCms.PyCMSError:
        return image


def _opened(profile: bytes, mode: str) -> "ImageCms.ImageCmsProfile | None":
    """The profile, None if it cannot be read or is not one for that mode."""
    from PIL import ImageCms

    try:
        opened = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    except (OSError, ImageCms.PyCMSError):
        return None
    space = opened.profile.xcolor_space.strip()
    return opened if space == ("CMYK" if mode == "CMYK" else "RGB") else None


def _is_srgb(profile: bytes, mode: str) -> bool:
    """Whether the profile changes none of many colours, whatever it calls itself."""
    from PIL import Image, ImageCms

    opened = _opened(profile, mode)
    if opened is None or mode == "CMYK":
        return False
    levels = range(0, 256, 51)
    colors = bytes(c for r in levels for g in levels for b in levels for c in (r, g, b))
    sample = Image.frombytes("RGB", (len(colors) // 3, 1), colors)
    try:
        changed = _to_srgb(opened, sample, "RGB").tobytes()
    except ImageCms.PyCMSError:
        return True
    return all(abs(one - other) <= _NEAR for one, other in zip(colors, changed, strict=True))


def _to_srgb(opened: "ImageCms.ImageCmsProfile", image: "Image.Image", mode: str) -> "Image.Image":
    from PIL import ImageCms

    changed = ImageCms.profileToProfile(
        image, opened, ImageCms.createProfile("sRGB"), outputMode=mode
    )
    assert changed is not None
    return changed
