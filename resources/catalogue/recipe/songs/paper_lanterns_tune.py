"""The words and the tune of Paper Lanterns: syllable, note, beats."""

# Paper lanterns on the water / every one a little wish / if the morning finds us sleeping / let the river do the rest.
VERSE_1 = """
r .5, p.e-i. F#4 .5, p.er. F#4 .5, l.ae.n >A4 1, t.er.n-z F#4 .5, .o.n E4 .5, dh.uh. D4 .5 | w.aw. >E4 1, + F#4 .5,
t.er. E4 1.5, r 1,
r .5, .e.v F#4 .5, r.i. F#4 .5, w.uh.n >B4 1, .uh. A4 .5, l.ih. F#4 .5, t.uh.l E4 .5 | w.ih.sh D4 .5, + B3 1.75,
r 1.75,
r .5, .ih.f F#4 .5, dh.uh. F#4 .5, m.aw.r >A4 1, n.ih.ng F#4 .5, f.a-i.n-d-z A4 .5, .uh.s B4 .5 | s-l.i. >D5 1,
+ B4 .5, p.ih.ng A4 1.5, r 1,
r .5, l.e.t G4 .5, dh.uh. G4 .5, r.ih. >B4 .75, v.er. A4 .75, d.u. G4 .5, dh.uh. F#4 .5 | r.e.s-t E4 2.25, r 1.75
"""
# Oh, float away, float away home, all of the light that we own / oh, carry me, carry me on,
# to where the river is gone.
CHORUS_1 = """
.ou-u. >D5 1.5, + B4 .5, f-l.ou-u.t A4 .5, .uh. B4 .5, w.e-i. >D5 1 | + C#5 .5, f-l.ou-u.t A4 .5, .uh. B4 .5,
w.e-i. C#5 1, h.ou-u.m >E5 1.5 |
+ D5 1.25, r .75, .aw.l D5 .5, .o.v C#5 .5, dh.uh. B4 .5, l.a-i.t A4 .5 | + C#5 .5, dh.ae.t B4 .5, w.i. A4 .5,
.ou-u.n F#4 .75, + A4 1.25, r .5,
.ou-u. >D5 1.5, + B4 .5, k.ae. A4 .5, r.i. B4 .5, m.i. >D5 1 | + C#5 .5, k.ae. A4 .5, r.i. B4 .5, m.i. C#5 1,
.o.n >E5 1.5 |
+ D5 1.25, r .75, t.u. D5 .5, w.e.r C#5 .5, dh.uh. B4 .5, r.ih. A4 .5 | v.er. A4 .5, .ih.z E4 .5, g.o.n F#4 2, r 1
"""
CHORUS_LAST = """
.ou-u. >D5 1.5, + E5 .5, f-l.ou-u.t D5 .5, .uh. B4 .5, w.e-i. >D5 1 | + C#5 .5, f-l.ou-u.t A4 .5, .uh. B4 .5,
w.e-i. C#5 1, h.ou-u.m >E5 1.5 |
+ D5 1.25, r .75, .aw.l D5 .5, .o.v C#5 .5, dh.uh. B4 .5, l.a-i.t A4 .5 | + C#5 .5, dh.ae.t B4 .5, w.i. A4 .5,
.ou-u.n F#4 .75, + A4 1.25, r .5,
.ou-u. >D5 1.5, + E5 .5, k.ae. D5 .5, r.i. B4 .5, m.i. >D5 1 | + C#5 .5, k.ae. A4 .5, r.i. B4 .5, m.i. C#5 1,
.o.n >E5 1.5 |
+ F#5 1.5, + E5 .5, r .5, t.u. D5 .5, w.e.r C#5 .5, dh.uh. B4 .5 | r.ih. A4 .5, v.er. A4 .5, .ih.z E4 .5,
g.o.n F#4 2, r .5
"""
# Now the town is only embers and I know you by your name.
VERSE_2 = """
r .5, n.a-u. A4 .5, dh.uh. F#4 .5, t.a-u.n >A4 1, .ih.z F#4 .5, .ou-u.n E4 .5, l.i. D4 .5 | .e.m >E4 1, + F#4 .5,
b.er.z E4 1.5, r 1,
r .5, .ae.n-d F#4 .5, .a-i. A4 .5, n.ou-u. >B4 1, y.u. A4 .5, b.a-i. F#4 .5, y.aw.r E4 .5 | n.e-i.m >B4 1,
+ A4 1.25, r 1.75
"""
# Stay a little while, stay a little while.
BRIDGE = """
s-t.e-i. >G4 2, r .5, .uh. F#4 .5, l.ih. G4 .5, t.uh.l A4 .5 | w.a-i.l >C#5 1.5, + B4 .5, + A4 1, r 1,
s-t.e-i. >B4 2, r .5, .uh. A4 .5, l.ih. B4 .5, t.uh.l C#5 .5 | w.a-i.l >D5 1.5, + E5 1.75, r .75
"""
OUTRO = """
.u. B4 1.5, + A4 .5, + G4 1.5, r .5 | .u. C#5 1.5, + B4 .5, + A4 1.5, r .5, f-l.ou-u.t F#4 .5, .uh. A4 .5,
w.e-i. B4 1, h.ou-u.m A4 1.75, r .25
"""
