"""Every command, given what is broken, odd or hostile: it works, or says in a line what is wrong and writes nothing."""

import ast
import hashlib
import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile

import fusion.cli
from data import DataError, limits, open_stack, save
from data.io import read_pages
from data.png import is_whole
from fusion.boundary import networks
from fusion.cli import main
from tests.fusion.cli import broken_inputs as made

ROOT = Path(__file__).resolve().parents[3]
SECONDS = 300  # that one test may take, on a machine that is busy; a command that waits for a pipe waits for ever

FUSING = {  # what each command is given for frames, with a result whose name begins with `out`
    "guided": lambda frames, out: ["guided", *frames, "-o", f"{out}.tif"],
    "exposure": lambda frames, out: ["exposure", *frames, "-o", f"{out}.tif"],
    "exposure --extended": lambda frames, out: ["exposure", "--extended", *frames, "-o", f"{out}.tif"],
    "boundary": lambda frames, out: ["boundary", "--no-refine", *frames, "-o", f"{out}.tif"],
    "stack": lambda frames, out: ["stack", *frames, "-o", f"{out}.tif"],
    "stack --align none": lambda frames, out: ["stack", *frames, "-o", f"{out}.tif", "--align", "none"],
    "depth": lambda frames, out: ["depth", *frames, "--depth-map", f"{out}.tif"],
    "align": lambda frames, out: ["align", *frames, "-o", out],
    "fuse": lambda frames, out: ["fuse", *frames, "-o", f"{out}.tif"],
    "evaluate": lambda frames, out: evaluating(frames, frames[0] + ".fused.png", out),
    "evaluate --fused": lambda frames, out: evaluating([frames[0], frames[-1]], frames[1], out),
}
COMPARING = {"compare": lambda frames, out: ["compare", *frames, "-o", f"{out}.html", "--align", "none"]}
TOLERANT = {"stack", "depth", "align", "fuse"}  # they name a frame that is none, and go on without it
USUAL = ("guided", "stack", "evaluate")  # where a frame is like any other, these stand for all
SLOW = {"stack", "depth", "fuse"}  # these go on without a frame that is refused, as align does, which stands for them
EVERYWHERE = {"turned.jpg", "12 bits in 16.tif", "palette.png"} | {
    "cut at half.jpg",
    "a text.png",
    "huge.png",
    "with a hole.png",
    "float with NaN.tif",
}


def evaluating(sources, fused, out):
    return ["evaluate", *sources, "--fused", fused, "--metrics", "SF", "Q_G", "--json", f"{out}.json"]


@pytest.fixture(autouse=True)
def no_waiting():
    """Stop a test whose command hangs."""
    if not hasattr(signal, "SIGALRM"):
        yield
        return

    def stop(*_):
        pytest.fail("the command hangs")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def known(folder):
    """What there is in a folder: of every name its kind, and what it holds."""
    return {path: told_of(path) for path in folder.rglob("*")}


def told_of(path):
    status = path.lstat()
    is_file = stat.S_ISREG(status.st_mode)
    return stat.S_IFMT(status.st_mode), hashlib.sha256(path.read_bytes()).hexdigest() if is_file else None


class Place:
    """A folder with `in/` for frames and `out/` for results, where commands are run and what they leave is checked."""

    def __init__(self, folder, capfd):
        self.folder, self._capfd = folder, capfd
        self.inside, self.out = folder / "in", folder / "out"
        for part in (self.inside, self.out):
            part.mkdir()

    def frames(self, *names, like="colour"):
        """Write frames, each sharp in another part; return their paths."""
        for part, name in enumerate(names):
            save(made.frame(like, part % 3), self.inside / name)
        return [str(self.inside / name) for name in names]

    def around(self, path, like="colour"):
        """Put a frame before this one, and one behind it; return the paths of all three."""
        first, last = self.inside / "0 near.png", self.inside / "z far.png"
        save(made.frame(like, 0), first)
        save(made.frame(like, 2), last)
        shutil.copy(last, f"{first}.fused.png")
        return [str(first), str(path), str(last)]

    def run(self, *arguments, results=None):
        """Run a command; return its status and what it says, after checking what holds for every command."""
        before = known(self.folder)
        self._capfd.readouterr()
        status = main(list(map(str, arguments)))
        said, told = self._capfd.readouterr()
        after = known(self.folder)
        new = {path for path in after if path not in before}
        assert {path: after.get(path) for path in before} == before, "something was changed that was there"
        assert not [path for path in new if path.name.startswith(".fusion-")], "a temporary file is left"
        assert status in (0, 2)
        if status == 2:
            assert not new, f"{arguments[0]} failed, and left {new}"
            assert told.splitlines()[-1].startswith("fusion: error: ") and told.count("fusion: error: ") == 1
        else:
            beside = results or self.out
            assert new and all(path.is_relative_to(beside) for path in new), new
        assert "Traceback" not in told and "libpng" not in told and "OpenCV(" not in told
        return status, told

    def fails(self, *arguments):
        """Run a command that cannot be done; return its one line."""
        status, told = self.run(*arguments)
        assert status == 2 and told.count("\n") == 1, told
        return told

    def works(self, *arguments, results=None):
        """Run a command that can be done; return what it tells on the error stream."""
        status, told = self.run(*arguments, results=results)
        assert status == 0, told
        return told


