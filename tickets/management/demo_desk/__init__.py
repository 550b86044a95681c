"""A believable desk for a first look: people, conversations, and what happened to each ticket."""


class NotReady(Exception):  # noqa: N818 - said to the person who runs the command
    """The desk lacks what the demo needs; the text is a sentence that says what."""
