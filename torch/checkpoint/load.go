package checkpoint

import "bytes"

// Load copies a state_dict into memory, on all processors, so that it outlives
// its file. Tensors that share a storage share the copy; tensors that are sparse
// are refused as ErrUnsupported.
func (s *State) Load() (*State, error) {
	copies := make(map[*Storage]*Storage)
	var order []*Storage
	for _, name := range s.names {
		t := s.tensors[name]
		if t.Sparse != nil || t.Quant != nil {
			return nil, locate(fail(ErrUnsupported, "tensor %s: %s tensors cannot be copied into memory", printable(name), t.form()), s.Path, "")
		}
		if t.storage != nil && copies[t.storage] == nil {
			copies[t.storage] = &Storage{key: t.storage.key, device: t.storage.device, element: t.dtype, size: t.storage.size}
			order = append(order, t.storage)
		}
	}
	err := parallel(len(order), func(i int) error {
		from, to := order[i], copies[order[i]]
		data, err := from.inOrder(to.element)
		if err != nil {
			return err
		}
		return from.guarded(func() error {
			to.plain = bytes.Clone(data)
			return nil
		})
	})
	if err != nil {
		return nil, locate(err, s.Path, "")
	}
	out := *s
	out.tensors = make(map[string]*Tensor, len(s.tensors))
	loaded := make(map[*Tensor]*Tensor, len(s.tensors))
	for _, name := range s.names {
		from := s.tensors[name]
		if loaded[from] == nil {
			t := *from
			t.storage = copies[from.storage]
			loaded[from] = &t
		}
		out.tensors[name] = loaded[from]
	}
	return &out, nil
}
