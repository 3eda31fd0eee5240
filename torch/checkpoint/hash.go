package checkpoint

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// Hash identifies content: SHA-256 over what a tensor or a state_dict means,
// not over how a file lays it out.
type Hash [sha256.Size]byte

// String returns the hash in hexadecimal.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// Hash returns the content hash of a tensor: of its dtype, shape and elements in
// row-major order. Strides, sharing, device, requires_grad and the file do not
// count; the parameters of a quantized tensor and the parts of a sparse one do.
func (t *Tensor) Hash() (Hash, error) {
	h := sha256.New()
	head := fmt.Appendf(nil, "torchgo tensor 1\n%s %s %v\n", t.dtype, t.Layout(), t.shape)
	if t.Conj || t.Neg {
		head = fmt.Appendf(head, "conj %t neg %t\n", t.Conj, t.Neg)
	}
	if q := t.Quant; q != nil {
		head = fmt.Appendf(head, "%s %x %d %d\n", q.Scheme, math.Float64bits(q.Scale), q.ZeroPoint, q.Axis)
	}
	h.Write(head)
	for _, part := range t.parts() {
		inner, err := part.Hash()
		if err != nil {
			return Hash{}, err
		}
		h.Write(inner[:])
	}
	if t.storage != nil {
		data, err := t.Bytes()
		if err != nil {
			return Hash{}, err
		}
		err = t.storage.guarded(func() error {
			h.Write(data)
			return nil
		})
		if err != nil {
			return Hash{}, err
		}
	}
	return Hash(h.Sum(nil)), nil
}

// parts returns the tensors that a tensor is made of beside its own elements.
func (t *Tensor) parts() []*Tensor {
	var parts []*Tensor
	if q := t.Quant; q != nil {
		parts = append(parts, q.Scales, q.ZeroPts)
	}
	if s := t.Sparse; s != nil {
		parts = append(parts, s.Indices, s.Compressed, s.Plain, s.Values)
	}
	return slices.DeleteFunc(parts, func(p *Tensor) bool { return p == nil })
}

// Hash returns the content hash of a state_dict: of its names, without a uniform
// "module." prefix, and its tensors. The order does not count. It reads every
// tensor, on all processors.
func (s *State) Hash() (Hash, error) {
	hashes, err := s.hashes()
	if err != nil {
		return Hash{}, err
	}
	order := slices.Clone(s.names)
	slices.Sort(order)
	h := sha256.New()
	h.Write([]byte("torchgo state 1\n"))
	for _, name := range order {
		bare := strings.TrimPrefix(name, s.Prefix)
		h.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(bare))))
		h.Write([]byte(bare))
		inner := hashes[name]
		h.Write(inner[:])
	}
	return Hash(h.Sum(nil)), nil
}

// hashes returns the hash of every tensor by name. Tensors that are one object
// are hashed once.
func (s *State) hashes() (map[string]Hash, error) {
	unique := make(map[*Tensor]int)
	var tensors []*Tensor
	for _, name := range s.names {
		t := s.tensors[name]
		if _, ok := unique[t]; !ok {
			unique[t] = len(tensors)
			tensors = append(tensors, t)
		}
	}
	results := make([]Hash, len(tensors))
	err := parallel(len(tensors), func(i int) (err error) {
		results[i], err = tensors[i].Hash()
		return err
	})
	if err != nil {
		return nil, locate(err, s.Path, "")
	}
	out := make(map[string]Hash, len(s.names))
	for _, name := range s.names {
		out[name] = results[unique[s.tensors[name]]]
	}
	return out, nil
}

// parallel calls work for 0 to n-1 on all processors and returns the error of
// the lowest number.
func parallel(n int, work func(int) error) error {
	errs := make([]error, n)
	var next atomic.Int64
	var group sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), n) {
		group.Go(func() {
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				errs[i] = work(int(i))
			}
		})
	}
	group.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
