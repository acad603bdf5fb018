"""Model configurations: the system's own and those of the organisation."""

from __future__ import annotations

from cyberflow.client.cyberdesk.collection import UnpagedCollection
from cyberflow.client.cyberdesk.wire import Model


class ModelConfigurations(UnpagedCollection[Model], path="/v1/model-configurations", record=Model):
    """Only the organisation's own can be changed. An `api_key` in a body is write-only: the service keeps it under an
    alias and never gives it back; `clear_api_key: true` forgets it.
    """
