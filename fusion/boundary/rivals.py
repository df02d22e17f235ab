"""What each of many frames has to beat: of the other ones, the one that has most detail there."""

import cv2
import numpy as np

from fusion.boundary.inputs import detail_energy

SIGMA = 2.0  # pixels over which the energy of detail is averaged


class Rivals:
    """The two frames of most detail in every pixel, in gray; frames are shown once, in any order."""

    def __init__(self, shape):
        self._pictures = [np.zeros(shape, np.float32) for _ in range(2)]
        self._energies = [np.full(shape, -1, np.float32) for _ in range(2)]
        self._first = np.zeros(shape, np.uint16)

    def add(self, index, gray):
        """Let a frame compete; the first of equal ones stays."""
        energy = cv2.GaussianBlur(detail_energy(gray), (0, 0), SIGMA, borderType=cv2.BORDER_REFLECT)
        (best, second), (most, more) = self._pictures, self._energies
        wins = energy > most
        follows = ~wins & (energy > more)
        for plane, other, new in ((best, second, gray), (most, more, energy)):
            np.copyto(other, plane, where=wins)
            np.copyto(plane, new, where=wins)
            np.copyto(other, new, where=follows)
        np.copyto(self._first, index, where=wins)

    def complete(self):
        """Forget what is of no use once all frames were shown."""
        self._energies = None

    def of(self, index):
        """Return what a frame has to beat: the frame of most detail or, where it is that itself, the next one."""
        return np.where(self._first == index, self._pictures[1], self._pictures[0])
