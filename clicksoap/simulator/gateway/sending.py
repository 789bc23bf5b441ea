"""The commands that send a message or a push: sendmsg, si_push and ind_push."""

from clicksoap.simulator.front import rules
from clicksoap.simulator.front.command import Command
from clicksoap.simulator.front.reasons import Refused
from clicksoap.simulator.gateway.content import Content, content_of
from clicksoap.simulator.gateway.state import GatewayState
from clicksoap.simulator.gateway.submissions import (
    Submission,
    check_options,
    check_recipients,
    public_parameters,
    submit,
)


class Sending:
    """Sending of messages and pushes; not safe between threads by itself.

    Args:
        state: The state of the gateway.
    """

    def __init__(self, state: GatewayState) -> None:
        self._state = state

    def sendmsg(self, command: Command) -> list[str]:
        """Execute sendmsg: send a text or an 8-bit message."""
        state, values = self._state, command.values
        owner = state.sessions.authorised(command)
        check_recipients(state, command)
        if "text" not in values and "data" not in values:
            raise Refused("107", "text", "neither text nor data is given", "give a text")
        check_options(state, values)
        content = content_of(values, "text", state.settings.concat_default)
        return submit(state, owner, command, Submission(content, "", public_parameters(values)), names_single=False)

    def si_push(self, command: Command) -> list[str]:
        """Execute si_push: send a WAP push."""
        state, values = self._state, command.values
        owner = state.sessions.authorised(command)
        check_recipients(state, command)
        rules.check_push(values)
        check_options(state, values)
        text, is_unicode = rules.shown_text(values, "si_text")
        content = Content(text, values["si_text"], is_unicode)
        return submit(state, owner, command, Submission(content, "", public_parameters(values)), names_single=True)

    def ind_push(self, command: Command) -> list[str]:
        """Execute ind_push: send an MMS notification."""
        state, values = self._state, command.values
        owner = state.sessions.authorised(command)
        check_recipients(state, command)
        rules.check_notification(values)
        check_options(state, values)
        content = Content(values["mms_subject"], values["mms_subject"])
        return submit(state, owner, command, Submission(content, "", public_parameters(values)), names_single=True)
