"""A height field as a mesh of coloured triangles, with gaps where the surface is not seen; saved as PLY."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from data.image import check_image, to_integers
from data.io import check_output, replacing

SHARE = 1 / 25  # of the range of heights: what lies farther apart between neighbours belongs to two things
STEEPER = 4  # times the usual step between neighbours: so much steeper a surface may be in places
TAILS = 2  # percent of the heights at either end that do not count for their range
FIRST, SECOND, FALLING = 1, 2, 4  # of a square: its two triangles, and whether its diagonal falls to the right
CORNERS = {  # of the two triangles of a square, as (row, column), against the clock as the viewer sees them
    0: (((0, 0), (1, 0), (0, 1)), ((0, 1), (1, 0), (1, 1))),
    FALLING: (((0, 0), (1, 0), (1, 1)), ((0, 0), (1, 1), (0, 1))),
}
FEWEST = 4  # vertices: one square
BAND = 2**20  # pixels that are worked on at a time
VERTEX = np.dtype([("position", "<f4", 3), ("colour", "u1", 3)])
FACE = np.dtype([("count", "u1"), ("corners", "<i4", 3)])
HEADER = """\
ply
format binary_little_endian 1.0
{comment}element vertex {vertices}
property float x
property float y
property float z
property uchar red
property uchar green
property uchar blue
element face {faces}
property list uchar int vertex_indices
end_header
"""


class Mesh(NamedTuple):
    """Triangles in space, with a colour at each corner."""

    vertices: np.ndarray  # (V, 3) float32: x to the right, y up, z towards the viewer, in one unit
    colours: np.ndarray  # (V, 3) uint8, RGB
    triangles: np.ndarray  # (T, 3) int32: vertices of each, against the clock as the viewer sees them


class NoSurfaceError(ValueError):
    """No two neighbours of a height field are joined."""


class HeightGrid(NamedTuple):
    """Heights on a square grid, and which neighbours of them are joined."""

    height: np.ndarray  # (h, w) float32
    colours: np.ndarray  # (h, w, 3) uint8
    squares: np.ndarray  # (h - 1, w - 1) uint8: sums of FIRST, SECOND and FALLING
    cell: int  # pixels from one vertex to the next
    corner: tuple  # row and column of the first vertex, in pixels; with fractions


def surface_mesh(height, image, *, pixel_size=1.0, hidden=None, largest_step=None, most=None):
    """Turn a height field and its picture into a mesh of triangles.

    Every pixel becomes a vertex, and four neighbours become two triangles, which meet at the diagonal with the smaller
    difference in height. A triangle is left out where one of its corners is hidden, or where heights differ so much
    over it that a nearer thing must lie before a farther one: the surface between them was not seen.

    Parameters
    ----------
    height : ndarray of shape (H, W)
        Towards the viewer, in any unit; NaN where it is not known. The depth of a stack that begins with the nearest
        frame grows away from the viewer: give its negative.
    image : ndarray of shape (H, W) or (H, W, 3)
        Picture that lies on the surface: float in [0, 1], uint8 or uint16. It is rounded to 8 bits.
    pixel_size : float, optional
        Distance between two pixels, in the unit of `height`.
    hidden : ndarray of bool of shape (H, W), optional
        Pixels to leave out, such as those of unsure depth.
    largest_step : float, optional
        Largest difference of heights over one triangle, in the unit of `height`; infinite, nothing is cut. By default
        that of `default_step`.
    most : int, optional
        Most vertices, 4 or more. If there would be more, each vertex stands for a square cell of pixels; of a picture
        that is long and narrow there may be more, for 2 are left along its shorter side.

    Returns
    -------
    Mesh
        Vertices that belong to no triangle are left out. For 12 megapixels it takes 0.5 GB, and as much less as pixels
        are hidden; making it takes 0.3 GB more.

    Raises
    ------
    DataError
        If `image` is no picture in [0, 1].
    ValueError
        If shapes differ, an option is out of range, or nothing is left of the surface.

    Notes
    -----
    A cell has the mean height and colour of those of its pixels that are not hidden, and lie within `largest_step` of
    their median: where a cell lies on the rim of something, one side of it alone counts. A cell of which more than
    half is hidden is hidden. What is left over at the borders, less than a cell, is cut off, the same at both sides.
    """
    check_positive("pixel_size", pixel_size)
    grid = height_grid(height, image, hidden=hidden, largest_step=largest_step, most=most)
    rows, columns = np.nonzero(used_vertices(grid.squares))
    numbers = np.empty(grid.height.shape, np.int32)
    numbers[rows, columns] = np.arange(len(rows), dtype=np.int32)
    vertices = np.empty((len(rows), 3), np.float32)
    vertices[:, 0] = (columns * grid.cell + grid.corner[1]) * pixel_size
    vertices[:, 1] = (len(height) - 1 - (rows * grid.cell + grid.corner[0])) * pixel_size
    vertices[:, 2] = grid.height[rows, columns]
    return Mesh(vertices, grid.colours[rows, columns], _triangles(grid.squares, numbers))


def height_grid(height, image, *, hidden=None, largest_step=None, most=None):
    """Reduce a height field to a grid of few enough vertices, and decide which of them are joined.

    This is where gaps are decided on, for meshes that are saved and for views alike. Parameters, errors and notes are
    those of `surface_mesh`.

    Returns
    -------
    HeightGrid
    """
    height, image = np.asarray(height), np.asarray(image)
    hidden = _checked_hidden(height, image, hidden)
    cell = _cell_size(height.shape, most)
    if largest_step is None:
        largest_step = default_step(height, hidden, cell)
    elif not largest_step > 0:
        raise ValueError(f"largest_step must be a positive height, or infinite to cut nothing, got {largest_step}")
    corner = [length % cell // 2 for length in height.shape]
    if cell > 1:
        height, image, hidden = _means(height, image, hidden, cell, corner, largest_step)
    squares = joined_squares(height, hidden, largest_step)
    if not (squares & (FIRST | SECOND)).any():
        raise NoSurfaceError(
            f"nothing is left of the surface: {np.mean(hidden):.0%} of it is hidden, and no step of up to "
            f"{largest_step:g} joins the rest; hide less, or give a larger largest_step"
        )
    colours = to_integers(image, np.uint8)
    colours = colours if colours.ndim == 3 else np.repeat(colours[..., None], 3, axis=2)
    centre = (cell - 1) / 2
    return HeightGrid(height, colours, squares, cell, (corner[0] + centre, corner[1] + centre))


def default_step(height, hidden, cell=1):
    """Choose the step in height above which two neighbours belong to different things.

    It is 1/25 of the range of heights, its outer 2 % on either side left out: a surface that rises all through its
    range within 25 vertices is too steep to be seen from the front. Where most of a picture is as steep as that, as in
    a small one, or where heights are whole frames, it is four times the median of the steps that are not 0 instead.

    Parameters
    ----------
    height : ndarray of shape (H, W)
    hidden : ndarray of bool of shape (H, W)
        Pixels that do not count.
    cell : int, optional
        Pixels from one vertex to the next.

    Returns
    -------
    float
        In the unit of `height`; infinite where it is not known at any two neighbours.
    """
    sample = np.where(hidden[::cell, ::cell], np.nan, height[::cell, ::cell])
    steps = np.concatenate([np.abs(np.diff(sample, axis=axis)).ravel() for axis in (0, 1)])
    steps = steps[steps > 0]
    if not steps.size:
        return np.inf
    low, high = np.nanpercentile(sample, [TAILS, 100 - TAILS])
    return float(max(SHARE * (high - low), STEEPER * np.median(steps)))


def joined_squares(height, hidden, largest_step):
    """Tell for every square of four neighbours which of its two triangles belong to the surface.

    Parameters
    ----------
    height : ndarray of shape (H, W)
    hidden : ndarray of bool of shape (H, W)
    largest_step : float

    Returns
    -------
    ndarray of uint8 of shape (H - 1, W - 1)
        Sums of `FIRST` and `SECOND`, one for each triangle that is there, and `FALLING` if the diagonal goes from the
        upper left to the lower right.
    """
    squares = np.empty((height.shape[0] - 1, height.shape[1] - 1), np.uint8)
    for band in _bands(squares.shape):
        rows = slice(band.start, band.stop + 1)
        squares[band] = _joined(np.where(hidden[rows], np.nan, height[rows]), largest_step)
    return squares


def _joined(height, largest_step):
    """Do what `joined_squares` does for heights that are NaN where they are hidden."""
    corners = {(row, column): _shifted(height, row, column) for row in (0, 1) for column in (0, 1)}
    falling = np.abs(corners[0, 0] - corners[1, 1])
    rising = np.abs(corners[0, 1] - corners[1, 0])
    is_falling = (falling < rising) | np.isnan(rising)
    squares = np.where(is_falling, FALLING, 0).astype(np.uint8)
    for diagonal, triangles in CORNERS.items():
        for triangle, bit in zip(triangles, (FIRST, SECOND), strict=True):
            heights = [corners[corner] for corner in triangle]
            spread = np.maximum.reduce(heights) - np.minimum.reduce(heights)  # NaN where one of them is
            squares[(squares & FALLING == diagonal) & (spread <= largest_step)] |= bit
    return squares


def used_vertices(squares):
    """Tell which vertices, (H, W), belong to a triangle of squares of shape (H - 1, W - 1)."""
    used = np.zeros((squares.shape[0] + 1, squares.shape[1] + 1), bool)
    for chosen, triangle in _each_triangle(squares):
        for row, column in triangle:
            _shifted(used, row, column)[:] |= chosen
    return used


def _triangles(squares, numbers):
    """List the triangles of squares, (T, 3) int32, by the numbers of their vertices."""
    count = sum(np.count_nonzero(squares & bit) for bit in (FIRST, SECOND))
    triangles, filled = np.empty((count, 3), np.int32), 0
    for band in _bands(squares.shape):
        within = numbers[band.start : band.stop + 1]
        for chosen, triangle in _each_triangle(squares[band]):
            end = filled + np.count_nonzero(chosen)
            for index, corner in enumerate(triangle):
                triangles[filled:end, index] = _shifted(within, *corner)[chosen]
            filled = end
    return triangles


def _each_triangle(squares):
    """Yield where a triangle is there, (H - 1, W - 1) bool, and its corners, for each of the four that may be."""
    for diagonal, triangles in CORNERS.items():
        for triangle, bit in zip(triangles, (FIRST, SECOND), strict=True):
            yield squares & (FALLING | bit) == diagonal | bit, triangle


def _shifted(plane, row, column):
    """View one corner of all squares of a plane: the upper or lower one, left or right."""
    return plane[row : plane.shape[0] - 1 + row, column : plane.shape[1] - 1 + column]


def _bands(shape):
    """Cut rows into slices of at most `BAND` pixels."""
    step = max(1, BAND // shape[1])
    return [slice(first, min(first + step, shape[0])) for first in range(0, shape[0], step)]


# --- fewer vertices --------------------------------------------------------------------------------------------------


def _cell_size(shape, most):
    """Side of the smallest cells, in pixels, of which there are not more than `most`, or of the largest ones."""
    if most is None:
        return 1
    if not most >= FEWEST:
        raise ValueError(f"most must be {FEWEST} vertices or more, got {most}")
    largest = min(shape) // 2
    return next((cell for cell in range(1, largest) if (shape[0] // cell) * (shape[1] // cell) <= most), largest)


def _means(height, image, hidden, cell, corner, largest_step):
    """Means of heights and picture over cells, of one side of a jump alone, and which cells are hidden."""
    rows, columns = (length // cell for length in height.shape)
    inner = np.s_[corner[0] : corner[0] + rows * cell, corner[1] : corner[1] + columns * cell]
    height, image, hidden = height[inner], image[inner], hidden[inner]
    means = np.empty((rows, columns), np.float32), np.empty((rows, columns, *image.shape[2:]), np.uint8)
    none = np.empty((rows, columns), bool)
    for band in _bands((rows, columns * cell**2)):
        pixels = slice(band.start * cell, band.stop * cell)
        visible = ~_by_cells(hidden[pixels], cell)
        values = _by_cells(height[pixels], cell)
        chosen = _one_side(values, visible, largest_step)
        count = chosen.sum(axis=-1)
        none[band] = 2 * visible.sum(axis=-1) < cell**2
        weights = chosen / np.maximum(count, 1)[..., None].astype(np.float32)
        means[0][band] = (np.where(chosen, values, 0) * weights).sum(axis=-1)
        colours = to_integers(image[pixels], np.uint8)
        means[1][band] = np.rint(np.einsum("rcn,rcn...->rc...", weights, _by_cells(colours, cell)))
    return *means, none


def _by_cells(plane, cell):
    """Collect the pixels of each cell: (h * cell, w * cell, ...) to (h, w, cell * cell, ...)."""
    rows, columns = (length // cell for length in plane.shape[:2])
    parts = plane.reshape(rows, cell, columns, cell, *plane.shape[2:]).swapaxes(1, 2)
    return parts.reshape(rows, columns, cell**2, *plane.shape[2:])


def _one_side(values, visible, largest_step):
    """Choose the visible pixels of a cell that lie within a step of their lower median; along the last axis."""
    ordered = np.sort(np.where(visible, values, np.inf), axis=-1)
    middle = np.maximum(visible.sum(axis=-1, keepdims=True) - 1, 0) // 2
    median = np.take_along_axis(ordered, middle, axis=-1)
    return visible & (np.abs(np.where(visible, values, np.nan) - median) <= largest_step)


# --- checks ----------------------------------------------------------------------------------------------------------


def _checked_hidden(height, image, hidden):
    """Return which pixels are hidden or unknown; raise an error unless shapes and types fit."""
    if height.ndim != 2 or min(height.shape) < 2 or height.dtype.kind not in "fiu":
        raise ValueError(
            f"height must have shape (H, W), of at least 2 x 2 numbers, got {height.shape} of type {height.dtype}"
        )
    check_image("the picture of the surface", image)
    for name, plane in (("image", image), ("hidden", height if hidden is None else np.asarray(hidden))):
        if plane.shape[:2] != height.shape:
            raise ValueError(f"{name} has shape {plane.shape}, but height {height.shape}; crop or scale one of them")
    unknown = ~np.isfinite(height)
    return unknown if hidden is None else unknown | np.asarray(hidden, bool)


def check_positive(name, number):
    """Raise a ValueError that begins with `name` unless a number is positive and finite."""
    if not 0 < number < np.inf:
        raise ValueError(f"{name} must be a positive number, got {number}")


# --- files -----------------------------------------------------------------------------------------------------------


def save_ply(mesh, path, *, unit=None, force=False):
    """Write a mesh as PLY, binary and with a colour at each vertex, whole or not at all.

    Parameters
    ----------
    mesh : Mesh
    path : path
        Ends in .ply.
    unit : str, optional
        Of the vertices. The format has no place for it; it becomes a comment.
    force : bool, optional
        Replace an existing file.

    Raises
    ------
    DataError
        If the file exists, or cannot be written.
    """
    path = Path(path)
    check_output(path, force=force, endings={".ply"})
    with replacing(path) as temporary, open(temporary, "wb") as file:
        file.write(_header(mesh, unit))
        for part in _parts(mesh.vertices):
            records = np.empty(len(mesh.vertices[part]), VERTEX)
            records["position"], records["colour"] = mesh.vertices[part], mesh.colours[part]
            file.write(records.tobytes())
        for part in _parts(mesh.triangles):
            records = np.empty(len(mesh.triangles[part]), FACE)
            records["count"], records["corners"] = 3, mesh.triangles[part]
            file.write(records.tobytes())


def _header(mesh, unit):
    """Head of a PLY file, in ASCII: micrometres are written um."""
    unit = " ".join((unit or "").replace("µ", "u").replace("μ", "u").split())
    comment = f"comment unit {unit}\n" if unit else ""
    text = HEADER.format(comment=comment, vertices=len(mesh.vertices), faces=len(mesh.triangles))
    return text.encode("ascii", "replace")


def _parts(records):
    return [slice(first, first + BAND) for first in range(0, len(records), BAND)]
