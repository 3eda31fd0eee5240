package checkpoint

import (
	"bytes"
	"compress/flate"
	"errors"
	"hash/crc32"
	"io"
	"runtime"
	"sync"
	"sync/atomic"
)

// mayInflate says whether a compressed record is worth the memory it declares.
// A torch file is not compressed at all; a re-zipped one stays within this.
func (r *record) mayInflate() error {
	const floor, ratio = 16 << 20, 20
	if r.method == zipDeflated && r.size > max(floor, min(r.packed, 1<<50)*ratio) {
		return failRecord(ErrCompressed, r.name, "%d bytes would inflate to %d, beyond what weights do: refused as a zip bomb", r.packed, r.size)
	}
	return nil
}

// content returns the bytes of a record: of the mapping when it is stored, a
// fresh copy when it is compressed.
func (z *zipIndex) content(r *record) ([]byte, error) {
	packed, err := z.src.view(r.start, r.packed)
	if err != nil || r.method == zipStored {
		return packed, err
	}
	if err := r.mayInflate(); err != nil {
		return nil, err
	}
	inflater := flate.NewReader(bytes.NewReader(packed))
	out := make([]byte, r.size)
	if _, err := io.ReadFull(inflater, out); err != nil {
		class := ErrCompressed
		if errors.Is(err, io.ErrUnexpectedEOF) {
			class = ErrTruncated
		}
		return nil, &FormatError{Record: printable(r.name), Class: class, Msg: "does not inflate to its declared size", Err: err}
	}
	if n, _ := inflater.Read(make([]byte, 1)); n != 0 {
		return nil, failRecord(ErrCompressed, r.name, "inflates to more than the %d bytes it declares", r.size)
	}
	return out, nil
}

// checked returns the content after comparing it with its checksum.
func (z *zipIndex) checked(r *record) ([]byte, error) {
	data, err := z.content(r)
	if err != nil {
		return nil, err
	}
	return data, r.checkCRC(data)
}

func (r *record) checkCRC(data []byte) error {
	if r.crc == 0 {
		return nil // "not computed": torch can leave checksums out
	}
	return r.compareCRC(crc32.ChecksumIEEE(data))
}

func (r *record) compareCRC(sum uint32) error {
	if sum != r.crc {
		return failRecord(ErrCRC, r.name, "its bytes have checksum %08x, the archive says %08x: the file is damaged, copy it again", sum, r.crc)
	}
	return nil
}

// checkAll compares every record with its checksum, on all processors. Of
// several damaged records it names the first of the directory.
func (z *zipIndex) checkAll() error {
	workers := min(runtime.GOMAXPROCS(0), len(z.records))
	failures := make([]error, len(z.records))
	faults := make([]error, workers)
	var next atomic.Int64
	var group sync.WaitGroup
	for w := range workers {
		group.Go(func() {
			// The reading goroutine is the one that a fault of the mapping hits.
			faults[w] = guard(z.src, func() error {
				for i := next.Add(1) - 1; i < int64(len(z.records)); i = next.Add(1) - 1 {
					failures[i] = z.checkOne(&z.records[i])
				}
				return nil
			})
		})
	}
	group.Wait()
	for _, err := range append(failures, faults...) {
		if err != nil {
			return err
		}
	}
	return nil
}

// checkOne streams a record through its checksum without keeping it.
func (z *zipIndex) checkOne(r *record) error {
	if r.crc == 0 {
		return nil
	}
	if r.method == zipStored && z.src.data != nil {
		sum := uint32(0)
		if err := z.src.pass(r.start, r.packed, func(data []byte) { sum = crc32.Update(sum, crc32.IEEETable, data) }); err != nil {
			return err
		}
		return r.compareCRC(sum)
	}
	if err := r.mayInflate(); err != nil {
		return err
	}
	var body io.Reader = z.src.reader(r.start, r.packed)
	if r.method == zipDeflated {
		body = flate.NewReader(body)
	}
	sum := crc32.NewIEEE()
	n, err := io.Copy(sum, io.LimitReader(body, r.size+1))
	if err != nil {
		return &FormatError{Record: printable(r.name), Class: ErrTruncated, Msg: "could not be read to its end", Err: err}
	}
	if n != r.size || sum.Sum32() != r.crc {
		return failRecord(ErrCRC, r.name, "its bytes do not match the checksum of the archive: the file is damaged, copy it again")
	}
	return nil
}
