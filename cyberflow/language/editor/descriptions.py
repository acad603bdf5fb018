"""What an editor says of each key: a sentence, and examples that it offers. The keys themselves come from the model."""

from __future__ import annotations

from cyberflow.language.editor.pipeline_descriptions import PIPELINE_MODELS, KeyDescription, pipeline_fields

MODELS = {
    "ProjectFile": "The project: its name, where its declarations are, and the targets it is deployed to.",
    "Declarations": "Workflows, chains, tasks, pipelines and named types.",
    "Workflow": "A prompt for a computer-use agent, with typed inputs, secrets and outputs.",
    "Chain": "Workflows run in order on one reserved machine; later steps read what earlier ones found.",
    "Step": "One run of a workflow inside the chain.",
    "Task": "A Cyberun task.",
    "Target": "An organisation to deploy to and run in.",
    "Cyberun": "The second service of a target, for `tasks`.",
    "SecretSource": "Where a secret is found: one of `env`, `file`, `keyring`, `exec`. Never the secret itself.",
    "FileText": "A text kept in a file of its own: `.md`, `.html`, `.txt`, or `.wire` to be sent byte for byte.",
    "File": "A file for the machine: from the project (`path`), or given at run time under a `name`.",
    "Models": "Model configurations by name or id; the platform's default where nothing is said.",
    "Check": "A check that the platform makes after each run, in the API's own field names.",
    **PIPELINE_MODELS,
}

_INPUTS = KeyDescription(
    "Names to types. `?` after a name makes it optional, a `default` too. A type is a word (`string`, `number`, "
    "`integer`, `boolean`, `object`, `array`, `any`), a list of one (`string[]`), a name from `types`, nested "
    "notation, or JSON Schema.",
    ({"mrn": "string", "note?": "string"},),
)
_SECRETS = KeyDescription(
    "Names of secrets, as a list, or as a mapping of names to types; `pin?` is optional. Never a value.",
    (["password"],),
)
_DESCRIPTION = KeyDescription("For readers of the code; it is not sent to the platform.")
_FROM_MACHINE = KeyDescription(
    "Inputs and `$secrets` that the parameters of the machine or pool supply.", (["username", "$password"],)
)

_PROMPT = KeyDescription(
    "Markdown, or `{file: prompts/lookup.md}`. `<name>` is an input, `<$name>` a secret, `{{name}}` a value set during "
    "the run; `![alt](images/button.png)` is uploaded.",
    ("1. Sign in as <username> with <$password>.\n", {"file": "prompts/lookup.md"}),
)