@pytest.fixture
def place(tmp_path, capfd):
    return Place(tmp_path, capfd)


def commands_for(name, works):
    """Return the commands to be tried with a picture: all with some, and with the others those that stand for all."""
    if name in EVERYWHERE:
        return FUSING if works else FUSING | COMPARING
    names = USUAL if works else (FUSING | COMPARING).keys() - SLOW
    return {command: (FUSING | COMPARING)[command] for command in sorted(names)}


@pytest.mark.parametrize("name", list(made.PICTURES))
def test_a_picture_is_a_frame_or_refused_by_name(place, name):
    entry, path = made.PICTURES[name], place.inside / name
    path.write_bytes(entry.content())
    frames = place.around(path, entry.like)
    for command, arguments_for in commands_for(name, entry.works).items():
        arguments = arguments_for(frames, str(place.out / command))
        if entry.works:
            place.works(*arguments)
        elif command in TOLERANT:
            told = place.works(*arguments)
            assert f"{name}: left out: " in told and entry.told in told, command
        elif command == "evaluate --fused" and "among" in name:
            place.works(*arguments)  # scores are those of gray pictures
        else:
            told = place.fails(*arguments)
            assert name in told and entry.told in told, command


@pytest.mark.parametrize("name", [name for name, entry in made.PICTURES.items() if not entry.works])
def test_nothing_but_broken_pictures_is_refused(place, name):
    if name in ("gray among colour.png", "pages.tif"):
        pytest.skip("is only wrong among others")
    paths = [place.inside / name, place.inside / f"2 {name}"]
    for path in paths:
        path.write_bytes(made.PICTURES[name].content() + b"\0" * paths.index(path))
    for command in ("guided", "stack"):
        assert name in place.fails(*FUSING[command](list(map(str, paths)), str(place.out / command)))
    assert name in place.fails("exposure", "--extended", paths[0], "-o", place.out / "one.tif")


# --- how large a picture may be --------------------------------------------------------------------------------------

