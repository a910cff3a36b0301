"""Files and the program itself."""

from __future__ import annotations

from ui.actions.row import Group

_file = Group("File")
_program = Group("Program")

PROGRAM = (
    _file("file.new", "New project", "Ctrl+N", lambda w: w.files.new_project(), in_text=True),
    _file("file.open", "Open a project …", "Ctrl+O", lambda w: w.files.ask_open(), in_text=True),
    _file("file.demo", "Open the demo song", "Ctrl+Alt+D", lambda w: w.intake.open_demo()),
    _file("file.save", "Save", "Ctrl+S", lambda w: w.files.save(), in_text=True),
    _file("file.save_as", "Save as …", "Ctrl+Alt+S", lambda w: w.files.save_as()),
    _file("file.import", "Use a file of mine …", "Ctrl+I", lambda w: w.files.ask_import(), in_text=True),
    _file("file.verify", "Verify a file …", "Ctrl+Shift+V", lambda w: w.files.ask_verify(), in_text=True),
    _file(
        "file.export",
        "Review and export …",
        "Ctrl+Shift+E",
        lambda w: w.review_and_export(),
        lambda w: w.ws.project.length_s > 0,
        in_text=True,
    ),
    _file("file.sync", "Send what waits", "Ctrl+Alt+U", lambda w: w.sync_now()),
    _file("search.focus", "Search the catalogue", "Ctrl+F", lambda w: w.focus_search(), in_text=True),
    _program("app.palette", "All commands", "Ctrl+K", lambda w: w.show_palette(), in_text=True),
    _program("app.preferences", "Preferences …", "Ctrl+,", lambda w: w.show_preferences(), in_text=True),
    _program("app.sign_in", "Sign in in the browser …", "Ctrl+Alt+L", lambda w: w.sign_in()),
    _program("app.artist", "My catalogue …", "Ctrl+Alt+A", lambda w: w.show_artist()),
    _program("app.tour", "Show me around", "Ctrl+F1", lambda w: w.show_tour()),
    _program("app.about", "About and licences", "Shift+F1", lambda w: w.show_about()),
    _program("app.help", "Keys", "F1 ?", lambda w: w.show_help()),
    _program("app.quit", "Quit", "Ctrl+Q", lambda w: w.quit(), in_text=True),
)
