"""One person, one key: how mailboxes and phone numbers are written, and what is refused."""

from __future__ import annotations

import pytest

from contest.core.errors import Refused
from contest.voting.contacts import Contact, prefix_of, read_any, read_email, read_mobile
from contest.voting.domains import classify, domain_of

# Every spelling in a row reaches the same mailbox, so it counts as the same voter.
MAILBOXES = {
    "nguyenvanan@gmail.com": (
        "nguyenvanan@gmail.com",
        "nguyen.van.an@gmail.com",
        "n.g.u.y.e.n.v.a.n.a.n@gmail.com",
        "NguyenVanAn@gmail.com",
        "NGUYENVANAN@GMAIL.COM",
        "nguyenvanan+1@gmail.com",
        "nguyenvanan+binhchon@gmail.com",
        "nguyen.van.an+a.b.c@gmail.com",
        "nguyenvanan+@gmail.com",
        "nguyenvanan+a+b@gmail.com",
        "nguyenvanan@googlemail.com",
        "nguyen.vanan@googlemail.com",
        "nguyenvanan+x@GoogleMail.com",
        "  nguyenvanan@gmail.com  ",
        "nguyenvanan@gmail.com\n",
        "nguyenvanan@ｇｍａｉｌ.com",
        "ｎｇｕｙｅｎｖａｎａｎ@gmail.com",
        "nguyenvanan＠gmail.com",
    ),
    "thuha1975@gmail.com": ("thuha1975@gmail.com", "thu.ha.1975@gmail.com", "Thu.Ha1975+2@googlemail.com"),
    "a@gmail.com": ("a@gmail.com", "A@gmail.com", "a+a@gmail.com", "a+@gmail.com"),
    "le_thi-b@gmail.com": ("le_thi-b@gmail.com", "Le_Thi-B+vote@gmail.com", "l.e_thi-b@gmail.com"),
    # Others give plus signs and dots a meaning of their own: each is a mailbox of its own.
    "an@yahoo.com": ("an@yahoo.com", "An@Yahoo.com", "AN@YAHOO.COM", " an@yahoo.com"),
    "a.n@yahoo.com": ("a.n@yahoo.com", "A.N@yahoo.com"),
    "an+1@yahoo.com": ("an+1@yahoo.com", "An+1@yahoo.com"),
    "an-1@yahoo.com": ("an-1@yahoo.com",),
    "an@yahoo.com.vn": ("an@yahoo.com.vn", "an@YAHOO.COM.VN"),
    # At these nobody can have a plus sign in a name: what follows it is a tag of the owner's.
    "binh@outlook.com": ("binh@outlook.com", "Binh@Outlook.Com", "binh+so@outlook.com", "binh+1+2@outlook.com"),
    "b.inh@outlook.com": ("b.inh@outlook.com",),
    "binh@outlook.com.vn": ("binh@outlook.com.vn",),
    "chi@hotmail.com": ("chi@hotmail.com", "CHI@hotmail.com", "chi+1@hotmail.com"),
    "chi@live.com": ("chi@live.com",),
    # Names of one domain: who has the one has the others.
    "dung@icloud.com": ("dung@icloud.com", "Dung@iCloud.com", "dung+a@icloud.com", "dung@me.com", "dung+b@mac.com"),
    "em@proton.me": ("em@proton.me", "EM@Proton.me", "em+@proton.me", "em@protonmail.com", "em+1@pm.me"),
    "e.m@proton.me": ("e.m@proton.me",),
    "giang@fastmail.com": ("giang@fastmail.com", "giang+x@fastmail.com"),
    "hanh@zoho.com": ("hanh@zoho.com",),
    "hanh@gmx.net": ("hanh@gmx.net", "hanh@GMX.net"),
    "hoa@viettel.com.vn": ("hoa@viettel.com.vn", "Hoa@Viettel.com.vn"),
    "hoa.nguyen@vnpt.vn": ("hoa.nguyen@vnpt.vn", "Hoa.Nguyen@VNPT.vn"),
    "hoanguyen@vnpt.vn": ("hoanguyen@vnpt.vn",),
    "hoa@fpt.com.vn": ("hoa@fpt.com.vn",),
    "hoa@mobifone.vn": ("hoa@mobifone.vn",),
    "khanh@an-lam.gov.vn": ("khanh@an-lam.gov.vn", "KHANH@AN-LAM.GOV.VN", "khanh@An-Lam.gov.vn"),
    "kh.anh@an-lam.gov.vn": ("kh.anh@an-lam.gov.vn",),
    "khanh+bc@an-lam.gov.vn": ("khanh+bc@an-lam.gov.vn",),
    "lan@thpt-phieng-ha.edu.vn": ("lan@thpt-phieng-ha.edu.vn", "Lan@THPT-Phieng-Ha.edu.vn"),
    "lan@student.hust.edu.vn": ("lan@student.hust.edu.vn",),
    "mai@gmail.com.vn": ("mai@gmail.com.vn", "Mai@Gmail.com.vn"),  # not Gmail
    "m.ai@gmail.com.vn": ("m.ai@gmail.com.vn",),
    "mai+1@gmail.com.vn": ("mai+1@gmail.com.vn",),
    "mai@gmail.co": ("mai@gmail.co",),
    "m.ai@gmai.com": ("m.ai@gmai.com",),
    "mai@mail.gmail.com": ("mai@mail.gmail.com",),
    "m.ai+1@mail.gmail.com": ("m.ai+1@mail.gmail.com",),
    "nam@notgmail.com": ("nam@notgmail.com",),
    "n.am@my-gmail.com": ("n.am@my-gmail.com",),
    # International domains are compared as they travel: IDNA.
    "phuc@xn--mnchen-3ya.de": ("phuc@münchen.de", "phuc@MÜNCHEN.de", "Phuc@xn--mnchen-3ya.de", "phuc@mu\u0308nchen.de"),
    "phuc@xn--fiqs8s.cn": ("phuc@中国.cn",),
    "quy@xn--bcher-kva.example": ("quy@bücher.example", "quy@BÜCHER.example"),
    "quan@a.b.c.d.example": ("quan@a.b.c.d.example",),
    "r2d2@so-1.example": ("r2d2@so-1.example",),
    "1234567890@an-lam.example": ("1234567890@an-lam.example",),
    "son_ha@an-lam.example": ("son_ha@an-lam.example", "SON_HA@an-lam.example"),
    "t'am@an-lam.example": ("t'am@an-lam.example",),
    "u&v@an-lam.example": ("u&v@an-lam.example",),
    "x!y#z$%*/=?^`{|}~@an-lam.example": ("x!y#z$%*/=?^`{|}~@an-lam.example",),
}

