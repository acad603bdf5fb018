"""A chain that puts a poster on the screens of the waiting room."""

from pydantic import BaseModel, Field

from cyberflow import chain, workflow


class Published(BaseModel):
    slot: str = Field(description="Where the poster is shown", examples=["Waiting room, screen 2"])


@workflow(description="Uploads a picture to the signage console")
def publish_poster(headline: str) -> Published:
    """
    1. Open Chrome and go to https://signage.example.com/upload.
    2. Choose the file C:/Signage/poster.png and enter "<headline>" as its title.
    3. Click "Publish" and wait for the green check mark. If it does not appear within a minute, use declare_task_failed with the reason "The console did not take the poster".
    4. Use focused_action to read where the poster is shown and save it as {{slot}}.
    """
    raise NotImplementedError


@chain(files=[{"name": "poster", "target": "C:/Signage/poster.png", "cleanup": True}])
def publish(headline: str) -> Published:
    """Puts a poster on the screens of the waiting room"""
    return publish_poster(headline=headline)
