"""python src/benchmark.py [train|accuracy|pictures|predict|numbers|personal|learning|http|page] ...: the figures.

train       time to 99.0 % and 99.5 %, fit() against the textbook loop
accuracy    the accuracy report with its figures, written to a folder
pictures    how many pictures are read right, on paper of every kind
predict     milliseconds from a canvas to its answer, torch against ONNX Runtime
numbers     how many whole numbers are read right, on a canvas and photographed
personal    how much better people's drawings are read once some have labels
learning    how much better other people's drawings are read after a retraining
http        predictions a second over HTTP, each one logged, and the app's memory
page        the Draw page in a real Chromium: first load, pen-up to answer, one screen on a phone
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import torch

from benchmarks import drawings, latency, load_test, number_reading, report, time_to_accuracy
from benchmarks import learning as retrainings
from benchmarks import page as draw_page
from benchmarks import personal as personal_models
from benchmarks import pictures as paper
from benchmarks.drawings import DrawingsMissing
from command_line import command, number
from learning.dataset import Mnist, MnistMissing, load_mnist
from learning.machine import cpu_model
from learning.registry import DEFAULT_MODEL, MODELS
from learning.weights import ModelMissing, read_weights
from serving.predictor import load_model

# ---------------------------------------------------------------------------------------------------------------------
# train: the same digits, the same cores, one run after the other. The textbook loop goes on for as many epochs as it
# needs to reach both accuracies; our runs have their length fixed beforehand, so the accuracy at the end is shown too.
# ---------------------------------------------------------------------------------------------------------------------


def train_flags(flags: argparse.ArgumentParser) -> None:
    """The flags of `train`."""
    flags.add_argument("--seeds", type=number(int, 1, 100), default=5, help="runs of fit() for each accuracy")
    flags.add_argument("--textbook-seeds", type=number(int, 1, 100), default=2, help="runs of the textbook loop")
    flags.add_argument("--textbook-epochs", type=number(int, 1, 100), default=time_to_accuracy.TEXTBOOK_EPOCHS)
    flags.add_argument(
        "--target", type=float, choices=list(time_to_accuracy.SPRINTS), action="append", help="default: all"
    )


def train(asked: argparse.Namespace) -> None:
    """Print the times side by side."""
    mnist = load_mnist(asked.data_dir)
    targets = asked.target or list(time_to_accuracy.SPRINTS)
    ours = {target: [time_to_accuracy.sprint(mnist, target, seed) for seed in range(asked.seeds)] for target in targets}
    theirs = [_until(mnist, seed, asked.textbook_epochs, max(targets)) for seed in range(asked.textbook_seeds)]
    print(report.markdown(time_to_accuracy.table(ours, theirs)))


def _until(mnist: Mnist, seed: int, epochs: int, target: float) -> list[time_to_accuracy.Lap]:
    """The textbook loop's laps up to the first that reaches `target`."""
    laps: list[time_to_accuracy.Lap] = []
    for lap in time_to_accuracy.textbook(mnist, seed, epochs):
        laps.append(lap)
        print(f"textbook loop, seed {seed}: {lap.accuracy:.2%} after {lap.seconds:.0f} s", file=sys.stderr)
        if lap.accuracy >= target:
            break
    return laps


# ---------------------------------------------------------------------------------------------------------------------
# accuracy: a report on the shipped networks, with its figures.
# ---------------------------------------------------------------------------------------------------------------------


def accuracy_flags(flags: argparse.ArgumentParser) -> None:
    """The flags of `accuracy`."""
    flags.add_argument("--model-dir", type=Path, default=Path("model"))
    flags.add_argument("--output", type=Path, default=Path("reports/accuracy"))
    flags.add_argument("--drawings", type=Path, help="real drawings, one json a line, instead of generated ones")
    flags.add_argument("--count", type=number(int, 10, 100_000), default=1000, help="drawings looked at")
    flags.add_argument(
        "--ablation-epochs", type=number(int, 0, 1000), default=4, help="of the three trainings; 0 leaves them out"
    )


