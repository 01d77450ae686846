"""The HTML pages of a simulated OpenBeken: the forms and anchors that a client meets.

Form names, order and anchors are the firmware's; its long texts are not repeated.  Nothing is
escaped, because the firmware does not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from core.profile.tables import CHANNELS
from core.sim.openbk_commands import Commands, number_of
from core.sim.openbk_device import OpenBeken
from core.sim.openbk_state import index_state

Query = Mapping[str, str]
FILLER = "<style>" + "div{margin:0}" * 240 + "</style>"
LINKS = ' | <a target="_blank" href="https://github.com/openshwprojects">Docs</a><br><br>'
HOME = '<a href="index">Home</a>'
BACK = f'<a href="cfg">Return to Config</a> | {HOME}'


def page(device: OpenBeken, suffix: str, middle: str, end: str = BACK) -> str:
    """A whole page: title, heading, what it says, and the foot with build and MAC."""
    name = device.config.get("names.long")
    title = f"{name} - {suffix}" if suffix else name
    return (
        f'<!DOCTYPE html><html><head><title>{title}</title><meta charset="utf-8">{FILLER}</head>'
        f'<body><noscript>JavaScript is off.<br></noscript><div id="main"><h1><a target="_blank" '
        f'href="https://github.com/openshwprojects/OpenBK7231T_App/">{name}</a></h1>{middle}{end}'
        f"{LINKS}Built on {device.options.date} version {device.version}<br>Online for&nbsp;"
        f'<span id="onlineFor" data-initial="{device.uptime}">-</span><br>Device MAC: '
        f"{device.options.mac.hex(':').upper()}<br>Short name: {device.config.get('names.short')}, "
        f"Chipset {device.chip}</div></body></html><script type='text/javascript'></script>"
    )


def not_found(device: OpenBeken) -> str:
    return page(device, "Not found", "Not found.<br/>", HOME)


def unknown_api(device: OpenBeken, target: str, body: str, post: bool) -> str:
    if post:
        return page(device, "POST REST API", f"POST to {target}<br/>Body: {body[:200]}", "")
    return page(device, "GET REST API", f"GET of {target}", "")


def text_input(kind: str, name: str, value: object, more: str = "") -> str:
    return f'<input type="{kind}" id="{name}" name="{name}" value="{value}"{more}>'


def labelled(label: str, kind: str, name: str, value: object, more: str = "") -> str:
    return f'<label for="{name}">{label}</label><br>{text_input(kind, name, value, more)}<br>'


def hidden(name: str, value: object) -> str:
    return text_input("hidden", name, value)


def submit(text: str, ask: str = "") -> str:
    return f'<input type="submit" value="{text}"{f" onclick={ask}" if ask else ""}>'


# -- index -------------------------------------------------------------------------------------


def index(device: OpenBeken, query: Query, commands: Commands) -> str:
    """The first page; its parameters switch channels, restart, or leave safe mode."""
    if "state" in query:
        return index_state(device)
    changed = _switch(device, query)
    safe = ""
    if device.safe_mode:
        safe = (
            f'<form action="/index">{hidden("unsafe", 1)}'
            '<input class="bred" type="submit" value="Exit safe mode"></form>'
        )
    middle = (
        f'<div id="changed">{changed}</div><div id="state">{index_state(device)}</div>'
        '<canvas style=\'display: none\' id="obkChart" width="400" height="200"></canvas>'
        '<script src="https://cdn.jsdelivr.net/npm/chart.js"></script>'
        '<form action="cfg"><input type="submit" value="Config"/></form>'
        f'<form action="/index">{hidden("restart", 1)}'
        '<input class="bred" type="submit" value="Restart"></form>'
        f'{safe}<form action="/app" target="_blank"><input type="submit" '
        'value="Launch Web Application"></form> <form action="about"><input type="submit" '
        'value="About"/></form>'
    )
    return page(device, "", middle, '<a href="index">Refresh</a>')


def _switch(device: OpenBeken, query: Query) -> str:
    if "tgl" in query:
        channel = number_of(query["tgl"])
        if channel < CHANNELS:
            device.set_channel(channel, 0 if device.channels[channel] else 1)
        return f"<h3>Toggled {channel}!</h3>"
    for name, value, word in (("on", 255, "Enabled"), ("off", 0, "Disabled")):
        if name in query:
            device.set_channel(number_of(query[name]), value)
            return f"<h3>{word} {number_of(query[name])}!</h3>"
    if "set" in query:
        device.set_channel(number_of(query.get("setIndex", "0")), number_of(query["set"]))
        return f"<h3>Set {query['set']}!</h3>"
    if "restart" in query:
        device.reboot()
        return "<h5> Module will restart soon</h5>"
    if "unsafe" in query:
        device.leave_safe_mode_at = device.clock() + 3
        return "<h5> Will try to do unsafe init in few seconds</h5>"
    return ""


def about(device: OpenBeken, query: Query, commands: Commands) -> str:
    return page(device, "About", "<h2>Open source firmware</h2>", HOME)


def ota(device: OpenBeken, query: Query, commands: Commands) -> str:
    return page(device, "OTA system", "<h3>Send the file to the interface</h3>")


def ota_exec(device: OpenBeken, query: Query, commands: Commands) -> str:
    said = f"<h3>OTA requested for {query['host']}!</h3>" if "host" in query else ""
    return page(device, "OTA request", said)


def ha_cfg(device: OpenBeken, query: Query, commands: Commands) -> str:
    middle = (
        "<h4>Home Assistant Cfg</h4><h4>Name: "
        f'{device.config.get("names.short")}</h4><br/><div><label for="ha_disc_topic">Topic:'
        '</label><input id="ha_disc_topic" value="homeassistant"><button>Start</button>&nbsp;'
        '<form action="cfg_mqtt" class=\'disp-inline\'><button type="submit">MQTT</button></form>'
        "</div><br/>"
    )
    return page(device, "Home Assistant Setup", middle)


def cfg_mac(device: OpenBeken, query: Query, commands: Commands) -> str:
    mac = device.options.mac.hex().upper()
    field = labelled("MAC:", "text", "mac", mac)
    form = f'<form action="/cfg_mac">{field}<br>{submit("Submit")}</form>'
    return page(device, "Set MAC address", f"<h2>MAC</h2>{form}")


def cfg_loglevel_set(device: OpenBeken, query: Query, commands: Commands) -> str:
    middle = (
        f'<form action="/cfg_loglevel_set">{labelled("Loglevel:", "text", "loglevel", "")}<br>'
        f'{submit("Submit")}</form><br><a href="cfg">Return to config settings</a><br>'
    )
    return page(device, "Set log level", middle)


def cmd_tool(device: OpenBeken, query: Query, commands: Commands) -> str:
    """Runs a command and shows the log lines of it, then the verdict."""
    said, line = "", query.get("cmd", "")
    if line:
        before = len(device.log)
        _, verdict = commands.run(line)
        said = "<br>" + "".join(f"{text}\n<br>" for text in device.log[before:])
        said += f"<h3>{verdict}</h3><br>"
    middle = (
        "<h4>Command Tool</h4>A command line. <br>Consider the web app. <br>Some commands appear "
        f"when a driver is activated. <br>{said}"
        '<form action="/cmd_tool"><label for="cmd">Command:</label><br>'
        f"{text_input('text', 'cmd', line)}<br>{submit('Submit')}</form>"
    )
    return page(device, "Command tool", middle)


def logs(device: OpenBeken, query: Query, commands: Commands) -> str:
    text = "\n".join(device.log)
    return page(device, "Log", f'<a href="index">Home</a><pre>{text}</pre>', "")


def app(device: OpenBeken, query: Query, commands: Commands) -> str:
    return (
        f"<!DOCTYPE html><html><head><title>{device.config.get('names.long')}</title>"
        '<link rel="icon"><meta charset="utf-8"><meta name="viewport"><meta name="robots">'
        f"<script>var root='{device.config.webapp}';</script>"
        f"<script src='{device.config.webapp}/startup.js'></script></head><body></body></html>"
    )


Page = Callable[[OpenBeken, Query, Commands], str]
