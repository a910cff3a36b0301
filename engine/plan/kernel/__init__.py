"""The compiled half of the flat plan: everything between a table of addresses and sound, without the interpreter.

`memory` and `simd` are the machine's words and lanes, `layout` says what lies where, and `render` is the entry: one
function that runs inside the device's callback and off line alike.
"""
