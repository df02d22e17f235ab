"""A mesh joins neighbours that belong together, in their place and colour, and no others."""

import re

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from data import DataError
from data.scenes.photographs import motorcycle
from fusion.depth import mesh as mesh_module
from fusion.depth.mesh import Mesh, default_step, joined_squares, save_ply, surface_mesh, used_vertices


def plane(shape, right=0.0, down=0.0):
    rows, columns = np.indices(shape, np.float32)
    return right * columns + down * rows


def gray(shape):
    return np.full(shape, 0.5, np.float32)


def corners_of(mesh):
    """Corners of all triangles, (T, 3, 3)."""
    return mesh.vertices[mesh.triangles]


def normals_of(mesh):
    """Vectors across the triangles, (T, 3), as long as twice their areas."""
    first, second, third = corners_of(mesh).swapaxes(0, 1).astype(np.float64)
    return np.cross(second - first, third - first)


def spreads_of(mesh):
    return np.ptp(corners_of(mesh)[..., 2], axis=1)


def by_hand(height, hidden, step):
    """Triangles as sets of pixels (row, column), found one square at a time."""
    values = np.where(hidden, np.nan, height)
    found = set()
    for row in range(height.shape[0] - 1):
        for column in range(height.shape[1] - 1):
            a, b, c, d = corners = [(row + i, column + j) for i in (0, 1) for j in (0, 1)]
            falling, rising = abs(values[a] - values[d]), abs(values[b] - values[c])
            ends = {a, d} if falling < rising or np.isnan(rising) else {b, c}
            for other in set(corners) - ends:
                triangle = {*ends, other}
                heights = [values[corner] for corner in triangle]
                if not np.isnan(heights).any() and max(heights) - min(heights) <= step:
                    found.add(frozenset(triangle))
    return found


def pixels_of(mesh, shape):
    """Triangles of a mesh of whole pixels as sets of pixels (row, column)."""
    places = list(zip(shape[0] - 1 - mesh.vertices[:, 1], mesh.vertices[:, 0], strict=True))
    return {frozenset((int(row), int(column)) for row, column in (places[k] for k in t)) for t in mesh.triangles}


# --- where vertices lie ----------------------------------------------------------------------------------------------


def test_x_goes_right_y_up_and_z_to_the_viewer_in_one_unit():
    height = plane((3, 4), right=0.1, down=0.2)
    image = np.zeros((3, 4, 3), np.float32)
    image[0, 0] = 1, 0, 0
    image[2, 3] = 0, 0, 1
    mesh = surface_mesh(height, image, pixel_size=0.5)
    vertices = {tuple(vertex): tuple(colour) for vertex, colour in zip(mesh.vertices, mesh.colours, strict=True)}
    assert len(vertices) == 12 and mesh.vertices.dtype == np.float32 and mesh.colours.dtype == np.uint8
    assert vertices[0, 1, 0] == (255, 0, 0)
    assert vertices[1.5, 0, height[2, 3]] == (0, 0, 255)


def test_a_plane_is_covered_once_and_seen_from_its_front():
    mesh = surface_mesh(plane((7, 9), right=0.3), gray((7, 9)), pixel_size=2)
    assert mesh.triangles.shape == (2 * 6 * 8, 3) and mesh.triangles.dtype == np.int32
    assert_allclose(normals_of(mesh)[:, 2], 4)  # twice the area as the viewer sees it, half of a square each
    assert_allclose(normals_of(mesh)[:, 0] / normals_of(mesh)[:, 2], -0.15, rtol=1e-5)


@pytest.mark.parametrize(
    "image",
    [
        np.full((2, 2), 0.2),
        np.full((2, 2, 3), 0.2, np.float32),
        np.full((2, 2), 51, np.uint8),
        np.full((2, 2, 3), 51 * 257 + 100, np.uint16),
        np.full((2, 2), 51 * 257 - 100, np.uint16),
    ],
)
def test_pictures_of_every_type_are_rounded_to_8_bits(image):
    assert_array_equal(surface_mesh(plane((2, 2)), image).colours, np.full((4, 3), 51))


