"""What was measured of photographs, so that no row needs them twice."""
