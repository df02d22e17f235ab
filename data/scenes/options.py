"""Checks of the options of scenes."""


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


def check_finite(**options):
    """Raise a ValueError unless every option is finite."""
    for name, value in options.items():
        if not abs(value) < float("inf"):
            raise ValueError(f"{name} must be finite, got {value}; 0 leaves it out")
