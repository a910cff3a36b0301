"""What lies where: the words of a session, a flat plan and its records.

All records are runs of 8-byte words (int64, or float64 where named so); ``_AT`` words hold addresses. The compiler of
`engine.plan.flat` writes them and the kernels read them, so a C program could do either.
"""

from __future__ import annotations

LANES = 8
"""Stereo tracks of a group."""
CHUNK = 64
"""Longest run of frames that a strip processes at once, and the grid on which automation of filters, dynamics and
effects is read; it is anchored to ticks, so that the size of a block never changes a sample.
"""
CELL = 8
"""Frames between two looks of a compressor's detector."""
GLIDE_CELL = 2
"""Frames between two steps of a gliding filter."""
STAGES = 5
"""A high-pass and four bands."""
LOUDEST = 1e17
"""A sample beyond this is no sound: it is silenced and counted."""
CAPACITY = 1024
"""Frames of an internal block of play-back; longer requests are split."""
PEAK_WINDOW = 2048
"""Ticks of a peak meter's window; the published peak is the higher one of this window and the last."""
RING = 65_536
"""Frames of a tap."""

# -- session ---------------------------------------------------------------------------------------------------------

S_PLAN_AT = 0
S_PENDING_AT = 1
"""Written by the control thread, taken by the kernel."""
S_SWAP_TICK = 2
"""The pending plan is taken at this tick; -1: at the next block."""
S_SWAPS = 3
"""Plans taken so far."""
S_TICK = 4
"""The clock: frames rendered so far."""
S_RATE = 5
S_FADE = 6
"""Frames by which a jump fades over before it happens."""
S_SEGMENTS = 7
"""How many segments are in use."""
S_REQUEST = 8
"""Serial of the last transport request; the next four words belong to it."""
S_REQUEST_DONE = 9
S_REQUEST_MODE = 10
S_REQUEST_FRAME = 11
"""Where to; -1: where it stands."""
S_REQUEST_COUNT_IN = 12
S_LOOP = 13
"""Serial of the last change of the loop."""
S_LOOP_DONE = 14
S_LOOP_START = 15
S_LOOP_END = 16
"""Not above the start: no loop."""
S_METRONOME = 17
"""float: linear gain of the click, 0 is off."""
S_TAP_NODE = 18
"""Number of the node whose sound goes to the second tap; -1: none."""
S_MASTER_TAP_AT = 19
"""``(RING, 2) float32`` of what leaves, before the metronome."""
S_MASTER_TAPPED = 20
S_NODE_TAP_AT = 21
S_NODE_TAPPED = 22
S_FRAME = 23
"""Timeline frame of the next sample to leave."""
S_MODE = 24
"""Mode of the segment that sounds."""
S_EPOCH = 25
"""Counts segments."""
S_BAD = 26
"""Samples that the master's guard silenced."""
S_WATCH_AT = 27
"""`engine.plan.kernel.watch`, which times the stages of a block; 0: none."""
S_FIRST_SEGMENT = 32
SEGMENT_WORDS = 8
SEGMENT_ROOM = 16
SESSION_WORDS = S_FIRST_SEGMENT + SEGMENT_WORDS * SEGMENT_ROOM

T_TICK = 0
"""First tick of the segment."""
T_FRAME = 1
"""Timeline frame at that tick."""
T_LOOP_START = 2
T_LOOP_END = 3
T_MODE = 4
T_CUT = 5
"""1: the segment goes on from the one before; there is nothing to fade."""
T_EPOCH = 6

STOPPED = 0
RUNNING = 1
COUNTING = 2
"""The clock runs, the clips are silent, the metronome sounds."""

# -- plan ------------------------------------------------------------------------------------------------------------

P_RATE = 0
P_AGE = 1
"""Ticks since the plan was taken."""
P_FADE = 2
"""Ticks over which changed clips fade over."""
P_LATENCY = 3
"""Frames that sources read ahead of what leaves, at most."""
P_CAPACITY = 4
P_GROUPS_AT = 5
P_GROUPS = 6
P_FIRST_LEVEL = 7
"""Groups of the first level: tracks, which depend on nothing."""
P_MASTER_AT = 8
"""Group of the master; 0 leaves it out."""
P_MIX_AT = 9
"""``(2, capacity) float32``: what the master gets, then what leaves."""
P_MIX_PARTS_AT = 10
P_MIX_PARTS = 11
P_LIMITER_AT = 12
"""Insert record of the limiter; 0: none."""
P_TEMPO_AT = 13
P_TEMPOS = 14
P_MOVES_AT = 15
"""Lanes to carry over: old group, old lane, new group, new lane. Lane -1 is the whole group."""
P_MOVES = 16
P_GLIDE = 17
"""float: one-pole coefficient of the fader, per frame."""
P_GLIDE_CELL = 18
"""float: one-pole coefficient of filters, per cell."""
P_GROUP_KERNEL = 19
"""Address of the groups' compiled function."""
P_MEAN = 20
"""float: one-pole coefficient of mean squares, per chunk."""
P_ANCHOR = 21
"""Frames by which the master is late. The grids of control and detection are anchored to what the master gets, so that
a mix without its limiter has the same samples before it; `N_AHEAD` and its like count from here.
"""
PLAN_WORDS = 24

