"""What may follow a whole picture in its file."""

from app.errors import ImageUndecodable


def require_no_other_picture(data: bytes, end: int, magic: bytes, kind: str) -> None:
    """ImageUndecodable where another picture of the kind follows at `end`, zeros aside: nobody would look at it.

    Other bytes may follow: cameras pad their files, and phones add films and maps.
    """
    if data[end:].lstrip(b"\0").startswith(magic):
        raise ImageUndecodable(
            f"The {kind} file holds another picture after the first. Send each as a file of its own."
        )
