import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.bkimage import cipher, faults, image, rbl, strides
from core.bkimage.cipher import TUYA, UASCENT, ZERO, Key
from core.bkimage.image import Kind, identify, payload_for_flash, require_flashable
from core.fault import Exit, FaultError, FaultKind
from core.sim import firmware


def refusal(data, chip="bk7231n", key=None):
    with pytest.raises(FaultError) as caught:
        require_flashable(identify(data), chip, key)
    fault = caught.value.fault
    assert fault.exit == Exit.REFUSED
    assert fault.what and fault.cause and fault.next and fault.state
    return fault


def test_a_qio_image(qio):
    found = identify(qio)
    assert (found.kind, found.chip, found.key) == (Kind.QIO, "n", "tuya")
    assert (found.product, found.version) == ("OpenBeken", "1.18.100")
    assert [c.name for c in found.containers] == ["bootloader", "app"]
    assert found.problems == ()
    assert found.app_range() == (0x11000, 0x12A000)
    require_flashable(found, "bk7231n", TUYA)
    require_flashable(found, "N")


@pytest.mark.parametrize("chip", ["n", "t"])
def test_an_application_image(chip):
    data = firmware.openbeken_ua("1.17.473", chip)
    found = identify(data)
    assert (found.kind, found.chip, found.key) == (Kind.UA, chip, "tuya")
    assert (found.product, found.version, found.problems) == ("OpenBeken", "1.17.473", ())
    address, payload = payload_for_flash(found)
    assert (address, len(payload) % 4096) == (0x11000, 0)
    assert payload.startswith(data)
    assert set(payload[len(data) :]) == {0xFF}
    require_flashable(found, f"bk7231{chip}")


@pytest.mark.parametrize("key", [ZERO, UASCENT], ids=lambda key: key.name)
def test_images_for_other_keys(key):
    found = identify(firmware.openbeken_qio(key=key))
    assert (found.kind, found.chip, found.key, found.problems) == (Kind.QIO, "n", key.name, ())
    require_flashable(found, "n", key)
    assert refusal(found.data, key=TUYA).code == "IMG-KEY"


def test_a_key_that_nobody_knows():
    data = firmware.openbeken_qio(key=Key(1, 2, 3, 0x45670008))
    assert identify(data).key is None
    assert refusal(data).code == "IMG-KEY"


def test_a_chip_with_an_own_key_takes_no_public_image(qio):
    assert refusal(qio, key=Key(1, 2, 3, 0x45670008)).code == "IMG-KEY"


def test_the_payload_of_a_qio_image_leaves_the_bootloader_out(qio):
    address, payload = payload_for_flash(identify(qio))
    assert (address, address + len(payload)) == (0x11000, 0x12A000)
    assert payload[: len(qio) - 0x11000] == qio[0x11000:]
    assert set(payload[len(qio) - 0x11000 :]) == {0xFF}


def test_the_payload_of_a_dump_stops_at_the_application_area(stock):
    found = identify(stock)
    assert found.kind is Kind.DUMP
    assert payload_for_flash(found) == (0x11000, stock[0x11000:0x12A000])


def test_wrong_chip(qio):
    fault = refusal(qio, "bk7231t")
    assert fault.code == "IMG-WRONG-CHIP"
    assert "partition table" in fault.what
    assert refusal(firmware.openbeken_qio(chip="t")).code == "IMG-WRONG-CHIP"
    assert refusal(firmware.openbeken_ua(chip="t")).code == "IMG-WRONG-CHIP"


@pytest.mark.parametrize("part", ["table", "words"])
@pytest.mark.parametrize("chip", ["bk7231n", "bk7231t"])
def test_an_image_that_contradicts_itself_is_for_no_chip(part, chip):
    assert refusal(firmware.openbeken_qio(**{part: "t"}), chip).code == "IMG-WRONG-CHIP"


def plain_application(text):
    plain = bytes.fromhex("0e0000ea") + bytes.fromhex("14f09fe5") * 7 + text.ljust(320, b"\0")
    return strides.add(cipher.crypt(plain, 0x10000, TUYA))


