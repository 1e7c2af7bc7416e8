"""Getting an account, the second step, and who may look at what."""

import pytest
from playwright.async_api import expect
from tests.web.conftest import Visitor
from tests.web.stand_in import EMAIL, PASSWORD, TOKEN, StandIn
from tests.web.stand_in_accounts import API_TOKEN, CODE, LINK, RECOVERY, SECRET

pytestmark = pytest.mark.asyncio(loop_scope="session")


def asked(cloud: StandIn, method: str, path: str) -> list[object]:
    """The bodies of the requests of this kind so far."""
    return [body for verb, where, body in cloud.asked if (verb, where) == (method, path)]


async def test_a_code_is_asked_for_after_the_password(cloud: StandIn, visitor: Visitor) -> None:
    """The second step has a page of its own; a wrong code is told at its field (WCAG 2.2, 3.3.1),
    and a password manager may fill it (1.3.5).
    """
    cloud.signed_in, cloud.accounts.asks_for_code = False, True
    async with visitor.opens("/sign-in", refused=True) as page:
        await page.get_by_label("E-mail").fill(EMAIL)
        await page.get_by_label("Password", exact=True).fill(PASSWORD)
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("One more step")
        field = page.get_by_label("Code")
        await expect(field).to_have_attribute("autocomplete", "one-time-code")
        await field.fill("000000")
        await page.keyboard.press("Enter")
        await expect(field).to_have_attribute("aria-invalid", "true")
        await field.fill(CODE)
        await page.keyboard.press("Enter")
        await page.wait_for_url(cloud.url + "/")


async def test_a_link_asks_for_the_code_too(cloud: StandIn, visitor: Visitor) -> None:
    """A sign-in link stands for the password alone (docs/accounts.md)."""
    cloud.signed_in, cloud.accounts.asks_for_code = False, True
    async with visitor.opens(f"/sign-in/{TOKEN}", refused=True) as page:
        await page.get_by_label("Code").fill(CODE)
        await page.get_by_role("button", name="Go on").click()
        await page.wait_for_url(cloud.url + "/")


async def test_a_forgotten_password_is_asked_for_and_replaced(
    cloud: StandIn, visitor: Visitor
) -> None:
    """The page says the same whoever asks; the link's page hides its token afterwards."""
    cloud.signed_in = False
    async with visitor.opens("/sign-in") as page:
        await page.get_by_role("link", name="Forgotten your password?").click()
        await page.get_by_label("E-mail").fill("nobody@example.org")
        await page.get_by_role("button", name="Send the link").click()
        await expect(page.get_by_role("status").first).to_contain_text("If nobody@example.org has")
    async with visitor.opens("/reset/forgotten") as page:
        await page.get_by_label("Password", exact=True).fill("a password of mine")
        await page.get_by_role("button", name="Set the password").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("The new password works")
        assert "forgotten" not in page.url
    body = {"token": "forgotten", "password": "a password of mine"}
    assert asked(cloud, "POST", "/api/password/reset") == [body]


async def test_somebody_signs_up_where_that_is_open(cloud: StandIn, visitor: Visitor) -> None:
    """Offered on the sign-in page only where the installation takes it."""
    cloud.signed_in = False
    async with visitor.opens("/sign-in") as page:
        await page.get_by_role("link", name="Create an account").click()
        await page.get_by_label("E-mail").fill("new@example.org")
        await page.get_by_label("Your organisation").fill("Home")
        await page.get_by_role("button", name="Send the link").click()
        await expect(page.get_by_text("on its way to new@example.org")).to_be_visible()
    cloud.accounts.sign_up = False
    async with visitor.opens("/sign-up") as page:
        await expect(page.get_by_role("heading", level=1)).to_have_text("People are invited here")
    async with visitor.opens("/sign-in") as page:
        await page.get_by_role("link", name="Forgotten your password?").wait_for()
        assert await page.get_by_role("link", name="Create an account").count() == 0


async def test_an_invitation_is_accepted(cloud: StandIn, visitor: Visitor) -> None:
    """It says where one comes in, as what; then one is signed in."""
    cloud.signed_in = False
    async with visitor.opens("/join/invited") as page:
        lead = "You join Stadtwerke Lindenhof as new@example.org, role Viewer."
        await expect(page.get_by_text(lead)).to_be_visible()
        await page.get_by_label("Your name").fill("Nia")
        await page.get_by_label("Password", exact=True).fill("a password of mine")
        await page.get_by_role("button", name="Activate the account").click()
        await page.wait_for_url(cloud.url + "/")
        await page.go_back()
        assert "invited" not in page.url


@pytest.mark.parametrize("path", ["/join/spent", "/reset/invited", "/address/spent"])
async def test_a_link_that_is_good_for_nothing_says_so(
    cloud: StandIn, visitor: Visitor, path: str
) -> None:
    """Unknown, used, expired, or for something else: what to do is told (web/README.md, 5)."""
    cloud.signed_in = False
    async with visitor.opens(path, refused=True) as page:
        await expect(page.get_by_role("heading", level=1)).to_have_text("This link no longer works")
        await page.get_by_role("link", name="Go to sign-in").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


