"""The command that cancels a message: delmsg."""

from clicksoap.simulator.front.command import Command
from clicksoap.simulator.gateway.lookup import find_messages, status_line, unknown_reply
from clicksoap.simulator.gateway.messages import Stage
from clicksoap.simulator.gateway.state import GatewayState


class Stops:
    """Cancellation of messages that wait for their delivery time; not safe between threads by itself.

    Args:
        state: The state of the gateway.
    """

    def __init__(self, state: GatewayState) -> None:
        self._state = state

    def delmsg(self, command: Command) -> list[str]:
        """Execute delmsg: cancel the messages of an id that are still scheduled (011).

        The reply tells the status of the latest; a message that was already sent keeps its status.
        """
        state = self._state
        owner = state.sessions.authorised(command)
        found = find_messages(state, owner, command.values)
        if not found:
            return [unknown_reply(state, owner, command.values)]
        cancelled = Stage(state.clock.now(), "006")
        return [status_line(state.mailbox.end(each, cancelled) if each.status == "011" else each) for each in found][
            -1:
        ]
