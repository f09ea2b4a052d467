"""Banks that are not the plain union of their references: coresets, PatchCore, SPADE, PaDiM."""
