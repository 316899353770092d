"""``python -m course_utils NAME``: check this Python, then hand over to what sets up ``.venv``, or to ``doctor``.

Every Python must be able to read this file and ``__init__.py``, 2.7 included: one that is too old
shall answer with a plain sentence, not with a SyntaxError. Hence ASCII only, and nothing newer than 2.7.
"""

import difflib
import sys

from course_utils.setup.versions import version_problem

COMMANDS = (
    ("lab", "open the lessons in JupyterLab (what follows -- goes to JupyterLab)"),
    ("test", "run every test, with --quick a sample (what follows -- goes to pytest)"),
    ("doctor", "check what this computer needs; change nothing"),
    ("notebooks", "run every lesson and save it with its results"),
    ("images", "draw the published pictures again"),
    ("benchmark", "measure how long the pictures and widgets take"),
)

HELP = ("help", "--help", "-h")

# These have no options of their own; in front of the two dashes an option is a mistake worth a word.
NO_OPTIONS = ("lab", "test", "doctor")
PASSED_ON = {"lab": "JupyterLab", "test": "pytest"}


def overview():
    """Return the list of commands, one line each."""
    lines = ["Unrolled: recurrent networks in Keras.", "", "  python -m course_utils COMMAND", ""]
    lines += ["  %-10s %s" % line for line in COMMANDS]
    return "\n".join(lines) + "\n"


def unknown_command(name):
    """Return the message for a command that does not exist, with the nearest one that does."""
    near = difflib.get_close_matches(name, [known for known, _ in COMMANDS], 1, 0.5)
    hint = " Did you mean: python -m course_utils %s ?" % near[0] if near else ""
    return "There is no command '%s'.%s\n\n" % (name, hint) + overview()


def passed_on(command, arguments):
    """Return the arguments of the command itself, without the two dashes.

    Raises ValueError with a plain message when an argument stands before the dashes of lab or test.
    """
    if command == "test" and arguments[:1] == ["--quick"]:
        return ["--quick"] + passed_on(command, arguments[1:])
    if arguments and arguments[0] == "--":
        return arguments[1:]
    if arguments and command in PASSED_ON:
        raise ValueError(
            "Two dashes are missing before '%s': options for %s come after them.\n"
            "Next step: type: python -m course_utils %s -- %s\n"
            % (arguments[0], PASSED_ON[command], command, " ".join(word for word in arguments if word != "--"))
        )
    return arguments


def main(words):
    """Run the command named by ``words`` (all after the program's name); return the exit status."""
    names = [name for name, _ in COMMANDS]
    if not words or words[0] in HELP or (words[0] in NO_OPTIONS and words[1:2] and words[1] in HELP):
        sys.stdout.write(overview())
        return 0
    if words[0] not in names:
        sys.stderr.write(unknown_command(words[0]))
        return 2
    problem = version_problem(sys.version_info, words[0])
    if problem and words[0] == "doctor":
        sys.stdout.write("[FAIL] Python version: %s. Next step: %s.\n" % problem)
        return 1
    if problem:
        sys.stderr.write("Unrolled cannot start: %s. Next step: %s.\n" % problem)
        return 1
    try:
        arguments = passed_on(words[0], words[1:])
    except ValueError as error:
        sys.stderr.write(str(error))
        return 2
    # Only now: what follows uses syntax that an old Python cannot read.
    from course_utils.setup import environment

    if words[0] == "doctor":
        from course_utils.commands import doctor

        return environment.in_plain_words(lambda: doctor.main(arguments))
    return environment.in_plain_words(lambda: environment.run(words[0], arguments))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
