"""Running a pipeline from Python: to its end, with typed outputs; its ledger says how to go on where it ends early."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from pathlib import Path
from typing import Any, TypeVar

from cyberflow.errors import CyberflowError
from cyberflow.language.python.declarations import FunctionDeclaration
from cyberflow.language.python.keywords import PipelineRunOptions
from cyberflow.run.pipeline.state import PipelineState
from cyberflow.sdk.call import PythonCall, check_types, compile_declaration, raw_arguments
from cyberflow.sdk.handle import python_wording, say, validate_outputs
from cyberflow.sdk.pipelines.going import open_pipeline
from cyberflow.sdk.pipelines.setup import PipelineOptions, create_ledger, prepare_pipeline

R = TypeVar("R")


class PipelineFailed(CyberflowError):
    """A pipeline did not end in `success`. `result` is what `--format json` prints of it. Exit code 1."""

    exit_code = 1

    def __init__(self, result: Mapping[str, Any]) -> None:
        help = f"look at it, and go on with `cyberflow run --resume {result['ledger']}`"
        super().__init__(f"`{result['name']}` ended in `{result['status']}`", help=help)
        self.result = result


async def arun_pipeline(one: FunctionDeclaration[..., R], call: PythonCall) -> R:
    """Run to the end. Raises UsageError when what is given does not fit (nothing was sent then), PipelineFailed when it
    does not end in `success`, or is not over after `timeout`.
    """
    with python_wording():
        compiled = compile_declaration(one, call, PipelineRunOptions)
        check_types(one, call)
        setup = prepare_pipeline(compiled, one.name, _options(one, call))
        with create_ledger(setup) as ledger:
            state = PipelineState(compiled.bundle, setup.new_state())
            state.begin()
            async with open_pipeline(setup, ledger, state, say) as going:
                try:
                    async with asyncio.timeout(call.timeout), aclosing(going.run()) as updates:
                        async for _ in updates:
                            pass
                except TimeoutError:
                    if call.option("cancel_on_timeout"):
                        await going.driver.cancel()
                result = going.to_json()
    if result["status"] != "success":
        raise PipelineFailed(result)
    return validate_outputs(one, result["outputs"])


def _options(one: FunctionDeclaration[..., Any], call: PythonCall) -> PipelineOptions:
    given, backends = raw_arguments(one, call)
    ledger = call.option("ledger")
    return PipelineOptions(
        document=dict(given.document),
        secrets=tuple(given.secrets),
        files=tuple(given.files),
        machine=call.option("machine"),
        pools=tuple(call.option("pools", ())),
        parallel=call.option("parallel"),
        ledger=Path(ledger) if ledger else None,
        engine=call.option("engine"),
        stale_ok=bool(call.option("stale_ok")),
        simulate=call.option("simulate"),
        priority=bool(call.option("priority")),
        backends=backends,
    )
