"""Secrets: hidden where they are shown, gone where a dump is shared."""

import base64
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.bkimage import backup, rf
from core.fault import FaultError
from core.sim.tuya_values import LSC_N
from core.tuya import connect, encode, files, secrets
from core.tuya import redact as redaction
from core.tuya.health import judge
from core.tuya.redact import redact
from core.tuya.survey import survey
from tests.core.tuya.dumps import KEY, SECTOR, STORE, VALUES, real, stock

SSID, PASSWORD, TOKEN = "Café Zentral 5", "hunter2hunter2", "AYtokenXYZ12"
WIFI = {
    "ssid": base64.b64encode(SSID.encode()).decode(),
    "passwd": base64.b64encode(PASSWORD.encode()).decode(),
    "wfb64": 1,
    "token": TOKEN,
}
ACTIVE = {"lckey": "0123456789abcdef", "key": "k" * 16, "h_url": None}
PAIRED = {
    **VALUES,
    "gw_wsm": json.dumps(WIFI).encode(),
    "gw_ai": json.dumps(ACTIVE).encode(),
    "unknown_blob": bytes(range(128, 160)),
    "0000abcdef": b'[{"id":1,"property":{"type":"bool"}}]\0',
}
SECRETS = [SSID, PASSWORD, TOKEN, ACTIVE["lckey"], json.loads(VALUES["gw_bi"])["uuid"]]


def paired(*, masked=False):
    """A dump with secrets in every place where a device keeps them."""
    writer = encode.StoreWriter(KEY)
    writer.put("gw_wsm", json.dumps({**WIFI, "token": "older-token-9"}).encode())
    for name, value in PAIRED.items():
        writer.put(name, value)
    data = bytearray(stock())
    image = writer.image()
    data[STORE : STORE + len(image)] = image
    data[STORE - SECTOR : STORE] = encode.protected({"gw_wsm": PAIRED["gw_wsm"]}, KEY)
    record = connect.build(SSID, PASSWORD)
    data[0x1D1000 : 0x1D1000 + len(record)] = connect.masked(record) if masked else record
    image = files.build({"oem_cfg": LSC_N, "netcfg_log": PASSWORD.encode()})
    data[0x1D2000 : 0x1D2000 + len(image)] = image
    data[0x12C000 : 0x12C000 + 30] = b"littlefs\0" + PASSWORD.encode() + b"\0\0\0\0\0\0\0"
    return bytes(data)


def everything(seen):
    """All bytes of a dump, in every view."""
    values = b"".join(entry.value for entry in (*seen.store.entries, *seen.store.others))
    return seen.data + seen.decrypted() + seen.app + values


# -- hiding -----------------------------------------------------------------------------------


def test_secret_fields_are_hidden_and_others_shown():
    shown = secrets.shown("gw_wsm", PAIRED["gw_wsm"])
    assert TOKEN not in shown
    assert WIFI["passwd"] not in shown
    assert '"wfb64":1' in shown
    assert secrets.shown("gw_wsm", PAIRED["gw_wsm"], reveal=True) == PAIRED["gw_wsm"].decode()


@pytest.mark.parametrize(
    ("name", "value", "held"),
    [
        ("user_param_key", LSC_N, False),
        ("gw_wsm", b'{"ssid":null,"passwd":null,"token":null}', False),
        ("gw_wsm", b'{"ssid":"x"}', True),
        ("gw_bi", VALUES["gw_bi"], True),
        ("gw_bi", b"not json", True),
        ("tuya_seed", bytes(range(32)), True),
        ("empty", b"\0\0", False),
        ("0000abcdef", PAIRED["0000abcdef"], False),
        ("0000abcdef", b'[{"token":"x"}]', True),
        ("gw_di", VALUES["gw_di"], False),
    ],
)
def test_what_counts_as_a_secret(name, value, held):
    assert secrets.holds_secrets(name, value) is held
    if held:
        assert secrets.HIDDEN in secrets.shown(name, value)


def test_bytes_that_are_no_text_are_shown_as_hex():
    assert secrets.as_text(b"\x00\x01\xff") == "hex:0001ff"
    assert secrets.as_text(b"\x1b[2J") == "hex:1b5b324a"
    assert secrets.as_text(b"plain\0\0") == "plain"


