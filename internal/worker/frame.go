package worker

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// A frame is the letters, a little-endian uint32 of the header's length and a uint64
// of that of the data, the header, the data.
const (
	letters   = "tgw1"
	prefix    = len(letters) + 4 + 8
	mostHead  = 256 << 20 // reports of many outputs are long
	mostData  = 1 << 38
	chunkSize = 1 << 24
)

// errFrame says that what came through a pipe is no frame.
var errFrame = errors.New("the other side sent what is no frame")

// write writes a frame, whose data may lie in several pieces.
func write(w io.Writer, header any, data [][]byte) error {
	head, err := json.Marshal(header)
	if err != nil {
		return err
	}
	size := uint64(0)
	for _, piece := range data {
		size += uint64(len(piece))
	}
	if len(head) > mostHead || size > mostData {
		return fmt.Errorf("%d bytes, with a header of %d, are more than a message may have", size, len(head))
	}
	front := binary.LittleEndian.AppendUint32([]byte(letters), uint32(len(head)))
	front = append(binary.LittleEndian.AppendUint64(front, size), head...)
	if _, err := w.Write(front); err != nil {
		return err
	}
	for _, piece := range data {
		if _, err := w.Write(piece); err != nil {
			return err
		}
	}
	return nil
}

// read reads a frame. At the end of the stream, before a frame, it gives io.EOF.
func read(r io.Reader) (header, data []byte, err error) {
	var front [prefix]byte
	if _, err := io.ReadFull(r, front[:]); err != nil {
		return nil, nil, err
	}
	head, size := binary.LittleEndian.Uint32(front[len(letters):]), binary.LittleEndian.Uint64(front[len(letters)+4:])
	if string(front[:len(letters)]) != letters || head > mostHead || size > mostData {
		return nil, nil, errFrame
	}
	if header, err = readAll(r, uint64(head)); err == nil {
		data, err = readAll(r, size)
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return header, data, err
}

// readAll reads so many bytes. Memory is taken as they come: a length is a claim.
func readAll(r io.Reader, size uint64) ([]byte, error) {
	all := make([]byte, 0, min(size, chunkSize))
	for uint64(len(all)) < size {
		at := len(all)
		more := int(min(size-uint64(at), chunkSize))
		if cap(all)-at < more {
			grown := make([]byte, at, min(size, 2*uint64(cap(all))))
			copy(grown, all)
			all = grown
			more = int(min(size-uint64(at), uint64(cap(all)-at)))
		}
		all = all[:at+more]
		if _, err := io.ReadFull(r, all[at:]); err != nil {
			return nil, err
		}
	}
	return all, nil
}
