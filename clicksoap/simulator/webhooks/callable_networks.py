"""The addresses that callbacks may go to: all of them, unless the simulator is shared with other machines."""

from ipaddress import ip_address


class CallableNetworks:
    """Decides about addresses of the customer's server.

    A simulator that other machines reach would call, for each of them, services of its own machine and of its private
    network. Such addresses are refused unless a setting allows them.

    Args:
        private: True if addresses of this machine and of private networks may be called.
    """

    def __init__(self, *, private: bool) -> None:
        self._private = private

    def allows(self, peer: str, own: str) -> bool:
        """True if a server may be called.

        Args:
            peer: The address of the server.
            own: The address of this machine on the connection; the same as the peer's for a server of this machine.
        """
        if self._private:
            return True
        address = ip_address(peer.partition("%")[0])
        mapped = getattr(address, "ipv4_mapped", None) or address
        return mapped.is_global and not mapped.is_multicast and peer != own
