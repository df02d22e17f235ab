"""What registration found: where every frame of a stack lies in the reference frame, and how well that is known."""

from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np

from data import open_stack
from data.io import save_json
from recalage.area import common_area
from recalage.errors import RegistrationError
from recalage.homography import check_matrix, corner_errors
from recalage.saved import KIND, STATUSES, VERSION, check_saved, read_saved
from recalage.tone import match_tone
from recalage.warping import check_interpolation, warp

HEADINGS = ("frame", "status", "moved", "correlation", "matched", "with", "gains", "reason")


class FrameReport(NamedTuple):
    """What registration found out about one frame.

    Attributes
    ----------
    name : str
        Of the frame.
    status : str
        ``"reference"``; ``"aligned"``; ``"untouched"``: it lies where it should, and its pixels are handed on as they
        are; or ``"left out"``.
    reason : str
        Why it was left out or left untouched, else empty.
    neighbour : str
        Name of the frame it was compared with, the reference or one beside it; empty for the reference itself, and for a
        frame that was left out.
    matched_area : float
        Share of the frame, in [0, 1], in which the two agree.
    before, after : float
        Correlation with the neighbour, in [-1, 1], in patches that were not used to estimate the motion: of the frames
        as they are given, and as `Alignment.apply` hands them on. With `matched_area`, 1 for the reference and 0 for a
        frame left out.
    """

    name: str
    status: str
    reason: str
    neighbour: str
    matched_area: float
    before: float
    after: float


