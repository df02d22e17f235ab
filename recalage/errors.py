"""The one error of the room `recalage`."""


class RegistrationError(ValueError):
    """Frames that cannot be brought together.

    The message is one line: which frames, what was found, the rule, and a way out.

    Attributes
    ----------
    matches : int
        Number of matches that agreed.
    frames : tuple of str
        Names of the frames concerned.
    """

    def __init__(self, message, matches=0, frames=()):
        super().__init__(message)
        self.matches = matches
        self.frames = tuple(frames)
