"""A hook of mkdocs: the reference pages are made of the code each time the site is built."""

from mkdocs.structure.files import File

from remediators.cli.doc_pages import pages


def on_files(files, config):
    """Add the pages that no file in docs/ holds."""
    for name, text in pages().items():
        files.append(File.generated(config, f"reference/{name}", content=text))
    return files