@pytest.mark.parametrize(
    ("text", "chip", "version"),
    [
        (b"OpenBK7231N_1.17.300\0OpenBK7231T_App", "n", "1.17.300"),
        (b"OpenBK7231T\0OpenBK7231T_App\x001.18.9_hlw8112\0", "t", "1.18.9_hlw8112"),
        (b"OpenBK7231M 1.2.3\0", "n", "1.2.3"),
        (b"oem_bk7231t_light\0", "t", ""),
        (b"OpenBK7231T_App\0", None, ""),
        (b"bk7231n\0bk7231t\0", None, ""),
    ],
)
def test_names_decide_where_nothing_else_does(text, chip, version):
    found = identify(plain_application(text))
    assert (found.kind, found.chip, found.version) == (Kind.UA, chip, version)


def test_an_application_for_an_unknown_chip_is_refused():
    assert refusal(plain_application(b"OpenBK7231T_App\0")).code == "IMG-UNKNOWN"


@pytest.mark.parametrize(
    ("data", "kind", "code"),
    [
        (firmware.openbeken_rbl(), Kind.OTA, "IMG-OTA"),
        (firmware.tuya_ug(), Kind.UG, "IMG-UG"),
        (b"\xff" * 0x200000, Kind.BLANK, "IMG-BLANK"),
        (bytes(0x1000), Kind.BLANK, "IMG-BLANK"),
        (b"", Kind.BLANK, "IMG-BLANK"),
        (b"PK\x03\x04" + bytes(range(256)) * 40, Kind.UNKNOWN, "IMG-UNKNOWN"),
    ],
    ids=["rbl", "ug", "erased", "zeros", "empty", "zip"],
)
def test_files_that_are_no_flash_image(data, kind, code):
    found = identify(data)
    assert (found.kind, found.chip) == (kind, None)
    assert refusal(data).code == code
    assert found.app() == b""
    with pytest.raises(FaultError):
        payload_for_flash(found)


def test_an_update_file_says_its_version_and_is_checked():
    data = firmware.openbeken_rbl("1.18.50")
    found = identify(data)
    assert found.version == "1.18.50"
    assert [p.kind for p in found.problems] == [faults.OTA]
    spoilt = bytearray(data)
    spoilt[5000] ^= 4
    for bad in (bytes(spoilt), data[:-1], data[:50] + b"\1" + data[51:]):
        assert [p.kind for p in identify(bad).problems] == [faults.OTA, faults.DAMAGED]


@pytest.mark.parametrize("length", [0x200, 0x11000, 0x11022, 0x80000, 0x129F70 - 34, 0x129F6F])
def test_a_qio_image_that_was_cut_off(qio, length):
    found = identify(qio[:length])
    assert found.kind is Kind.QIO
    assert refusal(qio[:length]).code == "IMG-TRUNCATED"


def test_an_application_cut_inside_a_stride():
    assert refusal(firmware.openbeken_ua(chip="n")[:-5]).code == "IMG-TRUNCATED"


def test_a_dump_that_was_cut_off(stock):
    assert identify(stock[:0x1F0000]).kind is Kind.DUMP
    assert refusal(stock[:0x1F0000]).code == "IMG-TRUNCATED"


@pytest.mark.parametrize("at", [0x20, 0x9000, 0x11000 + 34 * 70 + 33, 0x90000])
def test_a_flipped_bit_is_named_with_its_place(qio, at):
    spoilt = bytearray(qio)
    spoilt[at] ^= 0x10
    fault = refusal(bytes(spoilt))
    assert fault.code == "IMG-DAMAGED"
    assert f"{at // 34 * 34:#x}" in fault.what


@pytest.mark.parametrize("part", [0, 0x11000])
def test_damage_under_right_stride_checksums_is_found_by_the_container(qio, part):
    code = bytearray(strides.strip(qio[part : part + 34 * 1000]))
    code[3000] ^= 1
    spoilt = qio[:part] + strides.add(bytes(code)) + qio[part + 34 * 1000 :]
    assert [p.kind for p in identify(spoilt).problems] == [faults.DAMAGED] * 2


