from cyberflow import workflow


class Clinic:
    @staticmethod
    @workflow
    def lookup(mrn: str) -> None:
        """Find <mrn>."""

    @property
    def beds(self) -> int:
        return 12


lookup = Clinic.lookup
