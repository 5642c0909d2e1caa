"""What the page does by itself, each in its file in ``web/actions``: /theme /keys /connect /search and others."""

from commands.registry import Argument, Situation, browser


def _admin(now: Situation) -> bool:
    return now.admin


browser(
    "theme",
    "switch the colours",
    Argument("name", "night, day, or what the system says", values=("auto", "night", "day")),
)
browser("keys", "show your provider keys")
browser("connect", "let another program use this server")
browser(
    "notify",
    "be told on this device when a reply ends",
    Argument(
        "what",
        "on or off; preview: with the first words of the reply; test: send one now",
        values=("on", "preview", "off", "test"),
    ),
)
browser(
    "search",
    "search everything that was said",
    Argument("words", "what to look for", values=(), free=True, rest=True),
)
browser(
    "usage",
    "show what was spent and on what",
    Argument("range", "today, week, month or all", values=("today", "week", "month", "all")),
)
browser("log", "show every call, one by one")
browser("users", "manage the people of this server", when=_admin)
browser("bin", "show what was deleted")
browser("logout", "sign this device out")
