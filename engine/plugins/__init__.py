"""VST3 plug-ins, each in a process of its own: found, loaded, run, revived. Importing this package loads no plug-in and
needs no extra."""

from engine.plugins.catalogue import Catalogue, Entry
from engine.plugins.model import ParameterInfo, PluginError, PluginInfo, PluginSpec, Snapshot
from engine.plugins.processor import PluginProcessor
from engine.plugins.rack import Lease, Rack
from engine.plugins.scan import Finding, standard_folders

__all__ = [
    "Catalogue",
    "Entry",
    "Finding",
    "Lease",
    "ParameterInfo",
    "PluginError",
    "PluginInfo",
    "PluginProcessor",
    "PluginSpec",
    "Rack",
    "Snapshot",
    "standard_folders",
]
