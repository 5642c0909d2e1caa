"""A person at the page: what they see, tap and type. The tests speak to the page through this alone."""

from typing import Any

from playwright.async_api import BrowserContext, Page, expect


class Hand:
    """One page. ``problems`` are the errors that its scripts threw."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.problems: list[str] = []
        page.on("pageerror", lambda error: self.problems.append(str(error)))

    @classmethod
    async def on(cls, context: BrowserContext, url: str, path: str = "/") -> "Hand":
        hand = cls(await context.new_page())
        await hand.page.goto(url + path)
        return hand

    async def sign_in(self, username: str, password: str) -> "Hand":
        await self.page.get_by_label("user", exact=True).fill(username)
        await self.page.get_by_label("password", exact=True).fill(password)
        await self.page.get_by_role("button", name="log in").click()
        await expect(self.prompt).to_be_visible()
        return self

    @property
    def prompt(self) -> Any:
        return self.page.get_by_role("combobox", name="message or /command")

    @property
    def send_button(self) -> Any:
        return self.page.locator("chat-prompt .send")

    @property
    def stop_button(self) -> Any:
        return self.page.get_by_role("button", name="stop", exact=True)

    @property
    def replies(self) -> Any:
        return self.page.locator("chat-message.assistant")

    @property
    def prompts(self) -> Any:
        return self.page.locator("chat-message.user")

    @property
    def status(self) -> Any:
        return self.page.locator("status-line")

    @property
    def scroller(self) -> Any:
        return self.page.locator("chat-transcript .scroller")

    async def type(self, text: str) -> None:
        await self.prompt.click()
        await self.prompt.fill(text)

    async def say(self, text: str) -> None:
        await self.type(text)
        await self.send_button.click()

    async def answered(self, text: str, count: int = 1) -> None:
        """Waits until ``count`` replies stand there, the last with ``text``, and nothing is being written."""
        await expect(self.replies).to_have_count(count)
        await expect(self.replies.last).to_contain_text(text)
        await expect(self.stop_button).to_be_hidden()

    async def offset(self) -> float:
        return float(await self.scroller.evaluate("node => node.scrollTop"))

    async def from_end(self) -> float:
        """Pixels between what is seen and the end of the transcript."""
        return float(await self.scroller.evaluate("node => node.scrollHeight - node.scrollTop - node.clientHeight"))