FIELDS: dict[str, dict[str, KeyDescription]] = {
    "Declarations": {
        "workflows": KeyDescription("Workflows by name; workflows, chains, tasks and pipelines share one namespace."),
        "chains": KeyDescription("Chains by name."),
        "tasks": KeyDescription("Cyberun tasks by name."),
        "pipelines": KeyDescription("Pipelines by name: chains, workflows and tasks joined."),
        "types": KeyDescription("Named types, for `inputs`, `outputs` and `secrets` of the whole project."),
    },
    "ProjectFile": {
        "project": KeyDescription(
            "The project's name: small letters, digits and `-`, a letter first.", ("clinic-intake",)
        ),
        "sources": KeyDescription(
            "YAML files or folders with declarations. Left out: every YAML file below that holds some.",
            (["workflows", "chains"],),
        ),
        "python": KeyDescription("Python modules with declarations; nothing else is ever imported.", (["flows/*.py"],)),
        "default_target": KeyDescription("The target where none is named.", ("local",)),
        "vars": KeyDescription(
            "Values for templates, `${{ vars.clinic }}`; a target may set them anew.", ({"clinic": "north"},)
        ),
        "targets": KeyDescription("Targets by name. `local`, the embedded platform, always exists."),
        "rules": KeyDescription(
            "How loud each rule of `check` is: `off`, `warning` or `error`.", ({"unused-input": "off"},)
        ),
    },
    "Target": {
        "url": KeyDescription(
            "The service; `http://127.0.0.1:PORT` is a running `cyberflow dev`.", ("https://api.cyberdesk.io",)
        ),
        "api_key": KeyDescription("Where the API key is found.", ({"env": "CYBERDESK_API_KEY"},)),
        "protect": KeyDescription("`apply` and `prune` ask for the target's name; `--yes` does not answer."),
        "vars": KeyDescription("Values for templates that replace the project's.", ({"clinic": "main"},)),
        "secrets": KeyDescription(
            "Where `run` finds each secret of a chain or workflow.", ({"epic_password": {"env": "EPIC_PASSWORD"}},)
        ),
        "ca": KeyDescription("A file with your own certificate authority.", ("certs/hospital.pem",)),
        "insecure": KeyDescription("Allows an `http:` url that is not of this machine: the key goes out in clear."),
        "scope": KeyDescription("Tells two targets in one organisation apart.", ("main",)),
        "cyberun": KeyDescription("The Cyberun service, for `tasks`."),
    },
    "Cyberun": {
        "url": KeyDescription("The service.", ("https://core.cyberun.cloud/api/v1",)),
        "api_key": KeyDescription("Where the API key is found.", ({"env": "CYBERUN_API_KEY"},)),
        "team": KeyDescription("The id of the team; for the token of a person's session alone."),
    },
    "SecretSource": {
        "env": KeyDescription("A variable of the environment.", ("EPIC_PASSWORD",)),
        "file": KeyDescription("A file of the project that holds nothing else, not in git.", ("secrets/epic",)),
        "keyring": KeyDescription("An entry of the system's keyring, SERVICE/USER.", ("epic/svc-intake",)),
        "exec": KeyDescription(
            "A program and its arguments, run without a shell; its standard output is the value.",
            (["op", "read", "op://clinic/epic/password"],),
        ),
        "timeout": KeyDescription("How long the program of `exec` may take.", ("30s",)),
    },
    "Workflow": {
        "description": _DESCRIPTION,
        "prompt": _PROMPT,
        "inputs": KeyDescription(f"What the prompt uses as `<name>`. {_INPUTS.text}", _INPUTS.examples),
        "secrets": KeyDescription(f"What the prompt uses as `<$name>`. {_SECRETS.text}", _SECRETS.examples),
        "outputs": KeyDescription(
            f"What a run gives back. {_INPUTS.text}", ({"mrn": "string", "medications": "string[]"},)
        ),
        "from_machine": _FROM_MACHINE,
        "files": KeyDescription("Files put on the machine for each run."),
        "exports": KeyDescription("Files that the agent marks for export come back with the run."),
        "webhooks": KeyDescription("Webhooks are sent for runs of this workflow."),
        "terminal": KeyDescription(
            "The commands that the agent may run, letter by letter.", (["Get-Process | ConvertTo-Json"],)
        ),
        "models": KeyDescription("Which models the agent uses.", ({"main": "Fast", "fallbacks": ["Careful"]},)),
        "checks": KeyDescription(
            "Checks after each run.", ([{"name": "schema", "type": "output_data_passes_schema_validation"}],)
        ),
        "on_check_failure": KeyDescription(
            "A prompt that cleans up when a check has failed.", ("Close the chart without saving.",)
        ),
        "tags": KeyDescription(
            "Exactly these tags, and cyberflow's own. Left out: tags are not managed; `[]`: none.", (["Production"],)
        ),
        "title": KeyDescription(
            "The name on the platform; the declared name where nothing is said.", ("Patient lookup",)
        ),
        "was": KeyDescription("The name that this workflow had before.", ("old-name",)),
        "schema": KeyDescription("`off`: inputs and outputs are checked here, and no schema is sent to the platform."),
    },
    "Models": {
        "main": KeyDescription("Does the work."),
        "cache_detection": KeyDescription("Decides whether the screen is as it was."),
        "fallbacks": KeyDescription("Step in when the main model fails, in this order; at most two."),
    },
    "Check": {
        "name": KeyDescription("What people call the check.", ("Chart is read completely",)),
        "type": KeyDescription("What is checked: that files are there, what an image shows, or the output."),
        "description": KeyDescription("What the check is for."),
        "file_target_mode": KeyDescription(
            "How the files are named: exactly, by a pattern, or one for each item of a loop."
        ),
        "file_names": KeyDescription("With `exact`: the files.", (["journal.xlsx"],)),
        "file_name_regex": KeyDescription("With `regex`: a pattern of their names.", (r"^journal-.*\.xlsx$",)),
        "expected_match_count": KeyDescription("How many files must match."),
        "expected_match_count_ref": KeyDescription("An input that says how many must match.", ("{count}",)),
        "loop_input": KeyDescription("With `loop_items`: the input that the loop goes over.", ("accounts",)),
        "loop_item_filename_template": KeyDescription(
            "With `loop_items`: the file of one item.", ("{{loop_item.number}}.csv",)
        ),
        "allow_missing_attachments": KeyDescription("A missing file does not fail the check."),
        "check_prompt": KeyDescription("What an agent or a model is asked about the output or the image."),
        "model": KeyDescription("The model configuration that answers, by name or id."),
    },
    "FileText": {
        "file": KeyDescription("Relative to this file; a leading `/` means the project.", ("prompts/lookup.md",))
    },
    "File": {
        "path": KeyDescription("A file of the project, relative to this file.", ("data/seed.csv",)),
        "name": KeyDescription("The file is given when the run starts: `--file NAME=PATH`.", ("referral",)),
        "target": KeyDescription("Where the machine gets it; `<input>` is filled in.", ("C:/in/seed.csv",)),
        "cleanup": KeyDescription("It is removed after the run; of a chain, after the first run."),
    },
    "Step": {
        "id": KeyDescription(
            "The session alias, by which later steps refer to this one: `{$ref: ID.outputs.NAME}`.", ("lookup",)
        ),
        "workflow": KeyDescription("The name of a declared workflow.", ("patient-lookup",)),
        "inputs": KeyDescription(
            "Values for the workflow's inputs: literals, `<name>` for inputs of the chain, `{$ref: step.outputs.name}` "
            "for what an earlier step found. An input of the chain with the same name need not be written.",
            ({"mrn": {"$ref": "lookup.outputs.mrn"}, "reason": "Visit of <date>"},),
        ),
        "secrets": KeyDescription(
            "Secrets of the chain for secrets of the workflow; one of the same name need not be written.",
            ({"password": "<$epic_password>"},),
        ),
    },
    "Chain": {
        "description": _DESCRIPTION,
        "inputs": KeyDescription(
            f"The chain's own parameters. {_INPUTS.text}", ({"patient": "PatientId", "date": "string"},)
        ),
        "secrets": _SECRETS,
        "pools": KeyDescription("Pools by name or id; the machine is in all of them.", (["epic", "has-chrome"],)),
        "machine": KeyDescription("One machine, by name or id."),
        "from_machine": _FROM_MACHINE,
        "session": KeyDescription(
            "Aliases that are already in the session which `--session` joins, and their workflows.",
            ({"login": "patient-login"},),
        ),
        "keep_session": KeyDescription("The session stays open after the last step."),
        "priority": KeyDescription("The chain goes before others that wait."),
        "files": KeyDescription("Files put on the machine before the first step."),
        "steps": KeyDescription("Workflows in the order in which they run."),
        "outputs": KeyDescription("What the chain gives back.", ({"mrn": {"$ref": "lookup.outputs.mrn"}},)),
    },
    "Task": {
        "description": _DESCRIPTION,
        "workflow": KeyDescription("A Cyberun workflow: slug, `slug@version`, or UUID.", ("text-to-image@2",)),
        "inputs": _INPUTS,
        "secrets": _SECRETS,
        "parameters": KeyDescription("Values for the workflow's parameters; `<name>` is an input.", ({"width": 1024},)),
        "files": KeyDescription(
            "Parameters to files of the project, or `<name>` for `--file name=PATH`.", ({"input_image": "data/in.png"},)
        ),
        "timeout": KeyDescription("The task is cancelled after this time.", ("20m",)),
    },
    **pipeline_fields(_DESCRIPTION, _INPUTS, _SECRETS),
}
"""By model, then by key as written."""
