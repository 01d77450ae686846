"""The configuration forms of a simulated OpenBeken, and what sending them does (HTTP sheet 5)."""

from __future__ import annotations

import ipaddress

from core.profile.tables import CHANNELS, FLAGS, PINS, ROLES
from core.sim.openbk_commands import Commands, number_of
from core.sim.openbk_device import OpenBeken
from core.sim.openbk_pages import HOME, Query, hidden, labelled, page, submit, text_input

ALIASES = {0: "TXD2", 1: "RXD2", 6: "PWM0", 7: "PWM1", 8: "PWM2", 9: "PWM3", 10: "RXD1",
           11: "TXD1", 23: "ADC3", 24: "PWM4", 26: "PWM5"}  # fmt: skip
PWM_PINS = (6, 7, 8, 9, 24, 26)
NO_CHANNEL = (
    "WifiLED", "WifiLED_n", "Btn_Tgl_All", "Btn_Tgl_All_n", "BL0937SEL", "BL0937SEL_n",
    "BL0937CF", "BL0937CF1", "AlwaysHigh", "AlwaysLow", "IRRecv", "IRSend",
)  # fmt: skip
TWO_CHANNELS = ("Btn", "Btn_n", "Btn_pd", "Btn_pd_n", "DHT11", "DHT12", "DHT21", "DHT22")
FLAG_TEXTS = {10: "[MQTT] Broadcast self state on MQTT connect",
              38: "[Power] Set power and current to zero if all relays are open"}  # fmt: skip
MENU = (
    ("cfg_pins", "Configure Module"), ("cfg_generic", "Configure General/Flags"),
    ("cfg_startup", "Configure Startup"), ("cfg_dgr", "Configure Device Groups"),
    ("cfg_wifi", "Configure WiFi &amp; Web"), ("cfg_ip", "Configure IP"),
    ("cfg_ds18b20", "Configure DS18B20 Sensors"), ("cfg_mqtt", "Configure MQTT"),
    ("cfg_name", "Configure Names"), ("cfg_mac", "Change MAC"), ("cfg_ping", "Ping Watchdog"),
    ("cfg_webapp", "Configure WebApp"), ("ha_cfg", "Home Assistant Configuration"),
    ("ota", "OTA"), ("cmd_tool", "Execute Custom Command"),
    ("startup_command", "Change Startup Command Text"),
)  # fmt: skip


def cfg(device: OpenBeken, query: Query, commands: Commands) -> str:
    forms = "".join(
        f'<form action="{path}"><input type="submit" value="{text}"/></form>' for path, text in MENU
    )
    return page(device, "Config", forms, HOME)


def cfg_pins(device: OpenBeken, query: Query, commands: Commands) -> str:
    seen = changed = 0
    for pin in range(PINS):
        for prefix, field, get in (
            ("", "role", device.config.role),
            ("r", "channel", device.config.channel),
            ("e", "channel2", device.config.channel2),
        ):
            text = query.get(f"{prefix}{pin}")
            if text is not None:
                seen += 1
                if number_of(text) != get(pin):
                    changed += 1
                    device.config.set_pin(pin, **{field: number_of(text)})
    if changed:
        device.save()
    said = f"Pins update - {seen} reqs, {changed} changed!<br><br>" if seen else ""
    return page(
        device,
        "Pin config",
        "<p>Roles and channels of the pins.</p><p>Buttons have a second channel.</p>"
        f'{said}<form action="cfg_pins" id="x"><script> {_role_script()}{_pin_script(device)} '
        "</script>" + '<input type="submit" value="Save"/></form>',
    )


def _role_script() -> str:
    rows = []
    for name in ROLES:
        shown = " " if name == "None" else name
        count = 0 if name in NO_CHANNEL else 2 if name in TWO_CHANNELS else 1
        rows.append(f'["{shown}",{count}]')
    return f"var r = [{','.join(rows)}];"


def _pin_script(device: OpenBeken) -> str:
    calls = []
    for pin in range(PINS):
        role = ROLES[device.config.role(pin)] if device.config.role(pin) < len(ROLES) else ""
        first = "null" if role in NO_CHANNEL else str(device.config.channel(pin))
        second = str(device.config.channel2(pin)) if role in TWO_CHANNELS else "null"
        no_pwm = 0 if pin in PWM_PINS else 1
        name = ALIASES.get(pin, "N/A")
        calls.append(
            f'f("P{pin} ({name}) ",{pin},{device.config.role(pin)}, {no_pwm},{first},{second},);'
        )
    return "".join(calls)


