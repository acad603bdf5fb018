"""The CI file of a new project: check and test always, plan on changes, apply on the main branch."""

from __future__ import annotations

from typing import Literal

Ci = Literal["github", "gitlab"]

_PIN = """\
# Before the first push: write below, in place of OWNER, whose repository cyberflow comes from, and in place of COMMIT
# the 40 digits of a commit of it. A tag can be moved; a commit cannot, so what was reviewed is what runs.
"""
_GITHUB = """\
# CYBERDESK_API_KEY is a secret of the repository, or of its environment `production`.
# GitHub reads this file below the root of the repository; if the project is in a folder, move it there, add
# `project: FOLDER` to each `with:`, and `--project FOLDER` to the test.
name: cyberflow
on:
  pull_request:
  push:
    branches: [main]

permissions:
  contents: read

concurrency:
  group: cyberflow-${{ github.ref }}

jobs:
  check:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: OWNER/cyberflow@COMMIT
        with:
          command: check
      - run: cyberflow test --format github

  plan:
    needs: check
    # a pull request from a fork has no secrets, so no plan
    if: github.event_name == 'pull_request' && github.event.pull_request.head.repo.full_name == github.repository
    runs-on: ubuntu-latest
    permissions:
      contents: read
      pull-requests: write      # for the comment that says what would change
    steps:
      - uses: actions/checkout@v4
      - uses: OWNER/cyberflow@COMMIT
        with:
          command: plan
          target: prod
        env:
          CYBERDESK_API_KEY: ${{ secrets.CYBERDESK_API_KEY }}

  apply:
    needs: check
    if: github.event_name == 'push'
    runs-on: ubuntu-latest
    environment: production     # give it reviewers, and apply waits for them
    steps:
      - uses: actions/checkout@v4
      - uses: OWNER/cyberflow@COMMIT
        id: cyberflow
        with:
          command: apply        # --yes --confirm prod: the push to main is the consent
          target: prod
        env:
          CYBERDESK_API_KEY: ${{ secrets.CYBERDESK_API_KEY }}
      - uses: actions/upload-artifact@v4
        if: always() && steps.cyberflow.outputs.receipt != ''
        with:
          name: receipt
          path: ${{ steps.cyberflow.outputs.receipt }}
"""
_GITLAB = """\
# CYBERDESK_API_KEY is a masked variable of the project. If the project is in a folder of the repository, move this file
# to the root and add `--project FOLDER` to each command.
stages: [check, plan, apply]

default:
  image: python:3.12-slim
  before_script:
    - pip install --quiet https://github.com/OWNER/cyberflow/archive/COMMIT.tar.gz

workflow:
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
    - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH

check:
  stage: check
  script:
    - cyberflow check
    - cyberflow test --junit report.xml
  artifacts:
    when: always
    reports:
      junit: report.xml

plan:
  stage: plan
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
  script:
    - cyberflow plan --target prod --format markdown > plan.md
    - cat plan.md
  artifacts:
    paths: [plan.md]

apply:
  stage: apply
  rules:
    - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH
  resource_group: cyberflow
  environment: production       # protect it, and apply waits for who may approve
  script:
    - cyberflow apply --target prod --yes --confirm prod --receipt receipt.json
  artifacts:
    when: always
    paths: [receipt.json]
"""


def ci_files(ci: Ci | None) -> dict[str, str]:
    """The file by the path where the CI looks for it; none without a CI."""
    match ci:
        case "github":
            return {".github/workflows/cyberflow.yaml": _PIN + _GITHUB}
        case "gitlab":
            return {".gitlab-ci.yml": _PIN + _GITLAB}
        case None:
            return {}
