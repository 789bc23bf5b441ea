"""What keeps a request from being served, for whoever made it."""


class Problem(Exception):
    """A request is refused.

    Args:
        status: The HTTP status.
        message: What is wrong and what to do, without anything of the request that might be private.
        argument: The field, parameter or header that it is about; empty if it is about none.
    """

    def __init__(self, status: int, message: str, argument: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.argument = argument

    def as_data(self) -> dict[str, object]:
        """The body of the answer."""
        return {"error": {"argument": self.argument, "message": self.message}}