def cfg_wifi(device: OpenBeken, query: Query, commands: Commands) -> str:
    c = device.config
    scan = ""
    if "scan" in query:
        scan = "[1/1] SSID: HomeNet, Channel: 6, Signal -61<br>"
    checked = " checked" if c.get("wifi.web_password") else ""

    def password(name: str, path: str, tail: str) -> str:
        show = '<span  style="float:right;"><input type="checkbox" onclick="show()" > text</span>'
        return (
            f'Password{show}<label for="{name}">:</label><br>'
            f"{text_input('password', name, c.get(path))}{tail}"
        )

    middle = (
        "<h2> Networks</h2> This will take a few seconds<br>"
        f'{scan}<form action="/cfg_wifi">{hidden("scan", 1)}{submit("Scan Local Networks")}</form>'
        f'<h4>Open</h4><form action="/cfg_wifi_set">{hidden("open", 1)}{submit("Convert")}</form>'
        f'<h2>Join</h2><form action="/cfg_wifi_set">'
        f"{labelled('SSID:', 'text', 'ssid', c.get('wifi.ssid'))}"
        f"{password('pass', 'wifi.password', '')}<h2>Alternate WiFi</h2>Note<h2>SSID2</h2>"
        f"{labelled('SSID2:', 'text', 'ssid2', c.get('wifi.ssid2'))}"
        f"{password('pass2', 'wifi.password2', '')}<h2>Web Authentication</h2><p>User <b>admin</b>."
        '</p><div><input type="checkbox" name="web_admin_password_enabled" '
        f'id="web_admin_password_enabled" value="1"{checked}>'
        '<label for="web_admin_password_enabled">Enable web authentication</label></div>'
        f"{labelled('Admin:', 'password', 'web_admin_password', c.get('wifi.web_password'))}<br>"
        f"{submit('Submit')}</form>"
    )
    return page(device, "Set Wifi", middle)


def cfg_wifi_set(device: OpenBeken, query: Query, commands: Commands) -> str:
    """Empty values are ignored; without its arguments the web password is erased."""
    c = device.config
    before = [c.get(path) for path in WIFI_FIELDS.values()]
    if "open" in query:
        c.put("wifi.ssid", "")
        c.put("wifi.password", "")
    for name, path in WIFI_FIELDS.items():
        if query.get(name):
            c.put(path, query[name])
    said = ""
    if "web_admin_password_enabled" in query:
        new = query.get("web_admin_password", "")
        if len(new) < 5:
            said = "<h4>Web password needs to be at least 5 characters long!</h4>"
        else:
            c.put("wifi.web_password", new)
            said = "<p>Web password has been changed.</p>"
    else:
        c.put("wifi.web_password", "")
    changed = before != [c.get(path) for path in WIFI_FIELDS.values()]
    word = "Please wait for module to reset..." if changed else "No changes detected."
    mode = "open access point" if "open" in query else "connect to WLAN"
    if changed:
        device.wifi_changed = True
        device.save()
        device.reboot()
    return page(
        device,
        "Saving Wifi",
        f"WiFi mode set: {mode}.{said}<p>WiFi: {word}</p><br>"
        '<a href="cfg_wifi">Return to WiFi settings</a><br>',
    )


WIFI_FIELDS = {
    "ssid": "wifi.ssid",
    "pass": "wifi.password",
    "ssid2": "wifi.ssid2",
    "pass2": "wifi.password2",
}
MQTT_FIELDS = {
    "client": "mqtt.client",
    "group": "mqtt.group",
    "user": "mqtt.user",
    "password": "mqtt.password",
}


def cfg_mqtt(device: OpenBeken, query: Query, commands: Commands) -> str:
    c = device.config
    name = c.get("mqtt.client")
    middle = (
        "<h2>MQTT</h2><h4>Clear the host to disable.</h4>"
        f"<h4>Command topic: cmnd/{name}/[Command]</h4>"
        f"<h4>Publish data topic: {name}/[Channel]/get</h4>"
        f"<h4>Receive data topic:  {name}/[Channel]/set</h4>"
        '<form action="/cfg_mqtt_set">'
        f"{labelled('Host:', 'text', 'host', c.get('mqtt.host'))}"
        f"{labelled('Port:', 'number', 'port', c.mqtt_port)}<br>"
        f"{labelled('Client:', 'text', 'client', name)}"
        f"{labelled('Group:', 'text', 'group', c.get('mqtt.group'))}"
        f"{labelled('User:', 'text', 'user', c.get('mqtt.user'))}"
        '<label for="password">Password:</label><br>'
        f"{text_input('password', 'password', c.get('mqtt.password'))}"
        '<span style="float:right;"><input type="checkbox" onclick="show()" > text</span>'
        f"<br><br>{submit('Submit')}</form> "
    )
    return page(device, "MQTT", middle)


