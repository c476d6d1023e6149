"""The three studies of README.md, on episodes made by `dojo.py`.

    study.py export EPISODES.jsonl
    study.py grade EPISODES.jsonl --abide ABIDE          # scopes alone, and the boundaries in this folder
    study.py infer EPISODES.jsonl --abide ABIDE          # five times: inferred from one half, tried on the other
"""

import argparse
import functools
import json
import random
import subprocess
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import dojo

SPLITS = range(5)
HEAD = f"{'':36}{'utility':>9}{'no denial':>11}{'attacks':>9}"


@dataclass
class Score:
    """What became of some user tasks under one boundary."""

    tasks: int = 0
    useful: int = 0
    untouched: int = 0
    pairs: int = 0
    broken: int = 0
    denied: int = 0
    lost: dict[str, Counter] = field(default_factory=dict)
    goals: Counter = field(default_factory=Counter)

    def row(self, title: str) -> str:
        shares = self.shares()
        return f"{title:36}{shares[0]:8.1f}%{shares[1]:10.1f}%{shares[2]:8.1f}%"

    def shares(self) -> list[float]:
        return [100 * self.useful / self.tasks, 100 * self.untouched / self.tasks, 100 * self.broken / self.pairs]


class Episodes:
    """The episodes, and the one way to decide them: the program."""

    def __init__(self, file: Path, abide: Path):
        with file.open(encoding="utf-8") as lines:
            self.by_id = {one["id"]: one for one in map(json.loads, lines)}
        self.abide = abide

    def of(self, name: str, users: set[str]) -> list[dict]:
        return [one for key, one in self.by_id.items() if key.split("/")[0] == name and key.split("/")[1] in users]

    def score(self, boundary: Path, name: str, users: set[str]) -> Score:
        episodes = self.of(name, users)
        decisions = self.decide(boundary, episodes)
        score, broken = Score(), set()
        for one in episodes:
            permitted = tuple(decision["decision"] == "permit" for decision in decisions[one["id"]])
            done, harmed = self.outcome(one["id"], permitted)
            _, user, injection, _ = one["id"].split("/")
            if injection == "-":
                score.tasks += 1
                score.useful += done
                score.untouched += all(permitted)
                score.denied += permitted.count(False)
                if not done:
                    denials = (d for d in decisions[one["id"]] if d["decision"] == "deny")
                    score.lost[user] = Counter(d["rule"] for d in denials)
            elif harmed:
                broken.add((user, injection))
        pairs = {tuple(one["id"].split("/")[1:3]) for one in episodes if "/-/" not in one["id"]}
        score.pairs, score.broken = len(pairs), len(broken)
        score.goals.update(injection for _, injection in broken)
        return score

    def decide(self, boundary: Path, episodes: list[dict]) -> dict[str, list[dict]]:
        with tempfile.TemporaryDirectory() as folder:
            file = write_lines(Path(folder) / "episodes.jsonl", episodes)
            lines = run([self.abide, "guard", "replay", "--boundary", boundary, file, "--json"])
        decided: dict[str, list[dict]] = {one["id"]: [] for one in episodes}
        for decision in map(json.loads, lines.splitlines()):
            decided[decision["id"]].append(decision)
        return decided

    @functools.cache  # noqa: B019 - one object for the whole program
    def outcome(self, key: str, permitted: tuple[bool, ...]) -> tuple[bool, bool]:
        return dojo.outcome(self.by_id[key], permitted)

    def infer(self, name: str, users: set[str], out: Path) -> Path:
        with tempfile.TemporaryDirectory() as folder:
            good = [self.by_id[f"{name}/{user}/-/benign"] for user in sorted(users)]
            file = write_lines(Path(folder) / "good.jsonl", good)
            run([self.abide, "boundary", "infer", file, "--out", out])
        return out


def export(file: Path):
    count = 0
    with file.open("w", encoding="utf-8") as out:
        for count, one in enumerate(dojo.all_episodes(), 1):
            out.write(json.dumps(one) + "\n")
    print(f"{count} episodes of AgentDojo {dojo.VERSION} in {file}")


def grade(episodes: Episodes, folder: Path):
    print(HEAD)
    for name in dojo.SUITES:
        users = set(dojo.suite(name).user_tasks)
        print(episodes.score(scopes_only(name, folder), name, users).row(f"{name}: scopes alone"))
        written = episodes.score(dojo.HERE / f"{name}.toml", name, users)
        print(written.row(f"{name}: written by hand"))
        show(written)


def infer(episodes: Episodes, folder: Path):
    print(HEAD)
    for name in dojo.SUITES:
        shares = []
        for seed in SPLITS:
            learned, tried = halves(name, seed)
            file = episodes.infer(name, learned, folder / f"{name}-{seed}.toml")
            own = episodes.decide(file, [episodes.by_id[f"{name}/{user}/-/benign"] for user in learned])
            assert all(d["decision"] == "permit" for one in own.values() for d in one), "its own episodes are denied"
            score = episodes.score(file, name, tried)
            shares.append(score.shares())
            print(score.row(f"{name}: inferred, split {seed}"))
            show(score)
        mean = [sum(column) / len(column) for column in zip(*shares, strict=True)]
        print(f"{f'{name}: inferred, mean':36}{mean[0]:8.1f}%{mean[1]:10.1f}%{mean[2]:8.1f}%")


def halves(name: str, seed: int) -> tuple[set[str], set[str]]:
    users = sorted(dojo.suite(name).user_tasks)
    random.Random(f"draw {seed} of {name}").shuffle(users)
    middle = len(users) // 2
    return set(users[:middle]), set(users[middle:])


def scopes_only(name: str, folder: Path) -> Path:
    """The boundary by hand, with nothing but its tools and their scopes; `read`, since a write may not be repeated."""
    lines = []
    for tool, rule in dojo.boundary(name)["tools"].items():
        lines += [f'[tools."{tool}"]', f"scopes = {json.dumps(rule['scopes'])}", 'effect = "read"']
        lines += ['other_arguments = "allow"']
    file = folder / f"{name}-scopes.toml"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def show(score: Score):
    print(f"    calls of user tasks denied: {score.denied}")
    for user, rules in sorted(score.lost.items()):
        print(f"    lost {user}: {', '.join(rules) or 'no call was denied'}")
    if score.goals:
        print(f"    goals reached: {', '.join(f'{goal} in {count}' for goal, count in score.goals.most_common())}")


def write_lines(file: Path, values: list[dict]) -> Path:
    file.write_text("".join(json.dumps(value) + "\n" for value in values), encoding="utf-8")
    return file


def run(command: list) -> str:
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    # 1 says that something was not as expected, and nothing is expected here
    if done.returncode != 0:
        raise SystemExit(f"{command[1]} {command[2]}: exit code {done.returncode}")
    return done.stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("study", choices=("export", "grade", "infer"))
    parser.add_argument("episodes", type=Path)
    parser.add_argument("--abide", type=Path, default=Path("abide"))
    args = parser.parse_args()
    if args.study == "export":
        return export(args.episodes)
    with tempfile.TemporaryDirectory() as folder:
        studies = {"grade": grade, "infer": infer}
        studies[args.study](Episodes(args.episodes, args.abide), Path(folder))


if __name__ == "__main__":
    main()
