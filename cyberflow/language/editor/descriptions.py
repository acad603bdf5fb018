"""What an editor says of each key: a sentence, and examples that it offers. The keys themselves come from the model."""

from __future__ import annotations

from typing import Any, NamedTuple


class Words(NamedTuple):
    """A description and examples of values."""

    text: str
    examples: tuple[Any, ...] = ()


MODELS = {
    "ProjectFile": "The project: its name, where its declarations are, and the targets it is deployed to.",
    "Declarations": "Workflows, chains, tasks and named types.",
    "Workflow": "A prompt for a computer-use agent, with typed inputs, secrets and outputs.",
    "Chain": "Workflows run in order on one reserved machine; later steps read what earlier ones found.",
    "Step": "One run of a workflow inside the chain.",
    "Task": "A Cyberun task.",
    "Target": "An organisation to deploy to and run in.",
    "Cyberun": "The second service of a target, for `tasks`.",
    "SecretSource": "Where a secret is found: exactly one of `env`, `file`, `keyring`. Never the secret itself.",
    "FileText": "A text kept in a file of its own: `.md`, `.html`, `.txt`, or `.wire` to be sent byte for byte.",
    "File": "A file for the machine: from the project (`path`), or given at run time under a `name`.",
    "Models": "Model configurations by name or id; the platform's default where nothing is said.",
    "Check": "A check that the platform makes after each run, in the API's own field names.",
}

_INPUTS = Words(
    "Names to types. `?` after a name makes it optional, a `default` too. A type is a word (`string`, `number`, "
    "`integer`, `boolean`, `object`, `array`, `any`), a list of one (`string[]`), a name from `types`, nested "
    "notation, or JSON Schema.",
    ({"mrn": "string", "note?": "string"},),
)
_SECRETS = Words(
    "Names of secrets, as a list, or as a mapping of names to types; `pin?` is optional. Never a value.",
    (["password"],),
)
_DESCRIPTION = Words("For readers of the code; it is not sent to the platform.")
_FROM_MACHINE = Words(
    "Inputs and `$secrets` that the parameters of the machine or pool supply.", (["username", "$password"],)
)

_PROMPT = Words(
    "Markdown, or `{file: prompts/lookup.md}`. `<name>` is an input, `<$name>` a secret, `{{name}}` a value set during "
    "the run; `![alt](images/button.png)` is uploaded.",
    ("1. Sign in as <username> with <$password>.\n", {"file": "prompts/lookup.md"}),
)