async def test_a_new_address_is_confirmed_by_a_press(cloud: StandIn, visitor: Visitor) -> None:
    """Not by opening the page: mail programs open links by themselves."""
    cloud.signed_in = False
    async with visitor.opens("/address/moving") as page:
        await expect(page.get_by_text("new@example.org becomes the address")).to_be_visible()
        assert asked(cloud, "POST", "/api/account/address") == []
        await page.get_by_role("button", name="Confirm").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("The address is confirmed")


async def test_an_authenticator_is_set_up(cloud: StandIn, visitor: Visitor) -> None:
    """A picture drawn in the page, the secret as text; recovery codes are shown once."""
    async with visitor.opens("/account", refused=True) as page:
        await page.get_by_role("button", name="Set up an authenticator").click()
        step = page.get_by_role("region", name="Second step")
        await step.get_by_label("Current password").fill("wrong")
        await page.keyboard.press("Enter")
        await expect(step.get_by_role("alert")).to_contain_text("not your current password")
        await step.get_by_label("Current password").fill(PASSWORD)
        await page.keyboard.press("Enter")
        await step.get_by_role("img", name="QR code").wait_for()
        shown = await step.locator("code").inner_text()
        assert shown.replace(" ", "") == SECRET
        await step.get_by_label("The code it shows").fill(CODE)
        await page.keyboard.press("Enter")
        codes = step.get_by_role("region", name="Keep these recovery codes")
        assert (await codes.inner_text()).split() == RECOVERY
        await step.get_by_role("button", name="I have kept them").click()
        await expect(step).to_contain_text("10 recovery codes are left")
        await step.get_by_role("button", name="Turn off").click()
        dialog = page.get_by_role("dialog", name="Turn the second step off?")
        await dialog.get_by_label("Code").fill(CODE)
        await dialog.get_by_role("button", name="Turn off").click()
        await expect(step.get_by_role("button", name="Set up an authenticator")).to_be_visible()


async def test_another_session_is_ended(cloud: StandIn, visitor: Visitor) -> None:
    """Browser and system in words; this one cannot be ended here."""
    async with visitor.opens("/account") as page:
        sessions = page.get_by_role("region", name="Where you are signed in")
        await expect(sessions.get_by_role("listitem")).to_have_count(2)
        await expect(sessions).to_contain_text("Chrome on Linux This one")
        await sessions.get_by_role("button", name="End the session of Firefox on Android").click()
        await expect(sessions.get_by_role("listitem")).to_have_count(1)
        await expect(page.get_by_text("The session has ended.")).to_be_visible()


async def test_a_token_is_made_shown_once_and_revoked(cloud: StandIn, visitor: Visitor) -> None:
    """docs/api.md, tokens: made with the password, shown this once, ended on the same page."""
    async with visitor.opens("/account") as page:
        tokens = page.get_by_role("region", name="Tokens for programs")
        await tokens.get_by_role("button", name="Make a token").click()
        dialog = page.get_by_role("dialog")
        await dialog.get_by_label("What it may do").select_option("write")
        await dialog.get_by_label("What it is for").fill("a script")
        await dialog.get_by_label("Your password").fill(PASSWORD)
        await dialog.get_by_role("button", name="Make a token").click()
        await expect(dialog.get_by_role("region", name="The token")).to_have_text(API_TOKEN)
        await dialog.get_by_role("button", name="Done").click()
        await expect(tokens.get_by_role("listitem")).to_have_count(2)
        await tokens.get_by_role("button", name="Revoke an old script").click()
        await expect(tokens.get_by_role("listitem")).to_have_count(1)
        await expect(tokens).to_contain_text("Look and change")
    body = {"scope": "write", "name": "a script", "expires_days": 365, "current_password": PASSWORD}
    assert asked(cloud, "POST", "/api/tokens") == [body]


async def test_somebody_is_invited_and_the_link_passed_on(cloud: StandIn, visitor: Visitor) -> None:
    """Where mail reaches nobody the link is shown, this once, with Copy and Download."""
    async with visitor.opens("/people") as page:
        await page.get_by_role("button", name="Invite", exact=True).click()
        dialog = page.get_by_role("dialog")
        await dialog.get_by_label("Role").select_option("manager")
        await dialog.get_by_label("E-mail", exact=True).fill("new@example.org")
        await dialog.get_by_role("button", name="Send the invitation").click()
        await expect(dialog.get_by_role("region", name="Link for new@example.org")).to_have_text(
            LINK
        )
        await expect(dialog.get_by_role("link", name="Download")).to_be_visible()
        await dialog.get_by_role("button", name="Done").click()
        await expect(page.get_by_role("row", name="new@example.org")).to_be_visible()
    body = {"email": "new@example.org", "role": "manager", "language": "en", "organisation": 1}
    assert asked(cloud, "POST", "/api/people/invitations") == [body]