# --- gaps ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(6))
def test_triangles_are_those_found_one_by_one(seed, monkeypatch):
    rng = np.random.default_rng(seed)
    height = rng.normal(0, 0.6, (13, 11)).cumsum(axis=seed % 2).astype(np.float32)
    hidden = rng.random((13, 11)) < 0.15
    monkeypatch.setattr(mesh_module, "BAND", 25)  # two rows at a time
    mesh = surface_mesh(height, gray(height.shape), hidden=hidden, largest_step=1.2)
    assert 40 < len(mesh.triangles) < 200
    assert pixels_of(mesh, height.shape) == by_hand(height, hidden, 1.2)
    assert len(mesh.triangles) == len(by_hand(height, hidden, 1.2))
    assert (normals_of(mesh)[:, 2] > 0).all()
    assert_array_equal(np.unique(mesh.triangles), np.arange(len(mesh.vertices)))


def test_a_jump_is_cut_all_along_it():
    height = plane((6, 8), right=0.1)
    height[:, 4:] += 5
    mesh = surface_mesh(height, gray(height.shape))
    assert len(mesh.triangles) == 2 * 5 * (7 - 1)  # one column of squares is missing
    assert spreads_of(mesh).max() < 0.2
    assert len(mesh.vertices) == height.size


@pytest.mark.parametrize("corner", [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_three_corners_that_belong_together_stay(corner):
    height = plane((2, 2), right=0.1)
    height[corner] += 9
    mesh = surface_mesh(height, gray((2, 2)), largest_step=1)
    assert len(mesh.triangles) == 1 and mesh.vertices[:, 2].max() < 1
    hidden = np.zeros((2, 2), bool)
    hidden[corner] = True
    assert_array_equal(surface_mesh(height, gray((2, 2)), hidden=hidden, largest_step=1).vertices, mesh.vertices)


def test_hidden_and_unknown_pixels_are_left_out():
    height = plane((8, 8), right=0.1)
    hidden = np.zeros((8, 8), bool)
    hidden[3, 4] = True
    mesh = surface_mesh(height, gray((8, 8)), hidden=hidden)
    assert len(mesh.vertices) == 63 and len(mesh.triangles) == 2 * 49 - 4  # a triangle in each square around it stays
    height[3, 4] = np.nan
    for one, other in zip(mesh, surface_mesh(height, gray((8, 8))), strict=True):
        assert_array_equal(one, other)


def test_an_infinite_step_cuts_nothing():
    height = np.random.default_rng(0).normal(0, 100, (9, 9))
    assert len(surface_mesh(height, gray((9, 9)), largest_step=np.inf).triangles) == 2 * 64


def test_squares_and_vertices_that_are_used_agree():
    height = plane((3, 4))
    height[:, 3] = 50
    squares = joined_squares(height, np.zeros((3, 4), bool), 1)
    assert_array_equal(squares & 3, [[3, 3, 0], [3, 3, 0]])
    assert_array_equal(used_vertices(squares), np.arange(4) < [[3], [3], [3]])


# --- the default step ------------------------------------------------------------------------------------------------


def is_cut(height):
    mesh = surface_mesh(height, gray(height.shape))
    return len(mesh.triangles) < 2 * (height.shape[0] - 1) * (height.shape[1] - 1)


@pytest.mark.parametrize("shape", [(2, 2), (5, 5), (12, 40), (200, 300)])
@pytest.mark.parametrize("slope", [1e-4, 0.3, 50])
def test_no_plane_is_cut_however_steep_and_small(shape, slope):
    assert not is_cut(plane(shape, right=slope, down=-slope / 3))


def test_a_ball_is_cut_off_its_ground_and_whole_within():
    rows, columns = np.mgrid[-1.5:1.5:121j, -1.5:1.5:121j]
    inside = rows**2 + columns**2 < 1
    height = np.where(inside, 1 + np.sqrt(np.maximum(1 - rows**2 - columns**2, 0)), 0)
    squares = joined_squares(height, ~np.isfinite(height), default_step(height, ~np.isfinite(height))) & 3
    whole = rows**2 + columns**2 < 0.85**2
    assert (squares[whole[:-1, :-1] & whole[1:, 1:]] == 3).all()
    mesh = surface_mesh(height, gray(height.shape))
    is_ground = mesh.vertices[:, 2] == 0
    assert is_ground.any() and (is_ground[mesh.triangles].all(axis=1) == is_ground[mesh.triangles].any(axis=1)).all()


def test_whole_frames_are_not_cut_from_one_to_the_next():
    rows, columns = np.indices((60, 80))
    assert not is_cut(np.rint(4 * np.sin(columns / 15) * np.cos(rows / 12)))
    height = np.where(columns < 40, rows // 10, rows // 10 + 6)
    assert is_cut(height)
    assert spreads_of(surface_mesh(height, gray(height.shape))).max() == 1


def test_the_step_follows_scale_and_not_offset_nor_single_outliers():
    height = np.random.default_rng(1).normal(size=(60, 60)).cumsum(axis=1).astype(np.float32)
    nothing = np.zeros(height.shape, bool)
    step = default_step(height, nothing)
    assert default_step(3 * height + 100, nothing) == pytest.approx(3 * step, rel=1e-3)
    height[30, 30] = 1e6
    assert default_step(height, nothing) == pytest.approx(step, rel=0.02)
    hidden = np.arange(3600).reshape(60, 60) % 60 >= 50
    height[hidden] *= 1000
    assert default_step(height, hidden) == pytest.approx(default_step(height[:, :50], nothing[:, :50]))


def test_the_motorcycle_is_cut_off_what_is_behind_it():
    image, depth = motorcycle()
    mesh = surface_mesh(-depth, image)
    count = 2 * (depth.shape[0] - 1) * (depth.shape[1] - 1)
    assert 0.94 * count < len(mesh.triangles) < 0.99 * count
    assert spreads_of(mesh).max() < 0.15  # metres; the garage is 2.9 deep


# --- fewer vertices --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("most", [9, 100, 1000, 1999])
@pytest.mark.parametrize("shape", [(40, 50), (43, 47)])
def test_means_of_a_plane_lie_on_it(shape, most):
    height = plane(shape, right=0.3, down=-0.1)
    image = (plane(shape, right=0.01) + 0.2).astype(np.float32)
    mesh = surface_mesh(height, image, pixel_size=2, most=most)
    assert most / 5 < len(mesh.vertices) <= most
    columns, rows = mesh.vertices[:, 0] / 2, shape[0] - 1 - mesh.vertices[:, 1] / 2
    assert_allclose(mesh.vertices[:, 2], 0.3 * columns - 0.1 * rows, atol=1e-4)
    assert_allclose(mesh.colours[:, 0], 255 * (0.01 * columns + 0.2), atol=1)
    margins = columns.min(), shape[1] - 1 - columns.max(), rows.min(), shape[0] - 1 - rows.max()
    assert np.ptp(margins[:2]) <= 1 and np.ptp(margins[2:]) <= 1


@pytest.mark.parametrize(
    ("shape", "most", "grid"),
    [((3, 90), 50, (3, 90)), ((90, 5), 50, (45, 2)), ((4, 90), 4, (2, 45)), ((4, 5), 4, (2, 2))],
)
def test_two_vertices_are_left_along_the_shorter_side_whatever_the_most(shape, most, grid):
    mesh = surface_mesh(plane(shape, 0.1), gray(shape), most=most)
    assert tuple(len(np.unique(mesh.vertices[:, axis])) for axis in (1, 0)) == grid


def test_no_mean_lies_between_two_sides_of_a_jump():
    height = np.where(np.arange(48) < 22, 0.0, 10.0) + plane((48, 48), down=0.01)
    image = np.where(height < 5, 0.0, 1.0)
    for size in (144, 64, 36, 16):
        mesh = surface_mesh(height, image, most=size)
        near = mesh.vertices[:, 2] > 5
        assert 0 < near.sum() < len(near) == size
        assert (mesh.vertices[~near, 2] < 0.5).all() and (mesh.vertices[near, 2] > 9.9).all()
        assert_array_equal(mesh.colours[:, 0], np.where(near, 255, 0))
        assert (near[mesh.triangles].all(axis=1) == near[mesh.triangles].any(axis=1)).all()


def test_hidden_pixels_take_no_part_in_means_and_hide_cells_of_which_they_are_most():
    height, image = plane((12, 12), right=0.01), gray((12, 12)).copy()
    hidden = np.zeros((12, 12), bool)
    hidden[1::2, 1::2] = True  # a quarter of each cell
    hidden[4:6, 4:7] = True  # all of one, and most of another
    clean = surface_mesh(height, image, hidden=hidden, most=36)
    height[hidden], image[hidden] = 77, 1
    spoilt = surface_mesh(
        height, image, hidden=hidden, most=36, largest_step=default_step(plane((12, 12), 0.01), hidden, 2)
    )
    assert len(clean.vertices) == 34
    for one, other in zip(clean, spoilt, strict=True):
        assert_array_equal(one, other)


@pytest.mark.parametrize("most", [None, 36])
def test_unknown_pixels_are_hidden_too(most):
    height, hidden, unknown = plane((12, 12), right=0.01), np.zeros((12, 12), bool), np.zeros((12, 12), bool)
    hidden[:3, :4] = unknown[2:5, 3:8] = unknown[8, 8] = True
    expected = surface_mesh(height, gray((12, 12)), hidden=hidden | unknown, most=most)
    height[unknown] = np.nan
    height[8, 8] = np.inf
    for one, other in zip(expected, surface_mesh(height, gray((12, 12)), hidden=hidden, most=most), strict=True):
        assert_array_equal(one, other)


def test_bands_of_cells_equal_the_whole(monkeypatch):
    image, depth = motorcycle()
    hidden = depth > 4.5
    whole = surface_mesh(-depth, image, hidden=hidden, most=20_000)
    monkeypatch.setattr(mesh_module, "BAND", 10_000)
    for one, other in zip(whole[:2], surface_mesh(-depth, image, hidden=hidden, most=20_000)[:2], strict=True):
        assert_array_equal(one, other)


# --- errors ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("height", "options", "message"),
    [
        (np.zeros((4, 5, 3)), {}, r"height must have shape \(H, W\), .* got \(4, 5, 3\)"),
        (np.zeros((1, 5)), {}, r"at least 2 x 2 numbers, got \(1, 5\)"),
        (np.zeros((4, 5), complex), {}, "of type complex128"),
        (np.zeros((4, 6)), {}, r"image has shape \(4, 5\), but height \(4, 6\); crop or scale"),
        (np.zeros((4, 5)), {"hidden": np.zeros((5, 4), bool)}, r"hidden has shape \(5, 4\), but height \(4, 5\)"),
        (np.full((4, 5), np.nan), {}, "nothing is left of the surface: 100% of it is hidden"),
        (np.arange(20.0).reshape(4, 5) ** 3, {"largest_step": 0.5}, "no step of up to 0.5 joins the rest"),
        (np.zeros((4, 5)), {"pixel_size": -1}, "pixel_size must be a positive number, got -1"),
        (np.zeros((4, 5)), {"pixel_size": np.nan}, "pixel_size must be a positive number"),
        (np.zeros((4, 5)), {"largest_step": 0}, "largest_step must be a positive height, .* got 0"),
        (np.zeros((4, 5)), {"largest_step": np.nan}, "largest_step must be a positive height"),
        (np.zeros((4, 5)), {"most": 3}, "most must be 4 vertices or more, got 3"),
        (np.zeros((4, 5)), {"most": np.nan}, "most must be 4 vertices or more, got nan"),
    ],
)
def test_what_makes_no_surface_is_refused(height, options, message):
    with pytest.raises(ValueError, match=message):
        surface_mesh(height, gray((4, 5)), **options)


def test_a_picture_out_of_range_is_refused():
    with pytest.raises(DataError, match=r"the picture of the surface has values in \[2, 2\]"):
        surface_mesh(np.zeros((4, 5)), np.full((4, 5), 2.0))


# --- files -----------------------------------------------------------------------------------------------------------


def read_ply(path):
    """Read a mesh as any reader of PLY does: by what the header says; comments, and the mesh."""
    content = path.read_bytes()
    end = content.index(b"end_header\n") + len(b"end_header\n")
    lines = content[:end].decode("ascii").splitlines()
    assert lines[:2] == ["ply", "format binary_little_endian 1.0"]
    counts = {words[1]: int(words[2]) for words in map(str.split, lines) if words[0] == "element"}
    before, after = re.split("^element face.*$", "\n".join(lines), flags=re.MULTILINE)
    names = [tuple(line.split()[1:]) for line in before.splitlines() if line.startswith("property")]
    types = {"float": "<f4", "uchar": "u1"}
    vertices = np.frombuffer(content, [(name, types[kind]) for kind, name in names], counts["vertex"], end)
    assert "property list uchar int vertex_indices" in after
    face = np.dtype([("count", "u1"), ("corners", "<i4", 3)])
    start = end + vertices.nbytes
    faces = np.frombuffer(content, face, counts["face"], start)
    assert start + faces.nbytes == len(content) and (faces["count"] == 3).all()
    position, colour = (
        np.stack([vertices[name] for name in names], axis=1) for names in ("xyz", ("red", "green", "blue"))
    )
    return [line for line in lines if line.startswith("comment")], Mesh(position, colour, faces["corners"])


@pytest.fixture
def motorcycle_mesh():
    image, depth = motorcycle()
    return surface_mesh(-depth, image, most=3000)


def test_a_saved_mesh_comes_back(tmp_path, motorcycle_mesh, monkeypatch):
    monkeypatch.setattr(mesh_module, "BAND", 1000)
    save_ply(motorcycle_mesh, tmp_path / "surface.ply", unit="µm")
    comments, mesh = read_ply(tmp_path / "surface.ply")
    assert comments == ["comment unit um"]
    for saved, given in zip(mesh, motorcycle_mesh, strict=True):
        assert_array_equal(saved, given)


def test_a_unit_is_one_line_or_none(tmp_path, motorcycle_mesh):
    save_ply(motorcycle_mesh, tmp_path / "a.ply", unit="m\nelement face 3")
    assert read_ply(tmp_path / "a.ply")[0] == ["comment unit m element face 3"]
    save_ply(motorcycle_mesh, tmp_path / "b.ply")
    assert read_ply(tmp_path / "b.ply")[0] == []


def test_a_file_is_replaced_only_by_force_and_by_a_whole_one(tmp_path, motorcycle_mesh, monkeypatch):
    path = tmp_path / "surface.ply"
    save_ply(motorcycle_mesh, path)
    before = path.read_bytes()
    with pytest.raises(DataError, match="exists already"):
        save_ply(motorcycle_mesh, path)
    broken = motorcycle_mesh._replace(colours=motorcycle_mesh.colours[:-1])
    with pytest.raises(ValueError, match="broadcast"):
        save_ply(broken, path, force=True)
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]
    save_ply(surface_mesh(plane((2, 2)), gray((2, 2))), path, force=True)
    assert len(read_ply(path)[1].triangles) == 2


def test_another_ending_is_refused(tmp_path, motorcycle_mesh):
    with pytest.raises(DataError, match=r"use one of the endings \.ply"):
        save_ply(motorcycle_mesh, tmp_path / "surface.obj")
