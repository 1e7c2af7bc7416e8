"""Devices and integrations on the pages, with a running cloud behind them and real MQTT clients."""

import asyncio
import base64
import json
import re
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect
from tests.web.conftest import HOUSE
from tests.web.real_cloud import ADMIN, MACS, MANAGER, RealCloud, running_cloud
from tests.web.test_all_pages import complaints, settled
from tests.whole.service import WAIT_S, powers, refused, subscribed

pytestmark = pytest.mark.asyncio(loop_scope="session")

SHOWN_MS = 30_000
QR = """import("qr").then(({encodeQR}) =>
  process.stdout.write(encodeQR(process.argv[1], "gif", {scale: 6, border: 4})))"""
CAMERA = """gif => {
  const open = async () => {
    const bytes = Uint8Array.from(atob(gif), each => each.charCodeAt(0));
    const picture = await createImageBitmap(new Blob([bytes], {type: 'image/gif'}));
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [640, 480];
    const drawing = canvas.getContext('2d');
    const draw = () => {
      drawing.fillStyle = 'white';
      drawing.fillRect(0, 0, 640, 480);
      drawing.imageSmoothingEnabled = false;
      drawing.drawImage(picture, 140, 60, 360, 360);
    };
    draw();
    setInterval(draw, 100);
    return canvas.captureStream(10);
  };
  navigator.mediaDevices.getUserMedia = open;
}"""
"""A camera that looks at a picture."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def house(browser: Browser, pages: Path) -> AsyncIterator[RealCloud]:
    """One cloud for all tests here; the pages are built first."""
    del pages
    async with running_cloud(browser) as cloud:
        yield cloud


def qr_code(text: str) -> bytes:
    """A picture of a QR code."""
    web = HOUSE / "web"
    node = subprocess.run(
        ["node", "-e", QR, text], cwd=web, capture_output=True, timeout=60, check=False
    )
    assert node.returncode == 0, node.stderr
    return node.stdout


async def press(page: Page, name: str) -> None:
    await page.get_by_role("button", name=name, exact=True).click()


async def sheet_of(page: Page) -> dict[str, Any]:
    """What somebody copies from the connection sheet, its password just shown."""
    async with page.expect_download() as download:
        await page.get_by_role("link", name="Download ca.crt").click()
    file = await (await download.value).path()
    said = {name: await page.get_by_test_id(name).inner_text() for name in ("uri", "username")}
    password = await page.get_by_test_id("secret").inner_text()
    return {**said, "password": password, "certificate": file.read_text()}


async def test_from_the_claim_code_to_a_message(house: RealCloud) -> None:
    """Claim, request, approval, sheet, device, test: a client with what the sheet says receives
    (docs/integrations.md, from the wish to the first message).
    """
    async with house.opens("/devices") as page:
        await page.get_by_role("link", name="Claim device").click()
        await page.get_by_label("MAC").fill("02:4f:48:00:00:21")
        await page.get_by_label("Claim code").fill(house.devices[0]["claim"].lower())
        await press(page, "Claim device")
        await expect(page.get_by_role("link", name=MACS[0])).to_be_visible()
        await page.get_by_role("link", name="Integrations").click()
        await page.get_by_role("link", name="Request integration").click()
        await page.get_by_label("Purpose").fill("Heat pumps")
        await page.get_by_label("Name").fill("walkpower")
        await press(page, "Send request")
        await expect(page.get_by_test_id("state")).to_have_text("Requested")
        async with house.opens("/integrations", ADMIN) as admins:
            await expect(admins.get_by_text("One request waits for your decision")).to_be_visible()
            await admins.get_by_role("link", name="walkpower").click()
            await expect(admins.get_by_test_id("decide")).to_contain_text("Heat pumps")
            await press(admins, "Approve")
            await expect(admins.get_by_test_id("state")).to_have_text("Active")
        await page.reload()
        await page.get_by_role("link", name="To the connection sheet").click()
        await press(page, "Make password")
        sheet = {**await sheet_of(page), "topic": "ext/walkpower/#"}
        await expect(page.get_by_test_id("sample")).to_contain_text(sheet["password"])
        await page.get_by_role("link", name="Devices").last.click()
        await page.get_by_label("MAC of the device").fill(MACS[0])
        await press(page, "Add device")
        await expect(page.get_by_role("cell", name="as the integration")).to_be_visible()
        await page.get_by_role("link", name="Overview").click()
        async with subscribed(sheet) as receiver:
            await press(page, "Send test")
            made_up = page.locator('[data-topic="ext/walkpower/test"]')
            await expect(made_up).to_contain_text("made-up values")
            await house.send(2.345)
            assert (await powers(receiver, 2))[1] == 2.345
            real = page.locator(f'[data-topic="ext/walkpower/{MACS[0]}"]')
            await expect(real).to_contain_text("2.345", timeout=SHOWN_MS)
            await expect(page.get_by_test_id("today")).to_have_text("1", timeout=SHOWN_MS)


async def test_the_samples_are_ready_to_paste(house: RealCloud) -> None:
    """Host, user name and the first device stand in each; Node-RED's is a flow with the CA in it
    (Cloud2Cloud 2.0, section 4).
    """
    made = await house.active("samplepower", MACS[1])
    async with house.opens("/integrations/samplepower?show=connect") as page:
        sample = page.get_by_test_id("sample")
        for tool in ("mosquitto_sub", "Python (paho)", "Node-RED", "Home Assistant"):
            await page.get_by_role("radio", name=tool).check()
            await expect(sample).to_contain_text("127.0.0.1")
            await expect(sample).to_contain_text("integration-samplepower")
        await expect(sample).to_contain_text(f"ext/samplepower/{MACS[1]}")
        await page.get_by_role("radio", name="Node-RED").check()
        flow = {node["type"]: node for node in json.loads(await sample.inner_text())}
        assert flow["tls-config"]["credentials"]["cadata"] == made["certificate"]
        assert flow["mqtt-broker"]["protocolVersion"] == "4"
        await expect(page.get_by_test_id("sheet")).to_contain_text("50,000 messages")


async def test_two_passwords_work_for_the_time_that_was_chosen(house: RealCloud) -> None:
    """A renewed password is shown once, the one before works on as said
    (docs/integrations.md, the connection sheet).
    """
    made = await house.active("renewpower")
    async with house.opens("/integrations/renewpower?show=connect") as page:
        await press(page, "Renew password")
        await page.get_by_label("The present password works on").select_option("3600")
        dialog = page.get_by_role("dialog")
        await dialog.get_by_role("button", name="Renew password").click()
        renewed = {**made, **await sheet_of(page)}
        assert renewed["password"] != made["password"]
        await expect(page.get_by_test_id("old-until")).to_be_visible()
        for each in (made, renewed):
            async with subscribed(each):
                pass
        await press(page, "I have kept it")
        await press(page, "Renew password")
        await page.get_by_label("The present password works on").select_option("0")
        await dialog.get_by_role("button", name="Renew password").click()
        await expect(page.get_by_test_id("secret")).not_to_have_text(renewed["password"])
        assert "Not authorized" in await refused(renewed)
        await page.reload()
        await expect(page.get_by_text("is not shown again")).to_be_visible()
        await expect(page.get_by_test_id("secret")).to_have_count(0)


async def test_a_refusal_says_why(house: RealCloud) -> None:
    """An admin asks for somebody by e-mail (2.0) and refuses; the owner reads the reason."""
    async with house.opens("/integrations/new", ADMIN, refused=True) as page:
        await page.get_by_label("Name").fill("Short1")
        await press(page, "Send request")
        await expect(page.get_by_text("cannot be a name")).to_be_visible()
        await page.get_by_label("Name").fill("refusedpower")
        await page.get_by_label("For the account").fill("nobody@example.org")
        await press(page, "Send request")
        await expect(page.get_by_role("alert")).to_contain_text("nobody@example.org")
        await page.get_by_label("For the account").fill(MANAGER)
        await press(page, "Send request")
        await press(page, "Refuse")
        await page.get_by_label("Reason").fill("Ask again in spring.")
        await page.get_by_role("dialog").get_by_role("button", name="Refuse").click()
        await expect(page.get_by_test_id("state")).to_have_text("Refused")
    async with house.opens("/integrations/refusedpower") as page:
        await expect(page.get_by_text("Ask again in spring.")).to_be_visible()


async def test_a_mistake_in_a_template_is_marked(house: RealCloud) -> None:
    """Line and column are named and marked while it is typed; what is right is previewed with a
    device's reading and saved (docs/integrations.md, templates).
    """
    await house.active("textpower", MACS[1])
    await house.send(1.25, 1)
    async with house.opens("/integrations/textpower?show=template", ADMIN) as page:
        editor = page.get_by_role("textbox", name="Template")
        await editor.fill('{\n  "p": ${1_7_0},\n  "q": ${nonsense}\n}')
        place = page.get_by_role("button", name="Line 3, column 8")
        await place.click()
        assert await page.evaluate("getSelection().toString()") == "${nonsense}"
        await expect(page.locator("mark")).to_have_text("${nonsense}")
        await expect(page.get_by_role("button", name="Save")).to_be_disabled()
        await editor.fill('{"p": ${1_7_0}, "q": ${2_7_0}}')
        preview = page.get_by_test_id("preview")
        await page.get_by_label("With the newest reading of").select_option(MACS[1])
        await expect(preview).to_have_text('{"p": 1.25, "q": null}', timeout=SHOWN_MS)
        await page.get_by_role("radio", name="0").check()
        await expect(preview).to_have_text('{"p": 1.25, "q": 0}')
        await page.get_by_label("Interval in seconds").fill("5")
        await press(page, "Save")
        await page.get_by_text("Saved. The next reading").wait_for()
        await page.get_by_role("link", name="Overview").click()
        await press(page, "Send test")
        await expect(page.get_by_test_id("message").first).to_contain_text('{"p": 1.25, "q": 0}')
    async with house.opens("/integrations/textpower?show=template") as page:
        await page.get_by_role("button", name="Use the default message").click()
        await expect(page.get_by_text("default message of Cloud2Cloud 2.0")).to_be_visible()


async def test_a_device_has_an_interval_and_a_template_of_its_own(house: RealCloud) -> None:
    """What a device has of its own counts for it alone, and one may take it out again
    (docs/integrations.md).
    """
    await house.active("ownpower", *MACS)
    await house.send(0.5, 1)
    async with house.opens("/integrations/ownpower?show=devices", ADMIN) as page:
        await page.get_by_role("button", name=f"Change {MACS[1]}").click()
        form = page.get_by_test_id("member-how")
        await form.get_by_label("Interval in seconds").fill("90")
        await form.get_by_label("A template of its own").check()
        await form.get_by_role("textbox", name="Template").fill("own ${1_7_0}")
        await expect(form.get_by_test_id("preview")).to_have_text("own 0.5")
        await form.get_by_role("button", name="Save").click()
        await expect(page.get_by_role("cell", name="every 90 s · own template")).to_be_visible()
        await page.get_by_role("button", name=f"Remove {MACS[0]}").click()
        await page.get_by_role("dialog").get_by_role("button", name="Remove", exact=True).click()
        await expect(page.get_by_role("link", name=MACS[0])).to_have_count(0)
        await page.get_by_role("link", name="Overview").click()
        await press(page, "Send test")
        await expect(page.get_by_test_id("message").first).to_contain_text("own 0.5")


async def test_it_is_paused_resumed_revoked_and_deleted(house: RealCloud) -> None:
    """Each step is confirmed, cuts clients off or lets them in; deleting needs the name typed
    (docs/integrations.md).
    """
    made = await house.active("endpower")
    async with house.opens("/integrations/endpower") as page:
        state, dialog = page.get_by_test_id("state"), page.get_by_role("dialog")
        await press(page, "Pause")
        await dialog.get_by_role("button", name="Pause").click()
        await expect(state).to_have_text("Paused")
        assert "Not authorized" in await refused(made)
        await press(page, "Resume")
        await expect(state).to_have_text("Active")
        async with subscribed(made):
            pass
        await press(page, "Revoke")
        await dialog.get_by_role("button", name="Revoke").click()
        await expect(state).to_have_text("Revoked")
        assert "Not authorized" in await refused(made)
        await press(page, "Delete")
        delete = dialog.get_by_role("button", name="Delete")
        await expect(delete).to_be_disabled()
        await page.get_by_label("Name of the integration").fill("endpower")
        await delete.click()
        await page.wait_for_url("**/integrations")
        await expect(page.get_by_role("link", name="endpower")).to_have_count(0)


async def test_attempts_to_break_out_are_shown(house: RealCloud) -> None:
    """A subscription outside of ext/ID/ is counted and named on its page and in the list
    (docs/integrations.md, the connection sheet).
    """
    made = await house.active("trypower")
    async with subscribed(made) as receiver:
        await receiver.subscribe("ext/otherpower/#", qos=1, timeout=WAIT_S)
        async with house.opens("/integrations/trypower", ADMIN) as page:
            card = page.get_by_test_id("attempts-card")
            await expect(card).to_contain_text("ext/otherpower/#", timeout=SHOWN_MS)
            log = page.get_by_role("link", name="What was done with it")
            await expect(log).to_have_attribute("href", re.compile("/audit.*trypower"))


@pytest.mark.parametrize("way", ["camera", "photo"])
async def test_a_device_is_claimed_by_its_qr_code(house: RealCloud, way: str) -> None:
    """The code is read by the camera or from a photo, without case, and put into an integration."""
    name = f"scan{way}"
    await house.active(name)
    device = house.devices[1]
    gif = qr_code(f"ohmstead:{MACS[1]}?claim={device['claim']}")
    async with house.opens(f"/devices/claim?to={name}") as page:
        photo = page.locator("input[type=file]")
        if way == "photo":
            other = qr_code("https://example.org/")
            await photo.set_input_files({"name": "a", "mimeType": "image/gif", "buffer": other})
            await expect(page.get_by_role("alert")).to_contain_text("example.org")
            await photo.set_input_files({"name": "b", "mimeType": "image/gif", "buffer": gif})
        else:
            await page.evaluate(CAMERA, base64.b64encode(gif).decode())
            await press(page, "Scan with the camera")
        await expect(page.get_by_label("MAC", exact=True)).to_have_value(MACS[1])
        await expect(page.get_by_label("Claim code")).to_have_value(device["claim"])
        await press(page, f"Claim and add to {name}")
        await expect(page.get_by_role("link", name=MACS[1])).to_be_visible()


async def test_a_wrong_code_and_a_device_that_is_not_claimed(house: RealCloud) -> None:
    """What is wrong is said, with what to do; the way on leads to claiming (ui.md, states)."""
    async with house.opens("/devices/claim", refused=True) as page:
        await page.get_by_label("MAC").fill("nonsense")
        await press(page, "Claim device")
        await expect(page.get_by_text("“nonsense” is not a MAC")).to_be_visible()
        await page.get_by_label("MAC").fill("024F480000AA")
        await page.get_by_label("Claim code").fill("AAAA-AAAA")
        await press(page, "Claim device")
        await expect(page.get_by_role("alert")).to_contain_text("the code is not its own")
    await house.active("claimpower")
    async with house.opens("/integrations/claimpower?show=devices", refused=True) as page:
        await page.get_by_label("MAC of the device").fill("024F480000AA")
        await press(page, "Add device")
        await page.get_by_role("link", name="Claim it now").click()
        await expect(page.get_by_label("MAC")).to_have_value("024F480000AA")


async def test_where_no_camera_may_be_used_the_page_says_https(house: RealCloud) -> None:
    """Browsers give the camera to secure contexts alone (W3C, Media Capture and Streams, 9.2)."""
    async with house.opens("/devices") as page:
        await page.add_init_script(
            "Object.defineProperty(globalThis, 'isSecureContext', {value: false})"
        )
        await page.goto(f"{house.visitor.url}/devices/claim")
        await expect(page.get_by_test_id("https")).to_contain_text("https")
        await expect(page.get_by_role("button", name="Scan with the camera")).to_have_count(0)


@pytest.mark.parametrize("mode, locale", [("light", "de-DE"), ("dark", "en-GB")])
async def test_every_page_is_accessible_and_fits_a_phone(
    house: RealCloud, mode: str, locale: str
) -> None:
    """axe finds nothing and nothing scrolls sideways at 360 px, in both languages and modes
    (WCAG 2.2, 1.4.10).
    """
    name = f"axe{mode}"
    await house.active(name, *MACS)
    await asyncio.gather(house.send(1.5), house.send(2.5, 1))
    one = f"/integrations/{name}"
    shown = ("?show=connect", "?show=template", f"?show=devices&device={MACS[0]}", "")
    paths = (*(one + each for each in shown), "/integrations", "/integrations/new")
    async with house.opens("/devices", ADMIN, width=360, locale=locale, color_scheme=mode) as page:
        for path in (*paths, "/devices/claim", "/devices"):
            await page.goto(house.visitor.url + path)
            await page.get_by_role("heading", level=1).wait_for()
            await settled(page)
            for details in await page.locator("summary").all():
                await details.click()
            assert await complaints(page) == [], path
            assert await page.evaluate("document.documentElement.scrollWidth") <= 360, path
