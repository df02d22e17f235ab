"""The noise of frames, learned while they are read for something else."""

from fusion.noise import common_noise, frame_noise


class NoiseMeter:
    """Measures the noise of the frames of a stack, each when it is read.

    Parameters
    ----------
    stack : Stack
    window : int
        As for `fusion.noise.frame_noise`.
    """

    def __init__(self, stack, window):
        self._stack, self._window, self._noises = stack, window, {}

    @property
    def watched(self):
        """The same stack; what is read of it is measured."""
        return self._stack.with_frames(self._read)

    def noise_of(self, indices, progress):
        """Return the noise of some frames together; those that nobody has read yet are read now."""
        unread = [index for index in indices if index not in self._noises]
        for index, pixels in self._stack.read_ahead(progress(unread, "looking for noise") if unread else unread):
            self._noises[index] = frame_noise(pixels, self._window)
        return common_noise([self._noises[index] for index in indices])

    def _read(self, index):
        pixels = self._stack.pixels(index)
        self._noises[index] = frame_noise(pixels, self._window)
        return pixels
