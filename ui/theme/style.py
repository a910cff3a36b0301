"""The one style sheet, filled from the theme's tokens."""

from __future__ import annotations

from string import Template

from ui.theme.theme import Theme

_TEMPLATE = Template("""
* { font-family: "Inter"; font-size: 12px; }
QWidget { color: $text; }
QMainWindow, QWidget#root { background: $bg_window; }
QWidget[surface="panel"] { background: $bg_panel; }
QWidget[surface="window"] { background: $bg_window; }
QWidget[surface="clear"] { background: transparent; }
QLabel { background: transparent; }
QLabel[role="muted"] { color: $text_muted; }
QLabel[role="faint"] { color: $text_faint; }
QLabel[role="caption"] { color: $text_muted; font-size: 11px; }
QLabel[role="captionfaint"] { color: $text_faint; font-size: 11px; }
QLabel[role="strong"] { font-weight: 600; }
QLabel[role="title"] { font-size: 14px; font-weight: 600; }
QLabel[role="dialogtitle"] { font-size: 18px; font-weight: 600; }
QLabel[role="ok"] { color: $ok; font-weight: 600; }
QLabel[role="warn"] { color: $warn; font-weight: 600; }
QLabel[role="block"] { color: $block; font-weight: 600; }

QLineEdit, QSpinBox, QDoubleSpinBox {
  background: $bg_field; border: 1px solid $line; border-radius: 5px; padding: 0 7px; min-height: 22px;
  selection-background-color: $accent_dim; selection-color: $text; placeholder-text-color: $text_faint;
}
QPlainTextEdit[kind="field"] { background: $bg_field; border: 1px solid $line; border-radius: 5px; padding: 0 5px; }
QPlainTextEdit[kind="field"]:focus { border-color: $focus; }
QLineEdit:hover { border-color: $line_strong; }
QLineEdit:focus { border-color: $focus; }
QLineEdit:disabled { color: $text_faint; }
QLineEdit[kind="search"] { padding-left: 28px; min-height: 26px; }

QComboBox { background: $bg_raised; border: 1px solid $line; border-radius: 5px; padding: 0 8px; min-height: 22px; }
QComboBox:hover { border-color: $line_strong; }
QComboBox:focus { border-color: $focus; }
QComboBox::drop-down { border: none; width: 22px; }
QComboBox::down-arrow { image: none; }
QComboBox QAbstractItemView {
  background: $bg_raised; border: 1px solid $line_strong; border-radius: 5px; padding: 4px; outline: none;
  selection-background-color: $bg_hover; selection-color: $text;
}

QTabBar { background: transparent; border: none; }
QTabBar::tab {
  background: transparent; color: $text_muted; border: none; border-bottom: 2px solid transparent;
  padding: 0 10px; height: 32px; font-weight: 500;
}
QTabBar::tab:hover { color: $text; }
QTabBar::tab:selected { color: $text; border-bottom-color: $accent; }
QTabBar:focus { outline: none; }
QTabBar::tab:selected:focus { border-bottom-color: $focus; }

QListView { background: transparent; border: none; outline: none; }
QListView::item { padding: 3px 6px; border-radius: 4px; }
QListView::item:hover { background: $bg_raised; }
QListView::item:selected { background: $bg_hover; color: $text; }
QScrollArea { background: transparent; border: none; }
QScrollArea > QWidget > QWidget { background: transparent; }
QScrollBar:vertical { background: transparent; width: 10px; margin: 0; }
QScrollBar::handle:vertical { background: $bg_pressed; border-radius: 3px; min-height: 28px; margin: 2px; }
QScrollBar::handle:vertical:hover { background: $line_strong; }
QScrollBar:horizontal { background: transparent; height: 10px; margin: 0; }
QScrollBar::handle:horizontal { background: $bg_pressed; border-radius: 3px; min-width: 28px; margin: 2px; }
QScrollBar::handle:horizontal:hover { background: $line_strong; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }

QMenu { background: $bg_raised; border: 1px solid $line_strong; border-radius: 5px; padding: 4px; }
QMenu::item { padding: 5px 24px 5px 10px; border-radius: 4px; }
QMenu::item:selected { background: $bg_hover; }
QMenu::item:disabled { color: $text_faint; }
QMenu::separator { height: 1px; background: $line; margin: 4px 6px; }
QMenu::right-arrow { image: url("$submenu"); width: 12px; height: 12px; margin-right: 6px; }
QToolTip { background: $bg_raised; color: $text; border: 1px solid $line_strong; padding: 4px 6px; }
""")


def style_sheet(theme: Theme) -> str:
    """The style sheet of `theme` in its present mode."""
    names = [
        "bg.window",
        "bg.panel",
        "bg.raised",
        "bg.hover",
        "bg.pressed",
        "bg.field",
        "line",
        "line.strong",
        "text",
        "text.muted",
        "text.faint",
        "accent",
        "accent.dim",
        "focus",
        "ok",
        "warn",
        "block",
    ]
    values = {name.replace(".", "_"): theme.value(name) for name in names}
    return _TEMPLATE.substitute(values, submenu=theme.picture(f"submenu-{theme.mode}.svg"))