def accuracy(asked: argparse.Namespace) -> None:
    """Write README.md and its figures into the output folder, and print the page."""
    mnist = load_mnist(asked.data_dir)
    networks, cards = report.load(asked.model_dir)
    drawn = drawings.people(asked.drawings, asked.count) if asked.drawings else drawings.generated(asked.count)
    asked.output.mkdir(parents=True, exist_ok=True)
    tables = {
        "Overview": report.overview(networks, cards, mnist, drawn),
        **{f"By {what}": report.conditions(networks, drawn, what) for what in report.CONDITIONS},
        "Ablation: preprocessing": report.preprocessing_ablation(networks, drawn),
    }
    if asked.ablation_epochs:
        tables[f"Ablation: augmentation ({asked.ablation_epochs} epochs)"] = report.augmentation_ablation(
            mnist, drawn, asked.ablation_epochs
        )
    source = f"{asked.drawings.name}" if asked.drawings else "our own generator"
    lines = ["# Accuracy", "", f"{len(drawn.labels)} drawings from {source}; {machine()}.", ""]
    for title, table in tables.items():
        lines += [f"## {title}", "", report.markdown(table), ""]
    for title, file in report.figures(networks, cards, mnist, asked.output):
        lines += [f"## {title}", "", f"![{title}]({file})", ""]
    (asked.output / "README.md").write_text("\n".join(lines), encoding="utf-8")
    print("\n".join(lines))


def machine() -> str:
    """What these numbers were measured on."""
    return f"{cpu_model()}, {os.cpu_count()} cores, {torch.get_num_threads()} threads, torch {torch.__version__}"


# ---------------------------------------------------------------------------------------------------------------------
# pictures: digits on paper with frames, lines, edges and dust, MNIST's digits in other sizes, and files of one's own.
# ---------------------------------------------------------------------------------------------------------------------


def pictures_flags(flags: argparse.ArgumentParser) -> None:
    """The flags of `pictures`."""
    people_flags(flags)
    flags.add_argument("--count", type=number(int, 1, 100_000), default=200, help="drawings on paper of each kind")
    flags.add_argument("--pictures", type=Path, help="a folder of pictures whose names end in their digit")


def pictures(asked: argparse.Namespace) -> None:
    """Print how many pictures are read right."""
    torch.set_num_threads(1)
    people = list(drawings.writers(asked.drawings, asked.writers).values())
    model, test = load_model(asked.model_dir, DEFAULT_MODEL), load_mnist(asked.data_dir).test
    for table in paper.tables(model, people, asked.count, test, asked.pictures):
        print(report.markdown(table) + "\n")


# ---------------------------------------------------------------------------------------------------------------------
# predict: the time from the canvas's pixels to the prediction.
# ---------------------------------------------------------------------------------------------------------------------


def predict_flags(flags: argparse.ArgumentParser) -> None:
    """The flags of `predict`."""
    flags.add_argument("--model-dir", type=Path, default=Path("model"))
    flags.add_argument("--count", type=number(int, 10, 100_000), default=200, help="drawings")
    flags.add_argument("--rounds", type=number(int, 1, 1000), default=5, help="readings of each drawing")


def predict(asked: argparse.Namespace) -> None:
    """Print the milliseconds of a reading on one thread, torch against ONNX Runtime."""
    rows = latency.table(asked.model_dir, asked.count, asked.rounds)
    table = [["one thread, milliseconds", "p50", "p95", "p99"]]
    print(report.markdown(table + [[what, *(f"{value:.2f}" for value in row)] for what, row in rows.items()]))


# ---------------------------------------------------------------------------------------------------------------------
# numbers: several digits of one person side by side, found and read.
# ---------------------------------------------------------------------------------------------------------------------


def people_flags(flags: argparse.ArgumentParser) -> None:
    """The flags that say whose drawings are read, and by what."""
    flags.add_argument("--model-dir", type=Path, default=Path("model"))
    flags.add_argument("--drawings", type=Path, help="real drawings, one json a line, instead of made-up hands")
    flags.add_argument("--writers", default="", help="only these of the file, first-last, such as p16-p30")


def numbers_flags(flags: argparse.ArgumentParser) -> None:
    """The flags of `numbers`."""
    people_flags(flags)
    flags.add_argument("--each", type=number(int, 1, 10_000), default=20, help="numbers of each person")


