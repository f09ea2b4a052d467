"""Where the reference data lies that some tests use. It is not part of the project; without it those tests skip."""

import os
from pathlib import Path

import pytest

SHARED = Path(os.environ.get("INSPECTOR_TEST_SHARED", Path(__file__).parents[2] / "shared"))

needs_shared = pytest.mark.skipif(not (SHARED / "golden").is_dir(), reason=f"no reference data at {SHARED}")