MEASURED = """
import resource, sys
from pathlib import Path
from fusion.cli import main
from data import open_stack

near, broken, out = sys.argv[1:]
main(["guided", near, near, "-o", out + "/first.png"])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
limit = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize() + (400 << 20)
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
for path in sorted(Path(broken).iterdir()):
    for command in ("guided", "stack"):
        assert main([command, str(path), str(path), "-o", out + "/x.tif"]) == 2
        assert main([command, near, str(path), "-o", out + "/x.tif"]) == 2
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="asks for the memory of a process as Linux tells it")
def test_a_picture_that_says_it_is_huge_takes_no_memory(place):
    [near] = place.frames("near.png")
    broken = place.folder / "broken"
    broken.mkdir()
    for name, entry in (made.LARGE | made.BOMBS).items():
        (broken / name).write_bytes(entry.content())
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, near, broken, place.out],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stderr.splitlines() if ": is given twice" not in line and ": left out: " not in line]
    assert lines and all(line.startswith("fusion: error: ") for line in lines), done.stderr
    assert "not enough memory" not in done.stderr
    assert int(done.stdout.splitlines()[-1]) < 64  # megabytes


@pytest.mark.parametrize("name", ["huge.png", "huge.jpg", "huge.bmp", "huge.tif", "huge big.tif"])
def test_the_limit_of_size_is_told(place, name):
    (place.inside / name).write_bytes(made.PICTURES[name].content())
    assert f"a frame has {limits.MOST_PIXELS} at most" in place.fails("guided", place.inside, "-o", place.out / "a.tif")


def test_the_limit_lies_where_it_says(tmp_path):
    side = 1 << 14
    for height, is_read in ((limits.MOST_PIXELS // side, True), (limits.MOST_PIXELS // side + 1, False)):
        path = tmp_path / f"{height}.bmp"
        path.write_bytes(made.bmp_of(side, height))
        if is_read:
            assert read_pages(path)[0].shape == (height, side, 3)
        else:
            with pytest.raises(DataError, match=f"{side} x {height} pixels, by its header, and a frame has"):
                read_pages(path)


@pytest.mark.parametrize(
    ("kind", "options", "dtype"),
    [
        ("JPEG", {}, np.uint8),
        ("JPEG", {"progressive": True, "optimize": True}, np.uint8),
        ("PNG", {"compress_level": 9}, np.uint8),
        ("PNG", {"compress_level": 9}, bool),
    ],
)
def test_no_whole_picture_has_too_few_bytes(tmp_path, kind, options, dtype):
    from PIL import Image

    path = tmp_path / f"black.{kind.lower()}"
    Image.fromarray(np.zeros((2048, 2048), dtype)).save(path, kind, **options)
    assert not open_stack([path]).pixels(0).any()
    most = limits.PIXELS_PER_BYTE[kind] * path.stat().st_size
    limits.check_density(path, 1, most, kind, path.stat().st_size)
    with pytest.raises(DataError, match="cannot hold"):
        limits.check_density(path, 1, most + 1, kind, path.stat().st_size)


def test_a_png_is_whole_unless_a_byte_that_counts_is_another():
    png = made.with_chunk(b"tEXt", b"Comment\0nothing")
    assert is_whole(png) and is_whole(png + b"behind it")
    at = png.index(b"nothing")
    assert is_whole(png[:at] + b"N" + png[at + 1 :])  # of a note, which may be passed over
    for at in (png.index(b"IHDR") + 5, png.index(b"IDAT") + 9, len(png) - 2):
        assert not is_whole(png[:at] + bytes([png[at] ^ 1]) + png[at + 1 :])
    assert not any(is_whole(png[:count]) for count in range(0, len(png), 101))


# --- pages -----------------------------------------------------------------------------------------------------------


def three(kind="colour"):
    return [made.frame(kind, part) for part in range(3)]


def pages_with_a_broken_one():
    encoded = bytearray(made.pages(*three(), compression="zlib"))
    with tifffile.TiffFile(made.io.BytesIO(bytes(encoded))) as file:
        at = file.pages[1].dataoffsets[0]
    encoded[at : at + 40] = b"\xff" * 40
    return bytes(encoded)


PAGES = {
    "three": (lambda: made.pages(*three()), True),
    "of 16 bits": (lambda: made.pages(*three("16 gray"), compression="lzw"), True),
    "of two sizes": (lambda: made.pages(three()[0], three()[1][:65], three()[2]), False),
    "of two kinds": (lambda: made.pages(three()[0], made.frame("gray"), three()[2]), False),
    "with a broken one": (pages_with_a_broken_one, False),
}


@pytest.mark.parametrize("name", list(PAGES))
def test_pages_of_a_file_are_frames_for_every_command(place, name):
    content, works = PAGES[name]
    path = place.inside / "pages.tif"
    path.write_bytes(content())
    save(made.frame("16 gray" if "16" in name else "colour"), f"{path}.fused.png")
    for command in FUSING.keys() - {"evaluate --fused"}:
        arguments = FUSING[command]([str(path)], str(place.out / command))
        if works:
            place.works(*arguments)
        elif command in TOLERANT:
            assert "pages.tif[1]: left out: " in place.works(*arguments)
        else:
            assert "pages.tif" in place.fails(*arguments)


@pytest.mark.parametrize("content", [lambda: made.pages(made.frame()), made.endless_tiff], ids=["one", "endless"])
def test_one_page_is_no_stack(place, content):
    (place.inside / "pages.tif").write_bytes(content())
    for command in ("guided", "stack", "depth", "fuse", "boundary", "exposure"):
        assert "pages.tif" in place.fails(*FUSING[command]([str(place.inside / "pages.tif")], str(place.out / command)))


# --- what is no file -------------------------------------------------------------------------------------------------


def circle(path):
    path.symlink_to(path.name)


def nowhere(path):
    path.symlink_to("gone.png")


def folder(path):
    path.mkdir()


def pipe(path):
    os.mkfifo(path)


def device(path):
    path.symlink_to(os.devnull)


posix = pytest.mark.skipif(os.name != "posix", reason="makes links, pipes and devices as POSIX has them")


@posix
@pytest.mark.parametrize("make", [circle, nowhere, folder, pipe, device])
def test_what_is_no_file_is_no_frame(place, make):
    path = place.inside / "x.png"
    make(path)
    frames = place.around(path)
    for command, arguments_for in (FUSING | COMPARING).items():
        status, told = place.run(*arguments_for(frames, str(place.out / command)))
        assert "x.png: " in told
        assert status == (0 if command in TOLERANT and make in (pipe, device) else 2), command
    told = place.fails("evaluate", frames[0], frames[2], "--fused", frames[0] + ".fused.png", "--truth", path)
    assert "x.png: " in told


@posix
@pytest.mark.parametrize("make", [circle, nowhere, folder, pipe, device])
def test_in_a_folder_it_is_passed_over(place, make):
    make(place.inside / "x.png")
    place.frames("a.png", "b.png", "c.png")
    for command in ("guided", "stack", "align"):
        place.works(*FUSING[command]([str(place.inside)], str(place.out / command)))


@posix
@pytest.mark.parametrize("make", [circle, folder, pipe])  # not a device, for a mistake would take its place
def test_it_is_never_replaced(place, make):
    frames = place.frames("a.png", "b.png", "c.png")
    for ending, commands in {
        ".png": ("guided", "exposure", "boundary", "stack", "fuse", "depth"),
        ".json": ("stack --json", "evaluate --json", "align --report"),
        ".html": ("compare", "depth --view"),
    }.items():
        path = place.folder / f"x{ending}"
        make(path)
        for command in commands:
            name, *option = command.split()
            named = option or ["--depth-map" if name == "depth" else "-o"]
            beside = {
                "stack": ["-o", place.out / "a.tif"],
                "align": ["-o", place.out / "a"],
                "evaluate": ["--fused", frames[0]],
            }
            told = place.fails(
                name, *frames[1:], *named, path, *(beside[name] if option and name in beside else []), "--force"
            )
            assert f"x{ending}: " in told


@posix
def test_a_device_is_no_output_even_if_a_check_was_forgotten(place):
    from data.io import replacing

    os.mkfifo(place.folder / "x.png")
    (place.folder / "link.png").symlink_to("x.png")
    with (
        pytest.raises(DataError, match="link.png: is a device, a pipe or a socket"),
        replacing(place.folder / "link.png"),
    ):
        pytest.fail("it would have been replaced")


@posix
def test_a_link_to_a_frame_is_a_frame_and_never_an_output(place):
    frames = place.frames("a.png", "b.png", "c.png")
    (place.inside / "link.png").symlink_to("a.png")
    os.link(frames[0], place.inside / "hard.png")
    for name in ("link.png", "hard.png"):
        for command in ("guided", "exposure", "boundary", "stack", "fuse"):
            assert "is one of the frames" in place.fails(command, *frames, "-o", place.inside / name, "--force")
        told = place.works("stack", *frames, place.inside / name, "-o", place.out / f"{name}.tif", "--align", "none")
        assert "the same, byte for byte" in told


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read anything")
def test_a_file_that_may_not_be_read_is_named(place):
    path = place.frames("x.png")[0]
    frames = place.around(path)
    Path(path).chmod(0)
    for command in ("guided", "exposure", "boundary", "evaluate"):
        assert "may not be read" in place.fails(*FUSING[command](frames, str(place.out / command)))


def test_without_permission_a_picture_is_named(place, monkeypatch):
    from PIL import Image

    frames = place.frames("a.png", "b.png")

    def refuse(path, *_, **__):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Image, "open", refuse)
    assert "a.png: may not be read" in place.fails("guided", *frames, "-o", place.out / "a.tif")


# --- names -----------------------------------------------------------------------------------------------------------

NAMES = {
    "spaces": " a  b .png",
    "quotes": """it's "q" `x`.png""",
    "a line break": "new\nline.png",
    "a dash": "-o.png",
    "Cyrillic": "снимок.png",
    "an emoji": "😀.png",
    "two points": "a..b.png",
    "bytes that are no text": os.fsdecode(b"by\xff\xfe.png"),
    "length": "n" * 250 + ".png",
    "a pattern": "[ab]*?.png",
    "the name of a page": "a[1].png",
    "a format": "%s{0}%d.png",
    "capitals": "A.PNG",
}


