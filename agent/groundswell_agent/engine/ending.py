"""The end of an iteration before its last step, as the test wants it."""


class EndIteration(Exception):
    """A step failed that says `on_fail: end-iteration`, or a capture found nothing. The iteration is
    complete: it counts.
    """
