"""AGENTS.md of a new project: what a coding agent does here, and what it leaves to a person."""

from __future__ import annotations

AGENTS_FILE = "AGENTS.md"
_AGENTS = """\
# For coding agents

This is a cyberflow project: workflows and chains for Cyberdesk, declared in DECLARED.
Tests are in `tests/`, the target accounts in `cyberflow.yaml`.

## The loop, after every change

```sh
cyberflow check --error-on warning --format json   # every mistake, offline; 0 is clean
cyberflow test --format json                       # every test, offline and free; 0 is passed
cyberflow plan --format json                       # what apply would change; reads only
```

Results are on stdout, everything else on stderr. Exit codes: 0 done, 1 mistakes or failed tests, 2 wrong usage,
3 network, key or service, 4 a conflict that a person looks at, 5 changes are pending (`plan --check`, `check --diff`).

* A finding has a `rule` and its place, and often fixes. `cyberflow check --fix --diff` shows what the safe ones would
  write, `cyberflow check --fix` writes it. `--unsafe-fixes` guesses: read the diff before you keep it.
* `cyberflow explain RULE` says why a rule is there, with an example. It knows keys, commands and exit codes too:
  `cyberflow explain workflows.outputs`, `cyberflow explain plan`, `cyberflow explain 4`.
* `cyberflow show look-up` prints what a chain or workflow compiles to, `cyberflow graph look-up` draws it.
* Mend the cause. Do not silence a rule, weaken a type or delete a test to make a command pass.
* A workflow or chain that you add or change gets a test in `tests/`.

## What you leave to a person

* **Never apply** to an account: no `apply`, `adopt`, `pull` or `merge`, and no `--yes` or `--confirm`, unless a person
  has read the plan and told you to. The same goes for `run` and `test --live`: they drive real machines and touch real
  records. The target `local` is on this machine and free: `cyberflow apply --target local --yes`, then
  `cyberflow run --target local look-up -i topic="red panda"`.
* **Secrets are names.** Write `<$password>` in a prompt and `{env: VARIABLE}` in `cyberflow.yaml`, never a value: not
  in a file, a prompt, a test, a commit or a command. Do not read or print the variables.
* **No real records** in prompts, examples and tests: invent people, numbers and dates.
"""


def agents_text(*, python: bool) -> str:
    return _AGENTS.replace("DECLARED", "Python below `flows/`" if python else "YAML, with prompts in `prompts/`")