@posix
@pytest.mark.parametrize("name", list(NAMES.values()), ids=list(NAMES))
def test_files_may_have_any_name(place, name):
    [first, last] = place.frames("0 near.png", "~ far.png")
    path = str(place.inside / name)
    shutil.copy(place.frames("source.png")[0], path)
    (place.inside / "source.png").unlink()
    save(made.frame(part=1), f"{place.inside / '0 near.png'}.fused.png")
    for command in ("guided", "align", "evaluate"):
        place.works(*FUSING[command]([first, path, last], str(place.out / command)))
    place.works("exposure", first, last, "-o", place.out / name)
    report = place.out / f"{name[:-4]}.json"
    place.works("stack", first, path, last, "-o", place.out / f"2{name[-240:]}", "--json", report)
    place.works("rerun", report, "-o", place.out / f"3{name[-240:]}")
    Path(path).write_bytes(b"no picture")
    told = place.fails("guided", first, path, last, "-o", place.out / "c.tif")
    assert "is not a picture" in told


@posix
def test_a_name_that_is_too_long_is_named(place):
    frames, long = place.frames("a.png", "b.png"), "n" * 300
    for arguments in (
        ["guided", *frames, place.inside / f"{long}.png", "-o", place.out / "a.tif"],
        ["guided", *frames, "-o", place.out / f"{long}.tif"],
        ["stack", *frames, "-o", place.out / f"{long}.tif"],
        ["stack", *frames, "-o", place.out / "a.tif", "--transforms", place.out / f"{long}.json"],
        ["align", *frames, "-o", place.out / long],
        ["depth", *frames, "--depth-map", place.out / "a.tif", "--distances", place.out / long],
        ["evaluate", *frames, "--fused", place.out / f"{long}.png"],
        ["rerun", place.out / f"{long}.json"],
    ):
        assert long in place.fails(*arguments)


def test_a_name_that_begins_with_a_dash_follows_two_of_them(place, monkeypatch):
    place.frames("-o.png", "--force.png", "-1.png")
    monkeypatch.chdir(place.inside)
    place.works("guided", "-o", place.out / "a.tif", "--", "-o.png", "--force.png", "-1.png")
    place.works("guided", "./-o.png", "./-1.png", "-o", place.out / "b.tif")


# --- odd stacks ------------------------------------------------------------------------------------------------------


