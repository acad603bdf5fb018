import re

from flows.records import Patient

from cyberflow import workflow


@workflow(prompt="/prompts/lookup.md", tags="Intake")
def patient_lookup(name: str, ward: str = "A") -> Patient:
    raise NotImplementedError


@workflow(prompt="prompts/lookup.md")
def patient_search(name: str) -> Patient:
    raise NotImplementedError


@workflow(checks=[{"nmae": "schema", "type": "output_data_passes_schema_validation"}])
def book_visit(mrn: str, reason: str) -> None:
    """
    Open the chart of <mrn>.
    Book a visit for <raeson>,\tthen type é\u00e9 <reason.text>.
    """


@workflow
def no_prompt(name: str) -> None:
    re.escape(name)


@workflow(name="book-visit")
def book_again() -> None:
    """Book again."""


@workflow(name="9-lives", models={"fallbacks": ["A", "B", "C"]})
def nine() -> None:
    """Feed the cat."""