TEMPO_WORDS = 4
TEMPO_FRAME, TEMPO_BEAT_FRAMES, TEMPO_BEAT, TEMPO_BAR = range(4)
"""float each."""

# -- group: eight nodes side by side ---------------------------------------------------------------------------------

G_LANES_AT = 0
"""float32 rows of sixteen (`LANE_ROWS`): eight left sides, eight right ones."""
G_NODES = 1
"""Eight words: address of each lane's node record, 0 for none."""
G_STAGES = 9
"""Bit mask of the filter stages that any node uses, or has just stopped using."""
G_COMPRESSOR = 10
"""1: some node has a compressor."""
G_DIRECT_AT = 11
"""``(2, capacity)``: what goes from here to the master."""
G_PARTS_AT = 12
"""Addresses of all buffers that the group fills: the direct one, and one for each edge."""
G_PARTS = 13
G_SPECIAL = 15
"""Bit mask of the lanes with inserts, edges, taps or automation."""
G_INPUTS_AT = 16
"""1 where the group's nodes are buses, which sum parts first."""
G_KIND = 17
"""Groups of the same kind do the same work: `engine.plan.kernel.watch`."""
GROUP_WORDS = 20

METER_PEAK, METER_MEAN, METER_REDUCTION, METER_BAD = 0, 2, 4, 5
"""float: peak left, right; mean square left, right; reduction in dB; samples that were not finite."""
METER_RIDE, METER_AWAY = 6, 8
"""float: what the fader's automation came to last, left and right; how far that still is from what it says."""
METER_WORDS = 10

# Rows of sixteen float32.
ROW = 16
STAGE_ROWS = 12
R_G, R_K, R_M0, R_M1, R_M2 = range(5)
R_TARGET = 5
"""The same five as they shall become."""
R_IC1, R_IC2 = 10, 11
R_COMPRESSOR = STAGES * STAGE_ROWS
R_THRESHOLD, R_SLOPE, R_ATTACK, R_RELEASE, R_MAKEUP, R_MAKEUP_TARGET, R_REDUCTION, R_GAIN, R_STEP, R_LEVEL = (
    R_COMPRESSOR + k for k in range(10)
)
"""Eight lanes each; levels in powers of two."""
R_FADER = R_COMPRESSOR + 10
R_FADER_TARGET = R_FADER + 1
R_DIRECT = R_FADER + 2
R_DIRECT_TARGET = R_FADER + 3
R_PEAK = R_FADER + 4
R_PEAK_LAST = R_FADER + 5
R_MEAN = R_FADER + 6
R_BAD = R_FADER + 7
R_BENCH = R_FADER + 8
"""Its first word: where the bench lies."""
LANE_ROWS = R_BENCH + 1

# The bench: rows of sixteen float32 that hold nothing from chunk to chunk, one bench for all groups of a thread, so
# that it stays in the processor's nearest memory.
B_X = 0
"""The chunk: one row a frame."""
B_PLANAR = B_X + CHUNK
"""Sixteen runs of 64 samples."""
B_SPARE = B_PLANAR + 4 * 16
"""Two runs of 64: a second reading, an insert's sound."""
B_DRY = B_SPARE + 8
B_AUTO = B_DRY + 8
B_WEIGHT = B_AUTO + 8
B_FRAMES = B_WEIGHT + 4
"""64 words: the frame of each tick."""
B_FRAMES_NEXT = B_FRAMES + 8
BENCH_ROWS = B_FRAMES_NEXT + 8

# -- node: a track, a bus or the master ------------------------------------------------------------------------------