def noise(height, width):
    rng = np.random.default_rng(height * 1000 + width)
    return [rng.integers(0, 255, (height, width, 3)).astype(np.uint8) for _ in range(3)]


ODD = {  # frames, and which commands make something of them
    "one frame": (lambda: three()[:1], {"exposure --extended"}),
    "one pixel": (lambda: noise(1, 1), set()),
    "one row": (lambda: noise(1, 70), set()),
    "one column": (lambda: noise(70, 1), set()),
    "black": (lambda: [np.full_like(frame, 0) for frame in three()], {"exposure --extended"}),
    "of three sizes": (lambda: [three()[0], three()[1][:65], three()[2][:64, :64]], set()),
    "two pixels a side": (lambda: noise(2, 2), None),
    "thin": (lambda: noise(2, 300), None),
    "white": (lambda: [np.full_like(frame, 255) for frame in three()], None),
    "gray": (lambda: [np.full_like(frame, 77 + part) for part, frame in enumerate(three())], None),
    "black and white": (lambda: [np.zeros_like(three()[0]), np.full_like(three()[0], 255), three()[0]], None),
    "the same": (lambda: three()[:1] * 3, None),
    "noise": (lambda: noise(70, 70), None),
}


@pytest.mark.parametrize("name", list(ODD))
def test_an_odd_stack_is_fused_or_refused(place, name):
    pictures, working = ODD[name]
    frames = []
    for number, pixels in enumerate(pictures()):
        save(pixels, place.inside / f"{number}.png")
        frames.append(str(place.inside / f"{number}.png"))
    for command in FUSING.keys() - {"evaluate", "evaluate --fused"}:
        status, told = place.run(*FUSING[command](frames, str(place.out / command)))
        if working is not None:
            assert status == (0 if command in working else 2), (command, told)
    if len(frames) == 3:
        place.run(*evaluating(frames[:2], frames[2], place.out / "scores"))


# --- texts -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Frames, the motion that was found of them, a report of their fusion, and its result."""
    folder = tmp_path_factory.mktemp("saved")
    for part in range(3):
        save(made.frame(part=part), folder / f"{part}.png")
    frames = [str(folder / f"{part}.png") for part in range(3)]
    options = ["--transforms", f"{folder / 't.json'}", "--json", f"{folder / 'r.json'}", "--quiet"]
    assert main(["stack", *frames, "-o", str(folder / "fused.tif"), *options]) == 0
    return frames, json.loads((folder / "t.json").read_text()), json.loads((folder / "r.json").read_text())


def changed(content, *changes):
    """A copy of what JSON holds, with other values in some places, each given by its keys."""
    copied = json.loads(json.dumps(content))
    for *keys, last, value in changes:
        within = copied
        for key in keys:
            within = within[key]
        within[last] = value
    return json.dumps(copied).encode()


