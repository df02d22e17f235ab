"""Train a network of boundary-aware fusion.

    python -m fusion.boundary.train NETWORK [options]

NETWORK is one of `compact`, `resnet56`, and those that look again near the boundary, `compact-boundary` and
`resnet56-boundary`. Training pairs are composed on the fly, each from a seed; the mattes and photographs of the data
sets are used where they are at hand. The same command goes on from its checkpoint when it is started again.
"""

import argparse
import json
import math
import os
import signal
import sys
import time
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from tqdm import tqdm

from fusion.boundary import batches
from fusion.boundary.learners import Classify, Decide
from fusion.boundary.mattes import MODELS, sources_at_hand

PROGRAM = "python -m fusion.boundary.train"
LESSONS = {
    "compact": Decide,
    "compact-boundary": partial(Decide, at_boundary=True),
    "resnet56": Classify,
    "resnet56-boundary": partial(Classify, at_boundary=True),
}
SETTINGS = ("network", "steps", "seed", "batch", "size", "rate", "model", "start")  # what makes a training what it is
WARM_UP = 100  # steps in which the rate grows to its largest
LAST_RATE = 0.02  # of the largest one, at the end
LARGEST_STEP = 1.0  # norm of a gradient; a larger one is made so long
INTERVAL = 250  # steps between two checkpoints
VALIDATION = 8  # batches that are always the same
EXAMPLES = """examples:
  python -m fusion.boundary.train compact --steps 300 --out small.safetensors
      three minutes or more on one core; leaves small.checkpoint.safetensors, too
  python -m fusion.boundary.train compact-boundary --start small.checkpoint.safetensors --rate 0.001
      refine that network for the boundary
"""


def main(arguments=None):
    """Train, and write the weights."""
    args = parse(arguments)
    torch.set_num_threads(args.threads)
    cv2.setNumThreads(1)
    torch.manual_seed(args.seed)
    lesson = LESSONS[args.network](batch=args.batch, size=args.size)
    network = lesson.make().to(torch.device(args.device), memory_format=torch.channels_last)
    training = Training(lesson, network, args)
    training.resume()
    training.run()
    save_weights(network, args.out, training.history())


# --- the command line ------------------------------------------------------------------------------------------------


def parse(arguments):
    """Read the command line; batch, size and rate are the network's own if nothing is said."""
    parser = _parser()
    args = parser.parse_args(arguments)
    lesson = LESSONS[args.network]()
    for name in ("batch", "size", "rate"):
        if getattr(args, name) is None:
            setattr(args, name, getattr(lesson, name))
    args.out = Path(f"{args.network}.safetensors") if args.out is None else args.out
    args.checkpoint = args.out.parent / f"{args.out.stem}.checkpoint.safetensors"
    wrong = next(_wrong_values(args, lesson), None) or next(_wrong_files(args), None)
    if wrong:
        parser.error(wrong)
    return args


def _parser():
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="Train a network of boundary-aware fusion on pairs that are composed on the fly.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("network", choices=LESSONS, metavar="NETWORK", help=", ".join(LESSONS))
    parser.add_argument("--steps", type=int, default=10000, help="batches to learn from (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of weights and pairs (default: %(default)s)")
    parser.add_argument("--out", type=Path, help="file of weights (default: NETWORK.safetensors)")
    parser.add_argument(
        "--start",
        type=Path,
        metavar="FILE",
        help="go out from NAME.checkpoint.safetensors of another training, of a network of the same layers",
    )
    parser.add_argument("--model", choices=list(MODELS), help="compose all pairs by one model of defocus")
    parser.add_argument("--batch", type=int, help="pairs, or patches, in a batch (default: the network's own)")
    parser.add_argument("--size", type=int, help="height and width of pairs (default: the network's own)")
    parser.add_argument("--rate", type=float, help="largest rate of learning (default: the network's own)")
    parser.add_argument("--threads", type=int, default=1, help="threads of PyTorch (default: %(default)s)")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu", help="default: %(default)s")
    return parser


def _wrong_values(args, lesson):
    """Yield a sentence for each option that cannot be meant."""
    for name in ("steps", "batch", "size", "rate", "threads"):
        if not 0 < getattr(args, name) < math.inf:
            yield f"--{name} must be larger than 0, got {getattr(args, name)}"
    if args.seed < 0:
        yield f"--seed must be 0 or larger, got {args.seed}"
    if args.size % lesson.stride or args.size < lesson.smallest:
        of = f"a multiple of {lesson.stride}" if lesson.stride > 1 else f"{lesson.smallest} or larger"
        yield f"--size must be {of} for {args.network}, got {args.size}"
    try:
        torch.zeros(1, device=args.device).item()
    except (RuntimeError, AssertionError):  # what PyTorch raises depends on how it was built
        yield f"--device {args.device}: PyTorch finds none here; cpu always works"