def cfg_mqtt_set(device: OpenBeken, query: Query, commands: Commands) -> str:
    """A missing host is an erased host; other empty fields are ignored."""
    device.config.put("mqtt.host", query.get("host", ""), 127)
    if query.get("port"):
        device.config.mqtt_port = number_of(query["port"])
    for name, path in MQTT_FIELDS.items():
        if query.get(name):
            device.config.put(path, query[name])
    return page(
        device,
        "Saving MQTT",
        'Please wait<br><a href="cfg_mqtt">Return to MQTT settings</a><br>',
    )


def cfg_name(device: OpenBeken, query: Query, commands: Commands) -> str:
    said = ""
    if "shortName" in query:
        if " " in query["shortName"]:
            said = "<h2>You cannot have whitespaces in short name!</h2>"
        device.config.put("names.short", query["shortName"].replace(" ", "_"))
    if "name" in query:
        device.config.put("names.long", query["name"])
    if query:
        device.save()
    rule = ' pattern="^[a-zA-Z0-9_-]+$" title="Only alphanumerics."'
    short, long = device.config.get("names.short"), device.config.get("names.long")
    middle = (
        f'<h2>Names</h2>{said}<h2>Change</h2><form action="/cfg_name">'
        f"{labelled('ShortName:', 'text', 'shortName', short, rule)}"
        f"{labelled('Full Name:', 'text', 'name', long, rule)}<br>"
        f"{submit('Submit')}</form>"
    )
    return page(device, "Set name", middle)


def cfg_generic(device: OpenBeken, query: Query, commands: Commands) -> str:
    """With setFlags every flag that is not named becomes 0."""
    said = ""
    if "setFlags" in query:
        device.config.flags = sum(1 << n for n in range(FLAGS) if f"flag{n}" in query)
    if "boot_ok_delay" in query:
        delay = number_of(query["boot_ok_delay"])
        if delay >= 1:
            device.config.boot_ok_delay = delay
            said = f"<h5>Setting boot OK delay to {delay}<h5>"
    rows = []
    for n in range(FLAGS):
        checked = " checked" if device.config.flag(n) else ""
        text = FLAG_TEXTS.get(n, f"[SIM] what flag {n} does")
        rows.append(
            f'<div><input type="checkbox" name="flag{n}" id="flag{n}" value="1"{checked}>'
            f'<label for="flag{n}">Flag {n} - {text}</label></div>'
        )
    middle = (
        f"{said}<h4>Flags (Current value={device.config.flags})</h4>"
        f'<form action="/cfg_generic">{"".join(rows)}'
        f'{hidden("setFlags", 1)}{submit("Submit")}</form><form action="/cfg_generic">'
        '<label for="boot_ok_delay">Uptime</label><br>'
        f"{text_input('text', 'boot_ok_delay', device.config.boot_ok_delay)}<br>"
        f"<br>{submit('Save')}</form>"
    )
    return page(device, "Generic config", middle)


def cfg_startup(device: OpenBeken, query: Query, commands: Commands) -> str:
    said = ""
    if "idx" in query and "value" in query:
        channel, value = number_of(query["idx"]), number_of(query["value"])
        if channel < CHANNELS:
            device.config.set_start(channel, value)
        said = f"<h5>Setting channel {channel} start value to {value}<h5>"
    forms = "".join(
        f'<form action=\'/cfg_startup\' class=\'indent\'><input type="hidden" id="idx" name="idx" '
        f'value="{c}"/><label for="value">Channel {c}:</label><br><input type="number" id="value" '
        f'name="value" value="{device.config.start(c)}"><input type="submit" value="Save"/></form>'
        "<br/>"
        for c in device.used_channels
    )
    help_text = "<h4>Start values</h4><ul>" + "<li>Help</li>" * 4 + (
        "<li>Also the <a href='startup_command'>startup command</a></li>"
        "<li>Or <a href='cfg_generic'>Flag 12</a></li></ul>"
    )  # fmt: skip
    return page(device, "Config startup", f"{help_text}{said}<h4>New start values</h4>{forms}")


