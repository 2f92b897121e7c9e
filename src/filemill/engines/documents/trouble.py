"""What a caller may hear of a document that cannot be converted: one sentence, and never a word of the inside."""

from filemill.errors import JobFailed
from filemill.pipelines.run import InputFile


def bad_file(file: InputFile, what: str) -> JobFailed:
    """The file is not what its name says, is damaged, or asks for more than is allowed; `what` is a sentence."""
    return JobFailed("bad_file", f"{file.file_name}: {what}")


def too_many_pixels(file: InputFile, size: tuple[int, int], most: int) -> JobFailed:
    """It is a picture, or has one in it, that is too large to draw."""
    return bad_file(file, f"A picture of {size[0]:,} by {size[1]:,} pixels; {most // 1_000_000} million are allowed.")


def not_set(file: InputFile, why: str) -> JobFailed:
    """A sound text that no pages can be made of; `why` is a sentence."""
    return bad_file(file, f"{why} A .docx or .html can be made of it.")


def not_a(file: InputFile) -> JobFailed:
    """Its content is not that of its format."""
    return bad_file(
        file, f"The file is damaged, or no .{file.format} file; open it in its own program and save it anew."
    )


def unreadable(file: InputFile, error: Exception) -> JobFailed:
    """A library of ours stopped at its XML or HTML: mostly damaged, else nested beyond what the library follows."""
    if "Excessive depth" in str(error):
        return bad_file(file, "Its elements stand too deep in each other; a few hundred levels are followed.")
    return not_a(file)


def encrypted(file: InputFile) -> JobFailed:
    """It opens with a password only."""
    return JobFailed(
        "encrypted", f"{file.file_name} is protected by a password; save it without one and send it again."
    )


def too_slow(file: InputFile) -> JobFailed:
    """A program needed longer than it may."""
    return JobFailed("too_slow", f"{file.file_name} takes longer to convert than a document may; send it in parts.")


def page_too_slow(file: InputFile, seconds: int) -> JobFailed:
    """A page of a pdf keeps its reader busy, mostly by drawings that draw one another."""
    what = f"A page of {file.file_name} takes more than the {seconds} seconds that reading or drawing a page may take"
    return JobFailed("too_slow", f"{what}; print the file into a new pdf, and send that.")


def too_large(file: InputFile) -> JobFailed:
    """A program died over it, at the limit of its memory. The sentence goes on from what the runner begins it with."""
    return JobFailed(
        "too_much_memory", f"needs more memory for {file.file_name} than a document may; send it in parts."
    )


def crashed(file: InputFile) -> JobFailed:
    """A program died over it each time. The file is remembered, and not tried again."""
    return JobFailed(
        "crashed",
        f"{file.file_name} ended its converter each time it was tried; open it in its own program and save it anew.",
        at_fault="us",
    )


def internal() -> JobFailed:
    """Something we did not foresee; the log has the cause."""
    return JobFailed("internal", "Something went wrong on our side.", at_fault="us")


def no_way(file: InputFile, target: str) -> JobFailed:
    """No program of this machine makes that of it."""
    return JobFailed(
        "not_installed",
        f"A {file.format} file cannot become {target} here: a program for it is not installed; whoever runs this"
        " service can add it by filemill install documents.",
        at_fault="us",
    )
