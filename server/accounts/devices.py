"""Browsers that people sign in with. A device belongs to one user; its id is no secret."""

import re
from collections.abc import Iterable

from sqlalchemy import Connection, insert, update
from sqlmodel import col, select

from server import ids
from server.store.tables import Device

_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox|FxiOS", "Firefox"),
    ("Chrome|CriOS|Chromium", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X|Macintosh", "Mac"),
    ("Windows", "Windows"),
    ("Linux", "Linux"),
)


def adopt(connection: Connection, user_id: str, offered: Iterable[str], agent: str) -> Device:
    """The first offered device that is this user's, else a new one. Another user's is never taken."""
    now = ids.now()
    for id in offered:
        query = select(Device).where(col(Device.id) == id, col(Device.user_id) == user_id)
        if row := connection.execute(query).mappings().first():
            connection.execute(update(Device).where(col(Device.id) == id).values(last_login_at=now))
            return Device(**{**row, "last_login_at": now})
    device = Device(id=ids.new_id(), user_id=user_id, name=name(agent), created_at=now, last_login_at=now)
    connection.execute(insert(Device).values(**device.model_dump()))
    return device


def name(agent: str) -> str:
    """What a person calls the browser with this User-Agent, such as ``Chrome on Android``."""
    browser = next((name for pattern, name in _BROWSERS if re.search(pattern, agent)), "Browser")
    system = next((name for pattern, name in _SYSTEMS if re.search(pattern, agent)), "")
    return f"{browser} on {system}" if system else browser
