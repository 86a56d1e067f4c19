"""What people do on this site again and again: register, sign in, read messages, write, move the clock."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from tests.journeys.person import Person
from tests.journeys.sample import photo_bytes

PASSWORD = "bốn con trâu trắng"
_CODE = re.compile(r"(?<!\d)\d{6}(?!\d)")


def newest_message(person: Person, address: str) -> str:
    """What the newest message to `address` says, read in another tab of the demonstration's inbox."""
    tab = person.context.new_page()
    tab.goto(f"/demo/hop-thu?dia-chi={quote(address)}")
    text = tab.locator(".demo-message").first.inner_text()
    tab.close()
    return text


def code_for(person: Person, address: str) -> str:
    """The code that was sent to `address` last."""
    found = _CODE.search(newest_message(person, address).replace(address.removeprefix("+"), ""))
    assert found, f"no code for {address}"
    return found[0]


def link_for(person: Person, address: str) -> str:
    """The link in the newest message to `address`."""
    found = re.search(r"https?://\S+/loi-moi/\S+", newest_message(person, address))
    assert found, f"no link for {address}"
    return found[0]


def register(person: Person, name: str, address: str, sent_to: str = "", *, look: bool = False) -> None:
    """Open an account and confirm it; `sent_to` is the address as messages know it."""
    if person.path != "/dang-ky":
        person.go("/dang-ky")
    if look:
        person.look("register")
    person.fill(name=name, address=address, password=PASSWORD)
    person.tick("terms")
    person.send("/dang-ky")
    if look:
        person.look("register-code", axe=True)
    person.fill(code=code_for(person, sent_to or address))
    person.send("/xac-nhan")


def sign_in_first(person: Person, address: str, *, look: bool = False) -> None:
    """The first sign-in of somebody whose account was opened for them: a password by code, then consent."""
    person.go("/quen-mat-khau")
    if look:
        person.look("forgot")
    person.fill(address=address)
    person.send("/quen-mat-khau")
    if look:
        person.look("reset", axe=True)
    person.fill(code=code_for(person, address), password=PASSWORD)
    person.send("/mat-khau-moi")
    person.fill(address=address, password=PASSWORD)
    person.send("/dang-nhap")
    assert person.path == "/tai-khoan/dong-y"
    if look:
        person.look("terms", axe=True)
    person.tick("terms")
    person.send("/tai-khoan/dong-y")


def tap(person: Person, name: str) -> None:
    """Become one of the demonstration's people."""
    person.go("/demo/nguoi")
    buttons = person.page.locator("button.demo-person", has_text=name)
    if not buttons.first.is_visible():
        person.page.locator("details", has=buttons).locator("summary").click()
    person.press(buttons)


def move_clock(person: Person, instant: datetime) -> None:
    """Move contest time forward, as the buttons of the tour do."""
    # A stop of the tour is a button; any other instant is sent by the same form.
    person.go("/demo")
    form = person.page.locator('form[action$="/demo/toi"]:has([name=to])').first
    form.locator("[name=to]").evaluate("(input, value) => { input.value = value; }", instant.isoformat())
    form.evaluate("form => form.closest('details')?.setAttribute('open', '')")
    person.press(form.locator("button"))
    assert timedelta(0) <= person.site.now() - instant < timedelta(minutes=1)


def write_entry(writer: Person, story: dict[str, Any], *, look: bool = False) -> str:
    """From choosing the category to the receipt; returns the entry's id."""

    def seen(name: str) -> None:
        if look:
            writer.look(name)

    seen("new-entry")
    writer.press("form:has(input[name=category][value=A]) button")
    return fill_draft(writer, story, look=look)


def fill_draft(writer: Person, story: dict[str, Any], *, look: bool = False) -> str:
    """From the empty draft on the page to the receipt; returns the entry's id."""

    def seen(name: str) -> None:
        if look:
            writer.look(name)

    public_id = writer.path.rpartition("/")[2]
    writer.fill(title=story["title"], genre=story["genre"], body=story["body"])
    seen("write")
    writer.press("button[name=go][value=next]")

    assert writer.path == f"{writer.prefix}/viet/{public_id}/anh"
    seen("photos-empty")
    for photo in story["photos"]:
        picture = {"name": "anh.jpg", "mimeType": "image/jpeg", "buffer": photo_bytes(photo["seed"])}
        writer.page.set_input_files("input[name=photo]", [picture])  # type: ignore[list-item]
        writer.send(f"/viet/{public_id}/anh")
        form = writer.page.locator("ol.photos form").last
        for field in ("caption", "photographer", "alt"):
            form.locator(f'[name$="-{field}"]').fill(photo[field])
        form.locator('[name$="-recognised"][value=people]').check()
        form.locator('[name$="-people"]').fill(story["exemplar"]["name"])
        form.locator('[name$="-consent"]').check()
        writer.press(form.locator("button[name=act][value=save]"))
    seen("photos")

    writer.go(f"/viet/{public_id}/thong-tin")
    exemplar, author = story["exemplar"], story["author"]
    writer.tick("exemplar_kind", exemplar["kind"])
    year, month, day = author["birth_date"].split("-")
    writer.fill(
        exemplar_name=exemplar["name"],
        exemplar_role=exemplar["role"],
        exemplar_unit=exemplar["unit"],
        exemplar_address=exemplar["address"],
        exemplar_contact=exemplar["contact"],
        author_name=author["name"],
        pen_name=author["pen_name"] or "",
        author_phone="0" + author["phone"][3:],
        author_unit=author["unit"] or "",
        birth_date__day=day,
        birth_date__month=month,
        birth_date__year=year,
    )
    seen("facts")
    writer.press("button[name=go][value=next]")

    assert writer.path == f"{writer.prefix}/viet/{public_id}/kiem-tra"
    for box in writer.page.locator("input[name=declared]").all():
        box.check()
    seen("check")
    writer.send(f"/viet/{public_id}/nop")
    assert writer.path.startswith(f"{writer.prefix}/bien-nhan/DH-")
    writer.sees(story["title"], str(len(story["body"].split())))
    seen("receipt")
    return public_id


def ready_to_judge(judge: Person, slug: str) -> None:
    """Accept the terms of judging, and declare to have no conflict of interest with whatever waits for it."""
    judge.go(f"/cham/{slug}")
    if judge.path.endswith("/quy-uoc"):
        judge.press("main form .btn.primary")
    judge.go(f"/cham/{slug}/khai-bao")
    choices = judge.page.locator("input[type=radio][value=none]")
    if choices.count():
        for each in choices.all():
            each.check()
        judge.press("main form .btn.primary")
    judge.go(f"/cham/{slug}")