N_NUMBER = 0
"""Of the node's id, unique in the session; 0 is the master."""
N_CLIPS_AT = 1
N_CLIPS = 2
N_OLD_CLIPS_AT = 3
N_OLD_CLIPS = 4
N_AHEAD = 5
"""Frames that the node reads ahead of what leaves."""
N_OLD_AHEAD = 6
N_CHANGED = 7
"""1: the clips differ from those of the plan before, and fade over."""
N_FADER_AHEAD = 8
"""Frames by which the node's fader is ahead of what leaves."""
N_STREAM_AT = 9
"""Stream record of a node with heavy inserts; 0: none."""
N_INPUT_AT = 10
"""``(2, capacity)`` of a bus; 0: a track."""
N_INPUT_PARTS_AT = 11
N_INPUT_PARTS = 12
N_INSERTS_AT = 13
N_INSERTS = 14
N_EDGES_AT = 15
N_EDGES = 16
N_AUTOMATION_AT = 17
N_AUTOMATIONS = 18
N_RAW_AT = 19
"""`RAW_WORDS` floats: the strip's settings as they stand now."""
N_FADER_AUTOMATED = 20
"""1: gain, pan or mute follow automation."""
N_STRIP_AUTOMATED = 21
N_TAP_AT = 22
"""``(2, capacity)`` that gets the sound after the fader; 0: none."""
N_LANE = 23
N_METER_AT = 24
"""`METER_WORDS` floats; they stay with the node's id from plan to plan."""
N_FADER_CHANGED = 25
"""1: other lanes than in the plan before move the fader; 0 once that has been taken in."""
N_OLD_STREAM_AT = 26
"""Stream record of the plan before, which fades out; 0: none."""
NODE_WORDS = 28

RAW_HIGH_PASS = 0
RAW_BAND = 1
"""Four times: kind (0 low shelf, 1 peak, 2 high shelf, -1 none), frequency, gain in dB, q."""
RAW_COMPRESSOR = 17
"""Threshold in dB, ratio, attack in s, release in s, make-up in dB."""
RAW_WORDS = 22

# -- clips -----------------------------------------------------------------------------------------------------------

C_SOURCE_AT = 0
C_START = 1
C_LENGTH = 2
C_OFFSET = 3
C_REVERSE = 4
C_FADE_IN = 5
C_FADE_OUT = 6
C_CURVE_IN = 7
C_CURVE_OUT = 8
C_GAIN = 9
"""float."""
C_LATEST_END = 10
"""The latest end among this clip and all that start before it."""
CLIP_WORDS = 12

LINEAR, EQUAL_POWER, S_CURVE = range(3)

SOURCE_DATA_AT = 0
SOURCE_CHANNELS = 1
SOURCE_FRAMES = 2
SOURCE_ALIVE = 3
"""0 silences the source."""
SOURCE_WORDS = 4

# -- streams of heavy inserts ----------------------------------------------------------------------------------------

STREAM_CELL = CHUNK
STREAM_CELLS = 1024
H_DATA_AT = 0
"""``(STREAM_CELLS, 2, STREAM_CELL) float32``."""
H_TAGS_AT = 1
"""Which cell of which epoch each slot holds."""
H_WET = 2
"""float: how far the stream has replaced the dry clips."""
H_LATE = 3
"""Cells that were not there in time."""
STREAM_WORDS = 4
EPOCHS = 4096

# -- edges: sends, and outputs other than the master -----------------------------------------------------------------

E_PART_AT = 0
E_PRE = 1
E_GAIN = 2
"""float: target."""
E_STATE_AT = 3
"""Floats: gain now, position in the ring."""
E_DELAY = 4
"""Frames by which the signal waits for longer paths."""
E_RING_AT = 5
"""``(2, E_DELAY) float32``."""
E_AUTOMATION_AT = 6
"""Automation record of the gain; 0: none."""
E_AHEAD = 7
E_RIDES = 8
"""1: the gain follows automation, or did in a plan before."""
E_CHANGED = 9
"""1: another lane than in the plan before; 0 once that has been taken in."""
EDGE_WORDS = 10

# What a way carries from plan to plan, before its ring: gain now, place in the ring, what its automation came to last,
# how far that still is from what it says, and 1 once it had any.
WAY_GAIN, WAY_PLACE, WAY_RIDE, WAY_AWAY, WAY_RODE = range(5)
WAY_WORDS = 5

# -- automation ------------------------------------------------------------------------------------------------------

A_TARGET = 0
"""A word of RAW, or one of the codes below."""
A_OWNER_AT = 1
"""Insert record."""
A_INDEX = 2
"""Parameter of the insert."""
A_FRAMES_AT = 3
A_VALUES_AT = 4
A_POINTS = 5
A_LOG = 6
"""1: values are powers of two."""
AUTOMATION_WORDS = 8

AUTO_GAIN, AUTO_PAN, AUTO_MUTE, AUTO_INSERT, AUTO_SEND = range(100, 105)

# -- inserts ---------------------------------------------------------------------------------------------------------

I_KIND = 0
I_STATE_AT = 1
"""Floats: sixteen settings as they stand now, amount, started, then the effect's own."""
I_STATE = 2
I_LINES_AT = 3
"""float32."""
I_LINES = 4
I_RAW_AT = 5
"""Eight floats: the parameters as they stand now."""
I_TARGET_AT = 6
"""Sixteen floats: the settings that follow from them."""
I_AMOUNT = 7
"""float: 1, or 0 for one that leaves."""
I_AUTOMATED = 8
I_KERNEL = 9
"""Address of the effects' compiled function."""
INSERT_WORDS = 10