class Alignment:
    """Where every frame of a stack lies in the reference frame, as `register` found it.

    ``print(alignment)`` shows a table with a line per frame: how far its farthest corner is moved, its correlation and the
    matched area with the frame it was compared with, and why it was left out or not moved. Two alignments are equal if
    all they hold is.

    Parameters
    ----------
    matrices : array_like of shape (N, 3, 3)
        As the attribute.
    frames : iterable of N FrameReport
    shape : tuple of int
        Height and width of a frame; more entries are ignored.
    reference : int
        Index of the reference frame.
    model, strategy : str
        As given to `register`.
    gains : array_like of shape (N, 3) or (N, 1), optional
        As the attribute.

    Attributes
    ----------
    matrices : ndarray of float64 of shape (N, 3, 3)
        Item k maps ``(x, y, 1)`` of frame k to the reference frame, with ``matrices[k, 2, 2] == 1``; (0, 0) is the
        centre of the first pixel. Exactly the identity for frames whose status is reference or untouched; NaN for those
        left out.
    frames : tuple of N FrameReport
        In the order of the stack.
    shape : tuple of int
        Height and width of a frame.
    reference, model, strategy
        As given.
    gains : ndarray of float64 of shape (N, 3) or (N, 1), or None
        By what the linear light of a frame is multiplied to match the reference; NaN for frames left out.

    Raises
    ------
    ValueError
        If these contradict each other.
    """

    def __init__(self, matrices, frames, *, shape, reference, model, strategy, gains=None):
        self.matrices = np.array(matrices, np.float64)
        self.frames = tuple(frames)
        self.shape = (int(shape[0]), int(shape[1]))
        self.reference = int(reference)
        self.model, self.strategy = model, strategy
        self.gains = None if gains is None else np.array(gains, np.float64)
        _check_frames(self.frames, self.reference)
        _check_matrices(self.matrices, self.frames)
        _check_gains(self.gains, self.frames)

    def __repr__(self):
        size = f"{self.shape[1]} x {self.shape[0]} pixels"
        return f"<Alignment of {len(self.kept)} of {len(self.frames)} frames, {size}, by {self.model}>"

    def __str__(self):
        gains = [None] * len(self.frames) if self.gains is None else self.gains
        rows = [_row(*told) for told in zip(self.frames, self.displacements, gains, strict=True)]
        columns = [
            (heading, *cells) for heading, cells in zip(HEADINGS, zip(*rows)) if heading != "gains" or any(cells)
        ]
        return "\n".join("  ".join(line).rstrip() for line in zip(*map(_aligned_cells, columns)))

    def __eq__(self, other):
        if not isinstance(other, Alignment):
            return NotImplemented
        return self._facts() == other._facts() and all(
            np.array_equal(ours, theirs, equal_nan=True)
            for ours, theirs in [(self.matrices, other.matrices), (_or_empty(self.gains), _or_empty(other.gains))]
        )

    __hash__ = None  # as equality is that of arrays

    def _facts(self):
        return self.frames, self.shape, self.reference, self.model, self.strategy

    @property
    def kept(self):
        """Indices of the frames that are not left out, in order, a list of int."""
        return [index for index, report in enumerate(self.frames) if report.status != "left out"]

    @cached_property
    def area(self):
        """Rows and columns of the reference, two slices, that all kept frames cover; see `common_area`."""
        return common_area(self.matrices[self.kept], self.shape)

    @property
    def displacements(self):
        """How far the farthest corner of each frame moves, in pixels: float64 of shape (N,), NaN where left out."""
        distances = np.full(len(self.frames), np.nan)
        for index in self.kept:
            distances[index] = corner_errors(self.matrices[index], np.eye(3), self.shape).max()
        return distances

    def apply(self, stack, *, crop=False, tone=None, interpolation="lanczos"):
        """Bring the frames of a stack into the reference frame, each when it is asked for.

        Parameters
        ----------
        stack : stack
            The stack that was registered, or another one that lies as it does, such as another channel or lighting:
            array, list, `data.Stack`, folder or list of files. Frames that are left out are never read.
        crop : bool, optional
            Cut all frames to `area`, which all of them cover. Else the frames keep their size, and their border pixels
            are repeated where they show nothing.
        tone : None or "match", optional
            ``"match"`` multiplies the linear light of each frame by its `gains`.
        interpolation : {"lanczos", "cubic"}, optional
            As for `warp`.

        Returns
        -------
        Stack
            The kept frames, lazy, with their names, types, bit depth and metadata. Each is warped once, by `warp`. One
            whose transform is the identity keeps its pixels, bit for bit, unless its tone is changed.

        Raises
        ------
        RegistrationError
            If the stack has another number or size of frames; with `crop`, if the frames share no area.
        DataError
            If a kept frame cannot be read.
        ValueError
            If `tone` or `interpolation` is unknown, or there are no gains to match the tone.
        """
        self._check_tone(tone)
        check_interpolation(interpolation)
        stack = open_stack(stack, tolerant=len(self.kept) < len(self.frames))
        self._check_fits(stack)
        rows, columns = self.area if crop else (slice(0, self.shape[0]), slice(0, self.shape[1]))
        kept = stack.select(self.kept)

        def read(position):
            index = self.kept[position]
            pixels, matrix = kept.pixels(position), self.matrices[index]
            if stack.bit_depth == 16 and pixels.dtype == np.uint8 and (tone or not np.array_equal(matrix, np.eye(3))):
                pixels = pixels.astype(np.uint16) * 257  # so that what is computed is not rounded to 8 bits
            pixels = _into_area(pixels, matrix, rows, columns, interpolation)
            return pixels if tone is None else match_tone(pixels, self.gains[index])

        return kept.with_frames(read, (rows.stop - rows.start, columns.stop - columns.start, *stack.shape[3:]))

    def _check_tone(self, tone):
        if tone not in (None, "match"):
            raise ValueError(f"tone must be None or 'match', got {tone!r}")
        if tone and self.gains is None:
            raise ValueError("tone='match' needs gains, and this alignment has none; register with tone='match'")

    def _check_fits(self, stack):
        ours, theirs = (len(self.frames), *self.shape), stack.shape[:3]
        if theirs != ours:
            raise RegistrationError(
                f"the stack has {_count(theirs)}, and the alignment is of {_count(ours)}; "
                "give the stack that was registered, or one of as many frames of the same size"
            )

    def save(self, path, *, force=False):
        """Write the alignment to a file that ends in .json; `force` and errors are those of `data.io.save_json`."""
        save_json(self.as_entries(), path, force=force)

    def as_entries(self):
        """Return the alignment as JSON holds it: what `save` writes, a dict."""
        head = {"kind": KIND, "version": VERSION, "model": self.model, "strategy": self.strategy}
        place = {"shape": list(self.shape), "reference": self.reference}
        gains = [None] * len(self.frames) if self.gains is None else map(_or_none, self.gains)
        entries = zip(self.frames, map(_or_none, self.matrices), gains, strict=True)
        frames = [_as_numbers(report) | {"matrix": matrix, "gains": row} for report, matrix, row in entries]
        return head | place | {"frames": frames}

    @classmethod
    def load(cls, path):
        """Read an alignment that `save` wrote; it equals the one that was saved.

        Parameters
        ----------
        path : path

        Returns
        -------
        Alignment

        Raises
        ------
        DataError
            If there is no such file, or it may not be read.
        RegistrationError
            If it is no alignment, or one of another version, or damaged: the entry is named.
        """
        return cls.from_entries(read_saved(Path(path)), path)

    @classmethod
    def from_entries(cls, content, path):
        """Build an alignment of what `as_entries` returned.

        Raises a RegistrationError, in which `path` says where the entries are, if they are of something else, of another
        version, or damaged.
        """
        check_saved(content, path)
        frames = [FrameReport(*(entry[name] for name in FrameReport._fields)) for entry in content["frames"]]
        matrices = [entry["matrix"] or np.full((3, 3), np.nan) for entry in content["frames"]]
        options = {name: content[name] for name in ("shape", "reference", "model", "strategy")}
        try:
            gains = _join_gains([entry["gains"] for entry in content["frames"]])
            return cls(matrices, frames, **options, gains=gains)
        except ValueError as error:
            raise RegistrationError(f"{path}: is damaged: {error}; register the stack again") from None


