package checkpoint

// The pickle opcodes that are understood: those that torch writes and those
// that its weights-only reader adds.
const (
	opMark           = '('
	opStop           = '.'
	opNone           = 'N'
	opBinint         = 'J'
	opBinint1        = 'K'
	opBinint2        = 'M'
	opBinfloat       = 'G'
	opBinunicode     = 'X'
	opBinpersid      = 'Q'
	opReduce         = 'R'
	opAppend         = 'a'
	opAppends        = 'e'
	opBuild          = 'b'
	opGlobal         = 'c'
	opEmptyDict      = '}'
	opEmptyList      = ']'
	opEmptyTuple     = ')'
	opBinget         = 'h'
	opLongBinget     = 'j'
	opBinput         = 'q'
	opLongBinput     = 'r'
	opSetitem        = 's'
	opSetitems       = 'u'
	opTuple          = 't'
	opShortBinstring = 'U'
	opProto          = 0x80
	opNewobj         = 0x81
	opTuple1         = 0x85
	opTuple2         = 0x86
	opTuple3         = 0x87
	opNewtrue        = 0x88
	opNewfalse       = 0x89
	opLong1          = 0x8a
	opEmptySet       = 0x8f
)

// The second tier: plain data that pickle protocols 3 to 5, or older writers,
// spell with other opcodes. torch's weights-only reader refuses them.
const (
	opPop             = '0'
	opPopMark         = '1'
	opList            = 'l'
	opDict            = 'd'
	opBinstring       = 'T'
	opBinbytes        = 'B'
	opShortBinbytes   = 'C'
	opLong4           = 0x8b
	opShortBinunicode = 0x8c
	opBinunicode8     = 0x8d
	opBinbytes8       = 0x8e
	opAdditems        = 0x90
	opFrozenset       = 0x91
	opStackGlobal     = 0x93
	opMemoize         = 0x94
	opFrame           = 0x95
	opBytearray8      = 0x96
)