def numbers(asked: argparse.Namespace) -> None:
    """Print how many digits and numbers are read right, and how long a number takes on one thread."""
    torch.set_num_threads(1)
    people, serving = drawings.writers(asked.drawings, asked.writers), load_model(asked.model_dir, DEFAULT_MODEL)
    print(report.markdown(number_reading.table(serving, people, asked.each)))


# ---------------------------------------------------------------------------------------------------------------------
# personal: what a person's own labels do for that person.
# ---------------------------------------------------------------------------------------------------------------------


def personal_flags(flags: argparse.ArgumentParser) -> None:
    """The flags of `personal`."""
    people_flags(flags)
    flags.add_argument("--orders", type=number(int, 1, 1000), default=10, help="orders in which drawings get labels")


def personal(asked: argparse.Namespace) -> None:
    """Print the errors on people's next drawings with and without their own labels, and what that costs."""
    torch.set_num_threads(1)
    chosen = drawings.writers(asked.drawings, asked.writers)
    serving = load_model(asked.model_dir, DEFAULT_MODEL)
    people = personal_models.see(serving, chosen.values())
    print(f"{len(chosen)} people, {sum(len(each.digits) for each in people)} drawings, {asked.orders} orders.\n")
    rows = [["what has labels", "misread without", "misread with them", "change (95 %)", "worst person", "ECE"]]
    for case in personal_models.CASES:
        found = personal_models.measure(people, case, asked.orders)
        low, high = found.interval
        change = f"{found.change:+.0%} ({low:+.0%} to {high:+.0%})"
        errors = [f"{found.shared:.2%}", f"{found.personal:.2%}"]
        rows.append([case.name, *errors, change, f"{100 * found.worst:+.2f} in 100", f"{found.ece:.4f}"])
    print(report.markdown(rows))
    some = drawings.frames(drawings.canvases(drawings.generated(200)))[:, 0].numpy()
    cost = personal_models.cost(serving, people[0], list(some))
    print(f"\nWith {personal_models.LABELS} labels: {cost.milliseconds:+.3f} ms a reading (median),", end=" ")
    print(f"{cost.megabytes:.0f} MB for 1,000 people.")


# ---------------------------------------------------------------------------------------------------------------------
# learning: what people's labels do for everybody else. What guides a choice is measured in folds among some people, and
# what is published once, with people on whom nothing was chosen.
# ---------------------------------------------------------------------------------------------------------------------


def learning_flags(flags: argparse.ArgumentParser) -> None:
    """The flags of `learning`."""
    people_flags(flags)  # of those who label
    flags.add_argument("--others", default="", help="who is read; left out, folds among the writers")
    flags.add_argument("--folds", type=number(int, 2, 100), default=3)
    flags.add_argument("--labels", type=number(int, 1, 100_000), nargs="+", default=[100, 500, 2000, 6000])
    flags.add_argument("--seeds", type=number(int, 1, 100), default=3, help="orders in which labels are given")
    flags.add_argument("--output", type=Path, default=Path("reports/learning.jsonl"), help="goes on where it was")


def learning(asked: argparse.Namespace) -> None:
    """Print the errors on other people's drawings before and after a retraining on so many labels."""
    classroom = retrainings.Classroom(
        read_weights(asked.model_dir, DEFAULT_MODEL), load_mnist(asked.data_dir), MODELS[DEFAULT_MODEL].fine_tuning
    )
    people = drawings.writers(asked.drawings, asked.writers)
    if asked.others:
        folds = [retrainings.Fold("others", people, drawings.writers(asked.drawings, asked.others))]
    else:
        folds = retrainings.folds(people, asked.folds)
    outcomes = []
    for each in retrainings.measure(folds, asked.labels, asked.seeds, classroom.run, asked.output):
        outcomes.append(each)
        print(f"{each.labels} labels, seed {each.seed}, {each.fold}: {each.seconds:.0f} s", file=sys.stderr, flush=True)
    rows = [["labels", "misread before", "misread after", "change (95 %)", "NLL", "MNIST test, points", "promoted"]]
    for count in asked.labels:
        found = retrainings.summarize([each for each in outcomes if each.labels == count])
        low, high = found.interval
        change = f"{found.change:+.0%} ({low:+.0%} to {high:+.0%})"
        passed = f"{found.promoted} of {found.runs}"
        errors = [f"{found.before:.2%}", f"{found.after:.2%}"]
        nll = f"{found.nll_change:+.0%}"
        rows.append([f"{count:,}", *errors, change, nll, f"{-100 * found.mnist_change:+.3f}", passed])
    print(report.markdown(rows))