FIELDS: dict[str, dict[str, Words]] = {
    "Declarations": {
        "workflows": Words("Workflows by name; workflows, chains and tasks share one namespace."),
        "chains": Words("Chains by name."),
        "tasks": Words("Cyberun tasks by name."),
        "types": Words("Named types, for `inputs`, `outputs` and `secrets` of the whole project."),
    },
    "ProjectFile": {
        "project": Words("The project's name: small letters, digits and `-`, a letter first.", ("clinic-intake",)),
        "sources": Words(
            "YAML files or folders with declarations. Left out: every YAML file below that holds some.",
            (["workflows", "chains"],),
        ),
        "python": Words("Python modules with declarations; nothing else is ever imported.", (["flows/*.py"],)),
        "default_target": Words("The target where none is named.", ("local",)),
        "vars": Words(
            "Values for templates, `${{ vars.clinic }}`; a target may set them anew.", ({"clinic": "north"},)
        ),
        "targets": Words("Targets by name. `local`, the embedded platform, always exists."),
    },
    "Target": {
        "url": Words(
            "The service; `http://127.0.0.1:PORT` is a running `cyberflow dev`.", ("https://api.cyberdesk.io",)
        ),
        "api_key": Words("Where the API key is found.", ({"env": "CYBERDESK_API_KEY"},)),
        "protect": Words("`apply` and `prune` ask for the target's name; `--yes` does not answer."),
        "vars": Words("Values for templates that replace the project's.", ({"clinic": "main"},)),
        "secrets": Words(
            "Where `run` finds each secret of a chain or workflow.", ({"epic_password": {"env": "EPIC_PASSWORD"}},)
        ),
        "ca": Words("A file with your own certificate authority.", ("certs/hospital.pem",)),
        "scope": Words("Tells two targets in one organisation apart.", ("main",)),
        "cyberun": Words("The Cyberun service, for `tasks`."),
    },
    "Cyberun": {
        "url": Words("The service.", ("https://core.cyberun.cloud/api/v1",)),
        "api_key": Words("Where the API key is found.", ({"env": "CYBERUN_API_KEY"},)),
        "team": Words("The id of the team; for the token of a person's session alone."),
    },
    "SecretSource": {
        "env": Words("A variable of the environment.", ("EPIC_PASSWORD",)),
        "file": Words("A file that holds nothing else.", ("/run/secrets/epic",)),
        "keyring": Words("An entry of the system's keyring, SERVICE/USER.", ("epic/svc-intake",)),
    },
    "Workflow": {
        "description": _DESCRIPTION,
        "prompt": _PROMPT,
        "inputs": Words(f"What the prompt uses as `<name>`. {_INPUTS.text}", _INPUTS.examples),
        "secrets": Words(f"What the prompt uses as `<$name>`. {_SECRETS.text}", _SECRETS.examples),
        "outputs": Words(f"What a run gives back. {_INPUTS.text}", ({"mrn": "string", "medications": "string[]"},)),
        "from_machine": _FROM_MACHINE,
        "files": Words("Files put on the machine for each run."),
        "exports": Words("Files that the agent marks for export come back with the run."),
        "webhooks": Words("Webhooks are sent for runs of this workflow."),
        "terminal": Words(
            "The commands that the agent may run, letter by letter.", (["Get-Process | ConvertTo-Json"],)
        ),
        "models": Words("Which models the agent uses.", ({"main": "Fast", "fallbacks": ["Careful"]},)),
        "checks": Words(
            "Checks after each run.", ([{"name": "schema", "type": "output_data_passes_schema_validation"}],)
        ),
        "on_check_failure": Words(
            "A prompt that cleans up when a check has failed.", ("Close the chart without saving.",)
        ),
        "tags": Words(
            "Exactly these tags, and cyberflow's own. Left out: tags are not managed; `[]`: none.", (["Production"],)
        ),
        "title": Words("The name on the platform; the declared name where nothing is said.", ("Patient lookup",)),
        "was": Words("The name that this workflow had before.", ("old-name",)),
        "schema": Words("`off`: inputs and outputs are checked here, and no schema is sent to the platform."),
    },
    "Models": {
        "main": Words("Does the work."),
        "cache_detection": Words("Decides whether the screen is as it was."),
        "fallbacks": Words("Step in when the main model fails, in this order; at most two."),
    },
    "Check": {
        "name": Words("What people call the check.", ("Chart is read completely",)),
        "type": Words("What is checked: that files are there, what an image shows, or the output."),
        "description": Words("What the check is for."),
        "file_target_mode": Words("How the files are named: exactly, by a pattern, or one for each item of a loop."),
        "file_names": Words("With `exact`: the files.", (["journal.xlsx"],)),
        "file_name_regex": Words("With `regex`: a pattern of their names.", (r"^journal-.*\.xlsx$",)),
        "expected_match_count": Words("How many files must match."),
        "expected_match_count_ref": Words("An input that says how many must match.", ("{count}",)),
        "loop_input": Words("With `loop_items`: the input that the loop goes over.", ("accounts",)),
        "loop_item_filename_template": Words("With `loop_items`: the file of one item.", ("{{loop_item.number}}.csv",)),
        "allow_missing_attachments": Words("A missing file does not fail the check."),
        "check_prompt": Words("What an agent or a model is asked about the output or the image."),
        "model": Words("The model configuration that answers, by name or id."),
    },
    "FileText": {"file": Words("Relative to this file; a leading `/` means the project.", ("prompts/lookup.md",))},
    "File": {
        "path": Words("A file of the project, relative to this file.", ("data/seed.csv",)),
        "name": Words("The file is given when the run starts: `--file NAME=PATH`.", ("referral",)),
        "target": Words("Where the machine gets it; `<input>` is filled in.", ("C:/in/seed.csv",)),
        "cleanup": Words("It is removed after the run; of a chain, after the first run."),
    },
    "Step": {
        "id": Words(
            "The session alias, by which later steps refer to this one: `{$ref: ID.outputs.NAME}`.", ("lookup",)
        ),
        "workflow": Words("The name of a declared workflow.", ("patient-lookup",)),
        "inputs": Words(
            "Values for the workflow's inputs: literals, `<name>` for inputs of the chain, `{$ref: step.outputs.name}` "
            "for what an earlier step found. An input of the chain with the same name need not be written.",
            ({"mrn": {"$ref": "lookup.outputs.mrn"}, "reason": "Visit of <date>"},),
        ),
        "secrets": Words(
            "Secrets of the chain for secrets of the workflow; one of the same name need not be written.",
            ({"password": "<$epic_password>"},),
        ),
    },
    "Chain": {
        "description": _DESCRIPTION,
        "inputs": Words(f"The chain's own parameters. {_INPUTS.text}", ({"patient": "PatientId", "date": "string"},)),
        "secrets": _SECRETS,
        "pools": Words("Pools by name or id; the machine is in all of them.", (["epic", "has-chrome"],)),
        "machine": Words("One machine, by name or id."),
        "from_machine": _FROM_MACHINE,
        "session": Words(
            "Aliases that are already in the session which `--session` joins, and their workflows.",
            ({"login": "patient-login"},),
        ),
        "keep_session": Words("The session stays open after the last step."),
        "priority": Words("The chain goes before others that wait."),
        "files": Words("Files put on the machine before the first step."),
        "steps": Words("Workflows in the order in which they run."),
        "outputs": Words("What the chain gives back.", ({"mrn": {"$ref": "lookup.outputs.mrn"}},)),
    },
    "Task": {
        "description": _DESCRIPTION,
        "workflow": Words("A Cyberun workflow: slug, `slug@version`, or UUID.", ("text-to-image@2",)),
        "inputs": _INPUTS,
        "secrets": _SECRETS,
        "parameters": Words("Values for the workflow's parameters; `<name>` is an input.", ({"width": 1024},)),
        "files": Words(
            "Parameters to files of the project, or `<name>` for `--file name=PATH`.", ({"input_image": "data/in.png"},)
        ),
        "timeout": Words("The task is cancelled after this time.", ("20m",)),
    },
}
"""By model, then by key as written."""
