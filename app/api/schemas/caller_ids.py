"""What callers say with an image: their own names for what is on it."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from app.api.parsing.metadata import metadata_text
from app.api.parsing.text import visible_text

MetadataText = Annotated[str, AfterValidator(metadata_text)]
CallerId = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(visible_text)]


class CallerIds(BaseModel):
    """The caller's own names for what is on the image, and what else he says of it; they come back with the answer."""

    model_config = ConfigDict(extra="forbid")

    part_id: CallerId | None = Field(default=None, description="Serial number of the part.")
    meas_id: CallerId | None = Field(default=None, description="The caller's id of this measurement.")
    station_id: CallerId | None = Field(default=None, description="Camera or station.")
    metadata: MetadataText | None = Field(default=None, description="What else belongs to it: a small JSON object.")
