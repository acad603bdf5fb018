"""The tests of a project, compiled and ready to run: its cases, and a stage for each target that they name."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cyberflow.compiler.bundle import Bundle
from cyberflow.compiler.check import check, check_target
from cyberflow.compiler.compile import compile_bundle
from cyberflow.compiler.facts.findings import build_target
from cyberflow.compiler.graph import Graph
from cyberflow.diagnostics import Diagnostic, did_you_mean
from cyberflow.errors import UsageError
from cyberflow.language.discovery import find_root
from cyberflow.language.flow_tests.cases import Case, read_cases
from cyberflow.language.flow_tests.model import ANY, DEFAULT_AT, read_instant
from cyberflow.language.project.load import RawProject, read_project
from cyberflow.run.inputs.arguments import FileArgument
from cyberflow.sdk.project import CompiledProject, raise_errors, resolve_target_name
from cyberflow.source import Place
from cyberflow.storage import private_folder
from cyberflow.targets.local_platform import LOCAL
from cyberflow.testing.judge import CaseJudge
from cyberflow.testing.play import PlayScript
from cyberflow.testing.runner import Job, run_jobs
from cyberflow.testing.stage import Stage, build_stage
from cyberflow.testing.verdicts import Verdict


@dataclass(frozen=True)
class FlowSuite:
    """A project whose declarations and tests have no errors. `graphs` are by target; `default` is that of cases which
    name none.
    """

    sourced: RawProject
    compiled: Mapping[str, CompiledProject]
    graphs: Mapping[str, Graph]
    cases: tuple[Case, ...]
    default: str

    @classmethod
    def load(cls, folder: Path, target: str | None = None) -> FlowSuite:
        """Read and compile the project at or above a folder. Raises ProjectErrors with what `check` finds, and
        UsageError when there is no such target.
        """
        sourced = read_project(find_root(folder))
        cases = read_cases(sourced.tests, sourced.files).cases
        default = target or sourced.settings.default_target
        names = dict.fromkeys([default, *(case.target or default for case in cases)])
        built = {name: build_target(sourced, name) for name in names if name in {LOCAL, *sourced.settings.targets}}
        raise_errors(sourced, check(sourced, built=built))
        default = resolve_target_name(sourced, target)
        compiled: dict[str, CompiledProject] = {}
        graphs: dict[str, Graph] = {}
        for name in names:
            graph, builder, found = check_target(sourced, name, built[name])
            raise_errors(sourced, found)
            graphs[name] = graph
            bundle = compile_bundle(graph, builder)
            compiled[name] = CompiledProject(sourced, name, bundle, sourced.files.by_hash)
        return cls(sourced, compiled, graphs, cases, default)

    @property
    def bundle(self) -> Bundle:
        return self.compiled[self.default].bundle

    def select(self, names: Sequence[str], text: str | None) -> tuple[Case, ...]:
        """The cases of these names, with a text in theirs. Raises UsageError when there are none."""
        known = {name for case in self.cases for name in (case.test, case.name)}
        for name in names:
            if name not in known:
                raise UsageError(
                    f"there is no test `{name}`", help=did_you_mean(name, {one.test for one in self.cases})
                )
        chosen = [case for case in self.cases if not names or {case.test, case.name} & set(names)]
        if text is None:
            return tuple(chosen)
        folded = text.casefold()
        kept = tuple(one for one in chosen if folded in f"{one.place.path} {one.name} {one.run}".casefold())
        if not kept:
            raise UsageError(
                f"no test has `{text}` in its name", help="a part of a name, of a file's, or of what is run"
            )
        return kept

    def jobs(self, cases: Sequence[Case], keep: Path | None = None) -> list[Job]:
        """A job for each case. `keep` is a folder for the platforms' databases, one for each."""
        made: list[Job] = []
        taken: Counter[str] = Counter()
        for case in cases:
            name = database_name(case.name)
            taken[name] += 1
            file = f"{name}.db" if taken[name] == 1 else f"{name}.{taken[name]}.db"
            script = self.script_of(case, None if keep is None else keep / file)
            made.append(Job(CaseJudge(case), script, case.target or self.default))
        return made

    def run(self, jobs: Sequence[Job], processes: int | None = None) -> Iterator[Verdict]:
        """Run jobs and give their verdicts in their order."""
        needed: dict[str, set[str]] = {}
        for job in jobs:
            needed.setdefault(job.target, set()).add(job.script.run)
            if job.script.keep is not None:
                private_folder(job.script.keep.parent)
        stages = {target: self.stage(target, names) for target, names in needed.items()}
        yield from run_jobs(jobs, stages, processes)

    def stage(self, target: str, names: Iterable[str]) -> Stage:
        """The stage of one target with what these declarations need."""
        return asyncio.run(self.build_stage(target, names))

    async def build_stage(self, target: str, names: Iterable[str]) -> Stage:
        """Do as `stage`, inside a running event loop."""
        return await stage_of(self.compiled[target], frozenset(names))

    def script_of(self, case: Case, keep: Path | None = None) -> PlayScript:
        """What a case plays, with `keep` as the file that its platform is left in."""
        files = {
            name: self._file(path, case.at("files", name)) for name, path in case.get("files").items() if path != ANY
        }
        return PlayScript(
            case.run,
            read_instant(case.data.get("at") or DEFAULT_AT),
            case.get("inputs"),
            files,
            case.get("machine"),
            case.get("simulate"),
            keep,
        )

    def _file(self, name: str, place: Place) -> FileArgument:
        files = self.sourced.files
        path = files.find(name, place)
        if isinstance(path, Diagnostic):
            raise UsageError(path.message)
        return FileArgument(Path(path).name, files.read_bytes(path))


async def stage_of(compiled: CompiledProject, names: frozenset[str]) -> Stage:
    """The stage of a project with what these declarations need; pipelines among them come with what plays them."""
    stage = await build_stage(compiled.bundle, compiled.assets, compiled.owner, names)
    if any(compiled.bundle.pipeline(name) is not None for name in names):
        from cyberflow.sdk.flow_tests.pipelines import player_of

        stage = replace(stage, pipelines=player_of(compiled))
    return stage


def database_name(case: str) -> str:
    """The name of a case as a file may bear it."""
    return "".join(sign if sign.isalnum() or sign in "-_." else "-" for sign in case).strip("-")
