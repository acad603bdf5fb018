"""One call of every operation that the official SDK wraps, in an order in which each finds what it needs."""

from __future__ import annotations

import base64
import importlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

FINAL = {"success", "error", "cancelled", "task_failed"}
NOBODY = "00000000-0000-4000-8000-000000000000"
Call = Callable[[], Any]


def model(name: str, body: dict[str, Any]) -> Any:
    return getattr(importlib.import_module("openapi_client.cyberdesk_cloud_client.models"), name).from_dict(body)


@dataclass
class Tour:
    """`sdk` is the official client; what a call made is kept under a name for those that follow."""

    sdk: Any
    folder: Path
    png: bytes
    kept: dict[str, Any] = field(default_factory=dict)

    def keep(self, name: str, answer: Any) -> Any:
        self.kept[name] = answer.data
        return answer

    def id(self, name: str) -> str:
        return str(self.kept[name].id)

    def each(self) -> Iterator[tuple[str, Call]]:
        for part in (self._fleet, self._workflows, self._tags, self._runs, self._files, self._recorded, self._ends):
            yield from part()

    def _fleet(self) -> Iterator[tuple[str, Call]]:
        machines, pools = self.sdk.machines, self.sdk.pools
        made = model("MachineCreate", {"fingerprint": "f", "unkey_key_id": "k", "name": "desk-2"})
        yield "machines.create", lambda: self.keep("machine", machines.create_sync(made))
        yield "machines.list", lambda: self.keep("machines", machines.list_sync(name="local-1", include=["pools"]))
        yield "machines.get", lambda: machines.get_sync(self.id("machine"), include=["pools"])
        yield (
            "machines.update",
            lambda: machines.update_sync(self.id("machine"), model("MachineUpdate", {"machine_parameters": {"a": 1}})),
        )
        yield "pools.create", lambda: self.keep("pool", pools.create_sync(model("PoolCreate", {"name": "epic"})))
        yield "pools.list", lambda: pools.list_sync(include=["machines"])
        yield "pools.get", lambda: pools.get_sync(self.id("pool"), include_machines=True)
        yield (
            "pools.update",
            lambda: pools.update_sync(self.id("pool"), model("PoolUpdate", {"pool_parameters": {"clinic": "north"}})),
        )
        member: Call = lambda: model("MachinePoolAssignment", {"machine_ids": [self.id("machine")]})  # noqa: E731
        yield "pools.add_machines", lambda: pools.add_machines_sync(self.id("pool"), member())
        yield "machines.get_pools", lambda: machines.get_pools_sync(self.id("machine"))
        yield "pools.remove_machines", lambda: pools.remove_machines_sync(self.id("pool"), member())
        replaced: Call = lambda: model("MachinePoolUpdate", {"pool_ids": [self.id("pool")]})  # noqa: E731
        yield "machines.update_pools", lambda: machines.update_pools_sync(self.id("machine"), replaced())
        yield "machines.clear_session", lambda: machines.clear_session_sync(self.id("machine"))

    def _workflows(self) -> Iterator[tuple[str, Call]]:
        workflows, models = self.sdk.workflows, self.sdk.model_configurations
        body = {"name": "Find", "main_prompt": "Open {mrn}.", "output_schema": '{"type": "object"}'}
        yield "workflows.create", lambda: self.keep("workflow", workflows.create_sync(model("WorkflowCreate", body)))
        yield "workflows.list", lambda: workflows.list_sync(search="find", include=["tags", "post_run_checks"])
        yield "workflows.get", lambda: workflows.get_sync(self.id("workflow"))
        yield (
            "workflows.update",
            lambda: workflows.update_sync(self.id("workflow"), model("WorkflowUpdate", {"name": "Find a chart"})),
        )
        yield (
            "workflows.duplicate",
            lambda: self.keep("copy", workflows.duplicate_sync(self.id("workflow"), include_trajectories=True)),
        )
        yield (
            "workflows.merge",
            lambda: workflows.merge_sync(self.id("copy"), target_workflow_id=self.id("workflow")),
        )
        yield (
            "workflows.upload_prompt_image",
            lambda: workflows.upload_prompt_image_sync(file_content=self.png, filename="a.png"),
        )
        yield "workflows.list_prompt_images", lambda: self.keep("images", workflows.list_prompt_images_sync())
        path: Call = lambda: self.kept["images"][0].path  # noqa: E731
        yield "workflows.get_prompt_image_signed_url", lambda: workflows.get_prompt_image_signed_url_sync(path())
        yield "workflows.delete_prompt_image", lambda: workflows.delete_prompt_image_sync(path())
        own = {"name": "Mine", "provider": "anthropic", "model": "m", "api_key": "any"}
        create: Call = lambda: models.create_sync(model("ModelConfigurationCreate", own))  # noqa: E731
        yield "model_configurations.create", lambda: self.keep("model", create())
        yield "model_configurations.list", models.list_sync
        yield "model_configurations.get", lambda: models.get_sync(self.id("model"))
        change = model("ModelConfigurationUpdate", {"temperature": 0.5})
        yield "model_configurations.update", lambda: models.update_sync(self.id("model"), change)
        yield "model_configurations.delete", lambda: models.delete_sync(self.id("model"))

    def _tags(self) -> Iterator[tuple[str, Call]]:
        groups, tags = self.sdk.workflow_tag_groups, self.sdk.workflow_tags
        yield "workflow_tag_groups.create", lambda: self.keep("group", groups.create_sync("Stage", color="#0a0"))
        yield "workflow_tag_groups.list", groups.list_sync
        yield "workflow_tag_groups.get", lambda: groups.get_sync(self.id("group"))
        yield "workflow_tag_groups.update", lambda: groups.update_sync(self.id("group"), description="Where it stands")
        yield "workflow_tag_groups.reorder", lambda: groups.reorder_sync([self.id("group")])
        yield "workflow_tags.create", lambda: self.keep("tag", tags.create_sync("Live", group_id=self.id("group")))
        yield "workflow_tags.list", lambda: tags.list_sync(include_archived=True)
        yield "workflow_tags.get", lambda: tags.get_sync(self.id("tag"))
        yield "workflow_tags.update", lambda: tags.update_sync(self.id("tag"), emoji="✅")
        yield "workflow_tags.reorder", lambda: tags.reorder_sync([self.id("tag")])
        yield "workflow_tags.archive", lambda: tags.archive_sync(self.id("tag"))
        yield "workflow_tags.unarchive", lambda: tags.unarchive_sync(self.id("tag"))
        yield (
            "workflow_tags.add_to_workflow",
            lambda: tags.add_to_workflow_sync(self.id("workflow"), [self.id("tag")]),
        )
        yield "workflow_tags.get_for_workflow", lambda: tags.get_for_workflow_sync(self.id("workflow"))
        yield (
            "workflow_tags.remove_from_workflow",
            lambda: tags.remove_from_workflow_sync(self.id("workflow"), self.id("tag")),
        )
        yield (
            "workflow_tags.bulk_add_to_workflows",
            lambda: tags.bulk_add_to_workflows_sync([self.id("workflow")], [self.id("tag")]),
        )

    def _runs(self) -> Iterator[tuple[str, Call]]:
        runs = self.sdk.runs
        create: Call = lambda: model(  # noqa: E731
            "RunCreate",
            {
                "workflow_id": self.id("workflow"),
                "input_values": {"mrn": "7"},
                "file_inputs": [{"filename": "in.txt", "content": base64.b64encode(b"in").decode()}],
            },
        )
        yield "runs.create", lambda: self.keep("run", runs.create_sync(create()))
        yield "runs.get", lambda: self._finished("run")
        yield "runs.list", lambda: runs.list_sync(workflow_id=self.id("workflow"), include=["workflow", "machine"])
        yield (
            "runs.get_image_signed_url",
            lambda: runs.get_image_signed_url_sync(self.id("run"), image_url=self._screenshot()),
        )
        yield "runs.get_trajectory", lambda: self.keep("recorded", runs.get_trajectory_sync(self.id("run")))
        yield "runs.generate_trajectory", lambda: runs.generate_trajectory_sync(self.id("run"))
        yield "runs.retry", lambda: runs.retry_sync(self.id("run"), model("RunRetry", {"is_priority": True}))
        yield "runs.update", lambda: runs.update_sync(self.id("run"), model("RunUpdate", {"status": "cancelled"}))
        many: Call = lambda: model("RunBulkCreate", {"workflow_id": self.id("workflow"), "count": 2})  # noqa: E731
        yield "runs.bulk_create", lambda: self.keep("bulk", runs.bulk_create_sync(many()))
        steps: Call = lambda: model(  # noqa: E731
            "WorkflowChainCreate",
            {
                "steps": [
                    {"workflow_id": self.id("workflow"), "session_alias": "find"},
                    {"workflow_id": self.id("workflow"), "inputs": {"mrn": {"$ref": "find.outputs.mrn"}}},
                ]
            },
        )
        yield "runs.chain", lambda: runs.chain_sync(steps())

    def _finished(self, name: str) -> Any:
        deadline = time.monotonic() + 120
        while str((answer := self.sdk.runs.get_sync(self.id(name))).data.status) not in FINAL:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        return self.keep(name, answer)

    def _screenshot(self) -> str:
        blocks = [block for message in self.kept["run"].run_message_history for block in message["content"]]
        return next(str(block["image_url"]) for block in blocks if block["type"] == "image")

    def _files(self) -> Iterator[tuple[str, Call]]:
        files = self.sdk.run_attachments
        create: Call = lambda: model(  # noqa: E731
            "RunAttachmentCreate",
            {
                "run_id": self.id("run"),
                "filename": "out.txt",
                "content": base64.b64encode(b"out").decode(),
                "content_type": "text/plain",
                "attachment_type": "output",
            },
        )
        yield "run_attachments.create", lambda: self.keep("file", files.create_sync(create()))
        yield "run_attachments.list", lambda: files.list_sync(run_id=self.id("run"))
        yield "run_attachments.get", lambda: files.get_sync(self.id("file"))
        yield "run_attachments.get_download_url", lambda: files.get_download_url_sync(self.id("file"), expires_in=60)
        yield "run_attachments.download", lambda: files.download_sync(self.id("file"))
        yield "run_attachments.save_to_file", lambda: files.save_to_file_sync(self.id("file"), self.folder)
        later = model("RunAttachmentUpdate", {"expires_at": "2030-01-01T00:00:00+00:00"})
        yield "run_attachments.update", lambda: files.update_sync(self.id("file"), later)
        yield "run_attachments.delete", lambda: files.delete_sync(self.id("file"))

    def _recorded(self) -> Iterator[tuple[str, Call]]:
        paths, connections = self.sdk.trajectories, self.sdk.connections
        create: Call = lambda: model(  # noqa: E731
            "TrajectoryCreate",
            {
                "workflow_id": self.id("workflow"),
                "trajectory_data": [{"tool_name": "screenshot"}],
                "dimensions": {"width": 1280, "height": 800},
            },
        )
        yield "trajectories.create", lambda: self.keep("path", paths.create_sync(create()))
        yield "trajectories.list", lambda: paths.list_sync(workflow_id=self.id("workflow"), include=["workflow"])
        yield "trajectories.get", lambda: paths.get_sync(self.id("path"), include=["workflow"])
        approved = model("TrajectoryUpdate", {"is_approved": True, "is_main": True})
        yield "trajectories.update", lambda: paths.update_sync(self.id("path"), approved)
        yield (
            "trajectories.get_latest_for_workflow",
            lambda: paths.get_latest_for_workflow_sync(self.id("workflow")),
        )
        yield "trajectories.duplicate", lambda: paths.duplicate_sync(self.id("path"))
        yield "trajectories.delete", lambda: paths.delete_sync(self.id("path"))
        socket: Call = lambda: model("ConnectionCreate", {"websocket_id": "w", "machine_id": self.id("machine")})  # noqa: E731
        yield "connections.create", lambda: connections.create_sync(socket())
        yield "connections.list", lambda: connections.list_sync(machine_id=self.id("machine"))
        start, end = datetime(2020, 1, 1, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC)
        yield "usage.aggregate", lambda: self.sdk.usage.aggregate_sync(start, end)

    def _ends(self) -> Iterator[tuple[str, Call]]:
        yield "runs.delete", lambda: self.sdk.runs.delete_sync(self.id("run"))
        yield "workflow_tags.delete", lambda: self.sdk.workflow_tags.delete_sync(self.id("tag"))
        yield "workflow_tag_groups.delete", lambda: self.sdk.workflow_tag_groups.delete_sync(self.id("group"))
        yield "workflows.delete", lambda: self.sdk.workflows.delete_sync(self.id("workflow"))
        yield "pools.delete", lambda: self.sdk.pools.delete_sync(self.id("pool"))
        yield "machines.delete", lambda: self.sdk.machines.delete_sync(self.id("machine"))
