"""Train a network of boundary-aware fusion.

    python -m fusion.boundary.train NETWORK [options]

NETWORK is one of `compact`, `resnet56`, and those that look again near the boundary, `compact-boundary` and
`resnet56-boundary`. Training pairs are composed on the fly, each from a
seed; the mattes and photographs of the data sets are used where they are at hand. Training goes on from its checkpoint
when it is started again.
"""

import argparse
import json
import os
import sys
import time
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from tqdm import tqdm

from fusion.boundary import batches
from fusion.boundary.learners import Classify, Decide
from fusion.boundary.mattes import MODELS, sources_at_hand

LESSONS = {
    "compact": Decide,
    "compact-boundary": partial(Decide, at_boundary=True),
    "resnet56": Classify,
    "resnet56-boundary": partial(Classify, at_boundary=True),
}
WARM_UP = 100  # steps in which the rate grows to its largest
LAST_RATE = 0.02  # of the largest one, at the end
LARGEST_STEP = 1.0  # norm of a gradient; a larger one is made so long
INTERVAL = 250  # steps between two checkpoints
VALIDATION = 8  # batches that are always the same
EXAMPLES = """examples:
  python -m fusion.boundary.train compact --steps 300 --out small.safetensors     two minutes on one core
  python -m fusion.boundary.train resnet56-boundary --start resnet56.safetensors  refine for the boundary
"""


def main(arguments=None):
    """Train, and write the weights."""
    args = parse(arguments)
    torch.set_num_threads(args.threads)
    cv2.setNumThreads(1)
    torch.manual_seed(args.seed)
    device = torch.device(args.device)
    lesson = LESSONS[args.network](**{name: getattr(args, name) for name in ("batch", "size") if getattr(args, name)})
    network = lesson.make().to(device, memory_format=torch.channels_last)
    training = Training(lesson, network, args)
    training.resume()
    training.run()
    save_weights(network, args.out, training.history())


def parse(arguments):
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m fusion.boundary.train",
        description="Train a network of boundary-aware fusion on pairs that are composed on the fly.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("network", choices=LESSONS, metavar="NETWORK", help=", ".join(LESSONS))
    parser.add_argument("--steps", type=int, default=10000, help="batches to learn from (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of weights and pairs (default: %(default)s)")
    parser.add_argument("--out", type=Path, help="file of weights (default: NETWORK.safetensors)")
    parser.add_argument(
        "--start", type=Path, metavar="FILE", help="go out from a checkpoint of a network of the same layers"
    )
    parser.add_argument("--model", choices=list(MODELS), help="compose all pairs by one model of defocus")
    parser.add_argument("--batch", type=int, help="pairs, or patches, in a batch (default: the network's own)")
    parser.add_argument("--size", type=int, help="height and width of pairs (default: the network's own)")
    parser.add_argument("--rate", type=float, help="largest rate of learning (default: the network's own)")
    parser.add_argument("--threads", type=int, default=1, help="threads of PyTorch (default: %(default)s)")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu", help="default: %(default)s")
    args = parser.parse_args(arguments)
    args.out = args.out or Path(f"{args.network}.safetensors")
    return args


class Training:
    """A network, its optimiser, and how far it is."""

    def __init__(self, lesson, network, args):
        self.lesson, self.network, self.args = lesson, network, args
        self.sources, self.unseen = sources_at_hand(), sources_at_hand(validation=True)
        options = {"momentum": 0.9, "nesterov": True} if lesson.optimiser is torch.optim.SGD else {}
        self.rate = args.rate or lesson.rate
        self.optimiser = lesson.optimiser(network.parameters(), lr=self.rate, weight_decay=1e-4, **options)
        self.checkpoint = args.out.with_name(args.out.stem + ".checkpoint.safetensors")
        self.step, self.log, self.before = 0, [], []
        self.seconds = 0.0

    def run(self):
        """Learn from every batch that is left."""
        args, started = self.args, time.monotonic() - self.seconds
        draw = partial(self.draw, self.sources)
        upcoming = batches.ahead(draw, range(self.step, args.steps))
        bar = tqdm(upcoming, initial=self.step, total=args.steps, unit="batch", disable=None)
        for batch in bar:
            loss = self.learn(batch)
            self.step += 1
            bar.set_postfix(loss=f"{loss:.3f}", refresh=False)
            if self.step % INTERVAL == 0 or self.step == args.steps:
                self.seconds = time.monotonic() - started
                entry = {"step": self.step, "seconds": round(self.seconds)} | self.validate()
                self.log.append(entry)
                bar.write(json.dumps(entry), file=sys.stderr)
                self.save()

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
        rate = self.rate * min(1, (self.step + 1) / WARM_UP)
        for group in self.optimiser.param_groups:
            group["lr"] = rate * (LAST_RATE + (1 - LAST_RATE) * (1 + np.cos(np.pi * share)) / 2)
        self.network.train()
        with torch.autocast(torch.device(self.args.device).type, torch.bfloat16):
            loss = self.lesson.loss(self.network, batch)
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
        told = {"step": str(self.step), "log": json.dumps(self.log), "before": json.dumps(self.before)}
        told["history"] = json.dumps(self.history())
        part = self.checkpoint.with_suffix(".part")
        save_file({name: t.contiguous() for name, t in tensors.items()}, part, told)
        os.replace(part, self.checkpoint)

    def resume(self):
        """Go on from the checkpoint, or go out from that of another training."""
        if self.checkpoint.is_file():
            self.network.load_state_dict(_part(self.checkpoint, "network"))
            state = self.optimiser.state_dict()
            for name, tensor in _part(self.checkpoint, "optimiser").items():
                index, _, entry = name.partition(".")
                state["state"].setdefault(int(index), {})[entry] = tensor
            self.optimiser.load_state_dict(state)
            told = _told(self.checkpoint)
            self.step, self.log, self.before = int(told["step"]), json.loads(told["log"]), json.loads(told["before"])
            self.seconds = float(self.log[-1]["seconds"])
        elif self.args.start:
            self.network.load_state_dict(_part(self.args.start, "network"))
            self.before = json.loads(_told(self.args.start).get("history", "[]"))

    def history(self):
        """Return what this network learnt: an entry for this training, after those of the trainings it goes out from."""
        args = {name: str(value) for name, value in vars(self.args).items() if value is not None}
        return [
            *self.before,
            {
                "arguments": args,
                "pictures": len(self.sources.photographs),
                "mattes": len(self.sources.foregrounds),
                "log": self.log,
            },
        ]


def _part(path, part):
    return {name.removeprefix(f"{part}."): t for name, t in load_file(path).items() if name.startswith(f"{part}.")}


def _told(path):
    with safe_open(path, "pt") as file:
        return file.metadata() or {}


def save_weights(network, path, history):
    """Write what inference needs, in half precision, and by what training it came about."""
    network.eval()
    weights = {name: t.detach().half().contiguous() for name, t in network.folded().items()}
    save_file(weights, path, {"history": json.dumps(history)})


if __name__ == "__main__":
    main()