NO_MAILBOX = (
    "",
    " ",
    "an",
    "@",
    "@gmail.com",
    "an@",
    "an@gmail",
    "an@localhost",
    "an@@gmail.com",
    "an@gmail@com",
    "an an@gmail.com",
    "an@gmail .com",
    "an@gm ail.com",
    "an@.com",
    "an@gmail..com",
    "an@-gmail.com",
    "an@gmail-.com",
    ".an@gmail.com",
    "an.@gmail.com",
    "a..n@gmail.com",
    "+1@gmail.com",
    "+@gmail.com",
    "+.+@gmail.com",
    "+1@outlook.com",
    "an@gmail.com, binh@gmail.com",
    "an@gmail.com;binh@gmail.com",
    "an@gmail.com binh@gmail.com",
    "An <an@gmail.com>",
    "<an@gmail.com>",
    "mailto:an@gmail.com",
    '"an"@gmail.com',
    '"an an"@example.com',
    "an@[127.0.0.1]",
    "an@127.0.0.1",
    "an@gmail.com\r\nBcc: binh@gmail.com",
    "an\r\n@gmail.com",
    "an\x00@gmail.com",
    "an@gmail.com\x00",
    "a\u202en@gmail.com",
    "a\u200bn@gmail.com",
    "ân@gmail.com",
    "аn@gmail.com",  # a Cyrillic а
    "đỗ@an-lam.example",
    "an@gmail.com.",
    "an(a)gmail.com",
    "an@gmail,com",
    "an\\@gmail.com",
    "an@exa_mple.com",
    "an@" + "x" * 64 + ".example",
    "an@" + ".".join(["xxxxxxxxxx"] * 30) + ".example",
    "a" * 100_000 + "@gmail.com",
    "0912345678",
)

