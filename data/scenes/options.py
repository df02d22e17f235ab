"""Checks of the options of scenes."""

MOST_STOPS = 40


def check_positive(**options):
    """Raise a ValueError unless every option is above 0."""
    for name, value in options.items():
        if not value > 0:
            raise ValueError(f"{name} must be positive, got {value}")


def check_amounts(**options):
    """Raise a ValueError unless every option is finite, 0 or more."""
    for name, value in options.items():
        if not 0 <= value < float("inf"):
            raise ValueError(f"{name} must be 0 or more, and finite, got {value}; 0 leaves it out")


def check_blur(radius, shape):
    """Raise a ValueError if a blur disc is wider than the picture."""
    if 2 * radius > max(shape[:2]):
        raise ValueError(
            f"a blur disc of {2 * radius:.0f} pixels is wider than the picture of {shape[1]} x {shape[0]}; blur less"
        )


def check_stops(**options):
    """Raise a ValueError unless every option is a number of stops that light can be multiplied by."""
    for name, value in options.items():
        if not abs(value) <= MOST_STOPS:
            raise ValueError(f"{name} must be at most {MOST_STOPS} stops, got {value}")


def check_share(**options):
    """Raise a ValueError unless every option is a share that leaves something of what it is added to."""
    for name, value in options.items():
        if not abs(value) < 1:
            raise ValueError(f"{name} must lie between -1 and 1, got {value}; 0 leaves it out")
