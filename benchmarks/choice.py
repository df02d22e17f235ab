"""How often the method is chosen that comes nearest to the truth, and what `fusion compare` costs.

    python -m benchmarks.choice [kinds] [focus] [lab] [exposure] [cost] [--save]

kinds: what frames differ in, of picture sets whose kind is known; needs the picture sets. focus: the method that is
chosen beside the one that is best by PSNR, on scenes with truth. lab: the same on the scenes of the artefact lab.
exposure: the same by MEF-SSIM, on the 17 brackets. cost: time, memory and size of the page for ten frames of 12
megapixels. Prints JSON; --save writes it to benchmarks/results/choice.json too, where parts that did not run stay as
they are.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np

import data
from benchmarks.guided import COMMAND
from benchmarks.run import measure, on_this_machine, publish_parts
from benchmarks.stacking import made
from data import datasets, scenes
from data.scenes.lab import LAB
from fusion.choice import choose, kinds_of
from fusion.deghost import deghosted
from fusion.lineup import EXPOSURE, FOCUS, LINEUP, fitting
from fusion.metrics import EXPOSURE as SCORES
from fusion.metrics import psnr
from fusion.traits import measure_traits

RESULTS = Path(__file__).parent / "results" / "choice.json"
FOLDERS = {
    FOCUS: (
        "lytro",
        "classic",
        "stack/flies",
        "stack/insect",
        "stack/pcb",
        "ours",
        "dff/balls",
        "dff/keyboard-aligned",
    ),
    EXPOSURE: ("mef", "exposure", "petrovic/036-office"),
}
RIVALS = ("exposure", "extended")  # what is optimised for the score is no rival
SLOW = ("optimised",)
NOISES = (0.0, 0.02)
FRAMES = (2, 3, 4, 6, 9)
LARGE_FRAMES = 10


def sets_of(folders):
    """Names of the sets at hand in some folders, without those of results."""
    names = [name for name in datasets.names() if datasets.place(name) != "not here" and "/_" not in name]
    return [name for name in names if any(name == folder or name.startswith(f"{folder}/") for folder in folders)]


def kinds():
    """Stops and change of sharpness of sets whose kind is known, and those that are taken for another kind."""
    told, wrong = {}, {}
    for kind, folders in FOLDERS.items():
        found = {name: measure_traits(data.load(name)) for name in sets_of(folders)}
        wrong |= {name: list(kinds_of(traits)) for name, traits in found.items() if kinds_of(traits) != (kind,)}
        told[kind] = {name: [round(traits.stops, 2), round(traits.refocused, 4)] for name, traits in found.items()}
    return {"stops_and_refocused": told, "wrong": wrong} if told[FOCUS] else "needs the picture sets"


def scenes_with_truth():
    """Yield names, frames and truths."""
    thin = scenes.built_in("built-in/thin")
    yield "thin structures", thin.stack, thin.sharp
    for noise in NOISES:
        pair = scenes.focus_pair(noise=noise, seed=1)
        yield f"coins, noise {noise:.0%}", pair.stack, pair.sharp
        for count in FRAMES:
            series = scenes.focal_stack(distances=count, f_number=1.4, noise=noise, seed=1)
            yield f"motorcycle, {count} frames, noise {noise:.0%}", series.stack, series.sharp


def focus():
    """PSNR of all methods on scenes with truth, the one that is chosen, and what it lacks to the best."""
    told = {}
    for name, stack, truth in scenes_with_truth():
        scores = {key: round(psnr(method.fuse(stack), truth), 2) for key, method in fitting(FOCUS).items()}
        told[name] = regret(choose(measure_traits(stack)).name, scores)
    return summed_up(told)


def lab():
    """The same for the scenes of the artefact lab, on which the rule was not made."""
    told = {}
    for name, make in LAB.items():
        made_scene = make()
        stack, choice = data.open_stack(made_scene.stack), choose(measure_traits(made_scene.stack))
        frames = deghosted(stack) if choice.deghost else stack
        methods = {key: method for key, method in fitting(made_scene.kind).items() if key not in SLOW}
        scores = {key: round(psnr(method.fuse(frames), made_scene.truth), 2) for key, method in methods.items()}
        told[name] = regret(choice.name, scores) | {"kind": made_scene.kind, "kinds": list(choice.kinds)}
    return told


def exposure():
    """MEF-SSIM of exposure fusion, plain and extended, on brackets, and what the one that is chosen lacks."""
    told = {}
    for name in sets_of(["mef"]):
        stack = data.load(name)
        choice = choose(measure_traits(stack))
        frames = deghosted(stack) if choice.deghost else stack
        scores = {key: round(SCORES["MEF-SSIM"](stack, LINEUP[key].fuse(frames)), 5) for key in RIVALS}
        told[name] = regret(choice.name, scores)
    return summed_up(told) if told else "needs the picture sets"


def regret(chosen, scores):
    """Scores of all methods, the one that is chosen, and how much less than the best it has."""
    return {"scores": scores, "chosen": chosen, "regret": round(max(scores.values()) - scores[chosen], 5)}


def summed_up(told):
    """Add the mean regret, the largest, and that of each method if it were always taken."""
    regrets = [scene["regret"] for scene in told.values()]
    methods = next(iter(told.values()))["scores"]
    always = {
        name: round(float(np.mean([max(s["scores"].values()) - s["scores"][name] for s in told.values()])), 5)
        for name in methods
    }
    mean = round(float(np.mean(regrets)), 5)
    return {"scenes": told, "mean_regret": mean, "largest_regret": max(regrets), "mean_regret_of_one_method": always}


def cost():
    """What a comparison of ten frames of 12 megapixels takes, that are aligned first."""
    with tempfile.TemporaryDirectory() as folder:
        frames, page = made("moving", Path(folder) / "frames", LARGE_FRAMES), Path(folder) / "report.html"
        taken = measure([*COMMAND, "compare", *frames, "-o", page, "--quiet"])
        fused = measure([*COMMAND, "fuse", *frames, "-o", Path(folder) / "fused.jpg", "--quiet"])
        return {"compare": taken, "page_mb": round(page.stat().st_size / 1e6, 2), "fuse": fused}


PARTS = {"kinds": kinds, "focus": focus, "lab": lab, "exposure": exposure, "cost": cost}


def main(arguments=None):
    """Run, print, perhaps save."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)} (default: all)")
    parser.add_argument("--save", action="store_true", help="write the results file")
    args = parser.parse_args(arguments)
    if unknown := set(args.parts) - set(PARTS):
        parser.error(f"no part is called {' '.join(sorted(unknown))}; there are {' '.join(PARTS)}")
    publish_parts(on_this_machine({part: PARTS[part]() for part in args.parts or PARTS}), RESULTS, args.save)


if __name__ == "__main__":
    main()
