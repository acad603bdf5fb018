from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.deploy.deploy_world import Account


@pytest.fixture
def account() -> Iterator[Account]:
    account = Account()
    yield account
    account.close()
