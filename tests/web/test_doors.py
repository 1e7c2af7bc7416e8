"""Coming in: sign-in, the one-time link, the account."""

import pytest
from playwright.async_api import expect
from tests.web.conftest import Visitor
from tests.web.stand_in import EMAIL, PASSWORD, TOKEN, StandIn

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_who_is_not_signed_in_comes_back_to_where_they_wanted(
    cloud: StandIn, visitor: Visitor
) -> None:
    """A page asked for before sign-in, with its query, is shown after it (web/README.md, 4)."""
    cloud.signed_in = False
    wanted = "/meters/CH-7730-1182?days=7"
    async with visitor.opens(wanted, refused=True) as page:
        await page.get_by_label("E-mail").fill(EMAIL)
        await page.get_by_label("Password", exact=True).fill(PASSWORD)
        await page.get_by_role("button", name="Sign in").click()
        await page.wait_for_url(cloud.url + wanted)
        await expect(page.get_by_role("heading", level=1)).to_contain_text("Flat 3")


async def test_a_wrong_password_is_said_in_words(cloud: StandIn, visitor: Visitor) -> None:
    """Errors say what and what to do, as an alert (WCAG 2.2, 3.3.1 and 4.1.3)."""
    cloud.signed_in = False
    async with visitor.opens("/sign-in", refused=True) as page:
        await page.get_by_label("E-mail").fill(EMAIL)
        await page.get_by_label("Password", exact=True).fill("a guess")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("alert")).to_contain_text("do not belong together")


async def test_a_form_is_checked_before_it_is_sent(cloud: StandIn, visitor: Visitor) -> None:
    """A field that breaks a rule of the OpenAPI is named, focused and not sent
    (WCAG 2.2, 3.3.1).
    """
    cloud.has_password = False
    async with visitor.opens("/account") as page:
        field = page.get_by_label("New password")
        await field.fill("short")
        await page.get_by_role("button", name="Set password").click()
        await expect(field).to_be_focused()
        await expect(field).to_have_attribute("aria-invalid", "true")
        await expect(page.get_by_text("5 characters, at least")).to_be_visible()
        assert not [asked for asked in cloud.asked if asked[:2] == ("PUT", "/api/account")]


async def test_a_link_signs_in_and_leaves_the_address_bar(cloud: StandIn, visitor: Visitor) -> None:
    """A one-time link is posted, and neither shown nor kept in the history
    (OWASP ASVS 5.0, 14.2.1).
    """
    cloud.signed_in, cloud.has_password = False, False
    async with visitor.opens(f"/sign-in/{TOKEN}") as page:
        await page.wait_for_url(cloud.url + "/")
        await page.get_by_text("Your account has no password yet").wait_for()
        await page.go_back()
        assert TOKEN not in page.url


async def test_a_spent_link_says_what_to_do(cloud: StandIn, visitor: Visitor) -> None:
    """A link that was used says so and leads to sign-in (web/README.md, 5)."""
    cloud.signed_in = False
    async with visitor.opens("/sign-in/a-link-that-was-used-before", refused=True) as page:
        await expect(page.get_by_role("heading", level=1)).to_have_text("This link no longer works")
        await page.get_by_role("link", name="Go to sign-in").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


async def test_the_first_password_takes_the_banner_away(cloud: StandIn, visitor: Visitor) -> None:
    """The banner leads to the form, and goes once there is a password (web/README.md, 5)."""
    cloud.has_password = False
    async with visitor.opens("/") as page:
        await page.get_by_role("link", name="Choose a password").click()
        await page.get_by_label("New password").fill("correct horse battery")
        await page.get_by_role("button", name="Set password").click()
        await page.get_by_text("The new password works from now on.").wait_for()
        await page.get_by_role("link", name="Meters").click()
        await page.get_by_role("link", name="Flat 3").wait_for()
        assert await page.get_by_text("has no password yet").count() == 0


async def test_the_language_is_kept_in_the_account(cloud: StandIn, visitor: Visitor) -> None:
    """Choosing German speaks German at once and tells the account (web/README.md, 8)."""
    async with visitor.opens("/account") as page:
        await page.get_by_role("radio", name="Deutsch").check()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Wer sind Sie hier?")
        await expect(page.locator("html")).to_have_attribute("lang", "de")
        await page.reload()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Wer sind Sie hier?")
        assert ("PUT", "/api/account", {"language": "de"}) in cloud.asked


async def test_the_colour_mode_can_be_pinned(visitor: Visitor) -> None:
    """Dark is used although the system is light, also after a reload
    (web/README.md; tokens.css).
    """
    async with visitor.opens("/account", color_scheme="light") as page:
        ground = "getComputedStyle(document.body).backgroundColor"
        assert await page.evaluate(ground) == "rgb(251, 251, 250)"
        await page.get_by_role("radio", name="Dark").check()
        await page.reload()
        await page.get_by_role("heading", level=1).wait_for()
        assert await page.evaluate(ground) == "rgb(18, 21, 26)"


async def test_signing_out_without_a_password_asks_first(cloud: StandIn, visitor: Visitor) -> None:
    """A step that locks one out is confirmed, and Escape leaves all as it was (WCAG 2.2, 3.3.4)."""
    cloud.has_password = False
    async with visitor.opens("/account") as page:
        leave = page.get_by_role("button", name="Sign out", exact=True)
        await leave.click()
        await page.get_by_role("dialog", name="Sign out of Ohmstead?").wait_for()
        await page.keyboard.press("Escape")
        await expect(leave).to_be_focused()
        assert cloud.signed_in
        await leave.click()
        await page.get_by_role("button", name="Sign out anyway").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