def startup_command(device: OpenBeken, query: Query, commands: Commands) -> str:
    said = ""
    if "startup_cmd" in query:
        text = query.get("data", "")
        device.config.put("startup", text)
        device.save()
        size = len(text.encode())
        said = "<h3>Command changed!</h3>"
        if size >= 1568:
            said = f"<h3 style='color:red'>Command trimmed from {size} to 1568!</h3>"
    middle = (
        f"<h4>Startup command</h4><p>Runs at each start.</p>{said}"
        "<form action=\"/startup_command\"><label for='data'>Startup command</label><br>"
        f"<textarea id='data' name='data' rows='15' cols='40'>{device.config.get('startup')}"
        "</textarea><br><input type='hidden' name='startup_cmd' value='1'><br>"
        f"{submit('Submit')}</form>"
    )
    return page(device, "Set startup command", middle)


ADDRESS_FIELDS = (("IP", 0, "IP"), ("mask", 1, "Mask"), ("dns", 3, "DNS"), ("gate", 2, "GW"))


def cfg_ip(device: OpenBeken, query: Query, commands: Commands) -> str:
    said = ""
    for name, index, word in ADDRESS_FIELDS:
        if name in query:
            try:
                raw = ipaddress.IPv4Address(query[name]).packed
            except ValueError:
                raw = bytes(4)
            device.config.set_address(index, raw)
            said += f"<br>{word}={query[name][:63]} ({raw.hex(' ')})<br>"
    said += "<h4>Saved.</h4>" if said else ""
    value = {
        name: str(ipaddress.IPv4Address(device.config.address(n))) for name, n, _ in ADDRESS_FIELDS
    }
    middle = (
        f"<h2>Static IP or DHCP</h2><h4>Client only.</h4><h4>Restart.</h4><h4>DHCP.</h4>{said}"
        '<form action="/cfg_ip">'
        f"{labelled('IP:', 'text', 'IP', value['IP'])}<br>"
        f"{labelled('Mask:', 'text', 'mask', value['mask'])}"
        f"{labelled('DNS:', 'text', 'dns', value['dns'])}"
        f"{labelled('Gate:', 'text', 'gate', value['gate'])}"
        f"{submit('Submit')}</form> "
    )
    return page(device, "IP", middle)


def cfg_ping(device: OpenBeken, query: Query, commands: Commands) -> str:
    said = ""
    if "clear" in query:
        device.config.put("ping.host", "")
        device.config.ping_seconds = 0
        said = "<h4>Ping watchdog disabled!</h4>"
    if "host" in query:
        device.config.put("ping.host", query["host"])
        said = "<h4>New ping host set!</h4>"
    if "disconnectTime" in query:
        device.config.ping_seconds = number_of(query["disconnectTime"])
        said += "<h4>New ping disconnectTime set!</h4>"
    said += "<h4>Changes will be applied after restarting</h4>" if said else ""
    seconds = device.config.ping_seconds
    middle = (
        f"<h3>Ping watchdog</h3><p>1</p><p>2</p><p>3</p>{said}"
        f'<form action="/cfg_ping">{hidden("clear", 1)}{submit("Disable")}</form>'
        '<h2>Enable</h2><form action="/cfg_ping">'
        f"{labelled('Host:', 'text', 'host', device.config.get('ping.host'))}"
        f"{labelled('Seconds:', 'number', 'disconnectTime', seconds)}"
        f"<br>{submit('Submit')}</form>"
    )
    return page(device, "Set Watchdog", middle)


def cfg_webapp(device: OpenBeken, query: Query, commands: Commands) -> str:
    middle = (
        f'<form action="/cfg_webapp_set">'
        f"{labelled('URL of the Webapp:', 'text', 'url', device.config.webapp)}{submit('Submit')}"
        '<br><input class="bgrn" type="submit" value="Reset to default"></form>'
    )
    return page(device, "Set Webapp", middle)


def cfg_webapp_set(device: OpenBeken, query: Query, commands: Commands) -> str:
    device.config.set_webapp(query.get("url", ""))
    return page(device, "Saving Webapp", f"Webapp url set to {query.get('url', '')}<br>")