def no_motion(content):
    """Yield texts that hold no motion that can be applied to three frames, by name."""
    whole = json.dumps(content).encode()
    yield "nothing", b""
    yield "half of it", whole[: len(whole) // 2]
    yield "no text", bytes(range(256))
    yield "not a number", b"NaN"
    yield "a list", b"[]"
    yield "a number too large", b"1e400"
    yield "a number too long", b"1" * 5000
    yield "depth", b"[" * 200_000
    yield "depth of names", b'{"a":' * 50_000
    yield "another kind", changed(content, ("kind", "a cake"))
    yield "a version to come", changed(content, ("version", 99))
    yield "a version that is a text", changed(content, ("version", "1"))
    for name, matrix in {
        "no number": [[1, 0, float("nan")], [0, 1, 0], [0, 0, 1]],
        "infinite": [[1, 0, float("inf")], [0, 1, 0], [0, 0, 1]],
        "as wide as the world": [[1, 0, 10**400], [0, 1, 0], [0, 0, 1]],
        "a text": "identity",
        "two rows": [[1, 0, 0], [0, 1, 0]],
        "flat": [[1, 0, 0], [1, 0, 0], [0, 0, 1]],
        "zero": [[0, 0, 0]] * 3,
        "enormous": [[1e299, 0, 1e299], [0, 1e299, 1e299], [0, 0, 1e-299]],
        "a million": [[1] * 1_000_000] * 3,
        "at infinity": [[1, 0, 0], [0, 1, 0], [1, 1, -40]],
    }.items():
        yield f"a matrix: {name}", changed(content, ("frames", 2, "matrix", matrix))
    for shape in ([66], [-66, 80], [0, 0], [10**30, 10**30], "66 x 80", [66.5, 80], [True, True], None):
        yield f"a shape: {shape}", changed(content, ("shape", shape))
    for reference in (-1, 3, 10**30, 1.0, True, "0", None):
        yield f"a reference: {reference}", changed(content, ("reference", reference))
    for frames in ([], None, {}, [None] * 3, content["frames"][:2], content["frames"] * 2, [[]] * 100_000):
        yield f"frames: {str(frames)[:20]}, {len(frames or [])}", changed(content, ("frames", frames))
    yield "a status", changed(content, ("frames", 2, "status", "lost"))
    yield "an area", changed(content, ("frames", 2, "matched_area", 7))
    yield "gains", changed(content, ("frames", 2, "gains", [float("nan")] * 3))
    yield "no gains", changed(content, ("frames", 2, "gains", []))


def test_motion_that_makes_no_sense_is_refused(place, saved):
    frames, motion, _ = saved
    path = place.folder / "t.json"
    for name, text in no_motion(motion):
        path.write_bytes(text)
        arguments = FUSING["align"](frames, str(place.out / "a"))
        assert "t.json" in place.fails(*arguments, "--transforms", path), name


@pytest.mark.parametrize("command", ["guided", "exposure", "boundary", "stack", "depth", "fuse"])
def test_every_command_refuses_it(place, saved, command):
    frames, motion, _ = saved
    path = place.folder / "t.json"
    for name, text in list(no_motion(motion))[1::8]:
        path.write_bytes(text)
        arguments = FUSING[command](frames, str(place.out / "a"))
        assert "t.json" in place.fails(*arguments, "--transforms", path), name


def no_reports(content):
    """Yield texts that are no report that can be followed, by name."""
    whole = json.dumps(content).encode()
    yield "nothing", b""
    yield "half of it", whole[: len(whole) // 2]
    yield "depth", b"[" * 200_000
    yield "another kind", changed(content, ("kind", None))
    yield "a format to come", changed(content, ("format", 1e400))
    for path in ("/gone/0.png", "", ".", "a\0b", os.devnull, "n" * 5000, "/"):
        yield f"a frame: {path[:9]!r}", changed(content, ("inputs", 0, "path", path), ("inputs", 0, "absolute", path))
    for value in (None, 7, {}, [], [7], "0.png"):
        yield f"inputs: {value}", changed(content, ("inputs", value))
        yield f"outputs: {value}", changed(content, ("outputs", value))
    for path in ("", "a\0b.tif", "/", "a.exe", "/gone/x/a.tif", "n" * 5000 + ".tif", 7, os.devnull):
        yield f"an output: {str(path)[:9]!r}", changed(content, ("output", path))
    for name, value in {
        "depth": 10**9,
        "k_size": 4,
        "naive": "yes",
        "prefer": "middle",
        "align": "rubber",
        "reference": 7,
        "slab": "0/0",
        "quality": float("nan"),
    }.items():
        yield f"{name}: {value}", changed(content, ("parameters", name, value))
    flat = [[1, 0, 0], [1, 0, 0], [0, 0, 1]]
    yield "a matrix that is flat", changed(content, ("transforms", "frames", 2, "matrix", flat))
    yield "no motion at all", changed(content, ("transforms", "frames", []))
    yield "a hash", changed(content, ("inputs", 0, "sha256", "0" * 64))
    yield "no hash", changed(content, ("inputs", 0, "sha256", "x"))


def test_a_report_that_makes_no_sense_is_refused(place, saved):
    path = place.folder / "r.json"
    for name, text in no_reports(saved[2]):
        path.write_bytes(text)
        options = [] if name.startswith("an output") else ["-o", place.out / "again.tif"]
        told = place.fails("rerun", path, *options)
        assert told.startswith("fusion: error: "), name


DISTANCES = {
    "nothing": b"",
    "no text": bytes(range(128, 256)),
    "words": b"near\nfar\nfarther\n",
    "a header alone": b"z (mm)\n",
    "no number": b"0\nnan\n2\n",
    "infinite": b"0\n1\ninf\n",
    "too large": b"0\n1\n1e400\n",
    "too few": b"0\n1\n",
    "too many": b"0\n1\n2\n3\n",
    "two alike": b"0\n1\n1\n",
    "back again": b"0\n2\n1\n",
    "two units": b"0 mm\n1 cm\n2 mm\n",
    "an unknown unit": b"0 furlong\n1 furlong\n2 furlong\n",
    "a table": b"0,1\n1,2\n2,3\n",
    "long numbers that are none": b"1" * 100_000 + b"!\n" + b"1." * 50_000 + b"\n2\n",
    "zeros": bytes(1000),
}


@pytest.mark.parametrize("name", list(DISTANCES))
def test_distances_that_make_no_sense_are_refused(place, saved, name):
    path = place.folder / "d.csv"
    path.write_bytes(DISTANCES[name])
    told = place.fails("depth", *saved[0], "--depth-map", place.out / "a.tif", "--distances", path)
    assert "d.csv" in told and len(told) < 1000 + 2 * len(str(path))


@pytest.mark.parametrize("text", ["nan", "-1mm", "0", "1e400mm", "1 furlong", "1e-400mm", "1" * 5000 + "mm", "", "."])
def test_a_step_that_makes_no_sense_is_refused(place, saved, text):
    for option in (["--distances=" + text], ["--distances=1mm", "--pixel-size=" + text]):
        assert option[-1].partition("=")[0] in place.fails(
            "depth", *saved[0], "--depth-map", place.out / "a.tif", *option
        )


@posix
@pytest.mark.parametrize("make", [circle, nowhere, folder, pipe, device, "endless"])
def test_a_text_that_is_no_file_is_refused(place, saved, make):
    path = place.folder / "t.json"
    if make == "endless":
        with open(path, "wb") as file:
            file.truncate(1 << 40)
    else:
        make(path)
    for arguments in (
        *(FUSING[command](saved[0], str(place.out / "a")) + ["--transforms", path] for command in ("guided", "stack")),
        ["align", *saved[0], "-o", place.out / "b", "--transforms", path],
        ["depth", *saved[0], "--depth-map", place.out / "c.tif", "--distances", path],
        ["rerun", path, "-o", place.out / "d.tif"],
    ):
        assert "t.json" in main_fails(place, arguments)


def main_fails(place, arguments):
    """Run a command that cannot be done where a file is too long to be looked at; return its line."""
    place._capfd.readouterr()
    assert main(list(map(str, arguments))) == 2
    told = place._capfd.readouterr().err
    assert told.startswith("fusion: error: ") and told.count("\n") == 1 and not list(place.out.iterdir())
    return told


# --- outputs ---------------------------------------------------------------------------------------------------------

OUTPUTS = {
    "in a missing folder": "gone/a.tif",
    "a folder": "in",
    "below a file": "in/a.png/b.tif",
    "of an unknown kind": "out/a.psd",
    "without an ending": "out/a",
    "without a name": "out/.tif",
    "a frame": "in/a.png",
    "upwards": "out/../in/b.png",
}


@pytest.mark.parametrize("command", ["guided", "exposure", "exposure --extended", "boundary", "stack", "fuse"])
def test_an_output_that_cannot_be_is_refused(place, command):
    frames = place.frames("a.png", "b.png", "c.png")
    for name, path in OUTPUTS.items():
        for force in ([], ["--force"]):
            told = place.fails(*FUSING[command](frames, place.out / "x")[:-2], "-o", place.folder / path, *force)
            assert Path(path).name in told, name


def test_other_outputs_that_cannot_be_are_refused(place):
    frames = place.frames("a.png", "b.png", "c.png")
    for path in OUTPUTS.values():
        target = place.folder / path
        for arguments in (
            ["depth", *frames, "--depth-map", target],
            ["depth", *frames, "--csv", target],
            ["depth", *frames, "--view", target],
            ["stack", *frames, "-o", place.out / "x.tif", "--json", target],
            ["stack", *frames, "-o", place.out / "x.tif", "--index", target],
            ["stack", *frames, "-o", place.out / "x.tif", "--depth-map", target],
            ["boundary", *frames, "-o", place.out / "x.tif", "--decision-map", target],
            ["evaluate", *frames[:2], "--fused", frames[2], "--json", target],
            ["align", *frames, "-o", place.out / "x", "--report", target],
            ["compare", *frames, "-o", target],
        ):
            assert Path(path).name in place.fails(*arguments, "--force")
    for path in ("gone/a/b", "in/a.png", "in/a.png/b", "in"):
        assert place.fails("align", *frames, "-o", place.folder / path, "--force")


def test_a_write_that_fails_leaves_nothing(place, monkeypatch):
    frames = place.around(place.frames("a.png", "b.png")[1])

    def refuse(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", refuse)
    for command in FUSING:
        told = place.fails(*FUSING[command](frames, str(place.out / command)), "--quiet")
        assert "cannot be written (No space left on device)" in told


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a folder that even root cannot write to")
def test_a_place_that_takes_no_file_is_told(place):
    frames = place.frames("a.png", "b.png", "c.png")
    for command in ("guided", "exposure", "boundary", "stack", "fuse"):
        assert "/proc/self/a.tif: " in place.fails(command, *frames, "-o", "/proc/self/a.tif")
    assert "/proc/self/b: " in place.fails("align", *frames, "-o", "/proc/self/b")


# --- memory, data sets, weights --------------------------------------------------------------------------------------


def test_memory_that_opencv_or_a_thread_does_not_get_is_told(place, monkeypatch):
    frames = place.frames("a.png", "b.png")

    def enlarge(*_, **__):
        cv2.resize(np.zeros((2, 2), np.uint8), (2**19, 2**20 - 1))  # half a terabyte

    def start(*_, **__):
        raise RuntimeError("can't start new thread")

    for fail in (enlarge, start):
        monkeypatch.setattr(fusion.cli.guided, "guided_fusion", fail)
        assert place.fails("guided", *frames, "-o", place.out / "a.tif") == "fusion: error: not enough memory\n"
    monkeypatch.setattr(cv2, "imdecode", enlarge)
    assert place.fails("exposure", *frames, "-o", place.out / "a.tif") == "fusion: error: not enough memory\n"


def test_other_faults_are_not_taken_for_lack_of_memory(place, monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(fusion.cli.guided, "guided_fusion", fail)
    with pytest.raises(RuntimeError, match="of ours"):
        main(["guided", *place.frames("a.png", "b.png"), "-o", str(place.out / "a.tif")])


@posix
@pytest.mark.parametrize("make", [circle, nowhere, pipe, device, "file"])
def test_a_folder_of_data_that_is_none_is_told(place, monkeypatch, make):
    path = place.folder / "data"
    path.write_text("") if make == "file" else make(path)
    monkeypatch.setenv("FUSION_DATA", str(path))
    for arguments in (["list"], ["where", "lytro/01"]):
        assert "FUSION_DATA is " in place.fails("data", *arguments)


@pytest.mark.parametrize("name", ["", "..", "../../etc", "/", "lytro", "a\nb", "n" * 300, "built-in/..", "%00", "-"])
def test_a_name_of_no_data_set_is_told(place, monkeypatch, name):
    monkeypatch.setenv("FUSION_CACHE", str(place.folder / "cache"))
    monkeypatch.delenv("FUSION_DATA", raising=False)
    for action in ("where", "fetch"):
        assert place.fails("data", action, "--", name)


@pytest.mark.parametrize("change", ["one bit", "half of it", "nothing", "a pickle"])
@pytest.mark.parametrize("name", ["compact", "compact-boundary"])
def test_weights_that_were_tampered_with_are_refused(place, monkeypatch, change, name):
    weights = place.folder / "weights"
    shutil.copytree(networks.FOLDER, weights, ignore=shutil.ignore_patterns("resnet56*"))
    path = weights / f"{name}.safetensors"
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    changes = {"half of it": content[: len(content) // 2], "nothing": b"", "a pickle": b"\x80\x04\x95cos\nsystem\n."}
    path.write_bytes(changes.get(change, content))
    monkeypatch.setattr(networks, "FOLDER", weights)
    for cached in (networks.first_network, networks.boundary_network):
        cached.cache_clear()
    try:
        frames = place.frames("a.png", "b.png")
        told = place.fails("boundary", *frames, "-o", place.out / "a.tif")
    finally:
        for cached in (networks.first_network, networks.boundary_network):
            cached.cache_clear()
    assert f"{path}: is not the file of weights that was shipped" in told


# --- what no code of ours does ---------------------------------------------------------------------------------------

FORBIDDEN = {"pickle", "cPickle", "dill", "cloudpickle", "shelve", "marshal", "joblib"}
CODE = [
    path
    for room in ("data", "recalage", "fusion", "benchmarks", "tools")
    for path in sorted((ROOT / room).rglob("*.py"))
]


def dangers(tree):
    """Yield what of a syntax tree would run what a file says."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names] + [getattr(node, "module", None) or ""]
            yield from (f"imports {name}" for name in names if name.partition(".")[0] in FORBIDDEN)
        if isinstance(node, ast.Call):
            yield from _of_call(
                ast.unparse(node.func), {option.arg: ast.unparse(option.value) for option in node.keywords}
            )


def _of_call(name, options):
    if name in ("eval", "exec", "compile", "__import__", "os.system", "os.popen"):
        yield f"calls {name}"
    if options.get("shell", "False") != "False":
        yield f"calls {name} with a shell"
    if options.get("allow_pickle", "False") != "False":
        yield f"calls {name} with allow_pickle"
    if re.fullmatch(r"(np|numpy)\.load", name) and options.get("allow_pickle") != "False":
        yield f"calls {name} without allow_pickle=False"
    if name == "torch.load" and options.get("weights_only") != "True":
        yield "calls torch.load without weights_only=True"
    if name.startswith("yaml.") and "safe" not in name.lower() and "Safe" not in options.get("Loader", ""):
        yield f"calls {name}"


def test_no_code_runs_what_a_file_says():
    assert len(CODE) > 100
    found = {str(path.relative_to(ROOT)): [*dangers(ast.parse(path.read_text(encoding="utf-8")))] for path in CODE}
    assert {path: what for path, what in found.items() if what} == {}


@pytest.mark.parametrize(
    "code",
    [
        "import pickle",
        "from pickle import loads",
        "import joblib.numpy_pickle",
        "np.load(path)",
        "numpy.load(path, allow_pickle=True)",
        "np.save(path, x, allow_pickle=anything)",
        "torch.load(path)",
        "torch.load(path, weights_only=False)",
        "yaml.load(text)",
        "eval(text)",
        "exec(text)",
        "subprocess.run(text, shell=True)",
        "os.system(text)",
    ],
)
def test_such_code_would_be_found(code):
    assert [*dangers(ast.parse(code))]


@pytest.mark.parametrize(
    "code", ["np.load(path, allow_pickle=False)", "yaml.safe_load(text)", "network.eval()", "subprocess.run(words)"]
)
def test_other_code_is_not(code):
    assert not [*dangers(ast.parse(code))]


def test_every_command_has_its_place_here():
    names = {command.__name__.rpartition(".")[2] for command in fusion.cli.COMMANDS}
    tried = {key.split()[0] for key in FUSING | COMPARING} | {"rerun", "data"}
    assert names == tried
