from cyberflow import workflow


class Clinic:
    @workflow
    def lookup(self, mrn: str) -> None:
        """Find <mrn>."""
