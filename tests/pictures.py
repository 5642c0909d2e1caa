"""Files for the tests to send: pictures of any size and kind, a PDF, and what only looks like one."""

import io
import struct
import zlib

from PIL import Image

PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\nxref\n0 1\ntrailer<</Root 1 0 R>>\nstartxref\n42\n%%EOF\n"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def picture(width: int = 60, height: int = 40, kind: str = "PNG", mode: str = "RGB", **more: object) -> bytes:
    """A red field with a blue left upper corner, so that one can see how it is turned."""
    red: object = (255, 0, 0) if mode == "RGB" else (255, 0, 0, 128)
    blue: object = (0, 0, 255) if mode == "RGB" else (0, 0, 255, 255)
    made = Image.new(mode, (width, height), red)  # type: ignore[arg-type]
    made.paste(blue, (0, 0, width // 4, height // 4))  # type: ignore[arg-type]
    buffer = io.BytesIO()
    made.save(buffer, kind, **more)
    return buffer.getvalue()


def turned_photo() -> bytes:
    """A JPEG that lies on its side and says so, and where it was taken."""
    exif = Image.Exif()
    exif[0x0112] = 6  # turn it right
    exif[0x010F] = "Secret Camera Company"
    return picture(80, 40, "JPEG", exif=exif.tobytes())


def bomb(width: int, height: int) -> bytes:
    """A small PNG that says it is very large: nothing but its head has to be believed."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 64)) + chunk(b"IEND", b"")
