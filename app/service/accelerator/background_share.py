"""What everything but inspections is owed of the engine's time."""


class BackgroundShare:
    """An account of the engine's time while the line and other work both want it.

    `share` of the time that others wait for the line is theirs; it falls due when an inspection ends, so that it costs
    inspections fewer interruptions. What others use is taken off. Whatever they use while the line rests is free.
    """

    def __init__(self, share: float) -> None:
        self._share = share
        self._earned_s = 0.0
        self._due_s = 0.0

    @property
    def due(self) -> bool:
        """Whether it is the others' turn before the line's."""
        return self._due_s > 0

    def others_waited(self, for_s: float) -> None:
        """The line had the engine for so long, or held it, while others waited."""
        self._earned_s += self._share * for_s

    def inspection_ended(self) -> None:
        """What others have earned falls due."""
        self._due_s += self._earned_s
        self._earned_s = 0.0

    def others_used(self, for_s: float, *, line_waited: bool) -> None:
        """Others had the engine for so long. While nobody of the line waited, that makes no debts."""
        self._due_s -= (1 - self._share) * for_s
        if not line_waited:
            self._due_s = max(self._due_s, 0.0)