def _wrong_files(args):
    """Yield a sentence for each file that cannot be written, or that is not what a training goes on from."""
    if not args.out.parent.is_dir():
        yield f"--out {args.out}: there is no folder {args.out.parent}; make it first"
    if args.out.is_dir():
        yield f"--out {args.out}: is a folder; name a file"
    if args.start is not None and not args.start.is_file():
        yield f"--start {args.start}: no such file"
    if args.start is not None and "step" not in _told(args.start):
        yield f"--start {args.start}: is no checkpoint; name the file *.checkpoint.safetensors of a training"
    if args.checkpoint.is_file():
        before, now = json.loads(_told(args.checkpoint).get("arguments", "{}")), settings(args)
        other = [name for name in SETTINGS if before.get(name) != now.get(name)]
        if other:
            apart = ", ".join(f"{name} {before.get(name, 'none')}, not {now.get(name, 'none')}" for name in other)
            yield f"{args.checkpoint} is of another training ({apart}): choose another --out, or remove it"


def settings(args):
    """Return the arguments that decide what is learnt, as they take effect; of files the name alone."""
    chosen = {name: getattr(args, name) for name in SETTINGS if getattr(args, name) is not None}
    return {name: value.name if isinstance(value, Path) else value for name, value in chosen.items()}


def tell(sentence):
    """Write a line beside the bar of progress."""
    tqdm.write(sentence, file=sys.stderr)


# --- training --------------------------------------------------------------------------------------------------------


