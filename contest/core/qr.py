"""QR codes as the path of an SVG: drawn by the template, so that no image and no inline style is needed."""

from __future__ import annotations

from typing import NamedTuple

import segno

# Light modules around the code, without which readers do not find it (ISO/IEC 18004).
QUIET = 4


class QrPath(NamedTuple):
    """A square of `size` units and the path that fills its dark modules."""

    size: int
    path: str


def qr_path(text: str) -> QrPath:
    """The QR code of `text`, error correction M. Raises ValueError when the text is too long for one."""
    matrix = segno.make(text, error="m", micro=False, boost_error=False).matrix
    parts = []
    for y, row in enumerate(matrix, start=QUIET):
        start = None
        for x, dark in enumerate([*row, 0]):
            if dark and start is None:
                start = x
            elif not dark and start is not None:
                parts.append(f"M{start + QUIET} {y}h{x - start}v1h-{x - start}z")
                start = None
    return QrPath(len(matrix) + 2 * QUIET, "".join(parts))
