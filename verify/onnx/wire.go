package onnx

import (
	"encoding/binary"
	"errors"
	"math"
)

// The wire types of protocol buffers.
const (
	wireVarint  = 0
	wireFixed64 = 1
	wireBytes   = 2
	wireFixed32 = 5
)

var errWire = errors.New("its protocol buffers are damaged")

// fields calls visit for each field of a message: with its number, and n of a
// varint or the bytes of a string or message; both are zero for fixed numbers.
func fields(message []byte, visit func(number int, n uint64, data []byte) error) error {
	for len(message) > 0 {
		key, size := binary.Uvarint(message)
		if size <= 0 || key>>3 == 0 || key>>3 > math.MaxInt32 {
			return errWire
		}
		message = message[size:]
		var n uint64
		var data []byte
		skip := 0
		switch key & 7 {
		case wireVarint:
			if n, skip = binary.Uvarint(message); skip <= 0 {
				return errWire
			}
		case wireFixed64:
			skip = 8
		case wireFixed32:
			skip = 4
		case wireBytes:
			length, size := binary.Uvarint(message)
			if size <= 0 || length > uint64(len(message)-size) {
				return errWire
			}
			data = message[size : size+int(length)]
			skip = size + int(length)
		default:
			return errWire
		}
		if skip > len(message) {
			return errWire
		}
		message = message[skip:]
		if err := visit(int(key>>3), n, data); err != nil {
			return err
		}
	}
	return nil
}

// message is a message being written.
type message []byte

func (m *message) varint(number int, n uint64) {
	*m = binary.AppendUvarint(*m, uint64(number)<<3|wireVarint)
	*m = binary.AppendUvarint(*m, n)
}

func (m *message) bytes(number int, data []byte) {
	*m = binary.AppendUvarint(*m, uint64(number)<<3|wireBytes)
	*m = binary.AppendUvarint(*m, uint64(len(data)))
	*m = append(*m, data...)
}

func (m *message) text(number int, s string) { m.bytes(number, []byte(s)) }