async def test_an_admin_changes_a_role_and_removes_a_person(
    cloud: StandIn, visitor: Visitor
) -> None:
    """A dangerous step asks for the name of whom it concerns (WCAG 2.2, 3.3.4)."""
    async with visitor.opens("/people") as page:
        await page.get_by_role("button", name="Manage cleo@example.org").click()
        dialog = page.get_by_role("dialog")
        change = dialog.get_by_role("button", name="Change role")
        await expect(change).to_be_disabled()
        await dialog.get_by_role("radio", name="Manager").check()
        await change.click()
        await expect(page.get_by_text("cleo@example.org is Manager now.")).to_be_visible()
        await page.get_by_role("button", name="Manage cleo@example.org").click()
        await dialog.get_by_role("button", name="Remove").click()
        remove = dialog.get_by_role("button", name="Remove")
        await expect(remove).to_be_disabled()
        await dialog.get_by_label("E-mail of this person").fill("Cleo@example.org")
        await remove.click()
        await expect(page.get_by_text("cleo@example.org was removed.")).to_be_visible()
        assert await page.get_by_role("button", name="Manage ada@example.org").count() == 0
    assert asked(cloud, "DELETE", "/api/people/3") == [None]


@pytest.mark.parametrize(
    "role, organisation, parts",
    [
        ("admin", None, ["People", "Organisations", "Audit log", "Mail"]),
        ("admin", 1, ["People", "Audit log"]),
        ("manager", 1, ["People"]),
    ],
)
async def test_one_is_shown_what_is_for_ones_role(
    cloud: StandIn, visitor: Visitor, role: str, organisation: int | None, parts: list[str]
) -> None:
    """Nobody is led to where they may not go (docs/accounts.md, roles)."""
    cloud.role, cloud.organisation = role, organisation
    async with visitor.opens("/people") as page:
        links = page.get_by_role("navigation", name="Administration").get_by_role("link")
        await expect(links).to_have_text(parts)
        manages = await page.get_by_role("button", name="Manage cleo@example.org").count()
        assert bool(manages) is (role == "admin")
    cloud.role = "viewer"
    async with visitor.opens("/") as page:
        await page.get_by_role("link", name="Account").wait_for()
        assert await page.get_by_role("link", name="People").count() == 0


async def test_organisations_are_added_renamed_and_removed(
    cloud: StandIn, visitor: Visitor
) -> None:
    """One that has people or sites stays, and says why."""
    async with visitor.opens("/organisations") as page:
        await page.get_by_role("button", name="Add organisation").click()
        dialog = page.get_by_role("dialog")
        await dialog.get_by_label("Name").fill("Home")
        await dialog.get_by_role("button", name="Add organisation").click()
        await page.get_by_role("button", name="Rename Home").click()
        await dialog.get_by_label("Name").fill("House")
        await dialog.get_by_role("button", name="Rename").click()
        await expect(page.get_by_text("It is called House now.")).to_be_visible()
        await expect(page.get_by_role("button", name="Remove Stadtwerke")).to_be_disabled()
        await page.get_by_role("button", name="Remove Empty house").click()
        await dialog.get_by_role("button", name="Remove Empty house").click()
        await expect(page.get_by_text("Empty house was removed.")).to_be_visible()


async def test_the_log_is_found_in_and_goes_back(cloud: StandIn, visitor: Visitor) -> None:
    """What is looked for stands in the address (web/README.md, 4); older steps come on demand."""
    async with visitor.opens("/audit") as page:
        rows = page.get_by_role("row")
        await expect(rows).to_have_count(21)
        await page.get_by_role("button", name="Show older ones").click()
        await expect(rows).to_have_count(41)
        async with page.expect_download() as saved:
            await page.get_by_role("button", name="Save as CSV").click()
        assert (await saved.value).suggested_filename == "ohmstead-audit.csv"
        await page.get_by_label("Find by what it was done to").fill("zzz")
        await expect(page.get_by_text("Nothing found.")).to_be_visible()
        assert page.url.endswith("?find=zzz")


async def test_the_mail_page_says_where_mail_goes(cloud: StandIn, visitor: Visitor) -> None:
    """A folder that nobody reads is said so; with a server its security and the last error are."""
    async with visitor.opens("/mail") as page:
        way = page.get_by_test_id("mail-way")
        await expect(way).to_contain_text("no SMTP server is set")
        await expect(way).to_contain_text("/var/lib/ohmstead/cloud/mail")
        await page.get_by_role("button", name="Mail me a test").click()
        await expect(page.get_by_text(f"A test to {EMAIL} was written.")).to_be_visible()
    cloud.accounts.smtp = True
    async with visitor.opens("/mail") as page:
        await expect(page.get_by_test_id("mail-way")).to_contain_text("smtp.example.org:587")
        await expect(page.get_by_role("row", name="given up")).to_contain_text("Connection refused")
