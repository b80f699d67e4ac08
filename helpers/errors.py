"""The one exception for mistakes that a reader can be expected to make."""


class LessonError(ValueError):
    """Says what is wrong, where, and what to do.

    A notebook shows the message alone, without a traceback: IPython asks an exception for
    `_render_traceback_` before it prints one. Elsewhere it is an ordinary ValueError.
    """

    def _render_traceback_(self):
        return [f"{type(self).__name__}: {self}"]