# One SIM each, however it is written. Numbers of eleven digits became ten in 2018.
NUMBERS = {
    "+84912345678": (
        "0912345678",
        "0912 345 678",
        "0912.345.678",
        "0912-345-678",
        "0912–345–678",
        "(0912) 345 678",
        "0 9 1 2 3 4 5 6 7 8",
        "0912\r\n345678",
        " 0912345678 ",
        "0912\u00a0345\u00a0678",
        "+84912345678",
        "+84 912 345 678",
        "+84 (0)912 345 678",
        "+840912345678",
        "84912345678",
        "84 912 345 678",
        "840912345678",
        "0084912345678",
        "0084 0912 345 678",
        "912345678",
        "０９１２３４５６７８",
        "＋84912345678",
    ),
    "+84981234567": ("0981234567", "+84981234567", "84981234567"),
    "+84861234567": ("0861234567", "+84 86 1234567"),
    "+84321234567": ("0321234567", "01621234567", "+841621234567", "841621234567", "0162 123 4567"),
    "+84331234567": ("0331234567", "01631234567"),
    "+84341234567": ("0341234567", "01641234567"),
    "+84351234567": ("0351234567", "01651234567"),
    "+84361234567": ("0361234567", "01661234567"),
    "+84371234567": ("0371234567", "01671234567", "+84 167 123 4567"),
    "+84381234567": ("0381234567", "01681234567", "0084 168 123 4567"),
    "+84391234567": ("0391234567", "01691234567"),
    "+84701234567": ("0701234567", "01201234567", "+841201234567"),
    "+84791234567": ("0791234567", "01211234567"),
    "+84771234567": ("0771234567", "01221234567"),
    "+84761234567": ("0761234567", "01261234567"),
    "+84781234567": ("0781234567", "01281234567"),
    "+84831234567": ("0831234567", "01231234567"),
    "+84841234567": ("0841234567", "01241234567", "+84841234567", "84841234567"),
    "+84851234567": ("0851234567", "01251234567"),
    "+84811234567": ("0811234567", "01271234567"),
    "+84821234567": ("0821234567", "01291234567"),
    "+84561234567": ("0561234567", "01861234567"),
    "+84581234567": ("0581234567", "01881234567"),
    "+84591234567": ("0591234567", "01991234567"),
    "+84523456789": ("0523456789",),
    "+84921234567": ("0921234567",),
    "+84901234567": ("0901234567",),
    "+84931234567": ("0931234567",),
    "+84941234567": ("0941234567",),
    "+84971234567": ("0971234567",),
    "+84991234567": ("0991234567",),
    "+84881234567": ("0881234567",),
    "+84898123456": ("0898123456",),
    "+84878123456": ("0878123456",),
    "+84559123456": ("0559123456",),
}

NO_NUMBER = (
    "",
    "   ",
    "abc",
    "0912",
    "091234567",
    "09123456789",
    "0912345678x5",
    "0912345678 ext 5",
    "0912ANLAMX",
    "tel:0912345678",
    "0912345678, 0912345679",
    "0912345678;0912345679",
    "0912 345 678 / 0912 345 679",
    "+84",
    "84",
    "0084",
    "0000000000",
    "0123456789",
    "01621234",
    "0162123456",
    "016212345678",
    "02438251234",  # a fixed line in Ha Noi
    "+842438251234",
    "0283 829 1234",
    "1900 1234",
    "18001234",
    "113",
    "+1 650 253 0000",
    "+85512345678",
    "+8562012345678",
    "+861312345678",
    "+66812345678",
    "0061412345678",
    "+84 12 345 678",
    "+084912345678",
    "٠٩١٢٣٤٥٦٧٨",
    "०९१२३४५६७८",
    "0912345678\x00",
    "-0912345678;",
    "0912345678" * 40,
    "an@gmail.com",
)


def spellings(table: dict[str, tuple[str, ...]]) -> list[tuple[str, str]]:
    return [(spelling, key) for key, row in table.items() for spelling in row]


@pytest.mark.parametrize(("typed", "key"), spellings(MAILBOXES))
def test_every_spelling_of_a_mailbox_is_one_voter(typed, key):
    contact = read_email(typed)
    assert contact.key == key
    assert contact.address.isascii()


@pytest.mark.parametrize("typed", NO_MAILBOX)
def test_what_is_no_mailbox_is_refused_in_words(typed):
    with pytest.raises(Refused) as refused:
        read_email(typed)
    assert refused.value.code == "email" and "e-mail" in refused.value.message


@pytest.mark.parametrize(("typed", "key"), spellings(NUMBERS))
def test_every_spelling_of_a_number_is_one_voter(typed, key):
    assert read_mobile(typed) == Contact(key, key)


@pytest.mark.parametrize("typed", NO_NUMBER)
def test_what_is_no_vietnamese_mobile_number_is_refused_in_words(typed):
    with pytest.raises(Refused) as refused:
        read_mobile(typed)
    assert refused.value.code == "phone" and "0912 345 678" in refused.value.message


def test_the_code_goes_where_it_was_asked_for():
    """Somebody who filters mail by plus-tags finds it; it still counts for the one mailbox."""
    assert read_email("Thu.Ha+BinhChon@GoogleMail.com") == Contact("thu.ha+binhchon@googlemail.com", "thuha@gmail.com")


