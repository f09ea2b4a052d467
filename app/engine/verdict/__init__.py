"""What a verdict is made of: image score, thresholds, regions, drift. It is given in `app/service/verdicts`."""