# ---------------------------------------------------------------------------------------------------------------------
# http: the app as users start it, a process of its own, with this one as all its clients. Both share the cores, and the
# database too: on a machine of its own each would be faster.
# ---------------------------------------------------------------------------------------------------------------------


def http_flags(flags: argparse.ArgumentParser) -> None:
    """The flags of `http`."""
    flags.add_argument("--quick", action="store_true", help="a tenth of the requests")


def http(asked: argparse.Namespace) -> None:
    """Print the predictions a second, their milliseconds, and how the app's memory grew."""
    divisor = 10 if asked.quick else 1
    requests, memory_requests = 3000 // divisor, 20_000 // divisor
    found = load_test.load(requests, memory_requests)
    rows = [["pictures of 280 x 280", "clients", "predictions a second", "p50, milliseconds", "p99"]]
    for kind, measured in found.measured.items():
        rows += [[kind, f"{at.clients}", f"{at.per_second:.0f}", f"{at.p50:.1f}", f"{at.p99:.1f}"] for at in measured]
    print(report.markdown(rows))
    print(f"\nEach of {found.logged:,} predictions has its row.")
    print(f"The app's memory grew by {found.growth:.0f} MB over {memory_requests:,} requests.")


# ---------------------------------------------------------------------------------------------------------------------
# page: the app as above, and a browser beside it on the same cores.
# ---------------------------------------------------------------------------------------------------------------------


def page_flags(flags: argparse.ArgumentParser) -> None:
    """The flags of `page`."""
    flags.add_argument("--count", type=number(int, 2, 10_000), default=100, help="drawings")
    flags.add_argument("--chromium", default=shutil.which("chromium") or "", help="the browser; default: Playwright's")


def page(asked: argparse.Namespace) -> None:
    """Print how soon the Draw page can be drawn on, how soon it answers, and what a phone's screen does not hold."""
    print(report.markdown(draw_page.table(draw_page.measure(asked.count, asked.chromium))))


# ---------------------------------------------------------------------------------------------------------------------
# The command: a line here for every subcommand. With none of them, all are run, one after the other.
# ---------------------------------------------------------------------------------------------------------------------


Run = Callable[[argparse.Namespace], None]
COMMANDS: dict[str, tuple[Callable[[argparse.ArgumentParser], None], Run]] = {
    "train": (train_flags, train),
    "accuracy": (accuracy_flags, accuracy),
    "pictures": (pictures_flags, pictures),
    "predict": (predict_flags, predict),
    "numbers": (numbers_flags, numbers),
    "personal": (personal_flags, personal),
    "learning": (learning_flags, learning),
    "http": (http_flags, http),
    "page": (page_flags, page),
}


def parser() -> argparse.ArgumentParser:
    """The subcommands and their flags."""
    made = command("benchmark.py", __doc__)
    under = made.add_subparsers(dest="command")
    for name, (flags, run) in COMMANDS.items():
        one = under.add_parser(name, help=run.__doc__, allow_abbrev=False)
        one.add_argument("--data-dir", type=Path, default=Path("data"), help="where MNIST is, or is downloaded to")
        flags(one)
    return made


def main(arguments: list[str] | None = None) -> int:
    """Run the subcommand that was asked for, or all; returns the exit code."""
    asked = parser().parse_args(arguments)
    try:
        for name in [asked.command] if asked.command else COMMANDS:
            print(f"{name}: {machine()}", file=sys.stderr)
            COMMANDS[name][1](asked if asked.command else parser().parse_args([name]))
    except (MnistMissing, ModelMissing, DrawingsMissing, OSError) as error:
        print(f"benchmark.py: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
