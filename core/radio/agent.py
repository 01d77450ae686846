"""The pairing agent: says yes to what a device without keys and display can ask."""

from dbus_fast.annotations import DBusObjectPath, DBusStr, DBusUInt32
from dbus_fast.service import ServiceInterface, dbus_method

# dbus-fast reads the annotations at import: they must not become strings here.


class Agent(ServiceInterface):
    """Says yes to everything that a NoInputNoOutput agent may be asked."""

    def __init__(self) -> None:
        super().__init__("org.bluez.Agent1")

    @dbus_method()
    def Release(self) -> None:
        """BlueZ ends or lets go of the agent."""

    @dbus_method()
    def RequestAuthorization(self, device: DBusObjectPath) -> None:
        """Just Works pairing that the device began: agreed."""

    @dbus_method()
    def RequestConfirmation(self, device: DBusObjectPath, passkey: DBusUInt32) -> None:
        """Agreed."""

    @dbus_method()
    def AuthorizeService(self, device: DBusObjectPath, uuid: DBusStr) -> None:
        """Agreed."""

    @dbus_method()
    def Cancel(self) -> None:
        """The pairing was given up."""