def test_a_damaged_container_header_is_found(qio):
    at = 0x129F0A
    header = bytearray(strides.strip(qio[at:]))
    header[20] ^= 1
    assert refusal(qio[:at] + strides.add(bytes(header))).code == "IMG-DAMAGED"


def test_a_plain_binary_is_not_flashable():
    plain = strides.strip(firmware.openbeken_ua(chip="n"))
    fault = refusal(plain)
    assert fault.code == "IMG-DAMAGED"
    assert "no stride checksums" in fault.what


def test_the_longest_application_fits_and_one_stride_more_does_not(qio):
    whole = qio[0x11000:]
    longest = whole + strides.add(bytes(96)) + b"\xff" * 42
    assert len(longest) == 0x119000
    assert payload_for_flash(identify(longest))[1] == longest
    for data in (whole + strides.add(bytes(160)), qio + strides.add(bytes(160))):
        assert refusal(data).code == "IMG-TOO-BIG"
        with pytest.raises(FaultError) as caught:
            payload_for_flash(identify(data))
        assert caught.value.fault.code == "IMG-TOO-BIG"


def test_a_blank_tail_behind_the_area_does_no_harm(qio):
    found = identify(qio + b"\xff" * 0x10000)
    assert found.problems == ()
    assert payload_for_flash(found) == payload_for_flash(identify(qio))


def test_a_bootloader_without_an_application(qio):
    found = identify(qio[:0x11000] + b"\xff" * 0x118F70)
    assert refusal(found.data).code == "IMG-TRUNCATED"


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([b"", rbl.MAGIC, rbl.UG_MAGIC, bytes.fromhex("2f07b594"), b"01PE"]),
    st.binary(max_size=2000),
)
def test_any_bytes_are_identified(head, data):
    found = identify(head + data)
    assert found.app_range()[0] == 0x11000
    if not found.problems and found.chip:
        require_flashable(found, found.chip)


@settings(max_examples=15, deadline=None)
@given(st.data())
def test_any_harm_to_an_image_is_noticed(qio, data):
    at = data.draw(st.integers(0, len(qio) - 65))
    noise = data.draw(st.binary(min_size=1, max_size=64))
    spoilt = qio[:at] + noise + qio[at + len(noise) :]
    assert bool(identify(spoilt).problems) == (spoilt != qio)


@pytest.mark.parametrize("unit", [b"RBL\0" + bytes(28), b"01PE" + b"A" * 60, b"TLV\0" * 1024])
def test_two_hostile_mebibytes_take_less_than_a_second(unit):
    data = bytes.fromhex("2f07b59435ff2a9b") + unit * (0x200000 // len(unit))
    began = time.process_time()
    identify(data)
    assert time.process_time() - began < 1


def test_a_real_dump(real):
    dump, chip, _ = real
    found = identify(dump)
    assert (found.kind, found.chip, found.key, found.problems) == (Kind.DUMP, chip, "tuya", ())
    assert len(found.evidence) == 3
    assert found.product == "Tuya"
    require_flashable(found, chip, TUYA)


def test_parts_of_a_real_dump(real):
    dump, chip, _ = real
    qio = identify(dump[:0x129F70])
    assert (qio.kind, qio.chip, qio.problems) == (Kind.QIO, chip, ())
    app = identify(dump[0x11000:0x129F70])
    assert (app.kind, app.chip, app.problems) == (Kind.UA, chip, ())
    assert payload_for_flash(qio) == payload_for_flash(app)
    assert payload_for_flash(identify(dump))[1][:-144] == dump[0x11000:0x129F70]


def test_every_refusal_has_a_help_page_and_a_title():
    kinds = [k for k in vars(faults).values() if isinstance(k, FaultKind)]
    assert len({k.code for k in kinds}) == len(kinds) == 9
    assert all(k.code.startswith("IMG-") and k.title and len(k.help) > 80 for k in kinds)
    assert set(image.TITLES) == set(Kind)