def family(person: str, domain: str, key_domain: str, *, dots: bool, tags: bool) -> list[tuple[str, str]]:
    """Nine spellings of an address, each with the key that it has to have by what its provider promises.

    `person` is written with one dot. `dots`: they do not count. `tags`: what follows a plus sign does not.
    """
    bare = person.replace(".", "")
    with_dot, without = (bare if dots else person), bare
    plus = (lambda name, tag: name) if tags else (lambda name, tag: f"{name}+{tag}")
    wide = "".join(chr(ord(char) + 0xFEE0) for char in person)
    return [
        (f"{person}@{domain}", f"{with_dot}@{key_domain}"),
        (f"{bare}@{domain}", f"{without}@{key_domain}"),
        (f"{person.title()}@{domain.upper()}", f"{with_dot}@{key_domain}"),
        (f"  {person.upper()}@{domain}\n", f"{with_dot}@{key_domain}"),
        (f"{wide}@{domain}", f"{with_dot}@{key_domain}"),
        (f"{person}＠{domain}", f"{with_dot}@{key_domain}"),
        (f"{person}+1@{domain}", f"{plus(with_dot, '1')}@{key_domain}"),
        (f"{bare}+Binh.Chon@{domain}", f"{plus(without, 'binh.chon')}@{key_domain}"),
        (f"{person}+a+b@{domain}", f"{plus(with_dot, 'a+b')}@{key_domain}"),
    ]


PEOPLE = ("lan.anh", "minh.duc99", "h.nguyen_van")
# Domain -> the one it is another name of, whether dots count there, whether plus-tags do.
PROVIDERS = [
    *((name, "gmail.com", True, True) for name in ("gmail.com", "googlemail.com")),
    *((name, "icloud.com", False, True) for name in ("icloud.com", "me.com", "mac.com")),
    *((name, "proton.me", False, True) for name in ("proton.me", "protonmail.com", "pm.me")),
    *((name, name, False, True) for name in ("outlook.com", "outlook.com.vn", "hotmail.com", "live.com", "msn.com")),
    ("fastmail.com", "fastmail.com", False, True),
    *((name, name, False, False) for name in ("yahoo.com", "yahoo.com.vn", "viettel.com.vn", "an-lam.gov.vn")),
]
MADE = [
    row
    for domain, key_domain, dots, tags in PROVIDERS
    for person in PEOPLE
    for row in family(person, domain, key_domain, dots=dots, tags=tags)
]


def test_five_hundred_addresses_in_the_families_of_their_providers():
    wrong = [(typed, read_email(typed).key, key) for typed, key in MADE if read_email(typed).key != key]
    assert not wrong
    assert len({typed for typed, _ in MADE}) >= 480


def test_people_of_one_name_at_different_providers_stay_different_people():
    keys = {key for _, key in MADE}
    assert len({key.rpartition("@")[2] for key in keys}) == 13
    assert read_email("lananh@gmail.com").key != read_email("lananh@yahoo.com").key


@pytest.mark.parametrize("typed", ["an@gmail.com", "0912345678", "+84 912 345 678", " AN@Gmail.com ", "an＠gmail.com"])
def test_an_address_and_a_number_are_told_apart(typed):
    contact = read_any(typed)
    assert ("@" in contact.key) == ("an" in typed.lower())
    assert prefix_of(contact) == ("" if "@" in contact.key else "+84912")


# Domains


@pytest.mark.parametrize(
    ("domain", "kind"),
    [
        ("", ""),
        ("gmail.com", "known"),
        ("yahoo.com.vn", "known"),
        ("an-lam.gov.vn", "known"),
        ("thpt-phieng-ha.edu.vn", "known"),
        ("mailinator.com", "throwaway"),
        ("MAILINATOR.com", "throwaway"),
        ("a.b.mailinator.com", "throwaway"),
        ("10minutemail.com", "throwaway"),
        ("guerrillamail.com", "throwaway"),
        ("yopmail.com", "throwaway"),
        ("notmailinator.com.example", "unknown"),
        ("gov.vn.example", "unknown"),
        ("fakegov.vn", "unknown"),
        ("an-lam.example", "unknown"),
        ("com", "unknown"),
    ],
)
def test_a_domain_is_known_unknown_or_throwaway(domain, kind):
    assert classify(domain) == kind


def test_the_sites_own_word_comes_first_and_the_nearest_name_before_those_above():
    site = {"mailinator.com": "known", "an-lam.example": "throwaway", "that.an-lam.example": "known"}
    assert classify("mailinator.com", site) == "known"
    assert classify("x.an-lam.example", site) == "throwaway"
    assert classify("that.an-lam.example", site) == classify("y.that.an-lam.example", site) == "known"
    assert classify("gmail.com", site) == "known"


def test_the_domain_of_a_contact():
    assert domain_of("an@gmail.com") == "gmail.com" and domain_of("+84912345678") == ""


def test_the_tables_are_as_long_as_they_promise():
    addresses = len(spellings(MAILBOXES)) + len(NO_MAILBOX) + len(MADE)
    assert addresses >= 500
    assert len(spellings(NUMBERS)) + len(NO_NUMBER) >= 100
    assert len({*MAILBOXES}) == len(MAILBOXES)