class Training:
    """A network, its optimiser, and how far it is."""

    def __init__(self, lesson, network, args):
        self.lesson, self.network, self.args = lesson, network, args
        options = {"momentum": 0.9, "nesterov": True} if lesson.optimiser is torch.optim.SGD else {}
        self.optimiser = lesson.optimiser(network.parameters(), lr=args.rate, weight_decay=1e-4, **options)
        self.step, self.log, self.before = 0, [], []
        self.seconds = 0.0

    def run(self):
        """Learn from every batch that is left; stop after one, with a checkpoint, if Ctrl-C is pressed."""
        self.sources, self.unseen = sources_at_hand(), sources_at_hand(validation=True)
        tell(learnt_from(self.sources))
        args, started = self.args, time.monotonic() - self.seconds
        draw = partial(self.draw, self.sources)
        upcoming = batches.ahead(draw, range(self.step, args.steps))
        bar = tqdm(upcoming, initial=self.step, total=args.steps, unit="batch", disable=None)
        with interruption() as asked:
            for batch in bar:
                loss = self.learn(batch)
                self.step += 1
                self.seconds = time.monotonic() - started
                bar.set_postfix(loss=f"{loss:.3f}", refresh=False)
                if self.step % INTERVAL == 0 or self.step == args.steps:
                    entry = {"step": self.step, "seconds": round(self.seconds)} | self.validate()
                    self.log.append(entry)
                    tell(json.dumps(entry))
                    self.save()
                if asked and self.step < args.steps:
                    self.save()
                    bar.close()
                    told = f"stopped after {self.step} of {args.steps} steps; the same command goes on"
                    raise SystemExit(f"{told} from {args.checkpoint}")

    def draw(self, sources, number, *, first=1):
        """Draw a batch; the numbers of validation lie apart."""
        drawn = self.lesson.draw(sources, (self.args.seed, first, number), self.args.model)
        return {
            name: torch.from_numpy(np.ascontiguousarray(a, np.float32)).to(self.args.device)
            for name, a in drawn.items()
        }

    def learn(self, batch):
        """Take one step; return the loss."""
        share = self.step / self.args.steps
        rate = self.args.rate * min(1, (self.step + 1) / WARM_UP)
        for group in self.optimiser.param_groups:
            group["lr"] = rate * (LAST_RATE + (1 - LAST_RATE) * (1 + np.cos(np.pi * share)) / 2)
        self.network.train()
        with torch.autocast(torch.device(self.args.device).type, torch.bfloat16):
            loss = self.lesson.loss(self.network, batch)
        if not torch.isfinite(loss):
            told = f"the loss is {loss.item()} in step {self.step + 1}; try a --rate below {self.args.rate}"
            raise SystemExit(f"{PROGRAM}: {told}")
        self.optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), LARGEST_STEP)
        self.optimiser.step()
        return loss.item()

    @torch.no_grad()
    def validate(self):
        """Return the figures on pairs of pictures that are never learnt from."""
        self.network.eval()
        found = [self.lesson.figures(self.network, self.draw(self.unseen, k, first=0)) for k in range(VALIDATION)]
        return {name: round(float(np.mean([figures[name] for figures in found])), 4) for name in found[0]}

    def save(self):
        """Write the checkpoint, whole or not at all."""
        tensors = {f"network.{name}": t for name, t in self.network.state_dict().items()}
        for index, state in self.optimiser.state_dict()["state"].items():
            tensors |= {f"optimiser.{index}.{name}": torch.as_tensor(t) for name, t in state.items() if t is not None}
        told = {"step": self.step, "seconds": self.seconds, "log": self.log, "before": self.before}
        told |= {"arguments": settings(self.args), "history": self.history()}
        part = self.args.checkpoint.with_suffix(".part")
        save_file(
            {name: t.contiguous() for name, t in tensors.items()}, part, {k: json.dumps(v) for k, v in told.items()}
        )
        os.replace(part, self.args.checkpoint)

    def resume(self):
        """Go on from the checkpoint, or go out from that of another training."""
        args = self.args
        if args.checkpoint.is_file():
            self._take_over(args.checkpoint)
            state = self.optimiser.state_dict()
            for name, tensor in _part(args.checkpoint, "optimiser").items():
                index, _, entry = name.partition(".")
                state["state"].setdefault(int(index), {})[entry] = tensor
            self.optimiser.load_state_dict(state)
            told = {name: json.loads(value) for name, value in _told(args.checkpoint).items()}
            self.step, self.seconds, self.log, self.before = (told[k] for k in ("step", "seconds", "log", "before"))
            again = "" if args.start is None else f"; {args.start.name} was where it began, and is not read again"
            tell(f"going on from {args.checkpoint} after {self.step} of {args.steps} steps{again}")
        elif args.start is not None:
            self._take_over(args.start)
            self.before = json.loads(_told(args.start).get("history", "[]"))

    def _take_over(self, path):
        """Let the network be that of a checkpoint."""
        try:
            self.network.load_state_dict(_part(path, "network"))
        except RuntimeError:
            told = f"its network has not the layers of {self.args.network}; go out from one that has"
            raise SystemExit(f"{PROGRAM}: {path}: {told}") from None

    def history(self):
        """Return what this network learnt: an entry for this training, after those of the trainings it goes out from.

        Pictures and mattes are those that training pairs were composed of.
        """
        learnt = {"pictures": len(self.sources.photographs), "mattes": len(self.sources.foregrounds), "log": self.log}
        return [*self.before, {"arguments": settings(self.args)} | learnt]


def learnt_from(sources):
    """Say what training pairs are composed of."""
    photographs, mattes = len(sources.photographs), len(sources.foregrounds)
    if mattes:
        return f"learning from {photographs} photographs and {mattes} mattes"
    return f"learning from {photographs} photographs and drawn mattes only: no others are at hand, see FUSION_DATA"


@contextmanager
def interruption():
    """Yield a list that is empty until Ctrl-C is pressed, which breaks off nothing then; pressed again, it does."""
    asked, before = [], signal.getsignal(signal.SIGINT)

    def ask(number, frame):
        asked.append(number)
        signal.signal(signal.SIGINT, before)

    if before is signal.default_int_handler:  # else somebody wants to be left alone by Ctrl-C
        signal.signal(signal.SIGINT, ask)
    try:
        yield asked
    finally:
        signal.signal(signal.SIGINT, before)


def _part(path, part):
    return {name.removeprefix(f"{part}."): t for name, t in load_file(path).items() if name.startswith(f"{part}.")}


def _told(path):
    """Return what a file says of itself, nothing if it is not of safetensors."""
    try:
        with safe_open(path, "pt") as file:
            return file.metadata() or {}
    except SafetensorError:
        return {}


def save_weights(network, path, history):
    """Write what inference needs, in half precision, and by what training it came about."""
    network.eval()
    weights = {name: t.detach().half().contiguous() for name, t in network.folded().items()}
    save_file(weights, path, {"history": json.dumps(history)})


if __name__ == "__main__":
    main()