def _into_area(pixels, matrix, rows, columns, interpolation):
    """Draw the part of the reference that an area cuts out; what stays in its place need not be warped."""
    if np.array_equal(matrix, np.eye(3)):
        return np.ascontiguousarray(pixels[rows, columns])
    into_area = np.array([[1, 0, -columns.start], [0, 1, -rows.start], [0, 0, 1]])
    shape = rows.stop - rows.start, columns.stop - columns.start
    return warp(pixels, into_area @ matrix, shape, interpolation=interpolation)


def _check_frames(frames, reference):
    """Raise a ValueError unless there are frames, and the reference is the one that is called so."""
    statuses = [report.status for report in frames]
    unknown = [status for status in statuses if status not in STATUSES]
    if unknown:
        raise ValueError(f"status must be one of {', '.join(STATUSES)}; got {unknown[0]!r}")
    if [index for index, status in enumerate(statuses) if status == "reference"] != [reference]:
        raise ValueError(f"reference is {reference}, so frame {reference} alone must have that status; got {statuses}")


def _check_matrices(matrices, frames):
    """Raise a ValueError unless there is a matrix for each frame, as its status says."""
    if matrices.shape != (len(frames), 3, 3):
        raise ValueError(f"matrices must have shape ({len(frames)}, 3, 3), as there are frames; got {matrices.shape}")
    for report, matrix in zip(frames, matrices, strict=True):
        if report.status == "left out":
            if not np.isnan(matrix).all():
                raise ValueError(f"{report.name} is left out, so its matrix must be NaN; got {matrix.tolist()}")
        elif report.status in ("reference", "untouched"):
            if not np.array_equal(matrix, np.eye(3)):
                raise ValueError(f"{report.name} is {report.status}, so its matrix must be the identity")
        elif check_matrix(matrix)[2, 2] != 1:
            raise ValueError(f"the last entry of the matrix of {report.name} must be 1, got {matrix[2, 2]}")


def _check_gains(gains, frames):
    """Raise a ValueError unless there are no gains, or positive ones for each frame that is kept."""
    if gains is None:
        return
    if gains.ndim != 2 or gains.shape not in ((len(frames), 1), (len(frames), 3)):
        raise ValueError(f"gains must have shape ({len(frames)}, 3) or ({len(frames)}, 1), got {gains.shape}")
    for report, row in zip(frames, gains, strict=True):
        expected = np.isnan(row) if report.status == "left out" else np.isfinite(row) & (row > 0)
        if not expected.all():
            rule = "left out, so its gains must be NaN" if report.status == "left out" else "kept, so they must be > 0"
            raise ValueError(f"{report.name} has gains {row.tolist()}; it is {rule}")


def _row(report, distance, gains):
    """Return the cells of a line of the table."""
    moved = "" if np.isnan(distance) else f"{distance:.2f} px"
    told = "" if gains is None or np.isnan(gains).any() else " ".join(f"{gain:.3f}" for gain in gains)
    if report.status in ("reference", "left out"):
        return report.name, report.status, moved, "", "", "", told, report.reason
    correlation = f"{report.before:6.3f} -> {report.after:6.3f}"
    measured = correlation, f"{report.matched_area:.0%}", report.neighbour
    return report.name, report.status, moved, *measured, told, report.reason


def _aligned_cells(column):
    """Fill up the cells of a column of the table; those with numbers, from the left."""
    width, is_text = max(map(len, column)), column[0] in ("frame", "status", "with", "reason")
    return [cell.ljust(width) if is_text else cell.rjust(width) for cell in column]


def _count(shape):
    frames, height, width = shape
    return f"{frames} frame{'' if frames == 1 else 's'} of {width} x {height} pixels"


def _or_empty(array):
    return np.empty(0) if array is None else array


def _or_none(array):
    """Return numbers as a list; NaN, which JSON does not hold, as None."""
    return None if np.isnan(array).all() else array.tolist()


def _as_numbers(report):
    """Return a report as a dict whose numbers are those of Python, which JSON holds."""
    return {name: value if isinstance(value, str) else float(value) for name, value in report._asdict().items()}


def _join_gains(rows):
    """Return the gains of all frames as one array, or None where no frame has any."""
    lengths = {len(row) for row in rows if row is not None}
    if len(lengths) > 1:
        raise ValueError(f"the frames have different numbers of gains: {', '.join(map(str, sorted(lengths)))}")
    return np.array([row or [np.nan] * max(lengths) for row in rows]) if lengths else None
