"""What workflows said around a submission: the evidence of which content a run executed."""
