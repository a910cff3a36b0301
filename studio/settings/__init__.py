"""Settings: one typed table, and the file that keeps what was changed."""

from studio.settings.store import SettingChange, Settings
from studio.settings.table import TABLE, Choice, Setting, SettingsError, Value

__all__ = ["TABLE", "Choice", "Setting", "SettingChange", "Settings", "SettingsError", "Value"]