# -- sharing ----------------------------------------------------------------------------------


@pytest.mark.parametrize("masked", [False, True])
def test_nothing_of_the_person_is_left(masked):
    data = paired(masked=masked)
    seen = survey(data)
    assert seen.connect is not None
    before = everything(seen)
    made = redact(seen)
    after = everything(survey(made.data))
    for secret in (*SECRETS, "older-token-9"):
        plain = secret.encode()
        forms = [plain, base64.b64encode(plain).rstrip(b"="), connect.masked(plain)]
        assert any(form in before for form in forms), secret
        assert not any(form in after for form in forms), secret
    assert made.searched >= len(SECRETS)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=5), st.binary(min_size=6, max_size=20), st.binary(max_size=5))
def test_a_secret_inside_base64_is_found_wherever_it_begins(before, secret, after):
    text = base64.b64encode(before + secret + after)
    forms = list(redaction._forms(secret))
    assert any(form in text for form in forms)
    assert connect.masked(bytes(len(before)) + secret)[len(before) :] in forms
    assert secret.hex().encode() in forms


def test_what_may_stay_stays_and_every_checksum_fits():
    data = paired()
    seen, made = survey(data), redact(survey(data))
    again = survey(made.data)
    assert len(made.data) == len(data)
    assert again.wiring == seen.wiring
    assert set(made.kept) == {"user_param_key", "em_sys_env", "wf_start_md", "0000abcdef"}
    assert set(made.dropped) == set(PAIRED) - set(made.kept)
    assert set(again.store.values) == set(made.kept)
    assert not again.store.notes
    assert not again.store.others
    assert again.firmware == seen.firmware
    assert made.data[:0x11000] == data[:0x11000]
    assert made.data[0x12A000:0x1D0000].strip(b"\xff") == b""
    assert [area.state for area in again.areas if area.state == "damaged"] == []


def test_half_of_the_mac_is_kept_and_the_copy_is_no_backup():
    made = redact(survey(stock()))
    mac = backup.examine(made.data).mac
    assert mac == backup.examine(stock()).mac[:3] + bytes(3)
    assert rf.mac_text(mac).endswith(":00:00:00")
    assert "redacted copy" in " ".join(judge(survey(made.data)).reasons)


def test_a_part_of_a_flash_can_be_shared_too():
    made = redact(survey(paired()[STORE:]))
    assert survey(made.data).wiring.module == "CB2S"
    assert len(made.data) == 0x12000


def test_a_secret_in_the_firmware_itself_is_a_refusal():
    inside = "oem_bk7231n_plug"
    assert inside.encode() in survey(stock()).app
    image = encode.store({"gw_ai": json.dumps({"lckey": inside}).encode()}, KEY)
    with pytest.raises(FaultError) as caught:
        redact(survey(stock()[:STORE] + image))
    assert caught.value.fault.code == "TUYA-LEAK"
    assert caught.value.fault.exit == 3
    assert inside not in str(caught.value.fault)


def test_a_network_named_like_a_word_of_the_firmware_is_no_leak():
    data = bytearray(stock())
    record = connect.build("TUYA IOT", "a_passphrase")
    data[0x1D1000 : 0x1D1000 + len(record)] = record
    assert b"TUYA IOT" in survey(bytes(data)).app
    assert redact(survey(bytes(data))).searched > 0


def test_code_that_is_not_proven_is_searched_for_short_secrets_too():
    data = bytearray(stock())
    record = connect.build("TUYA IOT", "a_passphrase")
    data[0x1D1000 : 0x1D1000 + len(record)] = record
    data[0x90000] ^= 1
    with pytest.raises(FaultError):
        redact(survey(bytes(data)))


def test_a_real_dump_can_be_shared():
    data = real("tuya-generic-ap-smt-breaker02-1ch-smart-relay")
    seen = survey(data)
    licence = json.loads(seen.store.value("gw_bi"))
    made = redact(seen)
    after = everything(survey(made.data))
    for field in ("uuid", "psk_key", "auth_key", "fac_pin"):
        assert licence[field].encode() not in after
    assert survey(made.data).wiring == seen.wiring
